namespace Pipelines.Stages.Analysis;

/// <summary>A mean over samples.</summary>
/// <param name="Mean">Mean; NaN without values.</param>
/// <param name="Deviation">Standard deviation over samples (divisor n - 1); NaN for fewer than two.</param>
/// <param name="Low">Lower end of the 95 % interval of the mean; NaN for fewer than two.</param>
/// <param name="High">Upper end.</param>
/// <param name="Count">Samples, n.</param>
public readonly record struct Estimate(double Mean, double Deviation, double Low, double High, int Count)
{
    /// <summary>What nothing says.</summary>
    public static readonly Estimate None = new(double.NaN, double.NaN, double.NaN, double.NaN, 0);

    /// <summary>
    /// Fewer samples cannot tell a difference from none: all of 5 have the same sign by chance once in 16 times.
    /// </summary>
    public const int FewestSamples = 6;

    /// <summary>True where there is an interval.</summary>
    public bool HasInterval => double.IsFinite(Low) && double.IsFinite(High);

    /// <summary>There are samples enough to tell it from zero.</summary>
    public bool CanTell => HasInterval && Count >= FewestSamples;

    /// <summary>
    /// -1, 0 or 1: below zero, not told from it by the samples, or above (the 95 % interval does not hold 0).
    /// </summary>
    public int Direction =>
        !CanTell ? 0
        : Low > 0 ? 1
        : High < 0 ? -1
        : 0;

    /// <summary>The same of all values in another unit.</summary>
    /// <param name="unit">One of the new in the old, above 0.</param>
    public Estimate Over(double unit) =>
        this with
        {
            Mean = Mean / unit,
            Deviation = Deviation / unit,
            Low = Low / unit,
            High = High / unit,
        };

    /// <summary>The same of all values with another sign.</summary>
    public Estimate Negated => this with { Mean = -Mean, Low = -High, High = -Low };

    /// <summary>The same of all values less a constant, e.g. what is expected by chance.</summary>
    public Estimate Less(double constant) =>
        this with
        {
            Mean = Mean - constant,
            Low = Low - constant,
            High = High - constant,
        };
}
