using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 6: heads that head attribution needs, against the share of heads that its masks ablate.</summary>
internal static class RatioFigure
{
    /// <summary>The figure; null without a study of shares.</summary>
    public static Figure? Of(Findings findings)
    {
        if (findings.Data.Ratios.Count == 0)
        {
            return null;
        }

        Study study = StudyOf(findings);
        var table = new FigureTable(
            ["ablate", "faithful_heads", "faithful_low95", "faithful_high95", "faithful_not_reached", "complete_heads", "complete_low95", "complete_high95", "complete_not_reached", "r2", "r2_sd", "samples"],
            [.. study.Places.Select((p, i) => (IReadOnlyList<object?>)
            [
                p, study.Faithful[i].Mean, study.Faithful[i].Low, study.Faithful[i].High, study.FaithfulMissing[i],
                study.Complete[i].Mean, study.Complete[i].Low, study.Complete[i].High, study.CompleteMissing[i], study.R2[i].Mean, study.R2[i].Deviation, study.R2[i].Count,
            ])]);
        return new Figure(
            "fig6-ablation-ratio", "Fig. 6", "Heads needed at other ablation ratios", Shows(findings, study),
            $"Masks ablate p percent of the heads; β of those masks ranks the heads. Dots: mean over samples of the smallest k that crosses the threshold (n = {Count(study.R2.Max(m => m.Count))}); bars and bands: 95 % bootstrap interval. "
            + $"Lower is better, out of {Count(findings.HeadCount)} heads. The rest of this report has p = {Tick(100 * findings.Data.Ablate)}.",
            table, canvas => Draw(findings, study, canvas));
    }

    private static Study StudyOf(Findings findings)
    {
        var byRatio = findings.Data.Ratios.GroupBy(r => r.Ablate).OrderBy(g => g.Key).Select(g => g.ToArray()).ToArray();
        Estimate[] Means(Func<RatioRow, double> valueOf) => [.. byRatio.Select(rows => findings.Intervals.Of(rows.Select(valueOf)))];
        int[] Missing(Func<RatioRow, double> valueOf) => [.. byRatio.Select(rows => rows.Count(r => !double.IsFinite(valueOf(r))))];
        return new Study(
            [.. byRatio.Select(rows => rows[0].Ablate)], Means(r => r.FaithfulHeads), Missing(r => r.FaithfulHeads), Means(r => r.CompleteHeads), Missing(r => r.CompleteHeads), Means(r => r.R2));
    }

    private static string Shows(Findings findings, Study study)
    {
        string Best(IReadOnlyList<Estimate> means, string quantity)
        {
            int[] known = [.. Enumerable.Range(0, means.Count).Where(i => double.IsFinite(means[i].Mean))];
            if (known.Length == 0)
            {
                return $"no ratio crosses the threshold of {quantity}";
            }

            int best = known.MinBy(i => means[i].Mean), worst = known.MaxBy(i => means[i].Mean);
            return $"{quantity} takes the fewest heads at p = {Tick(100 * study.Places[best])} ({Sentences.Interval(means[best])}) and the most at {Tick(100 * study.Places[worst])} ({Sentences.Interval(means[worst])})";
        }

        double[] below = Side(p => p <= 0.5), above = Side(p => p > 0.5);
        double[] Side(Func<double, bool> isIn) => [.. study.Places.Select((p, i) => (p, study.Faithful[i].Mean)).Where(x => isIn(x.p) && double.IsFinite(x.Mean)).Select(x => x.Mean)];
        string paper = below.Length == 0 || above.Length == 0 ? ""
            : above.Average() < below.Average() ? " Ratios above 50\u202f% need fewer heads on average than those up to 50\u202f%, as in the paper." : " Ratios above 50\u202f% do not need fewer heads than those up to 50\u202f%, unlike in the paper.";
        string words = $"{Best(study.Faithful, "faithfulness")}; {Best(study.Complete, "completeness")}.";
        return char.ToUpperInvariant(words[0]) + words[1..] + paper;
    }

    private static Svg Draw(Findings findings, Study study, Canvas canvas)
    {
        double[] percent = [.. study.Places.Select(p => 100 * p)];
        EstimatePanel Panel(string name, IReadOnlyList<Estimate> means, IReadOnlyList<int> missing) =>
            new(name, "p, % of heads ablated", percent, [new EstimateSeries("p (%)", Criteria.InkOf(Criteria.HeadAttribution), true, means, missing)]);
        EstimatePanel[] panels =
        [
            Panel($"heads for faithfulness > {Tick(findings.Data.FaithfulnessThreshold)}", study.Faithful, study.FaithfulMissing),
            Panel($"heads for completeness < {Tick(findings.Data.CompletenessThreshold)}", study.Complete, study.CompleteMissing),
        ];
        double height = canvas.IsNarrow ? 240 : 280, width = canvas.IsNarrow ? canvas.Width : canvas.Width / 2, most = panels.Max(p => p.Most);
        Svg svg = canvas.Svg(canvas.IsNarrow ? 2 * height : height);
        for (int p = 0; p < panels.Length; p++)
        {
            panels[p].Draw(svg, canvas.IsNarrow ? 0 : p * width, canvas.IsNarrow ? p * height : 0, width, height, most);
        }

        return svg;
    }

    private sealed record Study(
        IReadOnlyList<double> Places, IReadOnlyList<Estimate> Faithful, IReadOnlyList<int> FaithfulMissing, IReadOnlyList<Estimate> Complete, IReadOnlyList<int> CompleteMissing, IReadOnlyList<Estimate> R2);
}
