using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// How much of what heads do is not additive: R^2 that trees on the elastic net's residual gain on the test masks
/// (beyond the paper). Runs no pass.
/// </summary>
[StageOf<NonAdditiveSpec>]
public sealed class NonAdditive(StageContext context, NonAdditiveSpec spec, ForwardPasses forward)
    : SampleStage(context, forward)
{
    private const int Version = 1;
    private const string FileName = "non-additive.parquet";

    /// <inheritdoc/>
    public override string Kind => "non-additive";

    /// <inheritdoc/>
    public override string WorkUnit => "fits";

    /// <summary>One row a sample.</summary>
    public IReadOnlyList<NonAdditiveRow> Rows(Artifacts artifacts) =>
        [.. Tables.Of<NonAdditiveRow>().Rows(Units(artifacts).Known.Select(u => artifacts.File(u, FileName)))];

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder) => PublishTable(folder, Rows(artifacts));

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
    protected override Unit Create(Sample sample)
    {
        var masks = Forward.MaskShardsOf(sample);
        var passes = Forward.ShardsOf(sample);
        int seed = Context.Experiment.Seed,
            heads = Context.Heads;
        return new Unit(
            Kind,
            Version,
            sample.Id,
            [
                new KeyPart.Number("train", spec.Train),
                new KeyPart.Number("alpha", spec.Alpha),
                new KeyPart.Number("l1_ratio", spec.L1Ratio),
                new KeyPart.Integer("trees", spec.Trees),
                new KeyPart.Integer("leaves", spec.Leaves),
                new KeyPart.Number("learning_rate", spec.LearningRate),
                new KeyPart.Integer("seed", seed),
                new KeyPart.Integer("heads", heads),
                new KeyPart.Inputs("masks", [.. masks.Select(m => m.Unit)]),
                new KeyPart.Inputs("forward", passes),
            ],
            1,
            WorkUnit,
            run =>
            {
                var data = MaskDataset.Open(
                    [.. masks.Select(m => SampleMasks.FileOf(run.Artifacts, m))],
                    [.. passes.Select(p => ForwardPasses.FileOf(run.Artifacts, p))],
                    heads
                );
                var fit = NonAdditiveFit.Of(
                    data,
                    TrainTestSplit.Of(data.Rows, spec.Train, seed),
                    new ElasticNetSettings(spec.Alpha, spec.L1Ratio),
                    new ResidualTrees(spec.Trees, spec.Leaves, spec.LearningRate),
                    seed
                );
                Tables
                    .Of<NonAdditiveRow>()
                    .Write(
                        run.File(FileName),
                        [
                            new NonAdditiveRow(
                                sample.Id,
                                Undefined.ToNull(fit.Linear),
                                Undefined.ToNull(fit.WithTrees),
                                Undefined.ToNull(fit.WithTrees - fit.Linear),
                                fit.Trees,
                                fit.TestRows
                            ),
                        ]
                    );
            }
        );
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
