using Pipelines.Models.Text;

namespace Pipelines.Models.Making;

/// <summary>
/// A made-up vocabulary of Qwen2's kind: the letters of 256 bytes, words with their beginnings, pseudo-words; 151,643
/// tokens, after which the added ones begin.
/// </summary>
internal sealed class ByteLevelVocabulary
{
    /// <summary>Tokens without the added ones.</summary>
    public const int Size = 151_643;

    private const char Blank = 'Ġ'; // the letter of byte 0x20

    private ByteLevelVocabulary(IReadOnlyList<string> tokens, IReadOnlyList<PieceMerge> merges) =>
        (Tokens, Merges) = (tokens, merges);

    /// <summary>Token i has the id i.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>Merges, the first to be done first.</summary>
    public IReadOnlyList<PieceMerge> Merges { get; }

    /// <summary>Qwen2's.</summary>
    public static ByteLevelVocabulary Qwen2()
    {
        var alphabet = new ByteLevelAlphabet(ByteLevelAlphabet.QwenPattern, compose: true);
        IEnumerable<string> chinese = KnownText.ChineseCharacters.SelectMany(c =>
            alphabet.Pieces(c.ToString(), first: true)
        );
        IReadOnlyList<PieceMerge> merges = PieceMerge.Chains(KnownText.Words(Blank).Concat(chinese));
        string[] known = [.. Letters().Select(c => c.ToString()), .. merges.Select(m => m.Text)];
        var taken = new HashSet<string>(known, StringComparer.Ordinal);
        IEnumerable<string> fillers = PseudoWords.All().Select(w => Blank + w).Where(w => !taken.Contains(w));
        return new ByteLevelVocabulary([.. known.Concat(fillers).Take(Size)], merges);
    }

    /// <summary>
    /// The 256 letters in GPT-2's order: printable bytes as themselves, then U+0100 and on for the others.
    /// </summary>
    private static IEnumerable<char> Letters() =>
        new[] { ('!', '~'), ('¡', '¬'), ('®', 'ÿ'), ('\u0100', '\u0143') }
            .SelectMany(r => Enumerable.Range(r.Item1, r.Item2 - r.Item1 + 1))
            .Select(c => (char)c);
}
