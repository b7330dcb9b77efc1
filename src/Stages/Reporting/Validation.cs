using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>What the validation says about one criterion.</summary>
/// <param name="Criterion">As the spec names it.</param>
/// <param name="Faithful">Heads needed for faithfulness.</param>
/// <param name="Complete">Heads needed for completeness.</param>
/// <param name="Curve">The mean curves, k ascending from 1; only places that every sample has.</param>
public sealed record CriterionFindings(
    string Criterion,
    HeadsNeeded Faithful,
    HeadsNeeded Complete,
    IReadOnlyList<CurvePoint> Curve
)
{
    /// <summary>The name for people.</summary>
    public string Title => Criteria.Title(Criterion);

    /// <summary>The colour.</summary>
    public Ink Ink => Criteria.InkOf(Criterion);
}

/// <summary>
/// The smallest k that crosses a threshold, over samples. A sample's number is the mean over the seeds of a random
/// order.
/// </summary>
/// <param name="Mean">Over the samples that cross it.</param>
/// <param name="BySample">Sample to its number; a sample that never crosses is not in it.</param>
/// <param name="NotReached">Samples that never cross.</param>
public sealed record HeadsNeeded(Estimate Mean, IReadOnlyDictionary<string, double> BySample, int NotReached)
{
    /// <summary>Heads needed by sample, from one number a sample and order.</summary>
    /// <param name="scans">The smallest k that crosses; NaN = none does. A sample has several where orders are
    /// random.</param>
    /// <param name="bootstrap">Intervals.</param>
    public static HeadsNeeded Of(IEnumerable<(string SampleId, double Heads)> scans, Bootstrap bootstrap)
    {
        var bySample = scans
            .GroupBy(s => s.SampleId, StringComparer.Ordinal)
            .Select(s => (s.Key, Mean: s.Average(o => o.Heads)))
            .ToList();
        var reached = bySample
            .Where(s => double.IsFinite(s.Mean))
            .ToDictionary(s => s.Key, s => s.Mean, StringComparer.Ordinal);
        return new HeadsNeeded(bootstrap.Of(reached.Values), reached, bySample.Count - reached.Count);
    }

    /// <summary>For a line of text: the mean, and in how many samples the threshold is not crossed.</summary>
    public string Words =>
        Mean.Count == 0
            ? "not reached"
            : Format.MeanHeads(Mean.Mean)
                + (NotReached > 0 ? $" ({Format.Many(NotReached, "sample")} not reached)" : "");
}

/// <summary>A point of the mean curves.</summary>
/// <param name="K">Heads.</param>
/// <param name="Faithfulness">Mean over samples of phi(x_k).</param>
/// <param name="Completeness">Mean over samples of phi(1 - x_k).</param>
public readonly record struct CurvePoint(int K, Estimate Faithfulness, Estimate Completeness);

/// <summary>Turns the rows of the table <c>validation</c> into heads needed and curves.</summary>
internal static class Validation
{
    private const int PointsAtMost = 128; // of a drawn curve

    /// <summary>One finding a criterion, in the order of display.</summary>
    public static IReadOnlyList<CriterionFindings> Of(ReportData data, Bootstrap bootstrap) =>
        [
            .. data
                .Tables.Rows<ValidationRow>()
                .GroupBy(row => row.Criterion)
                .OrderBy(g => Criteria.Order(g.Key))
                .ThenBy(g => g.Key, StringComparer.Ordinal)
                .Select(rows => Of(data, rows, bootstrap)),
        ];

    private static CriterionFindings Of(ReportData data, IGrouping<string, ValidationRow> rows, Bootstrap bootstrap)
    {
        // sample -> one scan a seed, k ascending
        Dictionary<string, ValidationRow[][]> scans = rows.GroupBy(r => r.SampleId)
            .ToDictionary(
                s => s.Key,
                s => s.GroupBy(r => r.Seed).OrderBy(g => g.Key).Select(g => g.OrderBy(r => r.K).ToArray()).ToArray(),
                StringComparer.Ordinal
            );
        return new CriterionFindings(
            rows.Key,
            Needed(scans, row => row.Faithfulness > data.FaithfulnessThreshold, bootstrap),
            Needed(scans, row => row.Completeness < data.CompletenessThreshold, bootstrap),
            Curve(scans, bootstrap)
        );
    }

    private static HeadsNeeded Needed(
        Dictionary<string, ValidationRow[][]> scans,
        Func<ValidationRow, bool> crosses,
        Bootstrap bootstrap
    ) =>
        HeadsNeeded.Of(
            scans.SelectMany(sample =>
                sample.Value.Select(scan =>
                    (sample.Key, scan.Where(crosses).Select(row => (double)row.K).DefaultIfEmpty(double.NaN).First())
                )
            ),
            bootstrap
        );

    private static List<CurvePoint> Curve(Dictionary<string, ValidationRow[][]> scans, Bootstrap bootstrap)
    {
        Dictionary<int, ValidationRow>[][] byK =
        [
            .. scans.Values.Select(seeds =>
                seeds.Select(scan => scan.GroupBy(r => r.K).ToDictionary(g => g.Key, g => g.First())).ToArray()
            ),
        ];
        int[] common =
        [
            .. byK[0][0].Keys.Where(k => k > 0 && byK.All(seeds => seeds.All(scan => scan.ContainsKey(k)))).Order(),
        ];
        return
        [
            .. Thinned(common)
                .Select(k => new CurvePoint(
                    k,
                    bootstrap.Of(byK.Select(seeds => seeds.Average(scan => scan[k].Faithfulness))),
                    bootstrap.Of(byK.Select(seeds => seeds.Average(scan => scan[k].Completeness)))
                )),
        ];
    }

    /// <summary>
    /// All places of a short scan; of a long one about <see cref="PointsAtMost"/>, evenly spread on a logarithmic axis.
    /// </summary>
    private static IEnumerable<int> Thinned(int[] ascending)
    {
        if (ascending.Length <= PointsAtMost)
        {
            return ascending;
        }

        double ratio = Math.Log(ascending.Length) / (PointsAtMost - 1);
        return Enumerable
            .Range(0, PointsAtMost)
            .Select(i => ascending[(int)Math.Round(Math.Exp(i * ratio)) - 1])
            .Distinct();
    }
}
