namespace Pipelines.Stages.Analysis;

/// <summary>Mean and standard deviations of a sample.</summary>
/// <param name="Mean">Mean.</param>
/// <param name="StdPopulation">Divided by n.</param>
/// <param name="StdSample">Divided by n - 1; NaN for one value.</param>
internal readonly record struct Moments(double Mean, double StdPopulation, double StdSample)
{
    /// <summary>Moments of <paramref name="values"/>; all NaN where there are none.</summary>
    public static Moments Of(ReadOnlySpan<double> values)
    {
        double mean = Metrics.Mean(values),
            squares = 0;
        foreach (double value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        return new Moments(
            mean,
            Math.Sqrt(squares / values.Length),
            values.Length > 1 ? Math.Sqrt(squares / (values.Length - 1)) : double.NaN
        );
    }
}

/// <summary>
/// The measures of the paper, in double precision with two-pass means. Where a measure is undefined the result is NaN.
/// </summary>
internal static class Metrics
{
    /// <summary>Mean in two passes; NaN of nothing.</summary>
    public static double Mean(ReadOnlySpan<double> values)
    {
        double sum = 0,
            rest = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        double mean = sum / values.Length;
        foreach (double value in values)
        {
            rest += value - mean;
        }

        return mean + (rest / values.Length);
    }

    /// <summary>
    /// Coefficient of determination, 1 - sum (y - p)^2 / sum (y - mean y)^2. As scikit-learn: for a constant truth 1 if
    /// the prediction is perfect, else 0; NaN for fewer than two values.
    /// </summary>
    /// <param name="truth">y.</param>
    /// <param name="predicted">p, same length.</param>
    public static double R2(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(predicted.Length, truth.Length);
        if (truth.Length < 2)
        {
            return double.NaN;
        }

        double mean = IsConstant(truth) ? truth[0] : Mean(truth),
            residual = 0,
            total = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            residual += (truth[i] - predicted[i]) * (truth[i] - predicted[i]);
            total += (truth[i] - mean) * (truth[i] - mean);
        }

        return total > 0 ? 1 - (residual / total)
            : residual == 0 ? 1
            : 0;
    }

    /// <summary>Pearson correlation, in [-1, 1]; NaN where an input is constant or has fewer than two values.</summary>
    /// <param name="a">First.</param>
    /// <param name="b">Second, same length.</param>
    public static double Pearson(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, a.Length);
        if (a.Length < 2 || IsConstant(a) || IsConstant(b))
        {
            return double.NaN;
        }

        double meanA = Mean(a),
            meanB = Mean(b),
            scaleA = 0,
            scaleB = 0;
        for (int i = 0; i < a.Length; i++)
        {
            scaleA = Math.Max(scaleA, Math.Abs(a[i] - meanA));
            scaleB = Math.Max(scaleB, Math.Abs(b[i] - meanB));
        }

        double aa = 0,
            bb = 0,
            ab = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double x = (a[i] - meanA) / scaleA,
                y = (b[i] - meanB) / scaleB; // squares of tiny numbers must not vanish
            aa += x * x;
            bb += y * y;
            ab += x * y;
        }

        return Math.Clamp(ab / Math.Sqrt(aa * bb), -1, 1);
    }

    /// <summary>
    /// Spearman correlation: <see cref="Pearson"/> of ranks, ties at the mean of theirs (as scipy's <c>spearmanr</c>).
    /// </summary>
    /// <param name="a">First.</param>
    /// <param name="b">Second, same length.</param>
    public static double Spearman(ReadOnlySpan<double> a, ReadOnlySpan<double> b) => Pearson(Ranks(a), Ranks(b));

    private static double[] Ranks(ReadOnlySpan<double> values)
    {
        double[] sorted = [.. values];
        int[] order = [.. Enumerable.Range(0, values.Length)];
        Array.Sort(sorted, order);
        var ranks = new double[values.Length];
        int first = 0;
        while (first < sorted.Length)
        {
            int last = first;
            while (last + 1 < sorted.Length && sorted[last + 1] == sorted[first])
            {
                last++;
            }

            for (int i = first; i <= last; i++)
            {
                ranks[order[i]] = (first + last) / 2.0; // ties share their mean rank
            }

            first = last + 1;
        }

        return ranks;
    }

    /// <summary>Cosine similarity, in [-1, 1]; NaN where a vector is zero.</summary>
    /// <param name="a">First.</param>
    /// <param name="b">Second, same length.</param>
    public static double Cosine(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, a.Length);
        double aa = 0,
            bb = 0,
            ab = 0;
        for (int i = 0; i < a.Length; i++)
        {
            aa += a[i] * a[i];
            bb += b[i] * b[i];
            ab += a[i] * b[i];
        }

        return aa == 0 || bb == 0 ? double.NaN : OfSquares(ab, aa, bb);
    }

    /// <summary>
    /// ab over the root of aa bb. A vector and itself give exactly 1, whatever the processor: else the least of a run's
    /// agreements with itself would be another sample's on each.
    /// </summary>
    private static double OfSquares(double ab, double aa, double bb) =>
        Math.Clamp(aa == bb ? ab / aa : ab / (Math.Sqrt(aa) * Math.Sqrt(bb)), -1, 1);

    /// <summary>Percentiles with linear interpolation at position q/100 (n - 1) (numpy's default).</summary>
    /// <param name="values">At least one value, in any order.</param>
    /// <param name="q">Each 0 to 100.</param>
    /// <returns>One value for each of <paramref name="q"/>.</returns>
    public static double[] Percentiles(ReadOnlySpan<double> values, params ReadOnlySpan<double> q)
    {
        ArgumentOutOfRangeException.ThrowIfZero(values.Length);
        double[] sorted = [.. values];
        Array.Sort(sorted);
        var results = new double[q.Length];
        for (int i = 0; i < q.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(q[i], 0);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(q[i], 100);
            double position = q[i] / 100 * (sorted.Length - 1);
            int below = (int)Math.Floor(position);
            double low = sorted[below],
                high = sorted[Math.Min(below + 1, sorted.Length - 1)];
            results[i] = low + ((high - low) * (position - below));
        }

        return results;
    }

    /// <summary>The 50th percentile.</summary>
    public static double Median(ReadOnlySpan<double> values) => Percentiles(values, 50)[0];

    private static bool IsConstant(ReadOnlySpan<double> values) => values.IndexOfAnyExcept(values[0]) < 0;
}
