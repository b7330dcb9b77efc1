using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Compares gradients with masks at equal cost (beyond the paper): held-out R^2 and correlation with the full elastic
/// net against passes spent, a gradient counted as two passes, forward and backward. Runs no pass: it fits the first of
/// the passes that are there.
/// </summary>
[Named("gradient-cost")]
[ReportedAs("gradient_cost")]
public sealed record GradientCostSpec : AnalysisSpec<GradientCost>
{
    /// <summary>Share of the masks that train; the rest tests.</summary>
    [Between(0.01, 0.99)]
    public double Train { get; init; } = 0.8;

    /// <summary>Strength of the elastic net's penalty (paper: 0.0005).</summary>
    [Between(1e-12, 1e6)]
    public double Alpha { get; init; } = 0.0005;

    /// <summary>Share of the l1 penalty.</summary>
    [Between(0, 1)]
    public double L1Ratio { get; init; } = 0.5;
}
