namespace Pipelines.Models.Making;

/// <summary>A token made of a shorter one and one more symbol.</summary>
/// <param name="Left">The shorter token.</param>
/// <param name="Right">One symbol.</param>
internal sealed record PieceMerge(string Left, string Right)
{
    /// <summary>The token.</summary>
    public string Text => Left + Right;

    /// <summary>
    /// Merges that spell words symbol by symbol from their first: the beginnings of all words, each once. Words with a
    /// blank in front must come first: their merges then all start at the blank and go before all others, so no merge
    /// inside such a word can get in the way.
    /// </summary>
    /// <param name="words">Each character is one symbol.</param>
    public static IReadOnlyList<PieceMerge> Chains(IEnumerable<string> words)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        return
        [
            .. from word in words
            from length in Enumerable.Range(2, Math.Max(0, word.Length - 1))
            where known.Add(word[..length])
            select new PieceMerge(word[..(length - 1)], word[(length - 1)..length]),
        ];
    }
}
