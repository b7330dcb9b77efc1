using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>What a head is taken to say in the logit lens.</summary>
public enum LensReading
{
    /// <summary>All that the head reads: prefix, image and text tokens.</summary>
    All,

    /// <summary>What it reads from the image tokens only.</summary>
    Image,
}

/// <summary>
/// Logit lens of the strongest heads (paper, Fig. 8): what a head adds at the final position, a V W_O, through the
/// final norm and the unembedding.
/// </summary>
[Named("logit-lens")]
[ReportedAs("lens")]
public sealed record LogitLensSpec : AnalysisSpec<LogitLens>
{
    /// <summary>Heads of largest beta (paper: 5).</summary>
    [Between(1, 1000)]
    public int Heads { get; init; } = 5;

    /// <summary>Vocabulary items listed a head (paper: 10).</summary>
    [Between(1, 1000)]
    public int Items { get; init; } = 10;

    /// <summary>Keys whose values count: the paper's a V W_O is over <c>all</c>.</summary>
    public LensReading Reading { get; init; } = LensReading.All;
}
