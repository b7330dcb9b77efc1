namespace Pipelines.Stages.Analysis;

/// <summary>A mean over samples.</summary>
/// <param name="Mean">Mean; NaN without values.</param>
/// <param name="Deviation">Standard deviation over samples (divisor n - 1); NaN for fewer than two.</param>
/// <param name="Low">Lower end of the 95 % interval of the mean; NaN for fewer than two.</param>
/// <param name="High">Upper end.</param>
/// <param name="Count">Samples, n.</param>
internal readonly record struct Estimate(double Mean, double Deviation, double Low, double High, int Count)
{
    /// <summary>What nothing says.</summary>
    public static readonly Estimate None = new(double.NaN, double.NaN, double.NaN, double.NaN, 0);

    /// <summary>True where there is an interval.</summary>
    public bool HasInterval => double.IsFinite(Low) && double.IsFinite(High);
}
