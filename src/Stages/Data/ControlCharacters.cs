using System.Text;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data;

/// <summary>
/// Control characters in what data sets call their categories. They are left over from damage, no tokenizer says them,
/// and such a category would be compared with answers that it can never equal. Blanks, tabs and line ends are none.
/// </summary>
internal static class ControlCharacters
{
    /// <summary>The first of a text, in words; null where it has none.</summary>
    public static string? In(string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune))
            {
                return rune.Value == 0 ? "a NUL" : Invariant.Text($"the control character U+{rune.Value:X4}");
            }
        }

        return null;
    }
}
