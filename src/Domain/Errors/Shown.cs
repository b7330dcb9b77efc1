using System.Globalization;
using System.Text;

namespace Pipelines.Domain.Errors;

/// <summary>
/// Names that come from files (pictures, categories, tensors, tokens) as a person is shown them: characters that would
/// move the cursor, turn the direction of writing, hide or forge a line are written as escapes. Tables (CSV, Parquet)
/// keep what is there.
/// </summary>
public static class Shown
{
    /// <summary>
    /// A name on one line. One without such characters is shown as it is; else its backslashes are doubled, too.
    /// </summary>
    /// <param name="text">Any text, lone surrogates included.</param>
    public static string Name(string text) => Quoted(text, keepsLines: false);

    /// <summary>A text of several lines: line ends and tabs stay, all else is quoted as in a name.</summary>
    /// <param name="text">Any text, lone surrogates included.</param>
    public static string Lines(string text) => Quoted(text, keepsLines: true);

    private static string Quoted(string text, bool keepsLines)
    {
        if (!Needs(text, keepsLines))
        {
            return text;
        }

        var quoted = new StringBuilder(text.Length + 16);
        for (int at = 0; at < text.Length;)
        {
            bool whole = Rune.TryGetRuneAt(text, at, out Rune rune);
            int length = whole ? rune.Utf16SequenceLength : 1;
            quoted.Append(
                whole && !IsQuoted(rune, keepsLines)
                    ? (rune.Value == '\\' && !keepsLines ? @"\\" : rune.ToString())
                    : Escape(whole ? rune.Value : text[at])
            );
            at += length;
        }

        return quoted.ToString();
    }

    private static bool Needs(string text, bool keepsLines)
    {
        for (int at = 0; at < text.Length;)
        {
            if (text[at] is >= ' ' and <= '~')
            {
                at++;
                continue;
            }

            if (!Rune.TryGetRuneAt(text, at, out Rune rune) || IsQuoted(rune, keepsLines))
            {
                return true;
            }

            at += rune.Utf16SequenceLength;
        }

        return false;
    }

    /// <summary>
    /// Controls, formats (which hold all that turns the direction, and what has no width) and line ends.
    /// </summary>
    private static bool IsQuoted(Rune rune, bool keepsLines) =>
        !(keepsLines && rune.Value is '\n' or '\r' or '\t')
        && Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;

    private static string Escape(int value) =>
        value switch
        {
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            <= 0xFFFF => $@"\u{value.ToString("x4", CultureInfo.InvariantCulture)}",
            _ => $@"\U{value.ToString("x8", CultureInfo.InvariantCulture)}",
        };
}
