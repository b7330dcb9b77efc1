using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>The regression trainer; chosen by <c>trainer:</c>.</summary>
[ChosenBy("trainer")]
public abstract record TrainerSpec;

/// <summary>
/// By the size of the model: <c>gradient</c> where it has more than 256 heads and a stage <c>gradient-passes</c> stands
/// above, else <c>elastic-net</c> (paper). The report says which, and why.
/// </summary>
[Named("auto")]
public sealed record AutoTrainerSpec : TrainerSpec
{
    /// <summary>Strength of the elastic net's penalty, on masks or on what gradients leave (paper: 0.0005).</summary>
    [Between(1e-12, 1e6)]
    public double Alpha { get; init; } = 0.0005;

    /// <summary>Share of the l1 penalty.</summary>
    [Between(0, 1)]
    public double L1Ratio { get; init; } = 0.5;

    /// <summary>Sweeps at most.</summary>
    [Between(1, 1_000_000)]
    public int MaxIterations { get; init; } = 1000;

    /// <summary>Stopping tolerance (relative change and dual gap, as scikit-learn's).</summary>
    [Between(0, 1)]
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>The elastic net of these settings.</summary>
    public ElasticNetSpec ElasticNet() =>
        new()
        {
            Alpha = Alpha,
            L1Ratio = L1Ratio,
            MaxIterations = MaxIterations,
            Tolerance = Tolerance,
        };

    /// <summary>Gradients, mended by that elastic net where it helps.</summary>
    public GradientSpec Gradient() =>
        new()
        {
            Alpha = Alpha,
            L1Ratio = L1Ratio,
            MaxIterations = MaxIterations,
            Tolerance = Tolerance,
        };
}

/// <summary>Elastic net as scikit-learn defines it (paper).</summary>
[Named("elastic-net")]
public sealed record ElasticNetSpec : TrainerSpec
{
    /// <summary>Strength of the penalty (paper: 0.0005).</summary>
    [Between(1e-12, 1e6)]
    public double Alpha { get; init; } = 0.0005;

    /// <summary>Share of the l1 penalty.</summary>
    [Between(0, 1)]
    public double L1Ratio { get; init; } = 0.5;

    /// <summary>Sweeps at most.</summary>
    [Between(1, 1_000_000)]
    public int MaxIterations { get; init; } = 1000;

    /// <summary>Stopping tolerance (relative change and dual gap, as scikit-learn's).</summary>
    [Between(0, 1)]
    public double Tolerance { get; init; } = 1e-4;
}

/// <summary>ML.NET's stochastic dual coordinate ascent with penalties that come close to the elastic net's.</summary>
[Named("sdca")]
public sealed record SdcaSpec : TrainerSpec
{
    /// <summary>Strength of the penalty.</summary>
    [Between(1e-12, 1e6)]
    public double Alpha { get; init; } = 0.0005;

    /// <summary>Share of the l1 penalty; below 1.</summary>
    [Between(0, 0.999)]
    public double L1Ratio { get; init; } = 0.5;

    /// <summary>Iterations at most.</summary>
    [Between(1, 1_000_000)]
    public int MaxIterations { get; init; } = 1000;
}

/// <summary>
/// LightGBM through ML.NET; beta of a head is the mean change of the prediction when the head is switched from ablated
/// to intact, over the training masks.
/// </summary>
[Named("light-gbm")]
public sealed record LightGbmSpec : TrainerSpec
{
    /// <summary>Boosting iterations.</summary>
    [Between(1, 100_000)]
    public int Trees { get; init; } = 100;

    /// <summary>Leaves a tree.</summary>
    [Between(2, 4096)]
    public int Leaves { get; init; } = 31;
}

/// <summary>
/// FastTree through ML.NET; beta of a head is the mean change of the prediction when the head is switched from ablated
/// to intact, over the training masks.
/// </summary>
[Named("fast-tree")]
public sealed record FastTreeSpec : TrainerSpec
{
    /// <summary>Boosting iterations.</summary>
    [Between(1, 100_000)]
    public int Trees { get; init; } = 100;

    /// <summary>Leaves a tree.</summary>
    [Between(2, 4096)]
    public int Leaves { get; init; } = 20;
}

/// <summary>
/// Expected gradients (beyond the paper): beta_n is an average of d phi / d x_n over the gradient passes. Needs a stage
/// <c>gradient-passes</c>.
/// </summary>
[Named("gradient")]
public sealed record GradientSpec : TrainerSpec
{
    /// <summary>What mends them; its elastic net has the four settings below.</summary>
    public GradientResidual Residual { get; init; } = GradientResidual.Auto;

    /// <summary>Folds of the cross-validation that <c>residual: auto</c> asks.</summary>
    [Between(2, 100)]
    public int Folds { get; init; } = 5;

    /// <summary>Strength of the residual's penalty.</summary>
    [Between(1e-12, 1e6)]
    public double Alpha { get; init; } = 0.0005;

    /// <summary>Share of the l1 penalty.</summary>
    [Between(0, 1)]
    public double L1Ratio { get; init; } = 0.5;

    /// <summary>Sweeps at most.</summary>
    [Between(1, 1_000_000)]
    public int MaxIterations { get; init; } = 1000;

    /// <summary>Stopping tolerance (relative change and dual gap, as scikit-learn's).</summary>
    [Between(0, 1)]
    public double Tolerance { get; init; } = 1e-4;
}
