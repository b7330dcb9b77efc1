using Pipelines.Domain;
using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// What gradients are worth at a model's size (beyond the paper): an elastic net on the first masks against the mean of
/// the first gradients, by held-out R^2, by correlation with the largest fit, and by the heads that the order of beta
/// needs, for passes and seconds that are measured. Fits read the passes that are there; orders are scanned.
/// </summary>
[Named("gradient-worth")]
[ReportedAs("gradient_worth")]
public sealed record GradientWorthSpec : AnalysisSpec<GradientWorth>
{
    /// <summary>Train masks that elastic nets are fitted to. The largest fit is what the others are compared
    /// with.</summary>
    [Between(2, 10_000_000)]
    public IReadOnlyList<int> Masks { get; init; } = [300, 600, 1000, 2000, 4000];

    /// <summary>Gradients that are averaged.</summary>
    [Between(1, 1_000_000)]
    public IReadOnlyList<int> Gradients { get; init; } = [10, 30, 100];

    /// <summary>Share of the masks that may train; the rest is held out.</summary>
    [Between(0.01, 0.99)]
    public double Train { get; init; } = 0.8;

    /// <summary>Strength of the elastic net's penalty (paper: 0.0005).</summary>
    [Between(1e-12, 1e6)]
    public double Alpha { get; init; } = 0.0005;

    /// <summary>Share of the l1 penalty.</summary>
    [Between(0, 1)]
    public double L1Ratio { get; init; } = 0.5;

    /// <summary>Heads needed: the smallest k whose faithfulness exceeds this (paper: 0.8).</summary>
    [Between(0, 1)]
    public double Faithfulness { get; init; } = PaperThresholds.Faithfulness;

    /// <summary>Heads needed: the smallest k whose completeness falls below this (paper: 0.2).</summary>
    [Between(0, 1)]
    public double Completeness { get; init; } = PaperThresholds.Completeness;

    /// <summary>Times that a batch of masks and one of gradients are timed by turns in every sample.</summary>
    [Between(1, 100)]
    public int Rounds { get; init; } = 3;
}
