using System.CommandLine.Parsing;
using System.Globalization;

namespace Pipelines.Host.Commands;

/// <summary>A time as people write it on a command line: <c>90s</c>, <c>10min</c>, <c>2h</c>.</summary>
internal static class Duration
{
    /// <summary>No process that lives is silent for so long: its counter is raised four times a minute.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(2),
        Longest = TimeSpan.FromDays(7);

    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("min", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
    ];

    /// <summary>Reads an option's value; what is none, or out of bounds, is an error of the command line.</summary>
    public static TimeSpan? Parse(ArgumentResult result)
    {
        string text = string.Concat(result.Tokens.Select(t => t.Value));
        if (Of(text) is not { } time)
        {
            result.AddError($"'{text}' is no time: write 90s, 10min or 2h.");
            return null;
        }

        if (time < Shortest || time > Longest)
        {
            result.AddError($"{text} is out of bounds: at least 2min, at most 168h.");
        }

        return time;
    }

    /// <summary>A number with its unit; null where it is something else.</summary>
    internal static TimeSpan? Of(string text)
    {
        var (unit, length) = Array.Find(Units, u => text.EndsWith(u.Unit, StringComparison.Ordinal));
        return
            unit is not null
            && double.TryParse(
                text.AsSpan(0, text.Length - unit.Length).Trim(),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out double number
            )
            && number < Longest.TotalSeconds
            ? number * length
            : null;
    }
}
