using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>Paper, 4.3: "no significant correlation is observed" between coefficients and image attention.</summary>
[Claim(
    7,
    "head_attention_rho",
    "Image attention does not tell which heads are important",
    Paper = "§4.3, Fig. 3D, 14",
    Number = "no clear correlation in ten models (drawn)",
    Rule = "−0.3 to 0.3",
    Why = "Pearson correlation of β and image attention over all heads of all samples; within, it is less than a "
        + "tenth of the variance",
    Topic = "attention of heads",
    Needs = "validate by attention",
    Figure = typeof(BetaAttentionFigure)
)]
internal sealed class AttentionOfHeads : IClaim<Findings>
{
    /// <summary>A correlation says little below it: a tenth of the variance.</summary>
    public const double Weak = 0.3;

    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings)
    {
        SampleResult[] samples = [.. Samples(findings)];
        if (samples.Length == 0)
        {
            return [];
        }

        double meanAttention = samples.Average(s => s.ImageAttention.Average()),
            meanBeta = samples.Average(s => s.Beta.Average());
        CrossSums[] sums = [.. samples.Select(s => CrossSums.Of(s.ImageAttention, meanAttention, s.Beta, meanBeta))];
        double pooled = CrossSums.Correlation(sums, [.. Enumerable.Range(0, sums.Length)]);
        var (low, high) = findings.Intervals.Interval(sums.Length, drawn => CrossSums.Correlation(sums, drawn));
        return double.IsFinite(pooled)
            ? [new Evidence(new Estimate(pooled, double.NaN, low, high, sums.Length), Demand.Between(-Weak, Weak))]
            : [];
    }

    /// <summary>Samples that have both.</summary>
    public static IEnumerable<SampleResult> Samples(Findings findings) =>
        findings.Fitted.Where(s => s.ImageAttention.Count == findings.HeadCount);
}
