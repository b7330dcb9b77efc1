namespace Pipelines.Stages.Analysis;

/// <summary>
/// Sums over one sample from which the correlation over any choice of samples follows: resampling then costs no pass
/// over the numbers.
/// </summary>
/// <param name="Count">Pairs.</param>
/// <param name="A">Sum of a.</param>
/// <param name="B">Sum of b.</param>
/// <param name="AA">Sum of a squared.</param>
/// <param name="BB">Sum of b squared.</param>
/// <param name="AB">Sum of products.</param>
internal readonly record struct CrossSums(int Count, double A, double B, double AA, double BB, double AB)
{
    /// <summary>NaN where a or b is constant.</summary>
    private double OwnCorrelation =>
        AA > 0 && BB > 0
            ? (AB - (A * B / Count)) / Math.Sqrt((AA - (A * A / Count)) * (BB - (B * B / Count)))
            : double.NaN;

    /// <summary>Sums of a sample, around the means over everything so that nothing cancels.</summary>
    /// <param name="one">a [n].</param>
    /// <param name="meanOne">Mean of a over all samples.</param>
    /// <param name="other">b [n].</param>
    /// <param name="meanOther">Mean of b over all samples.</param>
    public static CrossSums Of(IReadOnlyList<double> one, double meanOne, IReadOnlyList<double> other, double meanOther)
    {
        var sums = new CrossSums(one.Count, 0, 0, 0, 0, 0);
        for (int i = 0; i < one.Count; i++)
        {
            double a = one[i] - meanOne,
                b = other[i] - meanOther;
            sums += new CrossSums(0, a, b, a * a, b * b, a * b);
        }

        return sums;
    }

    /// <summary>Pearson correlation over all pairs of the drawn samples.</summary>
    /// <param name="samples">Sums of every sample.</param>
    /// <param name="drawn">Indexes of samples, some more than once.</param>
    public static double Correlation(CrossSums[] samples, ReadOnlySpan<int> drawn)
    {
        CrossSums all = default;
        foreach (int i in drawn)
        {
            all += samples[i];
        }

        return all.OwnCorrelation;
    }

    /// <summary>Sums of both together.</summary>
    public static CrossSums operator +(CrossSums one, CrossSums other) =>
        new(
            one.Count + other.Count,
            one.A + other.A,
            one.B + other.B,
            one.AA + other.AA,
            one.BB + other.BB,
            one.AB + other.AB
        );
}
