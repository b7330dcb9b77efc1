using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Lays samples out in the plane by beta (paper, Fig. 3E): exact t-SNE from a PCA start, the same picture in every run.
/// Runs no pass.
/// </summary>
[Named("beta-layout")]
[ReportedAs("layout")]
public sealed record BetaLayoutSpec : AnalysisSpec<BetaLayout>
{
    /// <summary>Only objects with so many samples are laid out (paper: 10).</summary>
    [Between(1, 1_000_000)]
    public int LeastSamples { get; init; } = 10;

    /// <summary>Samples of an object at most, the first in seed order (paper: 15).</summary>
    [Between(1, 1_000_000)]
    public int MostSamples { get; init; } = 15;

    /// <summary>
    /// Effective count of neighbours, below that of the samples. Left out: 30, or a third of the samples where there
    /// are fewer than 90.
    /// </summary>
    [Between(1.001, 10_000)]
    public double? Perplexity { get; init; }

    /// <summary>Steps at most, the first 250 with exaggerated affinities.</summary>
    [Between(1, 1_000_000)]
    public int Steps { get; init; } = 1000;
}
