using System.Globalization;
using System.Text;

namespace Pipelines.Stages.Text;

/// <summary>Text that a model said, on one line: line ends, other control characters and marks of direction as escapes, the backslash doubled so that they can be told apart.</summary>
internal static class ShownText
{
    /// <summary>The text on one line.</summary>
    public static string Of(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (Rune character in text.EnumerateRunes())
        {
            shown.Append(character.Value switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\\' => "\\\\",
                _ when IsHidden(character) => string.Create(CultureInfo.InvariantCulture, $"\\u{character.Value:X4}"),
                _ => character.ToString(),
            });
        }

        return shown.ToString();
    }

    private static bool IsHidden(Rune character) => Rune.GetUnicodeCategory(character)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
