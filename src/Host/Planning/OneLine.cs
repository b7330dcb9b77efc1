using System.Text.RegularExpressions;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Planning;

/// <summary>Values of key parts as words on one line.</summary>
internal static partial class OneLine
{
    /// <summary>A longer value is cut in the middle of a sentence.</summary>
    private const int Longest = 120;

    /// <summary>A value without line ends and other control characters, cut where it is long.</summary>
    public static string Of(string value)
    {
        string plain = string.Concat(
            SettingsText
                .Of(value)
                .Select(c =>
                    c switch
                    {
                        '\n' => "\\n",
                        '\r' => "\\r",
                        '\t' => "\\t",
                        _ when char.IsControl(c) => $"\\u{(int)c:x4}",
                        _ => c.ToString(),
                    }
                )
        );
        return plain.Length <= Longest ? plain : plain[..Longest] + "…";
    }

    /// <summary>What changed; of several settings in one value only those that did.</summary>
    public static string Change(string name, string before, string after)
    {
        string[] old = Split(SettingsText.Of(before)),
            now = Split(SettingsText.Of(after));
        if (
            old.Length == now.Length
            && old.Length > 1
            && old.Zip(now).All(p => NameOf(p.First) is { } key && key == NameOf(p.Second))
        )
        {
            var changes = old.Zip(now)
                .Where(p => p.First != p.Second)
                .Select(p => $"{name}.{NameOf(p.First)} changed {ValueOf(p.First)} -> {ValueOf(p.Second)}")
                .ToList();
            if (changes.Count > 0)
            {
                return Of(string.Join(", ", changes));
            }
        }

        return $"{name} changed {Of(before)} -> {Of(after)}";
    }

    private static string[] Split(string settings) => settings.Split(", ");

    private static string? NameOf(string setting) =>
        Setting().Match(setting) is { Success: true } found ? found.Groups[1].Value : null;

    private static string ValueOf(string setting) => Setting().Match(setting).Groups[2].Value;

    [GeneratedRegex("^([a-z][a-z_0-9]*): (.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Setting();
}
