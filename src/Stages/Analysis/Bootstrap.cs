namespace Pipelines.Stages.Analysis;

/// <summary>A mean over samples and its percentile interval.</summary>
/// <param name="Mean">Of the values.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
internal readonly record struct Interval(double Mean, double Low, double High);

/// <summary>Percentile bootstrap: how far a mean over samples could be another had other samples been drawn.</summary>
internal static class Bootstrap
{
    /// <summary>The mean of <paramref name="values"/> with the interval that holds the middle share of the means of resampled values.</summary>
    /// <param name="values">At least one value, none NaN.</param>
    /// <param name="next">A random number in 0 .. bound - 1: the caller's generator, so that the interval is a function of its seed.</param>
    /// <param name="level">Share of the resampled means inside, 0 to 1.</param>
    /// <param name="resamples">Number of resamplings.</param>
    public static Interval OfMean(ReadOnlySpan<double> values, Func<int, int> next, double level = 0.95, int resamples = 2000)
    {
        ArgumentOutOfRangeException.ThrowIfZero(values.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(resamples);
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, 1);
        var means = new double[resamples];
        var drawn = new double[values.Length];
        for (int r = 0; r < resamples; r++)
        {
            for (int i = 0; i < drawn.Length; i++)
            {
                drawn[i] = values[next(values.Length)];
            }

            means[r] = Metrics.Mean(drawn);
        }

        double tail = 50 * (1 - level);
        double[] ends = Metrics.Percentiles(means, tail, 100 - tail);
        return new Interval(Metrics.Mean(values), ends[0], ends[1]);
    }
}
