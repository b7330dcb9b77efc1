namespace Pipelines.Models.Families;

/// <summary>
/// A question as token ids with the image expanded: [prefix][P image tokens][T suffix tokens]. The image tokens may
/// stand in several runs with markers between them (SmolVLM's tiles): the suffix follows the last run, and the markers,
/// which cannot read it and are never ablated, belong to the prefix.
/// </summary>
/// <param name="Text">What was given to the tokenizer, before the image is expanded.</param>
/// <param name="Ids">All token ids; the image's positions hold the image token.</param>
/// <param name="ImageStart">First image position.</param>
/// <param name="ImageLength">P, over all runs.</param>
public sealed record PromptTokens(string Text, IReadOnlyList<int> Ids, int ImageStart, int ImageLength)
{
    /// <summary>Length of the sequence.</summary>
    public int Length => Ids.Count;

    private readonly IReadOnlyList<TokenRun>? runs;

    /// <summary>Where the image tokens stand, run by run; one run unless it is set.</summary>
    public IReadOnlyList<TokenRun> ImageRuns
    {
        get => runs ?? [new TokenRun(ImageStart, ImageLength)];
        init => runs = value;
    }

    private readonly ImageTokens? image;

    /// <summary>The picture's tokens; nothing but their number unless it is set.</summary>
    public ImageTokens Image
    {
        get => image ?? ImageTokens.OfCount(ImageLength);
        init => image = value;
    }

    /// <summary>First suffix position: prefix and image end here.</summary>
    public int SuffixStart => ImageRuns[^1].End;

    /// <summary>S, tokens before the suffix that are none of the image's.</summary>
    public int PrefixLength => SuffixStart - ImageLength;

    /// <summary>Positions of the image tokens, in order.</summary>
    public IEnumerable<int> ImagePlaces => ImageRuns.SelectMany(run => Enumerable.Range(run.Start, run.Length));

    /// <summary>Positions of the prefix tokens, in order: those before the image, and the markers between its
    /// runs.</summary>
    public IEnumerable<int> PrefixPlaces => Enumerable.Range(0, SuffixStart).Except(ImagePlaces);

    /// <summary>T, number of suffix tokens; at least 1.</summary>
    public int SuffixLength => Length - SuffixStart;

    /// <summary>The suffix tokens' ids.</summary>
    public IReadOnlyList<int> SuffixIds => [.. Ids.Skip(SuffixStart)];

    /// <summary>
    /// The prompt with the first tokens of an answer behind it: the suffix grows by them, and the next token is
    /// measured.
    /// </summary>
    /// <param name="given">The answer's tokens before the one that is measured; an image token among them is
    /// text.</param>
    public PromptTokens FollowedBy(IReadOnlyList<int> given) =>
        given.Count == 0 ? this : this with { Ids = [.. Ids, .. given] };
}

/// <summary>Tokens that follow each other.</summary>
/// <param name="Start">Position of the first.</param>
/// <param name="Length">How many.</param>
public readonly record struct TokenRun(int Start, int Length)
{
    /// <summary>The position behind the last.</summary>
    public int End => Start + Length;
}

/// <summary>How many image tokens a picture becomes, and how they lie.</summary>
/// <param name="Tokens">P.</param>
/// <param name="Rows">Rows of the grid that the positions follow (Qwen2-VL: merged patches) or that a token map shows;
/// 0 where the tokens form no single grid.</param>
/// <param name="Columns">Columns of the grid.</param>
public sealed record ImageTokens(int Tokens, int Rows, int Columns)
{
    /// <summary>Rows of tiles that stand in the prompt one by one, each with a marker; 0 = the picture is one
    /// run.</summary>
    public int TileRows { get; init; }

    /// <summary>Columns of tiles.</summary>
    public int TileColumns { get; init; }

    /// <summary>Tokens of which nothing is known but their number: one run, no grid.</summary>
    public static ImageTokens OfCount(int tokens) => new(tokens, 0, 0);

    /// <summary>A plain grid, row by row.</summary>
    public static ImageTokens Grid(int rows, int columns) => new(rows * columns, rows, columns);
}

/// <summary>
/// Image tokens that lie over the picture as a grid: tokens 0 to Rows * Columns - 1, row by row, unless <see
/// cref="Order"/> says otherwise. Further tokens (LLaVA-NeXT's tiles) are in no grid.
/// </summary>
/// <param name="Seen">The part of the picture that the grid covers, as the model sees it.</param>
/// <param name="Rows">Rows of tokens.</param>
/// <param name="Columns">Columns of tokens.</param>
public sealed record TokenGrid(Vision.Picture Seen, int Rows, int Columns)
{
    private readonly IReadOnlyDictionary<int, int>? cells;

    /// <summary>The token of each cell, row by row: how tiles that follow each other are put together; null = cell and
    /// token are one number.</summary>
    public IReadOnlyList<int>? Order
    {
        get => cells?.OrderBy(c => c.Value).Select(c => c.Key).ToArray();
        init => cells = value?.Select((token, cell) => (token, cell)).ToDictionary(c => c.token, c => c.cell);
    }

    /// <summary>The grid of tiles that follow each other row by row, each a grid of its own.</summary>
    /// <param name="seen">The picture that is cut into tiles.</param>
    /// <param name="tileRows">Rows of tiles.</param>
    /// <param name="tileColumns">Columns of tiles.</param>
    /// <param name="side">Tokens along a side of a tile.</param>
    public static TokenGrid OfTiles(Vision.Picture seen, int tileRows, int tileColumns, int side)
    {
        int rows = tileRows * side,
            columns = tileColumns * side;
        int TokenOf(int row, int column) =>
            (((((row / side) * tileColumns) + (column / side)) * side) + (row % side)) * side + (column % side);
        return new TokenGrid(seen, rows, columns)
        {
            Order = [.. Enumerable.Range(0, rows * columns).Select(i => TokenOf(i / columns, i % columns))],
        };
    }

    /// <summary>Where a token lies; null where it is in no grid.</summary>
    /// <param name="token">Number of an image token.</param>
    public (int Row, int Column)? CellOf(int token) =>
        cells is null
            ? token < Rows * Columns
                ? (token / Columns, token % Columns)
                : null
            : cells.TryGetValue(token, out int cell)
                ? (cell / Columns, cell % Columns)
                : null;
}

/// <summary>A picture's features as they enter the decoder.</summary>
/// <param name="Features">[P, hidden] in the compute type; owned by the caller's dispose scope.</param>
/// <param name="Tokens">Count and grid.</param>
public sealed record ImageFeatures(TorchSharp.torch.Tensor Features, ImageTokens Tokens) : IDisposable
{
    /// <summary>
    /// Further features (Qwen3-VL): item k, [P, hidden], is added to the residual stream of the image tokens behind
    /// decoder layer k. It is part of what the picture is to the decoder and belongs to no head.
    /// </summary>
    public IReadOnlyList<TorchSharp.torch.Tensor> DeepStack { get; init; } = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        Features.Dispose();
        foreach (TorchSharp.torch.Tensor more in DeepStack)
        {
            more.Dispose();
        }
    }
}

/// <summary>Where tokens stand for the rotary embedding.</summary>
/// <param name="Axes">[1][T], or [3][T] with M-RoPE (time, row, column).</param>
/// <param name="Next">Position of the first generated token, the same on every axis.</param>
public sealed record TokenPositions(long[][] Axes, long Next)
{
    /// <summary>0, 1, 2, ...</summary>
    public static TokenPositions Sequential(int length) =>
        new(
            [
                [.. Enumerable.Range(0, length).Select(i => (long)i)],
            ],
            length
        );

    /// <summary>The positions in another order.</summary>
    /// <param name="order">Which token comes where.</param>
    public TokenPositions Ordered(IReadOnlyList<int> order) =>
        this with
        {
            Axes = [.. Axes.Select(axis => order.Select(i => axis[i]).ToArray())],
        };

    /// <summary>Positions of tokens that follow the prompt.</summary>
    /// <param name="count">Tokens.</param>
    public TokenPositions Following(int count)
    {
        long[] axis = [.. Enumerable.Range(0, count).Select(i => Next + i)];
        return new TokenPositions([.. Axes.Select(_ => axis)], Next + count);
    }
}
