namespace Pipelines.Stages.Text;

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
}

/// <summary>A token that stands for itself in a text.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="Special">A mark of the chat or of the picture: not part of an answer's text.</param>
internal sealed record AddedToken(int Id, string Content, bool Special);
