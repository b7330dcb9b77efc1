using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using ScanRow = Pipelines.Stages.Storage.ValidationRow;

namespace Pipelines.Stages.Comparison;

/// <summary>Two validations.</summary>
/// <param name="A">Of A.</param>
/// <param name="B">Of B.</param>
/// <param name="Overlap">Samples in common.</param>
/// <param name="Criteria">One a criterion that both have, in the order of display.</param>
/// <param name="OnlyA">Criteria that only A has.</param>
/// <param name="OnlyB">Criteria that only B has.</param>
/// <param name="CurveSamplesA">Samples in the curves of A: those in common; where there are none, all of A.</param>
/// <param name="CurveSamplesB">The same of B.</param>
public sealed record ScanComparison(
    ScanResults A,
    ScanResults B,
    SampleOverlap Overlap,
    IReadOnlyList<CriterionComparison> Criteria,
    IReadOnlyList<string> OnlyA,
    IReadOnlyList<string> OnlyB,
    int CurveSamplesA,
    int CurveSamplesB
)
{
    /// <summary>
    /// Both models have as many heads. Where they do not, heads needed are a percentage of all heads, and curves go
    /// over their share.
    /// </summary>
    public bool SameHeads => A.HeadCount == B.HeadCount;

    /// <summary>Both runs ask for the same thresholds. Where they do not, those of A are taken for both.</summary>
    public bool SameThresholds => (A.Faithfulness, A.Completeness) == (B.Faithfulness, B.Completeness);

    /// <summary>Compares criterion by criterion.</summary>
    public static ScanComparison Of(ScanResults a, ScanResults b, Bootstrap bootstrap)
    {
        var overlap = SampleOverlap.Of(a.Samples, b.Samples);
        var ofA = Scan.ByCriterion(a);
        var ofB = Scan.ByCriterion(b);
        HashSet<string> scanned = [.. a.Rows.Select(r => r.SampleId)];
        scanned.IntersectWith(b.Rows.Select(r => r.SampleId));
        scanned.IntersectWith(overlap.Common.Select(s => s.Id));
        bool paired = scanned.Count > 0;
        Dictionary<string, Scan> Shown(Dictionary<string, Scan> scans) =>
            paired ? scans.Where(s => scanned.Contains(s.Key)).ToDictionary() : scans;
        double unitA = a.HeadCount == b.HeadCount ? 1 : 0.01 * a.HeadCount,
            unitB = a.HeadCount == b.HeadCount ? 1 : 0.01 * b.HeadCount;
        return new ScanComparison(
            a,
            b,
            overlap,
            [
                .. ofA
                    .Keys.Intersect(ofB.Keys)
                    .OrderBy(Reporting.Criteria.Order)
                    .ThenBy(c => c, StringComparer.Ordinal)
                    .Select(c => new CriterionComparison(
                        c,
                        NeededComparison.Of(
                            ofA[c],
                            unitA,
                            ofB[c],
                            unitB,
                            overlap.Common,
                            scan => scan.Needed(ValidationQuantity.Faithfulness, a.Faithfulness),
                            bootstrap
                        ),
                        NeededComparison.Of(
                            ofA[c],
                            unitA,
                            ofB[c],
                            unitB,
                            overlap.Common,
                            scan => scan.Needed(ValidationQuantity.Completeness, a.Completeness),
                            bootstrap
                        ),
                        CurveComparison.Of(
                            Shown(ofA[c]),
                            a.HeadCount,
                            Shown(ofB[c]),
                            b.HeadCount,
                            s => s.Faithfulness,
                            bootstrap
                        ),
                        CurveComparison.Of(
                            Shown(ofA[c]),
                            a.HeadCount,
                            Shown(ofB[c]),
                            b.HeadCount,
                            s => s.Completeness,
                            bootstrap
                        )
                    )),
            ],
            [.. ofA.Keys.Except(ofB.Keys)],
            [.. ofB.Keys.Except(ofA.Keys)],
            paired ? scanned.Count : ofA.Values.Max(s => s.Count),
            paired ? scanned.Count : ofB.Values.Max(s => s.Count)
        );
    }
}

/// <summary>A criterion in two validations.</summary>
/// <param name="Criterion">As the spec names it.</param>
/// <param name="Faithful">Heads needed for faithfulness.</param>
/// <param name="Complete">Heads needed for completeness.</param>
/// <param name="Faithfulness">The mean curves of faithfulness.</param>
/// <param name="Completeness">The mean curves of completeness.</param>
public sealed record CriterionComparison(
    string Criterion,
    NeededComparison Faithful,
    NeededComparison Complete,
    CurveComparison Faithfulness,
    CurveComparison Completeness
)
{
    /// <summary>The name for people.</summary>
    public string Title => Criteria.Title(Criterion);
}

/// <summary>Heads needed in two validations.</summary>
/// <param name="Heads">Over samples that cross the threshold: heads, or where the models have different heads a
/// percentage of all.</param>
/// <param name="NotReachedA">Samples of A that never cross it.</param>
/// <param name="NotReachedB">Samples of B that never cross it.</param>
public sealed record NeededComparison(Paired Heads, int NotReachedA, int NotReachedB)
{
    /// <summary>Pairs the samples that cross it in both.</summary>
    public static NeededComparison Of(
        Dictionary<string, Scan> a,
        double unitA,
        Dictionary<string, Scan> b,
        double unitB,
        IEnumerable<CommonSample> common,
        Func<Scan, double> needed,
        Bootstrap bootstrap
    )
    {
        Dictionary<string, double> ofA = a.ToDictionary(s => s.Key, s => needed(s.Value) / unitA),
            ofB = b.ToDictionary(s => s.Key, s => needed(s.Value) / unitB);
        return new NeededComparison(
            Paired.Of(ofA, ofB, common, bootstrap),
            ofA.Values.Count(double.IsNaN),
            ofB.Values.Count(double.IsNaN)
        );
    }
}

/// <summary>A criterion's scan of one sample.</summary>
/// <param name="Seeds">One a random order.</param>
public sealed record Scan(IReadOnlyList<OrderScan> Seeds)
{
    /// <summary>Mean over seeds of phi(x_k), at the k that every seed has.</summary>
    public IReadOnlyDictionary<int, double> Faithfulness => MeanOf(row => row.Faithfulness);

    /// <summary>Mean over seeds of phi(1 - x_k), at the k that every seed has.</summary>
    public IReadOnlyDictionary<int, double> Completeness => MeanOf(row => row.Completeness);

    /// <summary>The smallest k that crosses a threshold, mean over seeds; NaN where a seed never gets there.</summary>
    public double Needed(ValidationQuantity quantity, double threshold) =>
        Seeds.Average(scan => scan.Needed(quantity, threshold) ?? double.NaN);

    /// <summary>Criterion to sample to scan.</summary>
    public static Dictionary<string, Dictionary<string, Scan>> ByCriterion(ScanResults results) =>
        OrderScan
            .Of(results.Rows, results.Refined)
            .GroupBy(scan => scan.Criterion)
            .ToDictionary(
                c => c.Key,
                c =>
                    c.GroupBy(scan => scan.SampleId)
                        .ToDictionary(
                            s => s.Key,
                            s => new Scan([.. s.OrderBy(scan => scan.Seed)]),
                            StringComparer.Ordinal
                        ),
                StringComparer.Ordinal
            );

    private Dictionary<int, double> MeanOf(Func<ScanRow, double> value) =>
        Seeds
            .SelectMany(scan => scan.Points)
            .GroupBy(row => row.K)
            .Where(rows => rows.Count() == Seeds.Count)
            .ToDictionary(rows => rows.Key, rows => rows.Average(value));
}
