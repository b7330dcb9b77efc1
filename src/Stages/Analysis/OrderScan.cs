using Pipelines.Domain;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// The scan of an order of heads in a sample: the places where both curves were measured, and on a grid the numbers of
/// heads between two places where one curve was, to find its crossing.
/// </summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Criterion">Name of the ranking as in the spec.</param>
/// <param name="Seed">Number of the random order; 0 for the other criteria.</param>
/// <param name="Points">The curves, k ascending.</param>
/// <param name="Refined">Between the places of a grid, k ascending; empty for other scans.</param>
public sealed record OrderScan(
    string SampleId,
    string Criterion,
    int Seed,
    IReadOnlyList<ValidationRow> Points,
    IReadOnlyList<RefinedRow> Refined
)
{
    /// <summary>The scans in the rows, in the order of their first.</summary>
    public static IReadOnlyList<OrderScan> Of(IEnumerable<ValidationRow> points, IEnumerable<RefinedRow> refined)
    {
        var between = refined.ToLookup(r => (r.SampleId, r.Criterion, r.Seed));
        return
        [
            .. points
                .GroupBy(r => (r.SampleId, r.Criterion, r.Seed))
                .Select(g => new OrderScan(
                    g.Key.SampleId,
                    g.Key.Criterion,
                    g.Key.Seed,
                    [.. g.OrderBy(r => r.K)],
                    [.. between[g.Key].OrderBy(r => r.K)]
                )),
        ];
    }

    /// <summary>
    /// Heads needed: the smallest k that crosses the threshold; null where none does. On a grid it is the smallest in
    /// the first bracket of neighbouring places, so a crossing and return between two earlier places is not seen; and
    /// where the scan was not refined for the threshold it is the bracket's end. What was measured in another
    /// threshold's bracket plays no part: the number does not depend on which others are asked for.
    /// </summary>
    /// <param name="quantity">Which curve.</param>
    /// <param name="threshold">Exclusive.</param>
    public int? Needed(ValidationQuantity quantity, double threshold)
    {
        bool isFaithfulness = quantity == ValidationQuantity.Faithfulness;
        var curve = Points.Select(p => (p.K, isFaithfulness ? p.Faithfulness : p.Completeness));
        if (Crossing.First(quantity, curve, threshold) is not { } bracket)
        {
            return null;
        }

        RefinedRow? within = Refined.FirstOrDefault(r =>
            r.Quantity == quantity
            && r.K > bracket.Before
            && r.K < bracket.First
            && Crossing.Is(quantity, r.Phi, threshold)
        );
        return within?.K ?? bracket.First;
    }

    /// <summary>
    /// A curve at any k: as measured, else on the straight line between the nearest places that were. The ends need no
    /// pass: without a head both are as with all ablated or intact, and with all heads the other way round (phi = 0 and
    /// 1). So a scan that ended at its crossing still has its part in a mean over samples.
    /// </summary>
    /// <param name="quantity">Which curve.</param>
    /// <param name="k">Heads.</param>
    /// <param name="heads">Heads of the model, N.</param>
    public double At(ValidationQuantity quantity, int k, int heads)
    {
        bool isFaithfulness = quantity == ValidationQuantity.Faithfulness;
        var (before, after) = ((K: 0, Value: isFaithfulness ? 0.0 : 1), (K: heads, Value: isFaithfulness ? 1.0 : 0));
        foreach (ValidationRow point in Points)
        {
            var measured = (point.K, isFaithfulness ? point.Faithfulness : point.Completeness);
            before = point.K <= k ? measured : before;
            if (point.K >= k)
            {
                after = measured;
                break;
            }
        }

        return after.K <= before.K
            ? before.Value
            : before.Value + ((after.Value - before.Value) * (k - before.K) / (after.K - before.K));
    }
}
