using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// How much of what heads do is not additive: R^2 that trees on the elastic net's residual gain on the test masks
/// (beyond the paper). Runs no pass.
/// </summary>
internal sealed class NonAdditive(StageContext context, NonAdditiveSpec spec, ForwardPasses forward)
    : SampleStage(context, forward)
{
    private const int Version = 1;
    private const string FileName = "non-additive.parquet";

    /// <summary>The table.</summary>
    public static Table<NonAdditiveRow> Table { get; } =
        new(
            "non_additive",
            [
                new TextColumn<NonAdditiveRow>("sample_id", r => r.SampleId),
                new OptionalNumberColumn<NonAdditiveRow, double>("r2_elastic_net", r => r.Linear),
                new OptionalNumberColumn<NonAdditiveRow, double>("r2_with_trees", r => r.WithTrees),
                new OptionalNumberColumn<NonAdditiveRow, double>("gained", r => r.Gained),
                new NumberColumn<NonAdditiveRow, int>("trees", r => r.Trees),
                new NumberColumn<NonAdditiveRow, int>("test_rows", r => r.TestRows),
            ],
            (v, i) =>
                new NonAdditiveRow(
                    v.Of<string>(0)[i],
                    v.Of<double?>(1)[i],
                    v.Of<double?>(2)[i],
                    v.Of<int>(4)[i],
                    v.Of<int>(5)[i]
                )
        );

    /// <inheritdoc/>
    public override string Kind => "non-additive";

    /// <inheritdoc/>
    public override string WorkUnit => "fits";

    /// <summary>One row a sample.</summary>
    public IReadOnlyList<NonAdditiveRow> Rows(Artifacts artifacts) =>
        [.. Table.Rows(Units(artifacts).Known.Select(u => artifacts.File(u, FileName)))];

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder) => PublishTable(folder, Table, Rows(artifacts));

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
                Table.Write(
                    run.File(FileName),
                    [
                        new NonAdditiveRow(
                            sample.Id,
                            Defined(fit.Linear),
                            Defined(fit.WithTrees),
                            fit.Trees,
                            fit.TestRows
                        ),
                    ]
                );
            }
        );
    }

    private static double? Defined(double value) => double.IsNaN(value) ? null : value;
}

/// <summary>What trees on the residual gain in one sample.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Linear">R^2 of the elastic net on the test masks; null where undefined.</param>
/// <param name="WithTrees">R^2 of elastic net and trees together.</param>
/// <param name="Trees">Trees that cross-validation let in; 0 = none helps.</param>
/// <param name="TestRows">Test masks.</param>
internal sealed record NonAdditiveRow(string SampleId, double? Linear, double? WithTrees, int Trees, int TestRows)
{
    /// <summary>R^2 gained.</summary>
    public double? Gained => WithTrees - Linear;
}
