using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>
/// Gradients of phi with respect to a gate per head (beyond the paper: expected gradients). Masks are drawn as those of
/// the forward passes (same share ablated, same draw, same scope), from a stream of their own, so that no forward mask
/// that tests a fit was seen by it.
/// </summary>
[Named("gradient-passes")]
public sealed record GradientPassesSpec : StageSpec
{
    /// <summary>Gradients per sample: 30 to 100 do the work of 10 masks a head.</summary>
    [Between(1, 1_000_000)]
    public int Count { get; init; } = 100;

    /// <summary>Gradients in one shard: the unit of resuming and of reuse when <see cref="Count"/> grows.</summary>
    [Between(1, 100_000)]
    public int Shard { get; init; } = 10;

    /// <summary>How they become beta, wherever beta is read from them; no gradient depends on it.</summary>
    public GradientAverage Average { get; init; } = GradientAverage.BothEnds;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs => [StageInput.Of<ForwardPassesSpec>("forward")];
}

/// <summary>
/// Compares gradients with masks at equal cost (beyond the paper): held-out R^2 and correlation with the full elastic
/// net against passes spent, a gradient counted as two passes, forward and backward. Runs no pass: it fits the first of
/// the passes that are there.
/// </summary>
[Named("gradient-cost")]
public sealed record GradientCostSpec : StageSpec
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

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [StageInput.Of<ForwardPassesSpec>("forward"), StageInput.Of<GradientPassesSpec>("gradients")];
}

/// <summary>
/// How much of what heads do is not additive (beyond the paper): LightGBM fitted to what the elastic net leaves of the
/// train masks; R^2 gained on the test masks. Trees alone do worse than the linear model, so they are given only what
/// it cannot say.
/// </summary>
[Named("non-additive")]
public sealed record NonAdditiveSpec : StageSpec
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

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs => [StageInput.Of<ForwardPassesSpec>("forward")];
}
