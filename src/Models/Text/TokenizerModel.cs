namespace Pipelines.Models.Text;

/// <summary>What the files of a hub folder say about its tokenizer.</summary>
internal sealed record TokenizerModel
{
    /// <summary>The file that the vocabulary came from, for messages.</summary>
    public required string Source { get; init; }

    /// <summary>Token, spelt as in the file, to id.</summary>
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    /// <summary>Merges as <c>left right</c>, the first to be done first.</summary>
    public required IReadOnlyList<string> Merges { get; init; }

    /// <summary>How text becomes the symbols that are merged.</summary>
    public required SymbolAlphabet Alphabet { get; init; }

    /// <summary>Tokens that are cut out of a text before anything else.</summary>
    public required IReadOnlyList<AddedToken> Added { get; init; }

    /// <summary>Ids beside the added tokens that stand for no text (SentencePiece's control pieces).</summary>
    public IReadOnlyCollection<int> Controls { get; init; } = [];

    /// <summary>Token put in front of every text.</summary>
    public int? Bos { get; init; }

    /// <summary>Token of a symbol that the vocabulary lacks; null drops it.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Neighbouring symbols that the vocabulary lacks become one unknown token, not one each.</summary>
    public bool FusesUnknown { get; init; } = true;

    /// <summary>A piece that is a token of the vocabulary is that token, whatever the merges say (Llama 3).</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>Decoding takes away the blank before punctuation.</summary>
    public bool CleansUp { get; init; }
}
