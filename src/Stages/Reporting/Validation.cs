using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>What the validation says about one criterion.</summary>
/// <param name="Criterion">As the spec names it.</param>
/// <param name="Faithful">Heads needed for faithfulness.</param>
/// <param name="Complete">Heads needed for completeness.</param>
/// <param name="Curve">The mean curves, k ascending from 1, every one over all samples.</param>
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

    /// <summary>The part of the mean curves where every sample was measured.</summary>
    public IEnumerable<CurvePoint> WholeCurve => Curve.Where(p => p.IsOfAll);
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

/// <summary>A point of the mean curves, over all samples.</summary>
/// <param name="K">Heads.</param>
/// <param name="Faithfulness">Mean over samples of phi(x_k).</param>
/// <param name="Completeness">Mean over samples of phi(1 - x_k).</param>
/// <param name="Measured">Samples that were measured at k; the others' curves are carried on from their last place
/// (<see cref="OrderScan.At"/>). A mean of those measured alone would be one of the samples that cross last.</param>
public readonly record struct CurvePoint(int K, Estimate Faithfulness, Estimate Completeness, int Measured)
{
    /// <summary>Every sample was measured at k.</summary>
    public bool IsOfAll => Measured == Faithfulness.Count;
}

/// <summary>Turns the rows of the table <c>validation</c> into heads needed and curves.</summary>
internal static class Validation
{
    private const int PointsAtMost = 128; // of a drawn curve

    /// <summary>One finding a criterion, in the order of display.</summary>
    public static IReadOnlyList<CriterionFindings> Of(ReportData data, Bootstrap bootstrap) =>
        [
            .. OrderScan
                .Of(data.Tables.Rows<ValidationRow>(), data.Tables.Rows<RefinedRow>())
                .GroupBy(scan => scan.Criterion)
                .OrderBy(g => Criteria.Order(g.Key))
                .ThenBy(g => g.Key, StringComparer.Ordinal)
                .Select(scans => Of(data, scans, bootstrap)),
        ];

    private static CriterionFindings Of(ReportData data, IGrouping<string, OrderScan> scans, Bootstrap bootstrap)
    {
        // A scan a seed of every sample
        OrderScan[][] bySample =
        [
            .. scans.GroupBy(s => s.SampleId, StringComparer.Ordinal).Select(s => s.OrderBy(o => o.Seed).ToArray()),
        ];
        HeadsNeeded Needed(ValidationQuantity quantity, double threshold) =>
            HeadsNeeded.Of(
                bySample
                    .SelectMany(seeds => seeds)
                    .Select(scan => (scan.SampleId, scan.Needed(quantity, threshold) ?? double.NaN)),
                bootstrap
            );
        return new CriterionFindings(
            scans.Key,
            Needed(ValidationQuantity.Faithfulness, data.FaithfulnessThreshold),
            Needed(ValidationQuantity.Completeness, data.CompletenessThreshold),
            Curve(bySample, data.Model.Layers * data.Model.Heads, bootstrap)
        );
    }

    private static List<CurvePoint> Curve(OrderScan[][] bySample, int heads, Bootstrap bootstrap)
    {
        HashSet<int>[][] measured =
        [
            .. bySample.Select(seeds => seeds.Select(scan => scan.Points.Select(r => r.K).ToHashSet()).ToArray()),
        ];
        int[] places = [.. measured.SelectMany(seeds => seeds.SelectMany(s => s)).Where(k => k > 0).Distinct().Order()];
        Estimate Mean(ValidationQuantity quantity, int k) =>
            bootstrap.Of(bySample.Select(seeds => seeds.Average(scan => scan.At(quantity, k, heads))));
        return
        [
            .. Thinned([.. places.Where(k => measured.Any(seeds => Has(seeds, k)))])
                .Select(k => new CurvePoint(
                    k,
                    Mean(ValidationQuantity.Faithfulness, k),
                    Mean(ValidationQuantity.Completeness, k),
                    measured.Count(seeds => Has(seeds, k))
                )),
        ];
    }

    /// <summary>Every order of a sample was measured at k.</summary>
    private static bool Has(HashSet<int>[] seeds, int k) => seeds.All(scan => scan.Contains(k));

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
