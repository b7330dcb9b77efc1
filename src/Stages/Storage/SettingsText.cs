using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipelines.Stages.Storage;

/// <summary>
/// Settings of a record as people read them. Keys hold them as the record's own text, <c>ImageChoice { Fit = Crop,
/// Square = }</c>, and so do manifests of older versions; nobody should have to.
/// </summary>
public static partial class SettingsText
{
    /// <summary><c>fit: crop, square: none</c> of a record's text; any other text as it is.</summary>
    public static string Of(string text)
    {
        if (RecordText().Match(text) is not { Success: true } record)
        {
            return text;
        }

        var fields = Fields(record.Groups[1].Value);
        return fields is null
            ? text
            : string.Join(
                ", ",
                fields.Select(f => $"{JsonNamingPolicy.SnakeCaseLower.ConvertName(f.Name)}: {Value(f.Value)}")
            );
    }

    /// <summary>The fields; null where they do not read as such.</summary>
    private static List<(string Name, string Value)>? Fields(string body)
    {
        var fields = new List<(string Name, string Value)>();
        foreach (string field in body.Split(", "))
        {
            if (Field().Match(field) is not { Success: true } found)
            {
                return null;
            }

            fields.Add((found.Groups[1].Value, found.Groups[2].Value));
        }

        return fields;
    }

    private static string Value(string value) =>
        value.Length == 0 ? "none"
        : Word().IsMatch(value) ? JsonNamingPolicy.KebabCaseLower.ConvertName(value)
        : value;

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]* \{ (.+) \}$", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex RecordText();

    [GeneratedRegex("^([A-Z][A-Za-z0-9]*) = ?(.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Field();

    [GeneratedRegex("^[A-Z][A-Za-z0-9]*$", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
