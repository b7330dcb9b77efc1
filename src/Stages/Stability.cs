using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Whether the masks were enough: beta and R^2 of the attribution's trainer on the first of them (beyond the paper).
/// Runs no pass.
/// </summary>
[StageOf<StabilitySpec>]
public sealed class Stability : SampleStage
{
    private const int Version = 1;
    private const string FileName = "stability.parquet";

    private readonly StabilitySpec spec;
    private readonly Regress attribution;

    /// <summary>A stage that fits again what <paramref name="attribution"/> fits.</summary>
    /// <exception cref="InputException">Its trainer does not learn beta from masks.</exception>
    public Stability(StageContext context, StabilitySpec spec, ForwardPasses forward, Regress attribution)
        : base(context, forward)
    {
        (this.spec, this.attribution) = (spec, attribution);
        if (attribution.Trainer is Trainer.Gradient)
        {
            throw new InputException(
                $"stages.{attribution.Name}.trainer",
                "gradient takes beta from gradients: stability asks how it settles as masks are added.",
                "Give stability an attribution with another trainer, inputs: { attribution: NAME }; gradient-cost "
                    + "shows how gradients settle."
            );
        }
    }

    /// <inheritdoc/>
    public override string Kind => "stability";

    /// <inheritdoc/>
    public override string WorkUnit => "samples";

    /// <summary>All rows, sample by sample, by rising share.</summary>
    public IReadOnlyList<StabilityRow> Rows(Artifacts artifacts) =>
        [.. Tables.Of<StabilityRow>().Rows(Units(artifacts).Known.Select(u => artifacts.File(u, FileName)))];

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder) => PublishTable(folder, Rows(artifacts));

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
    protected override Unit Create(Sample sample)
    {
        var masks = Forward.MaskShardsOf(sample);
        var passes = Forward.ShardsOf(sample);
        double[] shares = [.. spec.Shares.Order()];
        int seed = Context.Experiment.Seed,
            heads = Context.Heads;
        return new Unit(
            Kind,
            Version,
            sample.Id,
            [
                new KeyPart.Text("trainer", attribution.Trainer.Name),
                .. Regress.TrainerParts(attribution.Trainer),
                new KeyPart.Number("train", attribution.Spec.Train),
                new KeyPart.Text(
                    "shares",
                    string.Join(", ", shares.Select(s => s.ToString("R", CultureInfo.InvariantCulture)))
                ),
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
                var points = MaskStability.Of(
                    attribution.Trainer,
                    data,
                    TrainTestSplit.Of(data.Rows, attribution.Spec.Train, seed),
                    shares,
                    seed
                );
                Tables
                    .Of<StabilityRow>()
                    .Write(run.File(FileName), [.. points.Select(p => StabilityRow.Of(sample.Id, p))]);
            }
        );
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
