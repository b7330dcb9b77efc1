using Pipelines.Domain;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// 95 % intervals by the bootstrap over samples: the percentiles 2.5 and 97.5 of a statistic over resamples with
/// replacement (Efron 1979). The resamples depend on the number of samples only, so that all points of a curve, and all
/// curves of the same samples, are resampled together and every run gives the same bytes.
/// </summary>
public sealed class Bootstrap
{
    /// <summary>Resamples of each statistic.</summary>
    public const int Resamples = 1000;

    private const int Seed = 20250917;
    private const ulong Purpose = 0x424F4F545354524FUL; // "BOOTSTRO"

    private readonly Dictionary<int, int[]> draws = []; // samples n -> [Resamples, n], each below n

    /// <summary>
    /// Mean, deviation and interval of the mean of the finite values among <paramref name="values"/>.
    /// </summary>
    /// <param name="values">One a sample.</param>
    public Estimate Of(IEnumerable<double> values)
    {
        double[] y = [.. values.Where(double.IsFinite)];
        if (y.Length == 0)
        {
            return Estimate.None;
        }

        var (low, high) = Interval(
            y.Length,
            drawn =>
            {
                double sum = 0;
                foreach (int i in drawn)
                {
                    sum += y[i];
                }

                return sum / drawn.Length;
            }
        );
        return new Estimate(Metrics.Mean(y), Moments.Of(y).StdSample, low, high, y.Length);
    }

    /// <summary>The interval of any statistic of samples.</summary>
    /// <param name="samples">Samples, n.</param>
    /// <param name="statistic">Of a resample: n indexes of samples, some more than once; NaN = undefined there, left
    /// out.</param>
    /// <returns>NaN for fewer than two samples, or where the statistic is undefined in every resample.</returns>
    public (double Low, double High) Interval(int samples, Func<ReadOnlySpan<int>, double> statistic)
    {
        if (samples < 2)
        {
            return (double.NaN, double.NaN);
        }

        int[] all = Draws(samples);
        double[] found =
        [
            .. Enumerable
                .Range(0, Resamples)
                .Select(r => statistic(all.AsSpan(r * samples, samples)))
                .Where(double.IsFinite),
        ];
        if (found.Length == 0)
        {
            return (double.NaN, double.NaN);
        }

        double[] ends = Metrics.Percentiles(found, 2.5, 97.5);
        return (ends[0], ends[1]);
    }

    private int[] Draws(int n)
    {
        if (!draws.TryGetValue(n, out int[]? drawn))
        {
            var random = new SplitMix64(Seed, Purpose, n);
            draws[n] = drawn = new int[Resamples * n];
            for (int draw = 0; draw < drawn.Length; draw++)
            {
                drawn[draw] = random.Below(n);
            }
        }

        return drawn;
    }
}
