using System.Globalization;
using System.Text;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// Words of a text: runs of letters, marks and digits in lower case, Unicode NFKC. A point or comma between two digits
/// belongs to the number: 5 is no word of 1.5.
/// </summary>
internal static class AnswerWords
{
    /// <summary>The words, in order.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        Rune[] runes = [.. NormalForm.Compatible(text).EnumerateRunes()];
        var words = new List<string>();
        var word = new StringBuilder();
        for (int at = 0; at <= runes.Length; at++)
        {
            if (at < runes.Length && (IsPart(runes[at]) || JoinsDigits(runes, at)))
            {
                word.Append(Rune.ToLowerInvariant(runes[at]).ToString());
            }
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }

        return words;
    }

    /// <summary>A letter or digit stands in it.</summary>
    public static bool HoldsAny(string text) => Of(text).Count > 0;

    /// <summary>A letter, a digit or a mark on one.</summary>
    private static bool IsPart(Rune rune) =>
        Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool JoinsDigits(Rune[] runes, int at) =>
        runes[at].Value is '.' or ','
        && at > 0
        && at + 1 < runes.Length
        && Rune.IsDigit(runes[at - 1])
        && Rune.IsDigit(runes[at + 1]);
}
