using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Comparison;

/// <summary>A point of a mean curve.</summary>
/// <param name="X">Heads, k; or their share of all heads, k / N, where the models have different heads.</param>
/// <param name="Value">Mean over samples.</param>
public readonly record struct CurveDot(double X, Estimate Value);

/// <summary>A mean curve in two validations.</summary>
/// <param name="Distance">Mean absolute difference of the curves over the places that they share; NaN = no
/// place.</param>
/// <param name="Pearson">Correlation of the curves over these places; NaN = undefined.</param>
/// <param name="Places">Places, k from 1.</param>
/// <param name="A">The curve of A, for drawing.</param>
/// <param name="B">The curve of B.</param>
public sealed record CurveComparison(
    double Distance,
    double Pearson,
    int Places,
    IReadOnlyList<CurveDot> A,
    IReadOnlyList<CurveDot> B
)
{
    private const int DotsAtMost = 96;

    /// <summary>
    /// Compares two mean curves at every k from 1 that all samples of both have; where the models have different heads,
    /// at equal shares of all heads.
    /// </summary>
    /// <param name="a">Sample to scan, of A.</param>
    /// <param name="headsA">N of A.</param>
    /// <param name="b">Sample to scan, of B.</param>
    /// <param name="headsB">N of B.</param>
    /// <param name="at">Which curve.</param>
    /// <param name="bootstrap">Intervals.</param>
    public static CurveComparison Of(
        IReadOnlyDictionary<string, Scan> a,
        int headsA,
        IReadOnlyDictionary<string, Scan> b,
        int headsB,
        Func<Scan, Func<int, double>> at,
        Bootstrap bootstrap
    )
    {
        if (a.Count == 0 || b.Count == 0)
        {
            return new CurveComparison(double.NaN, double.NaN, 0, [], []);
        }

        double[][] ofA = Curves(a, at),
            ofB = Curves(b, at);
        (double[] meanA, double[] meanB) = Shared(Mean(ofA), headsA, Mean(ofB), headsB);
        return new CurveComparison(
            meanA.Length == 0 ? double.NaN : meanA.Zip(meanB, (x, y) => Math.Abs(x - y)).Average(),
            Metrics.Pearson(meanA, meanB),
            meanA.Length,
            Dots(ofA, headsA == headsB ? 1 : headsA, bootstrap),
            Dots(ofB, headsA == headsB ? 1 : headsB, bootstrap)
        );
    }

    /// <summary>The values of two mean curves at the places that they share.</summary>
    /// <param name="a">k = 0, 1, ...</param>
    /// <param name="headsA">N of A.</param>
    /// <param name="b">k = 0, 1, ...</param>
    /// <param name="headsB">N of B.</param>
    public static (double[] A, double[] B) Shared(double[] a, int headsA, double[] b, int headsB)
    {
        if (headsA == headsB)
        {
            int length = Math.Min(a.Length, b.Length);
            return (a[Math.Min(1, length)..length], b[Math.Min(1, length)..length]);
        }

        int places = Math.Min(headsA, headsB);
        var shared = Enumerable
            .Range(1, places)
            .Select(j =>
                (A: Interpolated(a, (double)j * headsA / places), B: Interpolated(b, (double)j * headsB / places))
            )
            .Where(p => double.IsFinite(p.A) && double.IsFinite(p.B))
            .ToArray();
        return ([.. shared.Select(p => p.A)], [.. shared.Select(p => p.B)]);
    }

    /// <summary>The curve between its places; NaN beyond its end.</summary>
    private static double Interpolated(double[] curve, double k)
    {
        int below = (int)Math.Floor(k);
        double rest = k - below;
        return below >= curve.Length || (rest > 0 && below + 1 >= curve.Length) ? double.NaN
            : rest == 0 ? curve[below]
            : curve[below] + (rest * (curve[below + 1] - curve[below]));
    }

    /// <summary>[samples][places that every sample has].</summary>
    private static double[][] Curves(IReadOnlyDictionary<string, Scan> scans, Func<Scan, Func<int, double>> at)
    {
        int length = scans.Values.Min(s => s.Length);
        return [.. scans.Values.Select(s => Enumerable.Range(0, length).Select(at(s)).ToArray())];
    }

    private static double[] Mean(double[][] curves) =>
        [.. Enumerable.Range(0, curves[0].Length).Select(k => curves.Average(c => c[k]))];

    /// <summary>
    /// All places of a short curve from k = 1; of a long one about <see cref="DotsAtMost"/>, evenly spread on a
    /// logarithmic axis.
    /// </summary>
    private static CurveDot[] Dots(double[][] curves, double unit, Bootstrap bootstrap)
    {
        int last = curves[0].Length - 1;
        double ratio = last > 1 ? Math.Log(last) / (DotsAtMost - 1) : 0;
        IEnumerable<int> places =
            last <= DotsAtMost
                ? Enumerable.Range(1, last)
                : Enumerable.Range(0, DotsAtMost).Select(i => (int)Math.Round(Math.Exp(i * ratio))).Distinct();
        return [.. places.Select(k => new CurveDot(k / unit, bootstrap.Of(curves.Select(c => c[k]))))];
    }
}
