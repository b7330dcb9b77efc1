using Pipelines.Models.Ablation;
using Pipelines.Models.Text;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// What the heads of largest beta write towards in the vocabulary (paper, Fig. 8). A unit is a sample.
/// </summary>
[StageOf<LogitLensSpec>]
public sealed class LogitLens(StageContext context, LogitLensSpec spec, ForwardPasses forward, Regress attribution)
    : SampleStage(forward)
{
    /// <inheritdoc/>
    public override string WorkUnit => "samples";

    /// <summary>The spec.</summary>
    public LogitLensSpec Spec => spec;

    /// <summary>A sample's heads and items, in order.</summary>
    public IReadOnlyList<LensRow> Rows(Artifacts artifacts, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        return artifacts.Rows<LensRow>(UnitOf(artifacts, sample));
    }

    /// <summary>What heads may write towards.</summary>
    private string What => context.MeasuresOwnLogit ? "the answer" : "the measured token";

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [new PublishedTable<LensRow>(() => Rows<LensRow>(artifacts))];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var samples = Forward.Accepted(artifacts)!;
        int naming = samples.Count(s => Rows(artifacts, s).Any(r => r.IsTarget));
        return
        [
            new SummaryRow(
                Name,
                $"{What} is among the top {spec.Items} items of one of the {spec.Heads} strongest heads in "
                    + $"{naming} of {samples.Count} samples"
            ),
        ];
    }

    /// <inheritdoc/>
    protected override Unit Create(Artifacts artifacts, Sample sample) =>
        Unit.Of(
            sample.Id,
            new LensOfSample(
                // Of an answer that is measured whole: where its first token, the target, is predicted
                context.PrefixOf(sample) with
                {
                    Sequence = null,
                },
                attribution.UnitOf(artifacts, sample),
                spec.Heads,
                spec.Items,
                spec.Reading
            )
        );
}

/// <summary>What the heads of largest beta of a sample write towards.</summary>
/// <param name="Prefix">The sample.</param>
/// <param name="Attribution">Its beta.</param>
/// <param name="Heads">Heads read, the strongest first.</param>
/// <param name="Items">Items of the vocabulary a head.</param>
/// <param name="Reading">What of a head's output is read.</param>
[UnitKind("logit-lens", 1, "samples")]
internal sealed record LensOfSample(SamplePrefix Prefix, Unit Attribution, int Heads, int Items, LensReading Reading)
    : IUnit<LensOfSample>
{
    /// <inheritdoc/>
    public static void Compute(LensOfSample unit, UnitRun run)
    {
        using PrefixCache prefix = unit.Prefix.Build();
        using IntactRun intact = IntactRun.Compute(prefix);
        double[] beta = run.Artifacts.Beta(unit.Attribution);
        int[] heads = [.. Ranking.ByScore(beta).Take(unit.Heads)];
        var top = HeadLens.Top(prefix, intact, heads, unit.Reading == LensReading.Image, unit.Items);
        int perLayer = unit.Prefix.Model.Info.Heads;
        HubTokenizer tokenizer = unit.Prefix.Model.Load().Tokenizer;
        LensRow Row(int n, int rank, LensItem item, int place) =>
            new(
                unit.Prefix.Sample,
                rank,
                n / perLayer,
                n % perLayer,
                beta[n],
                place,
                item.Token,
                tokenizer.TokenText(item.Token),
                item.Logit,
                item.Token == unit.Prefix.TargetToken
            );
        run.Write<LensRow>([
            .. heads.SelectMany((n, rank) => top[rank].Select((item, place) => Row(n, rank, item, place))),
        ]);
    }
}
