using System.Text;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// An answer as <c>exact</c> compares it: Unicode NFKC, in lower case, without blanks and line feeds at its ends and
/// without one final point. What stands between stays, blanks too.
/// </summary>
internal static class NormalForm
{
    /// <summary>The form of a text; of a lone point the point.</summary>
    public static string Of(string text)
    {
        string trimmed = Compatible(text).Trim().ToLowerInvariant();
        return trimmed.Length > 1 && trimmed[^1] == '.' ? trimmed[..^1].TrimEnd() : trimmed;
    }

    /// <summary>Unicode NFKC; lone surrogates become U+FFFD, since they have no normal form.</summary>
    public static string Compatible(string text)
    {
        var valid = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            valid.Append(rune.ToString());
        }

        return valid.ToString().Normalize(NormalizationForm.FormKC);
    }
}
