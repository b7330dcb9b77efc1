namespace Pipelines.Stages.Reporting;

/// <summary>A mean over samples.</summary>
/// <param name="Mean">Mean; NaN without values.</param>
/// <param name="Deviation">Standard deviation over samples (divisor n - 1); NaN for fewer than two.</param>
/// <param name="Low">Lower end of the 95 % interval of the mean; NaN for fewer than two.</param>
/// <param name="High">Upper end.</param>
/// <param name="Count">Samples, n.</param>
internal readonly record struct Estimate(double Mean, double Deviation, double Low, double High, int Count)
{
    /// <summary>True where there is an interval.</summary>
    public bool HasInterval => double.IsFinite(Low) && double.IsFinite(High);
}

/// <summary>
/// 95 % intervals of means by the bootstrap over samples: the percentiles 2.5 and 97.5 of the means of resamples with replacement. The resamples depend on the number of samples only,
/// so that all points of a curve, and all curves of the same samples, are resampled together and every run gives the same bytes.
/// </summary>
internal sealed class Bootstrap
{
    private const int Resamples = 1000;
    private const int Seed = 20250917;

    private readonly Dictionary<int, double[]> weights = []; // samples n -> [Resamples, n], counts / n

    /// <summary>Mean, deviation and interval of the finite values among <paramref name="values"/>.</summary>
    /// <param name="values">One a sample.</param>
    public Estimate Of(IEnumerable<double> values)
    {
        double[] y = [.. values.Where(double.IsFinite)];
        if (y.Length == 0)
        {
            return new Estimate(double.NaN, double.NaN, double.NaN, double.NaN, 0);
        }

        double mean = y.Average();
        if (y.Length == 1)
        {
            return new Estimate(mean, double.NaN, double.NaN, double.NaN, 1);
        }

        double deviation = Math.Sqrt(y.Sum(v => (v - mean) * (v - mean)) / (y.Length - 1));
        double[] shares = Weights(y.Length), means = new double[Resamples];
        for (int r = 0; r < Resamples; r++)
        {
            double sum = 0;
            ReadOnlySpan<double> share = shares.AsSpan(r * y.Length, y.Length);
            for (int i = 0; i < y.Length; i++)
            {
                sum += share[i] * y[i];
            }

            means[r] = sum;
        }

        Array.Sort(means);
        return new Estimate(mean, deviation, Percentile(means, 0.025), Percentile(means, 0.975), y.Length);
    }

    private double[] Weights(int n)
    {
        if (!weights.TryGetValue(n, out double[]? shares))
        {
            var random = new Random(Seed);
            weights[n] = shares = new double[Resamples * n];
            for (int draw = 0; draw < shares.Length; draw++)
            {
                shares[(draw / n * n) + random.Next(n)] += 1.0 / n;
            }
        }

        return shares;
    }

    private static double Percentile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int first = (int)place;
        return first + 1 < sorted.Length ? sorted[first] + ((place - first) * (sorted[first + 1] - sorted[first])) : sorted[first];
    }
}
