using Pipelines.Models.Text;

namespace Pipelines.Models.Making;

/// <summary>
/// A made-up vocabulary of Qwen2's, Llama 3's or SmolLM2's kind: the letters of 256 bytes, words with their beginnings,
/// pseudo-words, after which the added tokens begin.
/// </summary>
internal sealed class ByteLevelVocabulary
{
    // without the added ones, but for those that begin SmolLM2's
    private const int Qwen2Size = 151_643,
        Llama3Size = 128_000,
        SmolLm2Size = 49_152;

    private const char Blank = 'Ġ'; // the letter of byte 0x20

    private ByteLevelVocabulary(IReadOnlyList<string> tokens, IReadOnlyList<PieceMerge> merges) =>
        (Tokens, Merges) = (tokens, merges);

    /// <summary>Token i has the id i.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>Merges, the first to be done first.</summary>
    public IReadOnlyList<PieceMerge> Merges { get; }

    /// <summary>Qwen2's, and Qwen3's.</summary>
    public static ByteLevelVocabulary Qwen2() => Of(Qwen2Size);

    /// <summary>Llama 3's.</summary>
    public static ByteLevelVocabulary Llama3() => Of(Llama3Size);

    /// <summary>SmolLM2's: its added tokens of the chat come first.</summary>
    /// <param name="first">Texts of the tokens 0, 1, ….</param>
    public static ByteLevelVocabulary SmolLm2(IReadOnlyList<string> first) => Of(SmolLm2Size, first);

    private static ByteLevelVocabulary Of(int size, IReadOnlyList<string>? first = null)
    {
        var alphabet = new ByteLevelAlphabet(ByteLevelAlphabet.QwenPattern, compose: true);
        IEnumerable<string> chinese = KnownText.ChineseCharacters.SelectMany(c =>
            alphabet.Pieces(c.ToString(), first: true)
        );
        IReadOnlyList<PieceMerge> merges = PieceMerge.Chains(KnownText.Words(Blank).Concat(chinese));
        string[] known = [.. first ?? [], .. Letters().Select(c => c.ToString()), .. merges.Select(m => m.Text)];
        var taken = new HashSet<string>(known, StringComparer.Ordinal);
        IEnumerable<string> fillers = PseudoWords.All().Select(w => Blank + w).Where(w => !taken.Contains(w));
        return new ByteLevelVocabulary([.. known.Concat(fillers).Take(size)], merges);
    }

    /// <summary>
    /// The 256 letters in GPT-2's order: printable bytes as themselves, then U+0100 and on for the others.
    /// </summary>
    private static IEnumerable<char> Letters() =>
        new[] { ('!', '~'), ('¡', '¬'), ('®', 'ÿ'), ('\u0100', '\u0143') }
            .SelectMany(r => Enumerable.Range(r.Item1, r.Item2 - r.Item1 + 1))
            .Select(c => (char)c);
}
