using System.Text.RegularExpressions;

namespace Pipelines.Models.Text;

/// <summary>
/// Cuts added tokens out of a text as the tokenizers library does: first those that are looked for in the text as it
/// stands, then, in what lies between them and is normalized, the others. At a place the longest
/// token is taken.
/// </summary>
internal sealed class AddedTokenCutter
{
    private readonly Dictionary<string, AddedToken> plain;
    private readonly Dictionary<string, AddedToken> normalized;
    private readonly Regex? plainPattern;
    private readonly Regex? normalizedPattern;
    private readonly SymbolAlphabet alphabet;

    /// <summary>A cutter.</summary>
    /// <param name="tokens">The added tokens.</param>
    /// <param name="alphabet">Whose normalizer is used.</param>
    public AddedTokenCutter(IEnumerable<AddedToken> tokens, SymbolAlphabet alphabet)
    {
        this.alphabet = alphabet;
        ILookup<bool, AddedToken> kinds = tokens.ToLookup(t => t.Normalized);
        plain = kinds[false].ToDictionary(t => t.Content, StringComparer.Ordinal);
        normalized = [];
        foreach (AddedToken token in kinds[true])
        {
            normalized.TryAdd(alphabet.Normalize(token.Content), token);
        }

        plainPattern = Pattern(plain.Keys);
        normalizedPattern = Pattern(normalized.Keys);
    }

    /// <summary>
    /// The parts of a text in order: added tokens, and normalized stretches between them; a stretch is never empty.
    /// </summary>
    public IEnumerable<(string Stretch, AddedToken? Token)> Cut(string text)
    {
        foreach (var (stretch, token) in Split(text, plainPattern, plain))
        {
            if (token is not null)
            {
                yield return (stretch, token);
                continue;
            }

            foreach (var part in Split(alphabet.Normalize(stretch), normalizedPattern, normalized))
            {
                yield return part;
            }
        }
    }

    private static Regex? Pattern(IEnumerable<string> contents)
    {
        string[] sorted = [.. contents.Where(c => c.Length > 0).OrderByDescending(k => k.Length)];
        return sorted.Length == 0
            ? null
            : new Regex(string.Join('|', sorted.Select(Regex.Escape)), RegexOptions.CultureInvariant);
    }

    private static IEnumerable<(string Stretch, AddedToken? Token)> Split(
        string text,
        Regex? pattern,
        Dictionary<string, AddedToken> tokens
    )
    {
        int at = 0;
        for (Match? match = pattern?.Match(text); match is { Success: true }; match = match.NextMatch())
        {
            AddedToken token = tokens[match.Value];
            int start = match.Index,
                end = start + match.Length;
            if (start < at || (token.SingleWord && (IsWord(text, start - 1) || IsWord(text, end))))
            {
                continue;
            }

            while (token.LeftStrip && start > at && char.IsWhiteSpace(text[start - 1]))
            {
                start--;
            }

            while (token.RightStrip && end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            if (start > at)
            {
                yield return (text[at..start], null);
            }

            yield return (match.Value, token);
            at = end;
        }

        if (at < text.Length)
        {
            yield return (text[at..], null);
        }
    }

    /// <summary>Whether a word's character (<c>\w</c>) stands at a place.</summary>
    private static bool IsWord(string text, int at) =>
        at >= 0
        && at < text.Length
        && (
            char.IsLetterOrDigit(text[at])
            || char.IsSurrogate(text[at])
            || char.GetUnicodeCategory(text[at])
                is System.Globalization.UnicodeCategory.NonSpacingMark
                    or System.Globalization.UnicodeCategory.SpacingCombiningMark
                    or System.Globalization.UnicodeCategory.EnclosingMark
                    or System.Globalization.UnicodeCategory.ConnectorPunctuation
                    or System.Globalization.UnicodeCategory.LetterNumber
        );
}
