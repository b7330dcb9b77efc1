using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Comparison;

/// <summary>
/// A curve of several samples. Its mean is taken where every sample was measured; where scans ended at different k it
/// is drawn beyond, over those that go on, and said to be so.
/// </summary>
internal sealed class MeanCurve
{
    private const int DotsAtMost = 96;

    private readonly IReadOnlyList<IReadOnlyDictionary<int, double>> samples;
    private readonly double[] means; // at Places

    private MeanCurve(IReadOnlyList<IReadOnlyDictionary<int, double>> samples)
    {
        this.samples = samples;
        Places = [.. samples[0].Keys.Where(k => samples.All(s => s.ContainsKey(k))).Order()];
        means = Array.ConvertAll(Places, k => samples.Average(s => s[k]));
    }

    /// <summary>The k that every sample has, ascending.</summary>
    public int[] Places { get; }

    /// <summary>The curve of samples, at least one.</summary>
    /// <param name="samples">k to value.</param>
    public static MeanCurve Of(IReadOnlyList<IReadOnlyDictionary<int, double>> samples) => new(samples);

    /// <summary>The mean at k, between places on the straight line; NaN beyond the ends.</summary>
    public double At(double k)
    {
        int next = Array.FindIndex(Places, place => place >= k);
        if (next < 0 || (next == 0 && Places[0] > k))
        {
            return double.NaN;
        }

        if (Places[next] == k)
        {
            return means[next];
        }

        int before = next - 1;
        return means[before]
            + ((k - Places[before]) / (Places[next] - Places[before]) * (means[next] - means[before]));
    }

    /// <summary>
    /// All places of a short curve from k = 1; of a long one about <see cref="DotsAtMost"/>, evenly spread on a
    /// logarithmic axis.
    /// </summary>
    /// <param name="unit">What k is divided by.</param>
    /// <param name="bootstrap">Intervals.</param>
    public CurveDot[] Dots(double unit, Bootstrap bootstrap)
    {
        int[] all = [.. samples.SelectMany(s => s.Keys).Where(k => k > 0).Distinct().Order()];
        double ratio = all.Length > 1 ? Math.Log(all.Length) / (DotsAtMost - 1) : 0;
        IEnumerable<int> shown =
            all.Length <= DotsAtMost
                ? all
                : Enumerable
                    .Range(0, DotsAtMost)
                    .Select(i => all[(int)Math.Round(Math.Exp(i * ratio)) - 1])
                    .Distinct();
        return
        [
            .. shown.Select(k =>
            {
                double[] there = [.. samples.Where(s => s.ContainsKey(k)).Select(s => s[k])];
                return new CurveDot(k / unit, bootstrap.Of(there), there.Length == samples.Count);
            }),
        ];
    }
}
