using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>"What this shows": sentences computed from the data, and how they compare with the paper's.</summary>
internal static class Sentences
{
    private const int TopHeads = 5;

    /// <summary>The report in a sentence.</summary>
    public static string Headline(Findings findings)
    {
        string share = Percent(findings.Data.FaithfulnessThreshold);
        if (findings.Criterion(Criteria.HeadAttribution) is { Faithful.Mean: { Count: > 0 } needed })
        {
            string start = $"{MeanHeads(needed.Mean)} of {Count(findings.HeadCount)} heads ({Percent(needed.Mean / findings.HeadCount)}), ranked by head attribution, carry {share} of what the picture adds to the answer";
            return findings.Criterion(Criteria.Random) is { Faithful.Mean: { Count: > 0 } random } && needed.Mean > 0
                ? $"{start}; in random order it takes {MeanHeads(random.Mean)}, {Fixed(random.Mean / needed.Mean, 1)} times as many."
                : start + ".";
        }

        return findings.Fitted.Count > 0
            ? $"A sum of single heads explains {Percent(findings.R2.Mean)} of the variance of the answer's logit over {Many(findings.Fitted.Count, "sample")}."
            : $"{Answered(findings.Data)}; {Count(findings.Data.Rejected.Count)} left out.";
    }

    private static string Answered(ReportData data) => data.HasLabels
        ? $"{Many(data.Samples.Count, "sample")} answered correctly"
        : $"{Many(data.Samples.Count, "sample")} answered, none judged: no labels";

    /// <summary>Fig. 3A.</summary>
    public static string HeadsNeeded(Findings findings)
    {
        Order faithful = new(findings, c => c.Faithful), complete = new(findings, c => c.Complete);
        return $"For faithfulness > {Tick(findings.Data.FaithfulnessThreshold)}, {faithful.Words}. For completeness < {Tick(findings.Data.CompletenessThreshold)}, {complete.Words}."
            + PaperOnRanking([faithful, complete]) + Redundancy(findings);
    }

    /// <summary>Curves.</summary>
    public static string Curves(Findings findings)
    {
        CriterionFindings lead = findings.Criterion(Criteria.HeadAttribution) ?? findings.Criteria[0];
        if (lead.Curve.Count == 0)
        {
            return "The scans of the samples have no place in common.";
        }

        double wanted = lead.Faithful.Mean.Count > 0 ? lead.Faithful.Mean.Mean : 1;
        int k = lead.Curve.MinBy(p => Math.Abs(p.K - wanted)).K;
        IEnumerable<string> reached = findings.Criteria.Where(c => c.Curve.Any(p => p.K == k))
            .Select(c => (c.Title, At: c.Curve.First(p => p.K == k))).OrderByDescending(c => c.At.Faithfulness.Mean)
            .Select(c => $"{c.Title} {Fixed(c.At.Faithfulness.Mean, 2)}");
        CurvePoint without = lead.Curve.First(p => p.K == k);
        return $"With the top {Many(k, "head")} intact, faithfulness is: {string.Join(", ", reached)}. Taking the same {Count(k)} of {lead.Title} away leaves a completeness of {Fixed(without.Completeness.Mean, 2)}"
            + (without.Completeness.Mean > findings.Data.CompletenessThreshold ? ": other heads stand in for them." : ".");
    }

    /// <summary>Table 2.</summary>
    public static string Fit(Findings findings)
    {
        SampleResult worst = findings.Fitted.MinBy(s => s.R2)!;
        string ours = $"A sum of single heads explains {(findings.R2.Mean > 0 ? Percent(findings.R2.Mean) : "none")} of the variance of φ on masks that did not train (R² {WithInterval(findings.R2)}, ρ {WithInterval(findings.Rho)}, "
            + $"n = {Count(findings.Fitted.Count)}); the worst sample is “{worst.Answer}” ({worst.File}) with R² {Fixed(worst.R2, 2)}.";
        if (findings.Published is { } paper)
        {
            double apart = findings.R2.Mean - paper.R2;
            return $"{ours} The paper's {paper.Model} has R² {Fixed(paper.R2, 2)} ± {Fixed(paper.R2Deviation, 2)}: ours is {Fixed(Math.Abs(apart), 2)} {(apart < 0 ? "lower" : "higher")}, "
                + $"{(Math.Abs(apart) <= paper.R2Deviation ? "within" : "outside")} one standard deviation.";
        }

        double least = Published.All.Min(p => p.R2), most = Published.All.Max(p => p.R2);
        string place = findings.R2.Mean < least ? "below" : findings.R2.Mean > most ? "above" : "inside";
        return $"{ours} That is {place} the range of the paper's ten models ({Fixed(least, 2)} to {Fixed(most, 2)}).";
    }

    /// <summary>Fig. 2, scatter.</summary>
    public static string Predicted(Findings findings)
    {
        (double Phi, double Predicted)[] pairs = [.. findings.Fitted.Where(s => s.TestPhi.Count == s.TestPredicted.Count).SelectMany(s => s.TestPhi.Zip(s.TestPredicted)).Where(p => double.IsFinite(p.First) && double.IsFinite(p.Second))];
        if (pairs.Length == 0)
        {
            return "No test mask has a finite φ.";
        }

        double mean = pairs.Average(p => p.Phi);
        double error = Math.Sqrt(pairs.Average(p => (p.Phi - p.Predicted) * (p.Phi - p.Predicted)));
        double spread = Math.Sqrt(pairs.Average(p => (p.Phi - mean) * (p.Phi - mean)));
        return $"Over {Many(pairs.Length, "test mask")} of {Many(findings.Fitted.Count, "sample")} the prediction misses φ by {Fixed(error, 3)} (root mean square), where φ itself spreads by {Fixed(spread, 3)} around {Fixed(mean, 2)}.";
    }

    /// <summary>Fig. 2, coefficients.</summary>
    public static string Beta(Findings findings)
    {
        int heads = findings.Data.Model.Heads;
        double[] mean = [.. findings.MeanBeta!.Cast<double>()];
        int[] ranking = [.. Findings.Ranking(mean)];
        double positive = mean.Where(b => b > 0).Sum();
        int top = Math.Min(TopHeads, mean.Length);
        string strongest = $"The strongest head on average is layer {Count(ranking[0] / heads)} head {Count(ranking[0] % heads)} (mean β {Format.Beta(mean[ranking[0]])})";
        if (positive <= 0)
        {
            return strongest + "; no head has a positive mean.";
        }

        double depth = mean.Select((b, n) => Math.Max(0, b) * RelativeDepth(findings, n / heads)).Sum() / positive;
        return $"{strongest}; the top {Count(top)} of {Count(mean.Length)} heads hold {Percent(ranking.Take(top).Sum(n => Math.Max(0, mean[n])) / positive)} of the positive mean β, whose centre lies at {Percent(depth)} of the depth.";
    }

    /// <summary>Fig. 3C.</summary>
    public static string Frequency(Findings findings)
    {
        int heads = findings.Data.Model.Heads;
        double[] share = [.. findings.Frequency!.Cast<double>()];
        double size = share.Sum();
        double depth = size > 0 ? share.Select((s, n) => s * RelativeDepth(findings, n / heads)).Sum() / size : double.NaN;
        int most = share.Length > 0 ? Findings.Ranking(share).First() : 0;
        return $"{Many(share.Count(s => s >= 0.9), "head")} {(share.Count(s => s >= 0.9) == 1 ? "serves" : "serve")} at least 90\u202f% of the samples and {Count(share.Count(s => s == 0))} of {Count(share.Length)} none; "
            + $"the most shared is layer {Count(most / heads)} head {Count(most % heads)} ({Percent(share[most])}). The heads of x* lie at {Percent(depth)} of the depth on average"
            + (depth >= 0.4 ? ", in the middle to late layers as the paper finds." : ", earlier than the paper's middle to late layers.");
    }

    private static string Redundancy(Findings findings)
    {
        CriterionFindings lead = findings.Criterion(Criteria.HeadAttribution) ?? findings.Criteria[0];
        if (lead.Faithful.Mean is not { Count: > 0, Mean: > 0 and var faithful } || lead.Complete.Mean.Count == 0)
        {
            return "";
        }

        double ratio = lead.Complete.Mean.Mean / faithful;
        return $" By {lead.Title}, completeness takes {Fixed(ratio, 1)} times as many heads as faithfulness"
            + (ratio > 1 ? ": other heads can stand in for them, as the paper finds." : ", unlike in the paper, where it takes more.");
    }

    private static string PaperOnRanking(Order[] orders)
    {
        if (orders.Any(o => o.Best is null) || orders[0].Count < 2)
        {
            return "";
        }

        return orders.All(o => o.Best!.Criterion == Criteria.HeadAttribution && o.Level.Count == 0) ? " Head attribution comes first in both, as in the paper."
            : orders.All(o => o.Level.Append(o.Best!).Any(c => c.Criterion == Criteria.HeadAttribution)) ? " The paper finds head attribution first in both; here it is behind none, though not ahead of all."
            : " The paper finds head attribution first in both.";
    }

    private static double RelativeDepth(Findings findings, int layer) => findings.Data.Model.Layers > 1 ? (double)layer / (findings.Data.Model.Layers - 1) : 0;

    /// <summary>A mean count of heads with its interval.</summary>
    public static string Interval(Estimate mean) => MeanHeads(mean.Mean) + (mean.HasInterval ? $"\u00a0[{MeanHeads(mean.Low)}, {MeanHeads(mean.High)}]" : "");

    /// <summary>Mean ± standard deviation, as the paper's Table 2 writes it.</summary>
    public static string PlusMinus(Estimate mean)
    {
        int decimals = mean.Deviation < 0.005 ? 3 : 2;
        return Fixed(mean.Mean, decimals) + (double.IsFinite(mean.Deviation) ? "\u00a0±\u00a0" + Fixed(mean.Deviation, decimals) : "");
    }

    /// <summary>Masks of the samples: "1,000 masks each", or their range and mean.</summary>
    public static string Masks(Findings findings) => findings.MasksDiffer
        ? $"{Count(findings.MaskCounts.Min())} to {Count(findings.MaskCounts.Max())} masks (mean {Count((long)Math.Round(findings.MaskCounts.Average()))})"
        : $"{Count(findings.MaskCounts.Count > 0 ? findings.MaskCounts[0] : findings.Data.Masks)} masks each";

    /// <summary>The 95 % interval of the mean number of masks.</summary>
    public static string OfMeanMasks(Findings findings) =>
        findings.Mean(findings.MaskCounts.Select(m => (double)m)) is { HasInterval: true } mean ? $", mean in\u00a0[{Count((long)Math.Round(mean.Low))}, {Count((long)Math.Round(mean.High))}]" : "";

    /// <summary>Mean ± standard deviation, and the 95 % interval of the mean.</summary>
    public static string WithInterval(Estimate mean) => PlusMinus(mean) + OfMean(mean);

    /// <summary>The 95 % interval of a mean, where there is one.</summary>
    public static string OfMean(Estimate mean)
    {
        int decimals = mean.High - mean.Low < 0.01 ? 3 : 2;
        return mean.HasInterval ? $"\u00a0[{Fixed(mean.Low, decimals)}, {Fixed(mean.High, decimals)}]" : "";
    }

    /// <summary>The criteria in the order of heads needed; those that the samples do not tell from the first are level with it.</summary>
    private sealed class Order
    {
        private readonly CriterionFindings[] ordered;
        private readonly Func<CriterionFindings, HeadsNeeded> needed;
        private readonly int heads;

        public Order(Findings findings, Func<CriterionFindings, HeadsNeeded> needed)
        {
            this.needed = needed;
            heads = findings.HeadCount;
            ordered = [.. findings.Criteria.Where(c => needed(c).Mean.Count > 0).OrderBy(c => needed(c).Mean.Mean)];
            Level = [.. ordered.Skip(1).Where(c => findings.Difference(needed(c), needed(ordered[0])) is var d && (d.HasInterval ? d.Low <= 0 : !(d.Mean > 0)))];
        }

        public int Count => ordered.Length;

        public CriterionFindings? Best => ordered.FirstOrDefault();

        public IReadOnlyList<CriterionFindings> Level { get; }

        public string Words
        {
            get
            {
                if (Best is null)
                {
                    return "no criterion gets there in any sample";
                }

                string level = Level.Count > 0 ? $"; {string.Join(" and ", Level.Select(c => $"{c.Title} ({MeanHeads(needed(c).Mean.Mean)})"))} {(Level.Count == 1 ? "is" : "are")} level with it" : "";
                string next = ordered.Skip(1).Except(Level).FirstOrDefault() is { } behind ? $"; next is {behind.Title} with {MeanHeads(needed(behind).Mean.Mean)}" : "";
                return $"{Best.Title} needs {(ordered.Length > 1 ? "the fewest heads, " : "")}{Interval(needed(Best).Mean)} of {Format.Count(heads)}{level}{next}";
            }
        }
    }
}
