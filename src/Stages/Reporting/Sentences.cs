using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>"What this shows": sentences computed from the data, and how they compare with the paper's.</summary>
internal static class Sentences
{
    private const int TopHeads = 5;
    private const double LateDepth = 0.4; // of the layers: where the middle begins

    /// <summary>The report in a sentence.</summary>
    public static string Headline(Findings findings)
    {
        string share = Percent(findings.Data.FaithfulnessThreshold);
        if (findings.Criterion(Criteria.HeadAttribution) is { Faithful.Mean: { Count: > 0 } needed })
        {
            CriterionFindings attribution = findings.Criterion(Criteria.HeadAttribution)!;
            string start =
                $"{Interval(needed)} of {Count(findings.HeadCount)} heads "
                + $"({Percent(needed.Mean / findings.HeadCount)}), ranked by head attribution, carry {share} of what "
                + "the picture adds to the answer";
            return
                findings.Criterion(Criteria.Random) is { Faithful.Mean: { Count: > 0 } random } other
                && findings.Ratio(other.Faithful, attribution.Faithful) is { Count: > 0 } ratio
                ? $"{start}; in random order it takes {Interval(random)}, {Verdicts.Number(ratio, 1)} times as many"
                    + $"{TimesAsMany(ratio)}."
                : start + ".";
        }

        return findings.Fitted.Count > 0
            ? $"A sum of single heads explains {Verdicts.Share(findings.R2)} of the variance of the answer's logit "
                + $"over {Many(findings.Fitted.Count, "sample")}."
            : $"{Answered(findings.Data)}; {Count(findings.Data.Rejected.Count)} left out.";
    }

    private static string Answered(ReportData data) =>
        data.HasLabels
            ? $"{Many(data.Samples.Count, "sample")} answered correctly"
            : $"{Many(data.Samples.Count, "sample")} answered, none judged: no labels";

    /// <summary>What follows a ratio that the samples do not tell from one.</summary>
    private static string TimesAsMany(Estimate ratio) =>
        Verdicts.Against(
            ratio,
            1,
            "",
            "",
            ", which the samples do not tell from as many",
            $" ({Verdicts.Few(ratio.Count)})"
        );

    /// <summary>Fig. 3A.</summary>
    public static string HeadsNeeded(Findings findings)
    {
        Order faithful = new(findings, c => c.Faithful),
            complete = new(findings, c => c.Complete);
        return $"For faithfulness > {Tick(findings.Data.FaithfulnessThreshold)}, {faithful.Words}. For completeness "
            + $"< {Tick(findings.Data.CompletenessThreshold)}, {complete.Words}."
            + PaperOnRanking([faithful, complete])
            + Redundancy(findings);
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
        IEnumerable<string> reached = findings
            .Criteria.Where(c => c.Curve.Any(p => p.K == k))
            .Select(c => (c.Title, At: c.Curve.First(p => p.K == k)))
            .OrderByDescending(c => c.At.Faithfulness.Mean)
            .Select(c => $"{c.Title} {Verdicts.Number(c.At.Faithfulness)}");
        Estimate without = lead.Curve.First(p => p.K == k).Completeness;
        string verdict = Verdicts.Against(
            without,
            findings.Data.CompletenessThreshold,
            "other heads stand in for them",
            "the rest cannot stand in for them",
            "the samples do not tell whether other heads stand in for them",
            $"{Verdicts.Few(without.Count)} whether other heads stand in for them"
        );
        return $"With the top {Many(k, "head")} intact, faithfulness is: {string.Join(", ", reached)}. Taking the "
            + $"same {Count(k)} of {lead.Title} away leaves a completeness of {Verdicts.Number(without)}: {verdict}.";
    }

    /// <summary>Table 2.</summary>
    public static string Fit(Findings findings)
    {
        SampleResult worst = findings.Fitted.MinBy(s => s.R2)!;
        string unfinished = string.Concat(
            findings.Rows<Convergence>().Where(c => c.Unfinished > 0).Select(c => " " + c.Sentence)
        );
        string ours =
            "A sum of single heads explains "
            + $"{(findings.R2.Mean > 0 ? Verdicts.Share(findings.R2) : "none")} of the variance of φ on masks that "
            + $"did not train (R² {WithInterval(findings.R2)}, ρ {WithInterval(findings.Rho)}, "
            + $"n = {Count(findings.Fitted.Count)}); the worst sample is “{worst.Answer}” ({worst.File}) with R² "
            + $"{Fixed(worst.R2, 2)}.{unfinished}";
        if (findings.Published is { } paper)
        {
            string verdict = Verdicts.Against(
                findings.R2,
                paper.R2,
                "ours is higher",
                "ours is lower",
                "the samples do not tell ours from it",
                $"{Verdicts.Few(findings.R2.Count)} ours from it"
            );
            return $"{ours} The paper's {paper.Model} has R² {Fixed(paper.R2, 2)} ± {Fixed(paper.R2Deviation, 2)}: "
                + $"{verdict} (difference {Verdicts.Number(findings.R2.Less(paper.R2))}).";
        }

        double least = Published.All.Min(p => p.R2),
            most = Published.All.Max(p => p.R2);
        string range = $"the range of the paper's ten models ({Fixed(least, 2)} to {Fixed(most, 2)})";
        return (findings.R2.Less(least), findings.R2.Less(most)) switch
        {
            ({ CanTell: false }, _) => $"{ours} The paper's ten models have {Fixed(least, 2)} to {Fixed(most, 2)}; "
                + $"{Verdicts.Few(findings.R2.Count)} on which side this one lies.",
            ({ Direction: < 0 }, _) => $"{ours} That is below {range}.",
            (_, { Direction: > 0 }) => $"{ours} That is above {range}.",
            ({ Direction: > 0 }, { Direction: < 0 }) => $"{ours} That is inside {range}.",
            _ => $"{ours} The interval holds an end of {range}.",
        };
    }

    /// <summary>Fig. 2, scatter.</summary>
    public static string Predicted(Findings findings)
    {
        (double Phi, double Predicted)[][] bySample =
        [
            .. findings
                .Fitted.Where(s => s.TestPhi.Count == s.TestPredicted.Count)
                .Select(s =>
                    s.TestPhi.Zip(s.TestPredicted)
                        .Where(p => double.IsFinite(p.First) && double.IsFinite(p.Second))
                        .ToArray()
                )
                .Where(pairs => pairs.Length > 0),
        ];
        if (bySample.Length == 0)
        {
            return "No test mask has a finite φ.";
        }

        double mean = bySample.SelectMany(s => s).Average(p => p.Phi);
        string error = RootMeanSquare(findings, bySample, p => p.Phi - p.Predicted),
            spread = RootMeanSquare(findings, bySample, p => p.Phi - mean);
        return $"Over {Many(bySample.Sum(s => s.Length), "test mask")} of {Many(bySample.Length, "sample")} the "
            + $"prediction misses φ by {error} (root mean square), where φ itself spreads by {spread} around "
            + $"{Fixed(mean, 2)}.";
    }

    /// <summary>Over all masks, with the interval over samples.</summary>
    private static string RootMeanSquare(
        Findings findings,
        (double Phi, double Predicted)[][] bySample,
        Func<(double Phi, double Predicted), double> of
    )
    {
        (double Squares, int Count)[] sums = [.. bySample.Select(s => (s.Sum(p => of(p) * of(p)), s.Length))];
        double Root(ReadOnlySpan<int> drawn)
        {
            double squares = 0;
            int count = 0;
            foreach (int i in drawn)
            {
                (squares, count) = (squares + sums[i].Squares, count + sums[i].Count);
            }

            return Math.Sqrt(squares / count);
        }

        var (low, high) = findings.Intervals.Interval(sums.Length, Root);
        return Fixed(Root([.. Enumerable.Range(0, sums.Length)]), 3) + Verdicts.Interval(low, high, 3);
    }

    /// <summary>Fig. 2, coefficients.</summary>
    public static string Beta(Findings findings)
    {
        double[] mean = [.. findings.MeanBeta!.Cast<double>()];
        int[] ranking = [.. Findings.Ranking(mean)];
        string strongest =
            $"The strongest head on average is {Head(findings, ranking[0])} (mean β "
            + $"{BetaOf(findings, ranking[0])}){Second(findings, ranking)}";
        if (!mean.Any(b => b > 0))
        {
            return strongest + "; no head has a positive mean.";
        }

        int[] top = [.. ranking.Take(TopHeads)];
        double Held(double[] beta) => top.Sum(n => Math.Max(0, beta[n])) / beta.Sum(b => Math.Max(0, b));
        double Depth(double[] beta) =>
            beta.Select((b, n) => Math.Max(0, b) * RelativeDepth(findings, n / findings.Data.Model.Heads)).Sum()
            / beta.Sum(b => Math.Max(0, b));
        return $"{strongest}. The top {Count(top.Length)} of {Count(mean.Length)} heads hold "
            + $"{OfMeanBeta(findings, mean, Held)} of the positive mean β, whose centre lies at "
            + $"{OfMeanBeta(findings, mean, Depth)} of the depth.";
    }

    private static string Head(Findings findings, int n) =>
        $"layer {Count(n / findings.Data.Model.Heads)} head {Count(n % findings.Data.Model.Heads)}";

    private static string BetaOf(Findings findings, int n)
    {
        Estimate beta = findings.Mean(findings.Fitted.Select(s => s.Beta[n]));
        return Format.Beta(beta.Mean)
            + (beta.HasInterval ? $"\u00a0[{Format.Beta(beta.Low)}, {Format.Beta(beta.High)}]" : "");
    }

    /// <summary>Whether the samples tell the strongest head from the next.</summary>
    private static string Second(Findings findings, int[] ranking)
    {
        if (ranking.Length < 2)
        {
            return "";
        }

        Estimate ahead = findings.Mean(findings.Fitted.Select(s => s.Beta[ranking[0]] - s.Beta[ranking[1]]));
        return !ahead.CanTell ? $"; {Verdicts.Few(ahead.Count)} it from the next"
            : ahead.Direction > 0 ? $", ahead of {Head(findings, ranking[1])} ({BetaOf(findings, ranking[1])})"
            : $", level with {Head(findings, ranking[1])} ({BetaOf(findings, ranking[1])})";
    }

    /// <summary>A share that the mean beta has, with its interval over samples.</summary>
    private static string OfMeanBeta(Findings findings, double[] mean, Func<double[], double> share)
    {
        double[] Mean(ReadOnlySpan<int> drawn)
        {
            var sum = new double[mean.Length];
            foreach (int i in drawn)
            {
                for (int n = 0; n < sum.Length; n++)
                {
                    sum[n] += findings.Fitted[i].Beta[n];
                }
            }

            return Array.ConvertAll(sum, s => s / findings.Fitted.Count);
        }

        var (low, high) = findings.Intervals.Interval(findings.Fitted.Count, drawn => share(Mean(drawn)));
        return Percent(share(mean)) + Verdicts.ShareInterval(low, high);
    }

    /// <summary>Fig. 3C.</summary>
    public static string Frequency(Findings findings)
    {
        double[] share = [.. findings.Frequency!.Cast<double>()];
        int most = Findings.Ranking(share).First();
        Estimate depth = findings.Mean(
            findings.SelectedHeads.Select(heads =>
                heads
                    .Select(n => RelativeDepth(findings, n / findings.Data.Model.Heads))
                    .DefaultIfEmpty(double.NaN)
                    .Average()
            )
        );
        string verdict = Verdicts.Against(
            depth,
            LateDepth,
            "in the middle to late layers as the paper finds",
            "earlier than the paper's middle to late layers",
            "which the samples do not tell from the paper's middle to late layers",
            $"{Verdicts.Few(depth.Count)} whether in the middle to late layers as the paper finds"
        );
        return $"{Many(share.Count(s => s >= 0.9), "head")} {(share.Count(s => s >= 0.9) == 1 ? "serves" : "serve")} "
            + $"at least 90\u202f% of the samples and {Count(share.Count(s => s == 0))} of {Count(share.Length)} none; "
            + $"the most shared is {Head(findings, most)} ({Verdicts.Share(findings.FrequencyOf(share[most]))}). The "
            + $"heads of x* lie at {Verdicts.Share(depth)} of the depth on average, {verdict}.";
    }

    private static string Redundancy(Findings findings)
    {
        CriterionFindings lead = findings.Criterion(Criteria.HeadAttribution) ?? findings.Criteria[0];
        Estimate ratio = findings.Ratio(lead.Complete, lead.Faithful);
        if (ratio.Count == 0)
        {
            return "";
        }

        string verdict = Verdicts.Against(
            ratio,
            1,
            "other heads can stand in for them, as the paper finds",
            "unlike in the paper, where it takes more",
            "the samples do not tell whether other heads can stand in for them, as the paper finds",
            $"{Verdicts.Few(ratio.Count)} whether other heads can stand in for them, as the paper finds"
        );
        return $" By {lead.Title}, completeness takes {Verdicts.Number(ratio, 1)} times as many heads as "
            + $"faithfulness: {verdict}.";
    }

    private static string PaperOnRanking(Order[] orders)
    {
        if (orders.Any(o => o.Best is null) || orders[0].Count < 2)
        {
            return "";
        }

        return orders.Any(o => o.Unclear.Count > 0) ? " The paper finds head attribution first in both."
            : orders.All(o => o.Best!.Criterion == Criteria.HeadAttribution && o.Level.Count == 0)
                ? " Head attribution comes first in both, as in the paper."
            : orders.All(o => o.Level.Append(o.Best!).Any(c => c.Criterion == Criteria.HeadAttribution))
                ? " The paper finds head attribution first in both; here it is behind none, though not ahead of all."
            : " The paper finds head attribution first in both.";
    }

    private static double RelativeDepth(Findings findings, int layer) =>
        findings.Data.Model.Layers > 1 ? (double)layer / (findings.Data.Model.Layers - 1) : 0;

    /// <summary>A mean count of heads with its interval.</summary>
    public static string Interval(Estimate mean) =>
        MeanHeads(mean.Mean) + (mean.HasInterval ? $"\u00a0[{MeanHeads(mean.Low)}, {MeanHeads(mean.High)}]" : "");

    /// <summary>Mean ± standard deviation, as the paper's Table 2 writes it.</summary>
    public static string PlusMinus(Estimate mean) =>
        MeanScore(mean)
        + (double.IsFinite(mean.Deviation) ? "\u00a0±\u00a0" + Fixed(mean.Deviation, Decimals(mean)) : "");

    /// <summary>The mean as <see cref="PlusMinus"/> has it.</summary>
    public static string MeanScore(Estimate mean) => Fixed(mean.Mean, Decimals(mean));

    private static int Decimals(Estimate mean) => mean.Deviation < 0.005 ? 3 : 2;

    /// <summary>Masks of the samples: "1,000 masks each", or their range and mean.</summary>
    public static string Masks(Findings findings) =>
        findings.MasksDiffer
            ? $"{Count(findings.MaskCounts.Min())} to {Count(findings.MaskCounts.Max())} masks (mean "
                + $"{Fixed(findings.MaskCounts.Average(), 0)})"
            : $"{Count(findings.MaskCounts.Count > 0 ? findings.MaskCounts[0] : findings.Data.Masks)} masks each";

    /// <summary>The 95 % interval of the mean number of masks.</summary>
    public static string OfMeanMasks(Findings findings) =>
        findings.Mean(findings.MaskCounts.Select(m => (double)m)) is { HasInterval: true } mean
            ? $", mean in\u00a0[{Fixed(mean.Low, 0)}, {Fixed(mean.High, 0)}]"
            : "";

    /// <summary>Mean ± standard deviation, and the 95 % interval of the mean.</summary>
    public static string WithInterval(Estimate mean) => PlusMinus(mean) + OfMean(mean);

    /// <summary>The 95 % interval of a mean, where there is one.</summary>
    public static string OfMean(Estimate mean)
    {
        int decimals = mean.High - mean.Low < 0.01 ? 3 : 2;
        return mean.HasInterval ? $"\u00a0[{Fixed(mean.Low, decimals)}, {Fixed(mean.High, decimals)}]" : "";
    }

    /// <summary>
    /// The criteria in the order of heads needed; those that the samples do not tell from the first are level with it,
    /// and where samples are too few nothing is ranked.
    /// </summary>
    private sealed class Order
    {
        private readonly CriterionFindings[] ordered;
        private readonly Func<CriterionFindings, HeadsNeeded> needed;
        private readonly int heads,
            fewest;

        public Order(Findings findings, Func<CriterionFindings, HeadsNeeded> needed)
        {
            this.needed = needed;
            heads = findings.HeadCount;
            ordered = [.. findings.Criteria.Where(c => needed(c).Mean.Count > 0).OrderBy(c => needed(c).Mean.Mean)];
            var ahead = ordered
                .Skip(1)
                .Select(c => (Criterion: c, By: findings.Difference(needed(c), needed(ordered[0]))))
                .ToList();
            Level = [.. ahead.Where(a => a.By.CanTell && a.By.Direction <= 0).Select(a => a.Criterion)];
            Unclear = [.. ahead.Where(a => !a.By.CanTell).Select(a => a.Criterion)];
            fewest = ahead.Select(a => a.By).Where(by => !by.CanTell).Select(by => by.Count).DefaultIfEmpty(0).Min();
        }

        public int Count => ordered.Length;

        public CriterionFindings? Best => ordered.FirstOrDefault();

        public IReadOnlyList<CriterionFindings> Level { get; }

        /// <summary>Criteria that too few samples have in common with the first.</summary>
        public IReadOnlyList<CriterionFindings> Unclear { get; }

        public string Words
        {
            get
            {
                if (Best is null)
                {
                    return "no criterion gets there in any sample";
                }

                string Named(CriterionFindings c) => $"{c.Title} ({Interval(needed(c).Mean)})";
                if (Unclear.Count > 0 && Unclear.Count == ordered.Length - 1)
                {
                    return $"{Best.Title} needs {Interval(needed(Best).Mean)} of {Format.Count(heads)}, "
                        + $"{string.Join(", ", Unclear.Select(Named))}: {Verdicts.Few(fewest)} which needs the fewest";
                }

                string level =
                    Level.Count > 0
                        ? $"; {string.Join(" and ", Level.Select(Named))} {(Level.Count == 1 ? "is" : "are")} "
                            + $"level with "
                            + "it"
                        : "";
                string unclear =
                    Unclear.Count > 0
                        ? $"; of {string.Join(" and ", Unclear.Select(Named))} {Verdicts.Few(fewest)}"
                        : "";
                string next = ordered.Skip(1).Except(Level).Except(Unclear).FirstOrDefault() is { } behind
                    ? $"; next is {behind.Title} with {Interval(needed(behind).Mean)}"
                    : "";
                string least = ordered.Length > 1 ? "the fewest heads, " : "";
                return $"{Best.Title} needs {least}{Interval(needed(Best).Mean)} of {Format.Count(heads)}"
                    + $"{level}{unclear}{next}";
            }
        }
    }
}
