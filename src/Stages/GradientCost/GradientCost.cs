using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

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
) : SampleStage(forward)
{
    /// <inheritdoc/>
    public override string WorkUnit => "samples";

    /// <inheritdoc/>
    /// <exception cref="InputException">Each sample has a number of masks of its own, so that no curve goes over
    /// all of them.</exception>
    public override UnitList Units(Artifacts artifacts)
    {
        Forward.RequireFixedCount(Name);
        return base.Units(artifacts);
    }

    /// <summary>All rows, sample by sample.</summary>
    public IReadOnlyList<CostPoint> Rows(Artifacts artifacts) => Rows<CostPoint>(artifacts);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [new PublishedTable<CostPoint>(() => Rows(artifacts))];

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
    protected override Unit Create(Artifacts artifacts, Sample sample) =>
        Unit.Of(
            sample.Id,
            new CostOfSample(
                sample.Id,
                spec.Train,
                spec.Alpha,
                spec.L1Ratio,
                context.Experiment.Seed,
                Forward.ObservedOf(artifacts, sample),
                gradients.ShardsOf(artifacts, sample)
            )
        );
}

/// <summary>What the first gradients and masks of a sample give.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Train">Share of the masks that train; the others test.</param>
/// <param name="Alpha">Strength of the elastic net's penalty.</param>
/// <param name="L1Ratio">Its share of the l1 penalty.</param>
/// <param name="Seed">Of the split.</param>
/// <param name="Observed">Its masks with phi.</param>
/// <param name="Gradients">Units of the gradients, in order.</param>
[UnitKind("gradient-cost", 1, "samples")]
internal sealed record CostOfSample(
    string Sample,
    double Train,
    double Alpha,
    double L1Ratio,
    int Seed,
    Observed Observed,
    IReadOnlyList<Unit> Gradients
) : IUnit<CostOfSample>
{
    /// <inheritdoc/>
    public static void Compute(CostOfSample unit, UnitRun run)
    {
        MaskDataset data = unit.Observed.Open(run);
        var curves = CostCurves.Of(
            data,
            TrainTestSplit.Of(data.Rows, unit.Train, unit.Seed),
            [.. GradientPart.Read(unit.Gradients.Select(run.Artifacts.File<GradientRow>), unit.Observed.Heads)],
            new ElasticNetSettings(unit.Alpha, unit.L1Ratio)
        );
        run.Write<CostPoint>([.. curves.Select(p => p with { SampleId = unit.Sample })]);
    }
}
