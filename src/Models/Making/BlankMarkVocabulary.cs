using Pipelines.Domain.Errors;
using Pipelines.Models.Text;

namespace Pipelines.Models.Making;

/// <summary>
/// A made-up vocabulary of SentencePiece's kind with byte fallback, as LLaMA and InternLM2 have it: 0 unknown, 1 and 2
/// the ends, 256 bytes, words with their beginnings, characters, pseudo-words.
/// </summary>
internal sealed class BlankMarkVocabulary
{
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
            },
            Start("<s>", "</s>")
        );

    /// <summary>InternLM2's: 92,544 pieces, the last six of which the chat's tokens take over.</summary>
    public static BlankMarkVocabulary InternLm2() =>
        Of(
            92_544,
            KnownText.Words(BlankMarkAlphabet.Mark),
            KnownText.ChineseCharacters,
            new Dictionary<string, int>(),
            Start("<s>", "</s>")
        );

    /// <summary>
    /// Gemma 3's: 262,144 pieces, the added tokens of tokenizer.json among them. Bytes lie at 238 to 493.
    /// </summary>
    public static BlankMarkVocabulary Gemma3()
    {
        Dictionary<string, int> blanks = Gemma3AddedTokens
            .All.Where(t => t.Text[0] == BlankMarkAlphabet.Mark)
            .ToDictionary(t => t.Text, t => t.Id, StringComparer.Ordinal);
        IEnumerable<(int, SentencePiece)> added = Gemma3AddedTokens
            .All.Where(t => t.Id < Gemma3AddedTokens.Pieces && !blanks.ContainsKey(t.Text))
            .Select(t => (t.Id, new SentencePiece(t.Text, 0, PieceKind.Unused)));
        return Of(
            Gemma3AddedTokens.Pieces,
            [.. blanks.Keys, .. KnownText.Words(BlankMarkAlphabet.Mark), "model"],
            "",
            blanks,
            [.. added, .. Bytes(Gemma3AddedTokens.FirstByte)]
        );
    }

    /// <summary>Yi's with the chat's tokens at their places, <c>&lt;|im_end|&gt;</c> 7: 64,000 pieces.</summary>
    public static BlankMarkVocabulary Yi() =>
        Of(
            64_000,
            KnownText.Words(BlankMarkAlphabet.Mark),
            "",
            new Dictionary<string, int>(),
            Start(
                "<|startoftext|>",
                "<|endoftext|>",
                "<|Human|>",
                "<|Assistant|>",
                "<|System|>",
                "<|im_start|>",
                "<|im_end|>"
            )
        );

    /// <summary>The unknown piece, control pieces, the bytes.</summary>
    private static (int Id, SentencePiece Piece)[] Start(params string[] controls) =>
        [
            (0, new SentencePiece("<unk>", 0, PieceKind.Unknown)),
            .. controls.Select((text, i) => (1 + i, new SentencePiece(text, 0, PieceKind.Control))),
            .. Bytes(1 + controls.Length),
        ];

    private static IEnumerable<(int Id, SentencePiece Piece)> Bytes(int first) =>
        Enumerable
            .Range(0, 256)
            .Select(b => (first + b, new SentencePiece(Invariant.Text($"<0x{b:X2}>"), 0, PieceKind.Byte)));

    private static BlankMarkVocabulary Of(
        int size,
        IEnumerable<string> words,
        string furtherCharacters,
        Dictionary<string, int> published,
        IReadOnlyList<(int Id, SentencePiece Piece)> settled
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
        foreach ((int id, SentencePiece piece) in settled)
        {
            pieces[id] = piece;
        }

        SentencePiece Scored(int rank) => new(texts[rank], -rank, PieceKind.Normal);
        for (int rank = 0; rank < texts.Length; rank++)
        {
            if (published.TryGetValue(texts[rank], out int id))
            {
                pieces[id] = Scored(rank);
            }
        }

        int free = 0;
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
