using Pipelines.Domain;
using Pipelines.Stages.Analysis;

namespace Pipelines.Stages;

/// <summary>A pass of a scan: the k most important heads alone, or all but these.</summary>
/// <param name="Quantity">Which curve it is a place of.</param>
/// <param name="K">0 .. N.</param>
internal readonly record struct ScanPass(ValidationQuantity Quantity, int K);

/// <summary>A place where both curves were measured.</summary>
/// <param name="K">Number of most important heads.</param>
/// <param name="Faithfulness">phi(x_k).</param>
/// <param name="Completeness">phi(1 - x_k).</param>
internal readonly record struct ScanPoint(int K, double Faithfulness, double Completeness)
{
    /// <summary>The value of a curve.</summary>
    public double Of(ValidationQuantity quantity) =>
        quantity == ValidationQuantity.Faithfulness ? Faithfulness : Completeness;
}

/// <summary>
/// Which passes the curves of an order of heads take, and in which batches. What is kept does not depend on the batch:
/// of passes beyond a crossing, which only came in the same batch, nothing is.
/// </summary>
/// <param name="heads">N.</param>
/// <param name="batch">Passes that are measured together.</param>
/// <param name="measure">phi of each pass, in order.</param>
internal sealed class CurveScan(int heads, int batch, Func<IReadOnlyList<ScanPass>, double[]> measure)
{
    /// <summary>
    /// Passes of a bracket at once, where few brackets are open. More would fill the batch, and be wasted where the
    /// crossing comes early.
    /// </summary>
    private const int OfABracket = 8;

    /// <summary>Both curves for every k, or at the places of the grid.</summary>
    /// <param name="places">k, ascending.</param>
    public List<ScanPoint> At(IEnumerable<int> places) => [.. InChunks(places).SelectMany(points => points)];

    /// <summary>
    /// Both curves for k = 0, 1, ... to the first k by which each has crossed its threshold; else to N.
    /// </summary>
    public List<ScanPoint> UntilCrossed(double faithfulness, double completeness)
    {
        var curve = new List<ScanPoint>();
        bool faithful = false,
            complete = false;
        foreach (ScanPoint point in InChunks(Enumerable.Range(0, heads + 1)).SelectMany(points => points))
        {
            curve.Add(point);
            faithful |= Crossing.Is(ValidationQuantity.Faithfulness, point.Faithfulness, faithfulness);
            complete |= Crossing.Is(ValidationQuantity.Completeness, point.Completeness, completeness);
            if (faithful && complete)
            {
                break;
            }
        }

        return curve;
    }

    /// <summary>
    /// For every threshold the passes in its bracket, from the place before the crossing up to the crossing. Of
    /// thresholds that share a bracket the strictest is crossed last, and says how far it is measured.
    /// </summary>
    /// <param name="curve">The curves at some places.</param>
    /// <param name="faithfulness">Thresholds.</param>
    /// <param name="completeness">Thresholds.</param>
    public List<(ScanPass Pass, double Phi)> Refine(
        IReadOnlyList<ScanPoint> curve,
        IReadOnlyList<double> faithfulness,
        IReadOnlyList<double> completeness
    )
    {
        var refined = new List<(ScanPass Pass, double Phi)>();
        List<OpenBracket> open =
        [
            .. Brackets(curve, ValidationQuantity.Faithfulness, faithfulness, strictest: Enumerable.Max),
            .. Brackets(curve, ValidationQuantity.Completeness, completeness, strictest: Enumerable.Min),
        ];
        while (open.Count > 0)
        {
            int each = Math.Clamp(batch / open.Count, 1, OfABracket);
            ScanPass[][] asked = [.. open.Select(b => b.Next(each))];
            double[] phi = measure([.. asked.SelectMany(passes => passes)]);
            int at = 0;
            foreach (var (bracket, passes) in open.Zip(asked))
            {
                refined.AddRange(bracket.Take(passes, phi.AsSpan(at, passes.Length)));
                at += passes.Length;
            }

            open.RemoveAll(b => b.IsDone);
        }

        return [.. refined.OrderBy(r => r.Pass.Quantity).ThenBy(r => r.Pass.K)];
    }

    private static IEnumerable<OpenBracket> Brackets(
        IReadOnlyList<ScanPoint> curve,
        ValidationQuantity quantity,
        IReadOnlyList<double> thresholds,
        Func<IEnumerable<double>, double> strictest
    ) =>
        from threshold in thresholds
        let bracket = Crossing.First(quantity, curve.Select(p => (p.K, p.Of(quantity))), threshold)
        where bracket is { IsExact: false }
        group threshold by bracket.Value into shared
        select new OpenBracket(quantity, shared.Key, strictest(shared));

    /// <summary>Places in order; their passes come when they are asked for.</summary>
    private IEnumerable<ScanPoint[]> InChunks(IEnumerable<int> places)
    {
        foreach (int[] chunk in places.Chunk(Math.Max(1, batch / 2)))
        {
            double[] phi = measure([
                .. chunk.Select(k => new ScanPass(ValidationQuantity.Faithfulness, k)),
                .. chunk.Select(k => new ScanPass(ValidationQuantity.Completeness, k)),
            ]);
            yield return [.. chunk.Select((k, i) => new ScanPoint(k, phi[i], phi[chunk.Length + i]))];
        }
    }

    /// <summary>A bracket that is measured from its lower end.</summary>
    private sealed class OpenBracket(ValidationQuantity quantity, Bracket bracket, double threshold)
    {
        private int next = bracket.Before + 1;

        /// <summary>The crossing is found, or lies at the bracket's end.</summary>
        public bool IsDone => next >= bracket.First;

        public ScanPass[] Next(int atMost) =>
            [
                .. Enumerable
                    .Range(next, Math.Min(atMost, bracket.First - next))
                    .Select(k => new ScanPass(quantity, k)),
            ];

        /// <summary>What is kept of the next passes: those up to the crossing.</summary>
        public List<(ScanPass Pass, double Phi)> Take(ScanPass[] passes, ReadOnlySpan<double> phi)
        {
            var kept = new List<(ScanPass Pass, double Phi)>();
            next += passes.Length;
            for (int i = 0; i < passes.Length; i++)
            {
                kept.Add((passes[i], phi[i]));
                if (Crossing.Is(quantity, phi[i], threshold))
                {
                    next = bracket.First;
                    break;
                }
            }

            return kept;
        }
    }
}
