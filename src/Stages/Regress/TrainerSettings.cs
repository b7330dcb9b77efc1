using Pipelines.Domain;
using Pipelines.Spec;
using Pipelines.Stages.Attribution;

namespace Pipelines.Stages;

/// <summary>
/// A regression as a unit depends on it: the settings that its trainer reads, and no others. Null = the trainer has no
/// such setting.
/// </summary>
/// <param name="Trainer">Name as in the spec.</param>
/// <param name="Residual">Whether gradients are mended by an elastic net on what they leave.</param>
/// <param name="Folds">Of the cross-validation that decides whether they are.</param>
/// <param name="Alpha">Strength of the penalty.</param>
/// <param name="L1Ratio">Share of the l1 penalty.</param>
/// <param name="MaxIterations">Sweeps or passes over the data at most.</param>
/// <param name="Tolerance">Stopping tolerance.</param>
/// <param name="Trees">Boosting iterations.</param>
/// <param name="Leaves">Leaves a tree.</param>
internal sealed record TrainerSettings(
    string Trainer,
    GradientResidual? Residual = null,
    int? Folds = null,
    double? Alpha = null,
    double? L1Ratio = null,
    int? MaxIterations = null,
    double? Tolerance = null,
    int? Trees = null,
    int? Leaves = null
)
{
    /// <summary>The settings of a spec.</summary>
    public static TrainerSettings Of(TrainerSpec trainer)
    {
        string name = Spelling.Of(trainer.GetType());
        return trainer switch
        {
            ElasticNetSpec s => new(
                name,
                Alpha: s.Alpha,
                L1Ratio: s.L1Ratio,
                MaxIterations: s.MaxIterations,
                Tolerance: s.Tolerance
            ),
            SdcaSpec s => new(name, Alpha: s.Alpha, L1Ratio: s.L1Ratio, MaxIterations: s.MaxIterations),
            LightGbmSpec s => new(name, Trees: s.Trees, Leaves: s.Leaves),
            FastTreeSpec s => new(name, Trees: s.Trees, Leaves: s.Leaves),
            GradientSpec { Residual: GradientResidual.None } => new(name, GradientResidual.None),
            GradientSpec s => new(
                name,
                s.Residual,
                s.Residual == GradientResidual.Auto ? s.Folds : null,
                s.Alpha,
                s.L1Ratio,
                s.MaxIterations,
                s.Tolerance
            ),
            _ => throw new InvalidOperationException($"No trainer is made from {trainer.GetType().Name}."),
        };
    }

    /// <summary>The trainer.</summary>
    public Trainer ToTrainer() =>
        Trainer switch
        {
            "elastic-net" => new Trainer.ElasticNet(ElasticNet),
            "sdca" => new Trainer.Sdca(Alpha!.Value, L1Ratio!.Value, MaxIterations!.Value),
            "light-gbm" => new Trainer.LightGbm(Trees!.Value, Leaves!.Value),
            "fast-tree" => new Trainer.FastTree(Trees!.Value, Leaves!.Value),
            "gradient" when Folds is { } folds => new Trainer.Gradient(Residual!.Value, ElasticNet, folds),
            "gradient" => new Trainer.Gradient(Residual!.Value, ElasticNet),
            _ => throw new InvalidOperationException($"No trainer '{Trainer}'."),
        };

    private ElasticNetSettings ElasticNet =>
        Alpha is null
            ? new ElasticNetSettings()
            : new ElasticNetSettings(Alpha.Value, L1Ratio!.Value, MaxIterations!.Value, Tolerance!.Value);
}
