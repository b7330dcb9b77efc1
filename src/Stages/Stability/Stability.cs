using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Whether the masks were enough: beta and R^2 of the attribution's trainer on the first of them (beyond the paper).
/// Runs no pass.
/// </summary>
[StageOf<StabilitySpec>]
public sealed class Stability : SampleStage
{
    private readonly StageContext context;
    private readonly StabilitySpec spec;
    private readonly Regress attribution;

    /// <summary>A stage that fits again what <paramref name="attribution"/> fits.</summary>
    /// <exception cref="InputException">Its trainer does not learn beta from masks.</exception>
    public Stability(StageContext context, StabilitySpec spec, ForwardPasses forward, Regress attribution)
        : base(forward)
    {
        (this.context, this.spec, this.attribution) = (context, spec, attribution);
        if (attribution.Trainer is GradientSpec)
        {
            throw new InputException(
                $"stages.{attribution.Name}.trainer",
                $"{Named(attribution)} takes beta from gradients: stability asks how it settles as masks are added.",
                "Give stability an attribution with another trainer, inputs: { attribution: NAME }; gradient-cost "
                    + "shows how gradients settle."
            );
        }
    }

    private static string Named(Regress attribution) =>
        attribution.Spec.Trainer is AutoTrainerSpec ? "auto, which is gradient for a model of this size," : "gradient";

    /// <inheritdoc/>
    public override string WorkUnit => "samples";

    /// <summary>All rows, sample by sample, by rising share.</summary>
    public IReadOnlyList<StabilityRow> Rows(Artifacts artifacts) => Rows<StabilityRow>(artifacts);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [new PublishedTable<StabilityRow>(() => Rows(artifacts))];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var rows = Rows(artifacts);
        StabilityRow[] last = [.. rows.Where(r => r.Share == rows.Max(o => o.Share))];
        return last.Length == 0
            ? [new SummaryRow(Name, "too few masks to tell")]
            :
            [
                new SummaryRow(
                    Name,
                    $"the last doubling of the masks left beta a cosine of {Mean(last, r => r.CosineHalf)}; "
                        + $"two halves of "
                        + $"them correlate {Mean(last, r => r.HalfSplit)}"
                ),
            ];
    }

    private static string Mean(StabilityRow[] rows, Func<StabilityRow, double?> value) =>
        Reporting.Format.Fixed(Metrics.Mean([.. rows.Select(value).OfType<double>()]), 3);

    /// <inheritdoc/>
    protected override Unit Create(Artifacts artifacts, Sample sample) =>
        Unit.Of(
            sample.Id,
            new StabilityOfSample(
                sample.Id,
                TrainerSettings.Of(attribution.Trainer),
                attribution.Spec.Train,
                [.. spec.Shares.Order()],
                context.Experiment.Seed,
                Forward.ObservedOf(artifacts, sample)
            )
        );
}

/// <summary>How beta of a sample settles as masks are added.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Trainer">How beta is fitted.</param>
/// <param name="Train">Share of the masks that train; the others test.</param>
/// <param name="Shares">Shares of the masks, ascending.</param>
/// <param name="Seed">Of the split.</param>
/// <param name="Observed">Its masks with phi.</param>
[UnitKind("stability", 1, "samples")]
internal sealed record StabilityOfSample(
    string Sample,
    TrainerSettings Trainer,
    double Train,
    IReadOnlyList<double> Shares,
    int Seed,
    Observed Observed
) : IUnit<StabilityOfSample>
{
    /// <inheritdoc/>
    public static void Compute(StabilityOfSample unit, UnitRun run)
    {
        MaskDataset data = unit.Observed.Open(run);
        var points = MaskStability.Of(
            unit.Trainer.ToTrainer(),
            data,
            TrainTestSplit.Of(data.Rows, unit.Train, unit.Seed),
            [.. unit.Shares],
            unit.Seed
        );
        run.Write<StabilityRow>([.. points.Select(p => StabilityRow.Of(unit.Sample, p))]);
    }
}

/// <summary>What the first masks of a sample give; null = undefined.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Share">Share of its masks.</param>
/// <param name="Masks">So many, the first ones.</param>
/// <param name="TrainMasks">Those of them that train.</param>
/// <param name="R2">Of beta fitted to these, on the held-out masks of all.</param>
/// <param name="Rho">Pearson correlation of true and predicted phi there.</param>
/// <param name="CosineAll">Cosine of beta with that of all train masks.</param>
/// <param name="CosineHalf">Cosine of beta with that of the first half of these masks.</param>
/// <param name="HalfSplit">Pearson correlation of beta between two disjoint halves of these train masks.</param>
/// <param name="SpearmanBrown">What it says of beta of both halves together.</param>
[Table("stability")]
public sealed record StabilityRow(
    [RowKey] string SampleId,
    [RowKey] double Share,
    [Unit("masks")] int Masks,
    [Unit("masks")] int TrainMasks,
    double? R2,
    double? Rho,
    double? CosineAll,
    double? CosineHalf,
    double? HalfSplit,
    double? SpearmanBrown
)
{
    /// <summary>The row of a point.</summary>
    public static StabilityRow Of(string sampleId, StabilityPoint point) =>
        new(
            sampleId,
            point.Share,
            point.Masks,
            point.TrainMasks,
            Undefined.ToNull(point.R2),
            Undefined.ToNull(point.Rho),
            Undefined.ToNull(point.CosineAll),
            Undefined.ToNull(point.CosineHalf),
            Undefined.ToNull(point.HalfSplit),
            Undefined.ToNull(point.SpearmanBrown)
        );
}
