using Pipelines.Domain;
using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>For which models image tokens are attributed.</summary>
public enum ImageTokenTrace
{
    /// <summary>Where image tokens lie as a grid over the picture; the paper does it for LLaVA-1.5 and
    /// LLaVA-NeXT.</summary>
    Auto,

    /// <summary>Every family.</summary>
    Always,

    /// <summary>Text tokens only.</summary>
    Never,
}

/// <summary>
/// Traces which tokens carry the image (paper, token tracing): delta of every text token, beta of every image token,
/// and the weighted image attention, all with the heads of x* only.
/// </summary>
[Named("token-trace")]
[ReportedAs("tokens")]
public sealed record TokenTraceSpec : AnalysisSpec<TokenTrace>
{
    /// <summary>
    /// x* = the smallest set of heads, in the order of head attribution, whose faithfulness exceeds this (paper: 0.8).
    /// </summary>
    [Between(0, 1)]
    public double Faithfulness { get; init; } = PaperThresholds.Faithfulness;

    /// <summary>A text token is important where delta exceeds this (paper: 0.05).</summary>
    [Between(0, 1)]
    public double Important { get; init; } = PaperThresholds.Important;

    /// <summary>Whether image tokens are attributed.</summary>
    public ImageTokenTrace ImageTokens { get; init; } = ImageTokenTrace.Auto;

    /// <summary>Masks of image tokens per sample, M (paper: 10,000).</summary>
    [Between(2, 10_000_000)]
    public int Count { get; init; } = 10_000;

    /// <summary>Share of image tokens ablated, p (paper: 0.75).</summary>
    [Between(0.001, 0.999)]
    public double Ablate { get; init; } = 0.75;

    /// <summary>How they are drawn.</summary>
    public MaskDraw Draw { get; init; } = MaskDraw.Exact;

    /// <summary>Masks in one shard: the unit of resuming and of reuse when <see cref="Count"/> grows.</summary>
    [Between(1, 100_000)]
    public int Shard { get; init; } = 250;

    /// <summary>The trainer of beta over image tokens; its fields stand beside <c>trainer:</c>.</summary>
    [Inline]
    public TrainerSpec Trainer { get; init; } = new ElasticNetSpec();

    /// <summary>Share of the masks that train; the rest tests.</summary>
    [Between(0.01, 0.99)]
    public double Train { get; init; } = 0.8;
}
