using Pipelines.Domain.Errors;
using Pipelines.Models.Text;

namespace Pipelines.Models.Making;

/// <summary>
/// A made-up vocabulary of SentencePiece's kind with byte fallback, as LLaMA and InternLM2 have it: 0 unknown, 1 and 2
/// the ends, 256 bytes, words with their beginnings, characters, pseudo-words.
/// </summary>
internal sealed class BlankMarkVocabulary
{
    private const int FirstByte = 3,
        FirstFree = FirstByte + 256;

    private BlankMarkVocabulary(IReadOnlyList<SentencePiece> pieces, IReadOnlyList<PieceMerge> merges) =>
        (Pieces, Merges) = (pieces, merges);

    /// <summary>Piece i has the id i.</summary>
    public IReadOnlyList<SentencePiece> Pieces { get; }

    /// <summary>Merges, the first to be done first.</summary>
    public IReadOnlyList<PieceMerge> Merges { get; }

    /// <summary>LLaMA's: 32,000 pieces. The tokens of the default prompt have their published ids.</summary>
    public static BlankMarkVocabulary Llama() =>
        Of(
            32_000,
            ["\u2581A", "\u2581US", .. KnownText.Words(BlankMarkAlphabet.Mark), "SS", "IST", "ANT", "ER"],
            "",
            new Dictionary<string, int>
            {
                ["\u2581US"] = 3148,
                ["ER"] = 1001,
                [":"] = 29901,
                ["\u2581"] = 29871,
                ["What"] = 5618,
                ["\u2581is"] = 338,
                ["\u2581the"] = 278,
                ["\u2581main"] = 1667,
                ["\u2581object"] = 1203,
                ["\u2581in"] = 297,
                ["\u2581image"] = 1967,
                ["?"] = 29973,
                ["\u2581Please"] = 3529,
                ["\u2581answer"] = 1234,
                ["\u2581with"] = 411,
                ["\u2581a"] = 263,
                ["\u2581single"] = 2323,
                ["\u2581word"] = 1734,
                ["."] = 29889,
                ["\u2581A"] = 319,
                ["SS"] = 1799,
                ["IST"] = 9047,
                ["ANT"] = 13566,
            }
        );

    /// <summary>InternLM2's: 92,544 pieces, the last six of which the chat's tokens take over.</summary>
    public static BlankMarkVocabulary InternLm2() =>
        Of(92_544, KnownText.Words(BlankMarkAlphabet.Mark), KnownText.ChineseCharacters, new Dictionary<string, int>());

    private static BlankMarkVocabulary Of(
        int size,
        IEnumerable<string> words,
        string furtherCharacters,
        Dictionary<string, int> published
    )
    {
        IReadOnlyList<PieceMerge> merges = PieceMerge.Chains(words);
        string[] characters =
        [
            BlankMarkAlphabet.Mark.ToString(),
            .. Enumerable.Range('!', '~' - '!' + 1).Select(c => ((char)c).ToString()),
            .. furtherCharacters.Select(c => c.ToString()).Distinct(StringComparer.Ordinal),
        ];
        string[] texts = [.. merges.Select(m => m.Text), .. characters];
        var taken = new HashSet<string>(texts, StringComparer.Ordinal);
        var pieces = new SentencePiece?[size];
        pieces[0] = new SentencePiece("<unk>", 0, PieceKind.Unknown);
        pieces[1] = new SentencePiece("<s>", 0, PieceKind.Control);
        pieces[2] = new SentencePiece("</s>", 0, PieceKind.Control);
        for (int b = 0; b < 256; b++)
        {
            pieces[FirstByte + b] = new SentencePiece(Invariant.Text($"<0x{b:X2}>"), 0, PieceKind.Byte);
        }

        SentencePiece Scored(int rank) => new(texts[rank], -rank, PieceKind.Normal);
        for (int rank = 0; rank < texts.Length; rank++)
        {
            if (published.TryGetValue(texts[rank], out int id))
            {
                pieces[id] = Scored(rank);
            }
        }

        int free = FirstFree;
        int NextFree()
        {
            while (pieces[free] is not null)
            {
                free++;
            }

            return free;
        }

        for (int rank = 0; rank < texts.Length; rank++)
        {
            if (!published.ContainsKey(texts[rank]))
            {
                pieces[NextFree()] = Scored(rank);
            }
        }

        IEnumerator<string> fillers = PseudoWords
            .All()
            .Select(w => BlankMarkAlphabet.Mark + w)
            .Where(w => !taken.Contains(w))
            .GetEnumerator();
        for (int id = free; id < size; id++)
        {
            if (pieces[id] is null && fillers.MoveNext())
            {
                pieces[id] = new SentencePiece(fillers.Current, -texts.Length, PieceKind.Unused);
            }
        }

        return new BlankMarkVocabulary(pieces!, merges);
    }
}
