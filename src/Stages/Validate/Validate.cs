using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Faithfulness(k) = phi(x_k) and completeness(k) = phi(1 - x_k) of rankings, k most important heads intact or ablated
/// (paper, validation). A unit is a sample and a criterion, so that a new trainer or a further criterion costs only its
/// own passes.
/// </summary>
[StageOf<ValidateSpec>]
public sealed class Validate : Stage
{
    private readonly StageContext context;
    private readonly ValidateSpec spec;
    private readonly ForwardPasses forward;
    private readonly Regress? attribution;
    private readonly GradientPasses? gradients;
    private readonly Dictionary<RankingSpec, GivenOrder> given;

    /// <summary>
    /// The stage over its inputs; orders from elsewhere are read, so that a wrong one is found before anything runs.
    /// </summary>
    /// <exception cref="InputException">A file or run that <c>rank_by</c> names is of no use.</exception>
    public Validate(
        StageContext context,
        ValidateSpec spec,
        ForwardPasses forward,
        Regress? attribution,
        GradientPasses? gradients = null
    )
    {
        (this.context, this.spec, this.forward) = (context, spec, forward);
        (this.attribution, this.gradients) = (attribution, gradients);
        int layers = context.Info.Layers,
            heads = context.Info.Heads;
        given = spec
            .RankBy.Where(r => r is not CriterionRanking)
            .ToDictionary(
                r => r,
                r =>
                    r switch
                    {
                        RunRanking run => GivenOrder.Of(run, context.Engine.Runs, layers, heads),
                        FileRanking file => GivenOrder.Of(file, layers, heads),
                        _ => throw new InvalidOperationException($"No order {r}."),
                    }
            );
    }

    /// <inheritdoc/>
    public override string WorkUnit => "passes";

    /// <summary>The spec.</summary>
    public ValidateSpec Spec => spec;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward
            .AcceptedSoFar(artifacts)
            .Units(s => spec.RankBy.Select(r => UnitOf(artifacts, s, r)), PassesEach);

    /// <summary>The curves of all samples.</summary>
    public IReadOnlyList<ValidationRow> Rows(Artifacts artifacts) =>
        artifacts.Rows<ValidationRow>(Units(artifacts).Known);

    /// <summary>Heads needed at every threshold of the spec, by sample, criterion and order (paper, Fig. 5).</summary>
    public IReadOnlyList<NeededRow> HeadsNeeded(Artifacts artifacts) =>
        HeadsNeeded(artifacts, [.. spec.Thresholds.Select(t => (t, ValidateSpec.CompletenessWith(t)))]);

    /// <summary>Heads needed at given thresholds, by sample, criterion and order.</summary>
    public IReadOnlyList<NeededRow> HeadsNeeded(
        Artifacts artifacts,
        IReadOnlyList<(double Faithfulness, double Completeness)> thresholds
    ) => NeededRow.Of(artifacts.Scans(Units(artifacts).Known), thresholds);

    /// <summary>The unit of a sample and an order that is compared.</summary>
    public Unit UnitOf(Artifacts artifacts, Sample sample, RankingSpec ranking)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        return artifacts.Once(this, nameof(Create), (sample.Id, ranking), () => Create(artifacts, sample, ranking));
    }

    /// <summary>
    /// x*: the k most important heads intact, for the smallest k whose faithfulness exceeds
    /// <paramref name="threshold"/>; all heads where the scan never crosses it.
    /// </summary>
    /// <param name="artifacts">Hold the unit.</param>
    /// <param name="curves">The unit of a sample and an order; of its first order where there are several.</param>
    /// <param name="threshold">Exclusive.</param>
    internal static byte[] FaithfulHeads(Artifacts artifacts, Unit curves, double threshold)
    {
        RankingRow[] order = [.. artifacts.Rows<RankingRow>(curves).Where(r => r.Seed == 0).OrderBy(r => r.Rank)];
        int perLayer = order.Max(r => r.Head) + 1;
        int[] heads = Array.ConvertAll(order, r => (r.Layer * perLayer) + r.Head);
        OrderScan scan = artifacts.Scans([curves]).First(s => s.Seed == 0);
        return Ranking.Intact(heads, scan.Needed(ValidationQuantity.Faithfulness, threshold) ?? heads.Length);
    }

    /// <summary>Thresholds are applied when curves are read: the units of a full scan do not know them.</summary>
    public override string PublishedFacts(Artifacts artifacts) =>
        string.Join(' ', spec.Thresholds.Select(t => t.ToString("R", CultureInfo.InvariantCulture)));

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<ValidationRow>(() => Rows(artifacts), () => ScanWords),
            .. Scan == ScanRange.Grid ? (IEnumerable<PublishedTable>)[Refined(artifacts)] : [],
            new PublishedTable<NeededRow>(() => HeadsNeeded(artifacts)),
            new PublishedTable<RankingRow>(() => artifacts.Rows<RankingRow>(Units(artifacts).Known)),
        ];

    private PublishedTable<RefinedRow> Refined(Artifacts artifacts) =>
        new(() => artifacts.Rows<RefinedRow>(Units(artifacts).Known));

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var bootstrap = new Bootstrap();
        var needed = HeadsNeeded(artifacts, [(spec.Faithfulness, spec.Completeness)])
            .ToLookup(r => (r.Criterion, r.Quantity));
        string Words(string criterion, ValidationQuantity quantity) =>
            Reporting
                .HeadsNeeded.Of(
                    needed[(criterion, quantity)].Select(r => (r.SampleId, r.Heads ?? double.NaN)),
                    bootstrap
                )
                .Words;
        return
        [
            .. spec
                .RankBy.Select(r => (r.Name, Note: given.GetValueOrDefault(r)?.Shortfall is { } few ? $"; {few}" : ""))
                .Select(r => new SummaryRow(
                    $"{Name}: {r.Name}",
                    Invariant.Text(
                        $"{Words(r.Name, ValidationQuantity.Faithfulness)} heads for faithfulness > "
                            + $"{spec.Faithfulness}, {Words(r.Name, ValidationQuantity.Completeness)} for "
                            + $"completeness < {spec.Completeness}{r.Note}"
                    )
                )),
        ];
    }

    /// <summary>Which k are measured: as the spec says, else by the number of heads.</summary>
    public ScanRange Scan => spec.Scan ?? (context.Heads > ScanGrid.FullUpTo ? ScanRange.Grid : ScanRange.Full);

    /// <summary>
    /// Whether heads needed for a faithfulness are exact: a scan until crossed may end before it, and a grid is refined
    /// at the thresholds of the spec only.
    /// </summary>
    public bool FindsCrossingOf(double faithfulness) =>
        Scan switch
        {
            ScanRange.Full => true,
            ScanRange.UntilCrossed => faithfulness <= Strictest(ValidationQuantity.Faithfulness),
            ScanRange.Grid => spec.Asked(ValidationQuantity.Faithfulness).Contains(faithfulness),
            _ => throw new InvalidOperationException($"No scan {Scan}."),
        };

    private double Strictest(ValidationQuantity quantity) =>
        quantity == ValidationQuantity.Faithfulness ? spec.Asked(quantity)[^1] : spec.Asked(quantity)[0];

    /// <summary>What the scan is, for the report.</summary>
    private string ScanWords =>
        Scan switch
        {
            ScanRange.Full => "Scan: full, every k.",
            ScanRange.UntilCrossed => "Scan: until crossed, every k from 0 until a sample has crossed all thresholds.",
            ScanRange.Grid => Invariant.Text(
                $"Scan: on a grid, every k up to {ScanGrid.EveryUpTo} and from there steps of "
                    + $"{ScanGrid.Step(context.Heads)}, the same k in all samples; for heads needed every k of the "
                    + $"first step that crosses was looked at, up to the crossing."
            ),
            _ => throw new InvalidOperationException($"No scan {Scan}."),
        };

    /// <summary>Passes over a sample.</summary>
    private long PassesEach => spec.RankBy.Sum(Passes);

    /// <summary>Units and passes of an order over samples that are not known yet.</summary>
    /// <param name="ranking">The order.</param>
    /// <param name="passes">Passes of all orders that are expected of them.</param>
    public (RankingSpec Ranking, long Samples, long Passes) Expected(RankingSpec ranking, long passes) =>
        (ranking, passes / PassesEach, passes / PassesEach * Passes(ranking));

    private int Orders(RankingSpec ranking) =>
        ranking is CriterionRanking { Criterion: Criterion.Random } ? spec.RandomSeeds : 1;

    /// <summary>
    /// Passes of a sample. Those of a scan until crossed are its most; those between the places of a grid are taken to
    /// be half a bracket a threshold, as if no two shared one.
    /// </summary>
    internal long Passes(RankingSpec ranking) =>
        (PassesOfOrder * Orders(ranking))
        + (ranking is CriterionRanking { Criterion: Criterion.Causal } ? context.Heads : 0);

    private long PassesOfOrder =>
        Scan == ScanRange.Grid
            ? (2L * ScanGrid.Places(context.Heads).Count)
                + (
                    Enum.GetValues<ValidationQuantity>().Sum(q => spec.Asked(q).Count)
                    * (ScanGrid.Step(context.Heads) - 1)
                    / 2
                )
            : 2L * (context.Heads + 1);

    private Unit Create(Artifacts artifacts, Sample sample, RankingSpec ranking)
    {
        bool untilCrossed = Scan == ScanRange.UntilCrossed,
            onGrid = Scan == ScanRange.Grid;
        Criterion? criterion = (ranking as CriterionRanking)?.Criterion;
        bool isRandom = criterion == Criterion.Random;
        return Unit.Of(
            $"{sample.Id}/{ranking.Name}",
            new CurvesOfOrder(
                forward.PassesOver(artifacts, sample),
                forward.EndsUnit(artifacts, sample),
                ranking.Name,
                criterion == Criterion.HeadAttribution ? attribution!.UnitOf(artifacts, sample) : null,
                criterion == Criterion.Gradient ? gradients!.Of(artifacts, sample) : null,
                isRandom ? context.Experiment.Seed : null,
                isRandom ? spec.RandomSeeds : null,
                given.TryGetValue(ranking, out GivenOrder? order) ? new NamedOrder(ranking.Name, order) : null,
                Scan,
                untilCrossed ? Strictest(ValidationQuantity.Faithfulness) : null,
                untilCrossed ? Strictest(ValidationQuantity.Completeness) : null,
                onGrid ? spec.Asked(ValidationQuantity.Faithfulness) : null,
                onGrid ? spec.Asked(ValidationQuantity.Completeness) : null
            ),
            Passes(ranking)
        );
    }
}
