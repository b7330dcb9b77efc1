using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Faithfulness(k) = phi(x_k) and completeness(k) = phi(1 - x_k) of rankings, k most important heads intact or ablated
/// (paper, validation). A unit is a sample and a criterion, so that a new trainer or a further criterion costs only its
/// own passes.
/// </summary>
[StageOf<ValidateSpec>]
public sealed class Validate : Stage
{
    private const int Version = 1;
    private const string ValidationFile = "validation.parquet",
        RankingFile = "ranking.parquet";

    private readonly ValidateSpec spec;
    private readonly ForwardPasses forward;
    private readonly Regress? attribution;
    private readonly GradientPasses? gradients;
    private readonly Dictionary<RankingSpec, GivenOrder> given;
    private readonly Dictionary<(string Sample, RankingSpec Ranking), Unit> units = [];

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
        : base(context)
    {
        (this.spec, this.forward, this.attribution, this.gradients) = (spec, forward, attribution, gradients);
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
    public override string Kind => "validate";

    /// <inheritdoc/>
    public override string WorkUnit => "passes";

    /// <summary>The spec.</summary>
    public ValidateSpec Spec => spec;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([.. from sample in samples from ranking in spec.RankBy select UnitOf(sample, ranking)])
            : new UnitList(
                [],
                $"{forward.Name} is done",
                spec.RankBy.Sum(r => (long)forward.ExpectedSamples * Passes(r))
            );

    /// <summary>The curves of all samples.</summary>
    public IReadOnlyList<ValidationRow> Rows(Artifacts artifacts) =>
        [.. Tables.Of<ValidationRow>().Rows(Units(artifacts).Known.Select(u => artifacts.File(u, ValidationFile)))];

    /// <summary>Heads needed at every threshold of the spec, by sample, criterion and order (paper, Fig. 5).</summary>
    public IReadOnlyList<NeededRow> HeadsNeeded(Artifacts artifacts) =>
        HeadsNeeded(artifacts, [.. spec.Thresholds.Select(t => (t, Opposite(t)))]);

    /// <summary>Heads needed at given thresholds, by sample, criterion and order.</summary>
    public IReadOnlyList<NeededRow> HeadsNeeded(
        Artifacts artifacts,
        IReadOnlyList<(double Faithfulness, double Completeness)> thresholds
    ) =>
        [
            .. from curve in Rows(artifacts).GroupBy(r => (r.SampleId, r.Criterion, r.Seed))
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

    /// <summary>
    /// What a criterion says of every head [N]: delta_n, image attention weight or beta; empty where the criterion is
    /// not compared, or is random.
    /// </summary>
    public double[] Scores(Artifacts artifacts, Sample sample, Criterion criterion)
    {
        if (criterion == Criterion.Random || !spec.Compares(criterion))
        {
            return [];
        }

        double[] scores = new double[Context.Heads];
        foreach (RankingRow row in Tables.Of<RankingRow>().Read(artifacts.File(UnitOf(sample, criterion), RankingFile)))
        {
            scores[(row.Layer * Context.Info.Heads) + row.Head] = row.Score!.Value;
        }

        return scores;
    }

    /// <summary>The curves of a sample and a criterion that is compared.</summary>
    public IReadOnlyList<ValidationRow> Rows(Artifacts artifacts, Sample sample, Criterion criterion) =>
        Tables.Of<ValidationRow>().Read(artifacts.File(UnitOf(sample, criterion), ValidationFile));

    /// <summary>The unit of a sample and an order that is compared.</summary>
    public Unit UnitOf(Sample sample, RankingSpec ranking)
    {
        lock (units)
        {
            return units.TryGetValue((sample.Id, ranking), out Unit? unit)
                ? unit
                : units[(sample.Id, ranking)] = Create(sample, ranking);
        }
    }

    /// <summary>
    /// x*: the k most important heads intact, for the smallest k whose faithfulness exceeds
    /// <paramref name="threshold"/>; all heads where the scan never crosses it.
    /// </summary>
    /// <param name="artifacts">Holds the unit of <paramref name="sample"/> and <paramref name="criterion"/>.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="criterion">The order; its first one where there are several.</param>
    /// <param name="threshold">Exclusive.</param>
    public byte[] FaithfulHeads(Artifacts artifacts, Sample sample, Criterion criterion, double threshold)
    {
        Unit unit = UnitOf(sample, criterion);
        int[] order =
        [
            .. Tables
                .Of<RankingRow>()
                .Read(artifacts.File(unit, RankingFile))
                .Where(r => r.Seed == 0)
                .OrderBy(r => r.Rank)
                .Select(r => (r.Layer * Context.Info.Heads) + r.Head),
        ];
        double[] curve =
        [
            .. Tables
                .Of<ValidationRow>()
                .Read(artifacts.File(unit, ValidationFile))
                .Where(r => r.Seed == 0)
                .OrderBy(r => r.K)
                .Select(r => r.Faithfulness),
        ];
        return Ranking.Intact(order, Thresholds.FirstAbove(curve, threshold) ?? order.Length);
    }

    /// <summary>Thresholds are applied when curves are read: the units of a full scan do not know them.</summary>
    public override string PublishedFacts(Artifacts artifacts) =>
        string.Join(' ', spec.Thresholds.Select(t => t.ToString("R", CultureInfo.InvariantCulture)));

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        PublishTable(folder, Rows(artifacts));
        PublishTable(folder, HeadsNeeded(artifacts));
        PublishTable(
            folder,
            [.. Tables.Of<RankingRow>().Rows(Units(artifacts).Known.Select(u => artifacts.File(u, RankingFile)))]
        );
    }

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
        (2L * (Context.Heads + 1) * Orders(ranking))
        + (ranking is CriterionRanking { Criterion: Criterion.Causal } ? Context.Heads : 0);

    private Unit Create(Sample sample, RankingSpec ranking)
    {
        bool whole = spec.Scan == ScanRange.Full;
        KeyPart[] scan = whole
            ? [new KeyPart.Text("scan", Spelling.Of(spec.Scan))]
            :
            [
                new KeyPart.Text("scan", Spelling.Of(spec.Scan)),
                new KeyPart.Number("faithfulness", StrictestFaithfulness),
                new KeyPart.Number("completeness", StrictestCompleteness),
            ];
        KeyPart[] order = ranking switch
        {
            CriterionRanking { Criterion: Criterion.HeadAttribution } =>
            [
                new KeyPart.Inputs("attribution", [attribution!.UnitOf(sample)]),
            ],
            CriterionRanking { Criterion: Criterion.Gradient } => [.. gradients!.BetaParts(sample)],
            CriterionRanking { Criterion: Criterion.Random } =>
            [
                new KeyPart.Integer("seed", Context.Experiment.Seed),
                new KeyPart.Integer("random_seeds", spec.RandomSeeds),
            ],
            CriterionRanking => [],
            _ => [new KeyPart.Digest("order", ranking.Name, given[ranking].Digest)],
        };
        return new Unit(
            Kind,
            Version,
            $"{sample.Id}/{ranking.Name}",
            [
                new KeyPart.Text("sample", sample.Id),
                .. forward.PassParts(sample),
                new KeyPart.Inputs("ends", [forward.EndsUnit(sample)]),
                new KeyPart.Text("criterion", ranking.Name),
                .. order,
                .. scan,
            ],
            Passes(ranking),
            WorkUnit,
            run => Compute(run, sample, ranking)
        );
    }

    private void Compute(UnitRun run, Sample sample, RankingSpec ranking)
    {
        using var lease = forward.Prepare(run.Artifacts, sample);
        SuffixForward passes = lease.Value.Forward;
        EndsRow ends = forward.Ends(run.Artifacts, sample);
        string name = ranking.Name;
        var curves = new List<ValidationRow>();
        var rankings = new List<RankingRow>();
        foreach (
            (int seed, IReadOnlyList<int> order, IReadOnlyList<double?>? scores) in OrdersOf(
                run,
                sample,
                ranking,
                lease.Value,
                ends
            )
        )
        {
            rankings.AddRange(
                order.Select(
                    (n, rank) =>
                        new RankingRow(
                            sample.Id,
                            name,
                            seed,
                            rank,
                            n / Context.Info.Heads,
                            n % Context.Info.Heads,
                            scores?[n]
                        )
                )
            );
            curves.AddRange(
                Scan(run, passes, ends, order)
                    .Select(
                        (point, k) =>
                            new ValidationRow(sample.Id, name, seed, k, point.Faithfulness, point.Completeness)
                    )
            );
        }

        Tables.Of<ValidationRow>().Write(run.File(ValidationFile), curves);
        Tables.Of<RankingRow>().Write(run.File(RankingFile), rankings);
    }

    /// <summary>The orders that are scanned, by seed, and what put the heads into them [N].</summary>
    private IEnumerable<(int Seed, IReadOnlyList<int> Order, IReadOnlyList<double?>? Scores)> OrdersOf(
        UnitRun run,
        Sample sample,
        RankingSpec ranking,
        SampleRun prepared,
        EndsRow ends
    )
    {
        if (given.TryGetValue(ranking, out GivenOrder? order))
        {
            return [(0, order.Heads, order.Scores)];
        }

        var criterion = ((CriterionRanking)ranking).Criterion;
        if (criterion == Criterion.Random)
        {
            return Enumerable
                .Range(0, spec.RandomSeeds)
                .Select(seed =>
                    (
                        seed,
                        (IReadOnlyList<int>)Ranking.Random(Context.Heads, Context.Experiment.Seed, sample.Id, seed),
                        (IReadOnlyList<double?>?)null
                    )
                );
        }

        double[] scores = Scores(run, sample, criterion, prepared, ends);
        return [(0, Ranking.ByScore(scores), [.. scores.Select(s => (double?)s)])];
    }

    /// <summary>Importance of every head [N] by a criterion.</summary>
    private double[] Scores(UnitRun run, Sample sample, Criterion criterion, SampleRun prepared, EndsRow ends)
    {
        switch (criterion)
        {
            case Criterion.HeadAttribution:
                return attribution!.Beta(run.Artifacts, sample);
            case Criterion.Gradient:
                return gradients!.Expected(run.Artifacts, sample).Beta;
            case Criterion.Causal: // delta_n = 1 - phi(all but n)
                var f = new List<double>(Context.Heads);
                foreach (int[] heads in Enumerable.Range(0, Context.Heads).Chunk(prepared.Forward.Batch))
                {
                    run.Cancel.ThrowIfCancellationRequested();
                    f.AddRange(prepared.Forward.Logits([.. heads.Select(n => HeadMasks.Without(Context.Heads, n))]));
                    run.Advance(heads.Length);
                }

                return [.. f.Select(x => 1 - ends.Phi(x))];
            case Criterion.Attention:
                using (IntactRun intact = IntactRun.Compute(prepared.Prefix))
                {
                    return [.. intact.ImageAttention().Cast<double>()];
                }

            default:
                throw new InvalidOperationException($"No scores for {criterion}.");
        }
    }

    /// <summary>
    /// Faithfulness and completeness for k = 0, 1, ...: to N, or until the strictest thresholds are crossed.
    /// </summary>
    private List<(double Faithfulness, double Completeness)> Scan(
        UnitRun run,
        SuffixForward passes,
        EndsRow ends,
        IReadOnlyList<int> order
    )
    {
        var points = new List<(double Faithfulness, double Completeness)>();
        bool faithful = false,
            complete = false;
        foreach (int[] chunk in Enumerable.Range(0, Context.Heads + 1).Chunk(Math.Max(1, passes.Batch / 2)))
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
                faithful |= point.Faithfulness > StrictestFaithfulness;
                complete |= point.Completeness < StrictestCompleteness;
                if (spec.Scan == ScanRange.UntilCrossed && faithful && complete)
                {
                    return points;
                }
            }
        }

        return points;
    }
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
);

/// <summary>A head's place in an order.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Criterion">Name of the ranking as in the spec.</param>
/// <param name="Seed">Number of the random order; 0 for the other criteria.</param>
/// <param name="Rank">Place in the order, from 0 = most important.</param>
/// <param name="Layer">l, from 0.</param>
/// <param name="Head">h, from 0.</param>
/// <param name="Score">What the criterion says of the head: beta, image attention weight, delta; null for the random
/// order.</param>
[Table("rankings")]
internal sealed record RankingRow(
    [RowKey] string SampleId,
    [RowKey] string Criterion,
    [RowKey] int Seed,
    [RowKey] int Rank,
    int Layer,
    int Head,
    double? Score
);
