using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Gradients against masks at equal cost: what the first of either give on the same held-out masks (beyond the paper).
/// Runs no pass.
/// </summary>
[StageOf<GradientCostSpec>]
public sealed class GradientCost(
    StageContext context,
    GradientCostSpec spec,
    ForwardPasses forward,
    GradientPasses gradients
) : SampleStage(context, forward)
{
    private const int Version = 1;
    private const string FileName = "gradient-cost.parquet";

    /// <inheritdoc/>
    public override string Kind => "gradient-cost";

    /// <inheritdoc/>
    public override string WorkUnit => "samples";

    /// <inheritdoc/>
    /// <exception cref="InputException">Each sample has a number of masks of its own, so that no curve goes over
    /// all of them.</exception>
    public override UnitList Units(Artifacts artifacts)
    {
        Chain.RequireFixedCount(Name, Forward);
        return base.Units(artifacts);
    }

    /// <summary>All rows, sample by sample.</summary>
    public IReadOnlyList<CostPoint> Rows(Artifacts artifacts) =>
        [.. Tables.Of<CostPoint>().Rows(Units(artifacts).Known.Select(u => artifacts.File(u, FileName)))];

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder) => PublishTable(folder, Rows(artifacts));

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts) =>
        [
            .. Rows(artifacts)
                .GroupBy(r => r.Way)
                .Select(way =>
                {
                    int most = way.Max(r => r.Observations);
                    CostPoint[] last = [.. way.Where(r => r.Observations == most)];
                    return new SummaryRow(
                        $"{Name}: {way.Key}",
                        $"R² {Mean(last, r => r.R2)}, correlation {Mean(last, r => r.Correlation)} after "
                            + $"{Reporting.Format.Count(last[0].Passes)} passes a sample"
                    );
                }),
        ];

    private static string Mean(CostPoint[] rows, Func<CostPoint, double?> value) =>
        Reporting.Format.Fixed(Metrics.Mean([.. rows.Select(value).OfType<double>()]), 3);

    /// <inheritdoc/>
    protected override Unit Create(Sample sample)
    {
        var masks = Forward.MaskShardsOf(sample);
        var passes = Forward.ShardsOf(sample);
        var slopes = gradients.ShardsOf(sample);
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
                new KeyPart.Integer("seed", seed),
                new KeyPart.Integer("heads", heads),
                new KeyPart.Inputs("masks", [.. masks.Select(m => m.Unit)]),
                new KeyPart.Inputs("forward", passes),
                new KeyPart.Inputs("gradients", slopes),
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
                var curves = CostCurves.Of(
                    data,
                    TrainTestSplit.Of(data.Rows, spec.Train, seed),
                    [.. gradients.Parts(run.Artifacts, sample)],
                    new ElasticNetSettings(spec.Alpha, spec.L1Ratio)
                );
                Tables
                    .Of<CostPoint>()
                    .Write(run.File(FileName), [.. curves.Select(p => p with { SampleId = sample.Id })]);
            }
        );
    }
}
