using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 6: heads that head attribution needs, against the share of heads that its masks ablate.</summary>
[Figure("fig6-ablation-ratio", Section.Validation, Paper = "Fig. 6", Order = 4)]
internal sealed class RatioFigure : IFigure<Findings>
{
    /// <summary>The figure; null without a study of shares.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Rows<AblationRatioRow>().Count == 0)
        {
            return null;
        }

        Study study = StudyOf(findings);
        var table = new FigureTable(
            [
                "ablate",
                "faithful_heads",
                "faithful_low95",
                "faithful_high95",
                "faithful_not_reached",
                "complete_heads",
                "complete_low95",
                "complete_high95",
                "complete_not_reached",
                "r2",
                "r2_sd",
                "samples",
            ],
            [
                .. study.Places.Select(
                    (p, i) =>
                        (IReadOnlyList<object?>)
                            [
                                p,
                                study.Faithful[i].Mean,
                                study.Faithful[i].Low,
                                study.Faithful[i].High,
                                study.FaithfulMissing[i],
                                study.Complete[i].Mean,
                                study.Complete[i].Low,
                                study.Complete[i].High,
                                study.CompleteMissing[i],
                                study.R2[i].Mean,
                                study.R2[i].Deviation,
                                study.R2[i].Count,
                            ]
                ),
            ]
        );
        return new Drawing(
            "Heads needed at other ablation ratios",
            Shows(findings, study),
            $"Masks ablate p of the heads; β of those masks ranks the heads. Dots: mean over samples of the smallest "
                + $"k that crosses the threshold (n = {Count(study.R2.Max(m => m.Count))}); bars and bands: 95 % "
                + $"bootstrap interval. "
                + $"Lower is better, out of {Count(findings.HeadCount)} heads. The rest of this report has p = "
                + $"{Tick(100 * findings.Data.Ablate)}\u202f%.",
            table,
            canvas => Draw(findings, study, canvas)
        );
    }

    private static double FaithfulHeads(AblationRatioRow row) => row.FaithfulHeads ?? double.NaN;

    private static double CompleteHeads(AblationRatioRow row) => row.CompleteHeads ?? double.NaN;

    private static double R2(AblationRatioRow row) => row.R2 ?? double.NaN;

    private static Study StudyOf(Findings findings)
    {
        var byRatio = findings
            .Rows<AblationRatioRow>()
            .GroupBy(r => r.Ablate)
            .OrderBy(g => g.Key)
            .Select(g => g.ToArray())
            .ToArray();
        Estimate[] Means(Func<AblationRatioRow, double> valueOf) =>
            [.. byRatio.Select(rows => findings.Intervals.Of(rows.Select(valueOf)))];
        int[] Missing(Func<AblationRatioRow, double> valueOf) =>
            [.. byRatio.Select(rows => rows.Count(r => !double.IsFinite(valueOf(r))))];
        return new Study(
            [.. byRatio.Select(rows => rows[0].Ablate)],
            Means(FaithfulHeads),
            Missing(FaithfulHeads),
            Means(CompleteHeads),
            Missing(CompleteHeads),
            Means(R2)
        );
    }

    private static string Shows(Findings findings, Study study)
    {
        string words =
            $"{Extremes(findings, study, study.Faithful, FaithfulHeads, "faithfulness")}; "
            + $"{Extremes(findings, study, study.Complete, CompleteHeads, "completeness")}.";
        int[] fitted = [.. Enumerable.Range(0, study.R2.Count).Where(i => study.R2[i].Count > 0)];
        string Fit(int place) => $"{Ratio(study, place)} (R² {Verdicts.Number(study.R2[place])})";
        int best = fitted.Length == 0 ? 0 : fitted.MaxBy(i => study.R2[i].Mean),
            worst = fitted.Length == 0 ? 0 : fitted.MinBy(i => study.R2[i].Mean);
        string fits =
            fitted.Length < 2
                ? ""
                : $" Single heads add up best at {Fit(best)} and worst at "
                    + $"{Fit(worst)}{Told(findings, study, worst, best, r => -R2(r))}.";
        return char.ToUpperInvariant(words[0]) + words[1..] + HighAgainstLow(findings) + fits;
    }

    /// <summary>What follows two extremes that the samples do not tell apart.</summary>
    private static string Told(
        Findings findings,
        Study study,
        int more,
        int fewer,
        Func<AblationRatioRow, double> valueOf
    )
    {
        Dictionary<string, double> At(int place) =>
            findings
                .Rows<AblationRatioRow>()
                .Where(r => r.Ablate == study.Places[place] && double.IsFinite(valueOf(r)))
                .GroupBy(r => r.SampleId, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => valueOf(g.First()), StringComparer.Ordinal);
        Estimate difference = findings.Difference(At(more), At(fewer));
        return !difference.CanTell ? $" ({Verdicts.Few(difference.Count)})"
            : difference.Direction > 0 ? ""
            : " (level)";
    }

    private static string Extremes(
        Findings findings,
        Study study,
        IReadOnlyList<Estimate> means,
        Func<AblationRatioRow, double> valueOf,
        string quantity
    )
    {
        int[] known = [.. Enumerable.Range(0, means.Count).Where(i => double.IsFinite(means[i].Mean))];
        if (known.Length == 0)
        {
            return $"no ratio crosses the threshold of {quantity}";
        }

        int best = known.MinBy(i => means[i].Mean),
            worst = known.MaxBy(i => means[i].Mean);
        return means[best].Mean == means[worst].Mean
            ? $"{quantity} takes {Sentences.Interval(means[best])} heads at "
                + $"{(known.Length == 1 ? Ratio(study, best) : "every p that crosses it")}"
            : $"{quantity} takes the fewest heads at {Ratio(study, best)} ({Sentences.Interval(means[best])}) and the "
                + $"most at {Ratio(study, worst)} "
                + $"({Sentences.Interval(means[worst])}){Told(findings, study, worst, best, valueOf)}";
    }

    private static string Ratio(Study study, int place) => $"p\u00a0=\u00a0{Tick(100 * study.Places[place])}\u202f%";

    /// <summary>
    /// The paper's finding: ratios above a half need fewer heads. Told by the difference within each sample, so that
    /// samples that need many heads at every ratio do not hide it.
    /// </summary>
    private static string HighAgainstLow(Findings findings)
    {
        Estimate faithful = HighLessLow(findings, FaithfulHeads),
            complete = HighLessLow(findings, CompleteHeads);
        if (faithful.Count == 0 || complete.Count == 0)
        {
            return "";
        }

        string verdict =
            !faithful.CanTell || !complete.CanTell
                ? $"the paper finds fewer in both; {Verdicts.Few(Math.Min(faithful.Count, complete.Count))}"
            : faithful.Direction < 0 && complete.Direction < 0 ? "fewer in both, as in the paper"
            : faithful.Direction > 0 || complete.Direction > 0 ? "in the paper they need fewer in both"
            : "the paper finds fewer in both, which these samples do not settle";
        return $" Within a sample, ratios above 50\u202f% need {More(faithful)} heads for faithfulness than those up "
            + $"to 50\u202f%, and {More(complete)} for completeness: {verdict}.";
    }

    private static Estimate HighLessLow(Findings findings, Func<AblationRatioRow, double> valueOf) =>
        findings.Mean(
            findings
                .Rows<AblationRatioRow>()
                .GroupBy(r => r.SampleId)
                .Select(sample =>
                {
                    double[] high = [.. sample.Where(r => r.Ablate > 0.5).Select(valueOf)],
                        low = [.. sample.Where(r => r.Ablate <= 0.5).Select(valueOf)];
                    // NaN where some ratio never crosses
                    return high.Length == 0 || low.Length == 0 ? double.NaN : high.Average() - low.Average();
                })
        );

    private static string More(Estimate difference) =>
        difference.Mean < 0
            ? Sentences.Interval(difference.Negated) + " fewer"
            : Sentences.Interval(difference) + " more";

    private static Svg Draw(Findings findings, Study study, Canvas canvas)
    {
        double[] percent = [.. study.Places.Select(p => 100 * p)];
        EstimatePanel Of(string name, IReadOnlyList<Estimate> means, IReadOnlyList<int> missing) =>
            new(
                name,
                "p, % of heads ablated",
                percent,
                [new EstimateSeries("p (%)", Criteria.InkOf(Criteria.HeadAttribution), true, means, missing)]
            );
        EstimatePanel[] panels =
        [
            Of(
                $"heads for faithfulness > {Tick(findings.Data.FaithfulnessThreshold)}",
                study.Faithful,
                study.FaithfulMissing
            ),
            Of(
                $"heads for completeness < {Tick(findings.Data.CompletenessThreshold)}",
                study.Complete,
                study.CompleteMissing
            ),
        ];
        var (svg, places) = Panel.Several(canvas, panels.Length, above: 0);
        foreach (var (panel, place) in panels.Zip(places))
        {
            panel.Draw(svg, place, panels.Max(p => p.Most));
        }

        return svg;
    }

    private sealed record Study(
        IReadOnlyList<double> Places,
        IReadOnlyList<Estimate> Faithful,
        IReadOnlyList<int> FaithfulMissing,
        IReadOnlyList<Estimate> Complete,
        IReadOnlyList<int> CompleteMissing,
        IReadOnlyList<Estimate> R2
    );
}
