using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Comparison;

/// <summary>A point of a mean curve.</summary>
/// <param name="X">Heads, k; or their share of all heads, k / N, where the models have different heads.</param>
/// <param name="Value">Mean over samples.</param>
/// <param name="IsOfAll">Over every sample; else over those whose scan goes as far.</param>
public readonly record struct CurveDot(double X, Estimate Value, bool IsOfAll);

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
        Func<Scan, IReadOnlyDictionary<int, double>> at,
        Bootstrap bootstrap
    )
    {
        if (a.Count == 0 || b.Count == 0)
        {
            return new CurveComparison(double.NaN, double.NaN, 0, [], []);
        }

        MeanCurve ofA = MeanCurve.Of([.. a.Values.Select(at)]),
            ofB = MeanCurve.Of([.. b.Values.Select(at)]);
        (double[] meanA, double[] meanB) = Shared(ofA, headsA, ofB, headsB);
        return new CurveComparison(
            meanA.Length == 0 ? double.NaN : meanA.Zip(meanB, (x, y) => Math.Abs(x - y)).Average(),
            Metrics.Pearson(meanA, meanB),
            meanA.Length,
            ofA.Dots(headsA == headsB ? 1 : headsA, bootstrap),
            ofB.Dots(headsA == headsB ? 1 : headsB, bootstrap)
        );
    }

    /// <summary>The values of two mean curves at the places from k = 1 that they share.</summary>
    /// <param name="a">The curve of A.</param>
    /// <param name="headsA">N of A.</param>
    /// <param name="b">The curve of B.</param>
    /// <param name="headsB">N of B.</param>
    internal static (double[] A, double[] B) Shared(MeanCurve a, int headsA, MeanCurve b, int headsB)
    {
        int places = Math.Min(headsA, headsB);
        IEnumerable<(double A, double B)> values =
            headsA == headsB
                ? a.Places.Where(k => k > 0).Select(k => (a.At(k), b.Places.Contains(k) ? b.At(k) : double.NaN))
                : Enumerable
                    .Range(1, places)
                    .Select(j => (a.At((double)j * headsA / places), b.At((double)j * headsB / places)));
        var shared = values.Where(p => double.IsFinite(p.A) && double.IsFinite(p.B)).ToArray();
        return ([.. shared.Select(p => p.A)], [.. shared.Select(p => p.B)]);
    }
}
