using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// How much of what heads do is not additive (beyond the paper): LightGBM fitted to what the elastic net leaves of the
/// train masks; R^2 gained on the test masks. Trees alone do worse than the linear model, so they are given only what
/// it cannot say.
/// </summary>
[Named("non-additive")]
[ReportedAs("non_additive")]
public sealed record NonAdditiveSpec : AnalysisSpec<NonAdditive>
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

    /// <summary>
    /// Boosting iterations at most; cross-validation on the train masks picks how many help (none, where none do).
    /// </summary>
    [Between(1, 100_000)]
    public int Trees { get; init; } = 200;

    /// <summary>Leaves a tree: 4 see up to three heads together.</summary>
    [Between(2, 4096)]
    public int Leaves { get; init; } = 4;

    /// <summary>Share of a tree that is added.</summary>
    [Between(1e-6, 1)]
    public double LearningRate { get; init; } = 0.05;
}
