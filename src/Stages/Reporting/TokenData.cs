namespace Pipelines.Stages.Reporting;

/// <summary>What token tracing found (paper, Fig. 4 and Table 3).</summary>
public sealed record TokenTraceData
{
    /// <summary>x* is the smallest set of heads with faithfulness above this.</summary>
    public required double Faithfulness { get; init; }

    /// <summary>A text token is important where delta exceeds this.</summary>
    public required double Important { get; init; }

    /// <summary>Masks of image tokens a sample, M; 0 where image tokens are not attributed.</summary>
    public int Masks { get; init; }

    /// <summary>Share of image tokens that a mask ablates.</summary>
    public double Ablate { get; init; } = 0.75;

    /// <summary>One a sample that was kept, in seed order.</summary>
    public IReadOnlyList<TracedSample> Samples { get; init; } = [];

    /// <summary>
    /// What lies on the object, one a sample whose annotations have a box; empty where the data have none.
    /// </summary>
    public IReadOnlyList<ObjectOnTokens> Objects { get; init; } = [];
}

/// <summary>How much of what image tokens carry lies on a sample's object; NaN = undefined.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Area">Share of the image tokens that the object's box covers.</param>
/// <param name="Beta">Share of the positive beta on them.</param>
/// <param name="Attention">Share of the positive weighted attention on them.</param>
public readonly record struct ObjectOnTokens(string SampleId, double Area, double Beta, double Attention);

/// <summary>The tokens of a sample.</summary>
public sealed record TracedSample
{
    /// <summary>Id, as in the tables.</summary>
    public required string SampleId { get; init; }

    /// <summary>The model's answer.</summary>
    public required string Answer { get; init; }

    /// <summary>Text tokens after the image, T.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>delta_i [T].</summary>
    public required IReadOnlyList<double> Delta { get; init; }

    /// <summary>u* [T].</summary>
    public required IReadOnlyList<bool> Important { get; init; }

    /// <summary>Heads in x*.</summary>
    public required int HeadsKept { get; init; }

    /// <summary>phi(x*, u*, 1) / phi(x*).</summary>
    public required double LogitKept { get; init; }

    /// <summary>w_j [P].</summary>
    public IReadOnlyList<double> Attention { get; init; } = [];

    /// <summary>beta over image tokens [P]; empty where they are not attributed.</summary>
    public IReadOnlyList<double> Beta { get; init; } = [];

    /// <summary>Explained variance of the fit over image tokens on its test masks.</summary>
    public double R2 { get; init; } = double.NaN;

    /// <summary>Pearson correlation of beta and w over image tokens.</summary>
    public double AttentionRho { get; init; } = double.NaN;

    /// <summary>What the model sees under the tokens' grid, a PNG file; null where there is no grid.</summary>
    public byte[]? Seen { get; init; }

    /// <summary>Rows of the grid: tokens 0 to Rows * Columns - 1, row by row.</summary>
    public int Rows { get; init; }

    /// <summary>Columns of the grid.</summary>
    public int Columns { get; init; }
}

/// <summary>What the strongest heads write towards (paper, Fig. 8).</summary>
/// <param name="Heads">Heads a sample.</param>
/// <param name="Items">Vocabulary items a head.</param>
/// <param name="Samples">One a sample that was kept, in seed order.</param>
public sealed record LensData(int Heads, int Items, IReadOnlyList<LensSample> Samples);

/// <summary>The heads of a sample, strongest first.</summary>
/// <param name="SampleId">Id, as in the tables.</param>
/// <param name="Answer">The model's answer.</param>
/// <param name="Heads">Heads of largest beta.</param>
public sealed record LensSample(string SampleId, string Answer, IReadOnlyList<LensHead> Heads);

/// <summary>A head.</summary>
/// <param name="Layer">Layer.</param>
/// <param name="Head">Head of the layer.</param>
/// <param name="Beta">Its coefficient.</param>
/// <param name="Items">Items of largest logit, falling.</param>
public sealed record LensHead(int Layer, int Head, double Beta, IReadOnlyList<LensToken> Items);

/// <summary>A vocabulary item.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Logit">Logit of the head's contribution alone.</param>
/// <param name="IsTarget">It is the token that is measured.</param>
public readonly record struct LensToken(string Text, double Logit, bool IsTarget);
