using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>Heads whose beta is negative: how many, and their share of |beta|, by layer. A unit is a sample.</summary>
[StageOf<SignBalanceSpec>]
public sealed class SignBalance(SignBalanceSpec spec, ForwardPasses forward, Regress attribution) : SampleStage(forward)
{
    /// <inheritdoc/>
    public override string WorkUnit => "samples";

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [new PublishedTable<SignBalanceRow>(() => Rows<SignBalanceRow>(artifacts))];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var bySample = Rows<SignBalanceRow>(artifacts).GroupBy(r => r.SampleId).ToList();
        double heads = Metrics.Mean([.. bySample.Select(s => (double)s.Sum(r => r.Negative))]),
            share = Metrics.Mean([.. bySample.Select(s => s.Sum(r => r.Share)).OfType<double>()]);
        return
        [
            new SummaryRow(
                Name,
                $"{Format.Fixed(heads, 1)} heads with negative beta on average, {Format.Percent(share)} of |beta|"
            ),
        ];
    }

    /// <inheritdoc/>
    protected override Unit Create(Artifacts artifacts, Sample sample) =>
        Unit.Of(sample.Id, new SignsOfSample(spec.Below, attribution.UnitOf(artifacts, sample)));
}

/// <summary>The signs of a sample's beta.</summary>
/// <param name="Below">A beta of so little counts as zero.</param>
/// <param name="Attribution">The fit.</param>
[UnitKind("sign-balance", 1, "samples")]
internal sealed record SignsOfSample(double Below, Unit Attribution) : IUnit<SignsOfSample>
{
    /// <inheritdoc/>
    public static void Compute(SignsOfSample unit, UnitRun run)
    {
        var beta = run.Rows<AttributionRow>(unit.Attribution);
        double all = beta.Sum(b => Math.Abs(b.Beta));
        run.Write<SignBalanceRow>([
            .. beta.GroupBy(b => b.Layer)
                .OrderBy(layer => layer.Key)
                .Select(layer => SignBalanceRow.Of(layer.Key, [.. layer], unit.Below, all)),
        ]);
    }
}

/// <summary>Heads of a layer whose beta is negative.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Layer">l, from 0.</param>
/// <param name="Negative">Heads of the layer with a negative beta.</param>
/// <param name="Share">Their |beta| over that of all heads of all layers; null where every beta is zero.</param>
[Table("sign_balance")]
public sealed record SignBalanceRow(
    [RowKey] string SampleId,
    [RowKey] int Layer,
    [Unit("heads")] int Negative,
    double? Share
)
{
    internal static SignBalanceRow Of(int layer, AttributionRow[] beta, double below, double all)
    {
        AttributionRow[] negative = Array.FindAll(beta, b => b.Beta < -below);
        double? share = all > 0 ? negative.Sum(b => -b.Beta) / all : null;
        return new SignBalanceRow(beta[0].SampleId, layer, negative.Length, share);
    }
}
