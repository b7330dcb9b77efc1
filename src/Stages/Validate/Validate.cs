using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
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
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([
                .. from sample in samples from ranking in spec.RankBy select UnitOf(artifacts, sample, ranking),
            ])
            : new UnitList(
                [],
                $"{forward.Name} is done",
                spec.RankBy.Sum(r => (long)forward.ExpectedSamples * Passes(r))
            );

    /// <summary>The curves of all samples.</summary>
    public IReadOnlyList<ValidationRow> Rows(Artifacts artifacts) =>
        artifacts.Rows<ValidationRow>(Units(artifacts).Known);

    /// <summary>Heads needed at every threshold of the spec, by sample, criterion and order (paper, Fig. 5).</summary>
    public IReadOnlyList<NeededRow> HeadsNeeded(Artifacts artifacts) =>
        HeadsNeeded(artifacts, [.. spec.Thresholds.Select(t => (t, Opposite(t)))]);

    /// <summary>Heads needed at given thresholds, by sample, criterion and order.</summary>
    public IReadOnlyList<NeededRow> HeadsNeeded(
        Artifacts artifacts,
        IReadOnlyList<(double Faithfulness, double Completeness)> thresholds
    ) => NeededRow.Of(Rows(artifacts), thresholds);

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
        double[] curve =
        [
            .. artifacts
                .Rows<ValidationRow>(curves)
                .Where(r => r.Seed == 0)
                .OrderBy(r => r.K)
                .Select(r => r.Faithfulness),
        ];
        int[] heads = Array.ConvertAll(order, r => (r.Layer * perLayer) + r.Head);
        return Ranking.Intact(heads, Thresholds.FirstAbove(curve, threshold) ?? heads.Length);
    }

    /// <summary>Thresholds are applied when curves are read: the units of a full scan do not know them.</summary>
    public override string PublishedFacts(Artifacts artifacts) =>
        string.Join(' ', spec.Thresholds.Select(t => t.ToString("R", CultureInfo.InvariantCulture)));

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<ValidationRow>(() => Rows(artifacts)),
            new PublishedTable<NeededRow>(() => HeadsNeeded(artifacts)),
            new PublishedTable<RankingRow>(() => artifacts.Rows<RankingRow>(Units(artifacts).Known)),
        ];

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

    /// <summary>The faithfulness up to which a curve goes at least; all of them where the scan is full.</summary>
    public double StrictestFaithfulness => Math.Max(spec.Faithfulness, spec.Thresholds.Max());

    private double StrictestCompleteness => Math.Min(spec.Completeness, spec.Thresholds.Min(Opposite));

    /// <summary>
    /// The completeness that goes with a faithfulness: 0.2 with 0.8, as the paper pairs them. Decimals stay decimals.
    /// </summary>
    private static double Opposite(double faithfulness) => Math.Round(1 - faithfulness, 12);

    /// <summary>Samples that may be expected while they are not known.</summary>
    public int ExpectedSamples => forward.ExpectedSamples;

    /// <summary>Units and passes of an order while the samples are not known.</summary>
    public (RankingSpec Ranking, long Samples, long Passes) Expected(RankingSpec ranking) =>
        (ranking, forward.ExpectedSamples, forward.ExpectedSamples * Passes(ranking));

    private int Orders(RankingSpec ranking) =>
        ranking is CriterionRanking { Criterion: Criterion.Random } ? spec.RandomSeeds : 1;

    private long Passes(RankingSpec ranking) =>
        (2L * (context.Heads + 1) * Orders(ranking))
        + (ranking is CriterionRanking { Criterion: Criterion.Causal } ? context.Heads : 0);

    private Unit Create(Artifacts artifacts, Sample sample, RankingSpec ranking)
    {
        bool whole = spec.Scan == ScanRange.Full;
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
                spec.Scan,
                whole ? null : StrictestFaithfulness,
                whole ? null : StrictestCompleteness
            ),
            Passes(ranking)
        );
    }
}

/// <summary>An order from elsewhere, by the name that the spec gives it.</summary>
/// <param name="Name">As in the spec.</param>
/// <param name="Order">The order.</param>
internal sealed record NamedOrder(string Name, GivenOrder Order) : IKeyed
{
    IEnumerable<KeyPart> IKeyed.KeyParts(string name) => [new KeyPart.Digest(name, Name, Order.Digest)];
}

/// <summary>Faithfulness and completeness of the orders of a criterion in a sample.</summary>
/// <param name="Passes">The sample.</param>
/// <param name="Ends">f(1) and f(0).</param>
/// <param name="Criterion">Name of the criterion or of a given order.</param>
/// <param name="Attribution">The sample's fit, by which head attribution orders.</param>
/// <param name="Gradients">The sample's gradients, by which they order.</param>
/// <param name="Seed">Seed of random orders.</param>
/// <param name="RandomSeeds">Number of random orders.</param>
/// <param name="Order">An order from elsewhere.</param>
/// <param name="Scan">How far the curves go.</param>
/// <param name="Faithfulness">Until it is exceeded, where they do not go over all heads;</param>
/// <param name="Completeness">and until it falls below this.</param>
[UnitKind("validate", 1, "passes")]
internal sealed record CurvesOfOrder(
    SamplePasses Passes,
    Unit Ends,
    string Criterion,
    Unit? Attribution,
    GradientsOfSample? Gradients,
    int? Seed,
    int? RandomSeeds,
    NamedOrder? Order,
    ScanRange Scan,
    double? Faithfulness,
    double? Completeness
) : IUnit<CurvesOfOrder>
{
    private string Sample => Passes.Prefix.Sample;

    private int HeadsPerLayer => Passes.Prefix.Model.Info.Heads;

    private int Heads => Passes.Prefix.Model.Info.TotalHeads;

    /// <inheritdoc/>
    public static void Compute(CurvesOfOrder unit, UnitRun run)
    {
        using var lease = unit.Passes.Prepare(run);
        EndsRow ends = run.Row<EndsRow>(unit.Ends);
        var curves = new List<ValidationRow>();
        var rankings = new List<RankingRow>();
        foreach (ScannedOrder order in unit.Orders(run, lease.Value, ends))
        {
            rankings.AddRange(order.Heads.Select((n, rank) => unit.Place(order, n, rank)));
            var scan = unit.ScanOver(run, lease.Value.Forward, ends, order.Heads);
            curves.AddRange(
                scan.Select(
                    (point, k) =>
                        new ValidationRow(
                            unit.Sample,
                            unit.Criterion,
                            order.Seed,
                            k,
                            point.Faithfulness,
                            point.Completeness
                        )
                )
            );
        }

        run.Write<ValidationRow>(curves);
        run.Write<RankingRow>(rankings);
    }

    private RankingRow Place(ScannedOrder order, int n, int rank) =>
        new(Sample, Criterion, order.Seed, rank, n / HeadsPerLayer, n % HeadsPerLayer, order.Scores?[n]);

    /// <summary>The orders that are scanned.</summary>
    private IEnumerable<ScannedOrder> Orders(UnitRun run, SampleRun prepared, EndsRow ends)
    {
        if (Order is { Order: var given })
        {
            return [new ScannedOrder(0, given.Heads, given.Scores)];
        }

        if (RandomSeeds is { } seeds)
        {
            return Enumerable
                .Range(0, seeds)
                .Select(seed => new ScannedOrder(seed, Ranking.Random(Heads, Seed!.Value, Sample, seed), null));
        }

        double[] scores = Scores(run, prepared, ends);
        return [new ScannedOrder(0, Ranking.ByScore(scores), [.. scores.Select(s => (double?)s)])];
    }

    /// <summary>Importance of every head [N] by the criterion.</summary>
    private double[] Scores(UnitRun run, SampleRun prepared, EndsRow ends)
    {
        if (Attribution is not null)
        {
            return run.Artifacts.Beta(Attribution);
        }

        if (Gradients is not null)
        {
            return Gradients.Expected(run.Artifacts, Heads).Beta;
        }

        if (Criterion == Spelling.Of(Domain.Criterion.Causal))
        {
            return Causal(run, prepared, ends);
        }

        if (Criterion == Spelling.Of(Domain.Criterion.Attention))
        {
            using IntactRun intact = IntactRun.Compute(prepared.Prefix);
            return [.. intact.ImageAttention().Cast<double>()];
        }

        throw new InvalidOperationException($"No scores for {Criterion}.");
    }

    /// <summary>delta_n = 1 - phi(all but n) [N].</summary>
    private double[] Causal(UnitRun run, SampleRun prepared, EndsRow ends)
    {
        var f = new List<double>(Heads);
        foreach (int[] heads in Enumerable.Range(0, Heads).Chunk(prepared.Forward.Batch))
        {
            run.Cancel.ThrowIfCancellationRequested();
            f.AddRange(prepared.Forward.Logits([.. heads.Select(n => HeadMasks.Without(Heads, n))]));
            run.Advance(heads.Length);
        }

        return [.. f.Select(x => 1 - ends.Phi(x))];
    }

    /// <summary>
    /// Faithfulness and completeness for k = 0, 1, ...: to N, or until the strictest thresholds are crossed.
    /// </summary>
    private List<(double Faithfulness, double Completeness)> ScanOver(
        UnitRun run,
        SuffixForward passes,
        EndsRow ends,
        IReadOnlyList<int> order
    )
    {
        var points = new List<(double Faithfulness, double Completeness)>();
        bool faithful = false,
            complete = false;
        foreach (int[] chunk in Enumerable.Range(0, Heads + 1).Chunk(Math.Max(1, passes.Batch / 2)))
        {
            run.Cancel.ThrowIfCancellationRequested();
            double[] f = passes.Logits([
                .. chunk.Select(k => Ranking.Intact(order, k)),
                .. chunk.Select(k => Ranking.Ablated(order, k)),
            ]);
            run.Advance(f.Length);
            for (int i = 0; i < chunk.Length; i++)
            {
                var point = (Faithfulness: ends.Phi(f[i]), Completeness: ends.Phi(f[chunk.Length + i]));
                points.Add(point);
                faithful |= point.Faithfulness > Faithfulness;
                complete |= point.Completeness < Completeness;
                if (Scan == ScanRange.UntilCrossed && faithful && complete)
                {
                    return points;
                }
            }
        }

        return points;
    }

    /// <summary>An order that is scanned.</summary>
    /// <param name="Seed">Which random order; else 0.</param>
    /// <param name="Heads">Head numbers, the most important first.</param>
    /// <param name="Scores">What put them into it [N]; null for random orders.</param>
    private sealed record ScannedOrder(int Seed, IReadOnlyList<int> Heads, IReadOnlyList<double?>? Scores);
}

/// <summary>Heads that an order needs for a threshold.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Criterion">Criterion as the spec names it.</param>
/// <param name="Seed">Which random order; 0 for other criteria.</param>
/// <param name="Quantity">What the threshold is set on: <c>faithfulness</c> or <c>completeness</c>.</param>
/// <param name="Threshold">The threshold.</param>
/// <param name="Heads">The smallest k that crosses the threshold; null where none does.</param>
[Table("heads_needed")]
public sealed record NeededRow(
    [RowKey] string SampleId,
    [RowKey] string Criterion,
    [RowKey] int Seed,
    [RowKey] ValidationQuantity Quantity,
    [RowKey] double Threshold,
    int? Heads
)
{
    /// <summary>Heads needed at given thresholds, by sample, criterion and order.</summary>
    internal static IReadOnlyList<NeededRow> Of(
        IReadOnlyList<ValidationRow> rows,
        IReadOnlyList<(double Faithfulness, double Completeness)> thresholds
    ) =>
        [
            .. from curve in rows.GroupBy(r => (r.SampleId, r.Criterion, r.Seed))
            let points = curve.OrderBy(r => r.K).ToList()
            let faithfulness = points.ConvertAll(p => p.Faithfulness)
            let completeness = points.ConvertAll(p => p.Completeness)
            from threshold in thresholds
            from row in new[]
            {
                new NeededRow(
                    curve.Key.SampleId,
                    curve.Key.Criterion,
                    curve.Key.Seed,
                    ValidationQuantity.Faithfulness,
                    threshold.Faithfulness,
                    Thresholds.FirstAbove(faithfulness, threshold.Faithfulness)
                ),
                new NeededRow(
                    curve.Key.SampleId,
                    curve.Key.Criterion,
                    curve.Key.Seed,
                    ValidationQuantity.Completeness,
                    threshold.Completeness,
                    Thresholds.FirstBelow(completeness, threshold.Completeness)
                ),
            }
            select row,
        ];
}

/// <summary>A head's place in an order.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Criterion">Name of the ranking as in the spec.</param>
/// <param name="Seed">Number of the random order; 0 for the other criteria.</param>
/// <param name="Rank">Place in the order, from 0 = most important.</param>
/// <param name="Layer">l, from 0.</param>
/// <param name="Head">h, from 0.</param>
/// <param name="Score">What the criterion says of the head: beta, image attention weight, delta; null for the random
/// order.</param>
[Table("rankings", File = "ranking.parquet")]
internal sealed record RankingRow(
    [RowKey] string SampleId,
    [RowKey] string Criterion,
    [RowKey] int Seed,
    [RowKey] int Rank,
    int Layer,
    int Head,
    double? Score
);
