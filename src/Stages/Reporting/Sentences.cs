using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Means over samples as every sentence writes them.</summary>
internal static class Sentences
{
    /// <summary>That no answer was judged, and why, where it is for want of labels.</summary>
    /// <param name="hasLabels">The data says what its pictures show.</param>
    public static string NoneJudged(bool hasLabels) => hasLabels ? "none judged" : "none judged: no labels";

    /// <summary>A mean with its interval, both written by <paramref name="number"/>.</summary>
    public static string Written(this Estimate mean, Func<double, string> number) =>
        number(mean.Mean) + mean.Bracket(number);

    /// <summary>The 95 % interval of a mean behind it; empty where there is none.</summary>
    public static string Bracket(this Estimate mean, Func<double, string> number) =>
        Format.Bracket(mean.Low, mean.High, number);

    /// <summary>A mean count of heads with its interval.</summary>
    public static string Interval(Estimate mean) => mean.Written(MeanHeads);

    /// <summary>Mean ± standard deviation, as the paper's Table 2 writes it.</summary>
    public static string PlusMinus(Estimate mean) =>
        MeanScore(mean)
        + (double.IsFinite(mean.Deviation) ? "\u00a0±\u00a0" + Fixed(mean.Deviation, Decimals(mean)) : "");

    /// <summary>The mean as <see cref="PlusMinus"/> has it.</summary>
    public static string MeanScore(Estimate mean) => Fixed(mean.Mean, Decimals(mean));

    /// <summary>Mean ± standard deviation, and the 95 % interval of the mean.</summary>
    public static string WithInterval(Estimate mean) => PlusMinus(mean) + OfMean(mean);

    /// <summary>The 95 % interval of a mean, where there is one.</summary>
    public static string OfMean(Estimate mean)
    {
        int decimals = mean.High - mean.Low < 0.01 ? 3 : 2;
        return mean.Bracket(v => Fixed(v, decimals));
    }

    private static int Decimals(Estimate mean) => mean.Deviation < 0.005 ? 3 : 2;
}
