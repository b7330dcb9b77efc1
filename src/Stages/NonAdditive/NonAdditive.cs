using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// How much of what heads do is not additive: R^2 that trees on the elastic net's residual gain on the test masks
/// (beyond the paper). Runs no pass.
/// </summary>
[StageOf<NonAdditiveSpec>]
public sealed class NonAdditive(StageContext context, NonAdditiveSpec spec, ForwardPasses forward)
    : SampleStage(forward)
{
    /// <inheritdoc/>
    public override string WorkUnit => "fits";

    /// <summary>One row a sample.</summary>
    public IReadOnlyList<NonAdditiveRow> Rows(Artifacts artifacts) => Rows<NonAdditiveRow>(artifacts);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [new PublishedTable<NonAdditiveRow>(() => Rows(artifacts))];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        double[] gained = [.. Rows(artifacts).Select(r => r.Gained).OfType<double>()];
        return
        [
            new SummaryRow(
                Name,
                $"trees on the residual gain {Reporting.Format.Signed(Metrics.Mean(gained), 3)} R² (n = "
                    + $"{Reporting.Format.Count(gained.Length)})"
            ),
        ];
    }

    /// <inheritdoc/>
    protected override Unit Create(Artifacts artifacts, Sample sample) =>
        Unit.Of(
            sample.Id,
            new TreesOnResidual(
                sample.Id,
                spec.Train,
                spec.Alpha,
                spec.L1Ratio,
                spec.Trees,
                spec.Leaves,
                spec.LearningRate,
                context.Experiment.Seed,
                Forward.ObservedOf(artifacts, sample)
            )
        );
}

/// <summary>What trees on the residual gain in a sample.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Train">Share of the masks that train; the others test.</param>
/// <param name="Alpha">Strength of the elastic net's penalty.</param>
/// <param name="L1Ratio">Its share of the l1 penalty.</param>
/// <param name="Trees">Boosting iterations at most.</param>
/// <param name="Leaves">Leaves a tree.</param>
/// <param name="LearningRate">Share of a tree that is added.</param>
/// <param name="Seed">Of split and folds.</param>
/// <param name="Observed">Its masks with phi.</param>
[UnitKind("non-additive", 1, "fits")]
internal sealed record TreesOnResidual(
    string Sample,
    double Train,
    double Alpha,
    double L1Ratio,
    int Trees,
    int Leaves,
    double LearningRate,
    int Seed,
    Observed Observed
) : IUnit<TreesOnResidual>
{
    /// <inheritdoc/>
    public static void Compute(TreesOnResidual unit, UnitRun run)
    {
        MaskDataset data = unit.Observed.Open(run);
        NonAdditiveFit fit = NonAdditiveFit.Of(
            data,
            TrainTestSplit.Of(data.Rows, unit.Train, unit.Seed),
            new ElasticNetSettings(unit.Alpha, unit.L1Ratio),
            new ResidualTrees(unit.Trees, unit.Leaves, unit.LearningRate),
            unit.Seed
        );
        run.Write<NonAdditiveRow>([
            new NonAdditiveRow(
                unit.Sample,
                Undefined.ToNull(fit.Linear),
                Undefined.ToNull(fit.WithTrees),
                Undefined.ToNull(fit.WithTrees - fit.Linear),
                fit.Trees,
                fit.TestRows
            ),
        ]);
    }
}

/// <summary>What trees on the residual gain in one sample.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="R2ElasticNet">R^2 of the elastic net on the test masks; null where undefined.</param>
/// <param name="R2WithTrees">R^2 of elastic net and trees together.</param>
/// <param name="Gained">R^2 that the trees add.</param>
/// <param name="Trees">Trees that cross-validation let in; 0 = none helps.</param>
/// <param name="TestRows">Test masks.</param>
[Table("non_additive")]
public sealed record NonAdditiveRow(
    [RowKey] string SampleId,
    double? R2ElasticNet,
    double? R2WithTrees,
    double? Gained,
    int Trees,
    [Unit("masks")] int TestRows
);
