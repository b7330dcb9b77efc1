using System.Globalization;
using System.Text;

namespace Pipelines.Stages.Storage;

/// <summary>
/// Writes RFC 4180: CRLF line ends, fields quoted where they hold a comma, a quote or a line end; invariant culture,
/// doubles so that they read back to the same bits; null is an empty field, an empty text is <c>""</c>.
/// </summary>
/// <param name="writer">Target; stays open.</param>
internal sealed class CsvWriter(TextWriter writer)
{
    private bool inRow;

    /// <summary>UTF-8 without byte order mark.</summary>
    public static Encoding Encoding { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Adds a field to the row.</summary>
    /// <param name="value">Text, number, boolean, bytes (written in hexadecimal) or null.</param>
    public CsvWriter Field(object? value)
    {
        if (inRow)
        {
            writer.Write(',');
        }

        inRow = true;
        writer.Write(Format(value));
        return this;
    }

    /// <summary>Ends the row.</summary>
    public void EndRow()
    {
        writer.Write("\r\n");
        inRow = false;
    }

    private static string Format(object? value) =>
        value switch
        {
            null => "",
            string text => Quote(text),
            bool flag => flag ? "true" : "false",
            byte[] bytes => Convert.ToHexStringLower(bytes),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => Quote(value.ToString() ?? ""),
        };

    private static string Quote(string text) =>
        text.Length == 0 || text.AsSpan().IndexOfAny("\",\r\n") >= 0
            ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;
}
