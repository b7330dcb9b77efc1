using System.Globalization;
using System.Text;

namespace Pipelines.Models.Text;

/// <summary>
/// What makes a word, in any script, by the same form (NFKC) in which answers are judged: "①" is a digit, "㎏" two
/// letters.
/// </summary>
internal static class WordCharacters
{
    /// <summary>Whether a character is or stands for a letter or digit.</summary>
    public static bool Begins(Rune character) =>
        Rune.IsLetterOrDigit(character) || Compatible(character).Any(Rune.IsLetterOrDigit);

    /// <summary>Whether a word that has begun goes on with a character: a letter, a digit or a mark on one.</summary>
    public static bool Continues(Rune character) => Begins(character) || Compatible(character).Any(IsMark);

    private static bool IsMark(Rune character) =>
        Rune.GetUnicodeCategory(character)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark;

    private static IEnumerable<Rune> Compatible(Rune character) =>
        character.ToString().Normalize(NormalizationForm.FormKC).EnumerateRunes();
}
