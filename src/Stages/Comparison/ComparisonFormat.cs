using System.Globalization;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>Differences and intervals as a comparison writes them.</summary>
internal static class ComparisonFormat
{
    /// <summary>A mean difference with its interval.</summary>
    public static string Signed(Estimate difference, int decimals) =>
        difference.Count == 0 ? None : difference.Written(v => Reporting.Format.Signed(v, decimals));

    /// <summary>Mean and standard deviation over samples, interval of the mean.</summary>
    public static string Spread(Estimate mean) =>
        Fixed(mean.Mean, 3)
        + (double.IsFinite(mean.Deviation) ? $"\u00a0±\u00a0{Fixed(mean.Deviation, 3)}" : "")
        + mean.Bracket(v => Fixed(v, 3));

    /// <summary>A sample as a sentence names it.</summary>
    public static string Named(CommonSample sample) => $"“{sample.A.Answer}” ({sample.A.File})";

    /// <summary>What the samples say of a difference.</summary>
    /// <param name="name">The quantity, as the subject of a sentence.</param>
    /// <param name="pair">The quantity in both runs.</param>
    /// <param name="decimals">Decimals.</param>
    /// <param name="unit">Unit after the number, with a blank; empty = none.</param>
    public static string Verdict(string name, Paired pair, int decimals, string unit = "")
    {
        Estimate d = pair.Difference;
        string size = Fixed(Math.Abs(d.Mean), decimals),
            interval = d.HasInterval
                ? Bracket(Math.Min(Math.Abs(d.Low), Math.Abs(d.High)), Math.Max(Math.Abs(d.Low), Math.Abs(d.High)), v =>
                    Fixed(v, decimals)
                )
                : "",
            smallest = Math.Pow(10, -decimals).ToString("0.####", CultureInfo.InvariantCulture);
        return d.Count == 0
                ? $"{name} is {Fixed(pair.A.Mean, decimals)}{unit} in A and {Fixed(pair.B.Mean, decimals)}{unit} in "
                    + $"B, without samples to pair"
            : pair.IsSame ? $"{name} is the same in every sample"
            : pair.Direction != 0
                ? $"{name} is {(pair.Direction > 0 ? "higher" : "lower")} in B by {size}{unit}{interval}"
            : IsTiny(d, decimals) ? $"{name} differs by less than {smallest}{unit}"
            : pair.CanTell ? $"{name} is level ({Signed(d, decimals)}{unit})"
            : $"{name} differs by {Reporting.Format.Signed(d.Mean, decimals)}{unit} in {Many(d.Count, "sample")}, "
                + $"too few to tell";
    }

    /// <summary>Nothing of it is left at so many decimals.</summary>
    private static bool IsTiny(Estimate difference, int decimals) =>
        new[] { difference.Mean, difference.Low, difference.High }
            .Where(double.IsFinite)
            .All(v => Fixed(v, decimals).All(c => c is '0' or '.' or '\u2212'));
}
