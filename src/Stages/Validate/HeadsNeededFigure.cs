using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 3A: how many heads each criterion needs for faithfulness and for completeness.</summary>
[Figure("fig3a-heads-needed", Section.Validation, Paper = "Fig. 3A", Order = 1)]
internal sealed class HeadsNeededFigure : IFigure<Findings>
{
    private const double Row = 40,
        Middle = 14, // of a bar, in its row
        Bar = 14,
        Samples = 12, // their dots below that
        Head = 44;

    /// <summary>The figure; null without validation.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Criteria.Count == 0)
        {
            return null;
        }

        var panels = Panels(findings);
        var table = new FigureTable(
            ["criterion", "quantity", "threshold", "heads_needed", "low95", "high95", "samples", "not_reached"],
            [
                .. panels.SelectMany(p =>
                    findings.Criteria.Select(c =>
                        (IReadOnlyList<object?>)
                            [
                                c.Criterion,
                                p.Quantity,
                                p.Threshold,
                                p.Of(c).Mean.Mean,
                                p.Of(c).Mean.Low,
                                p.Of(c).Mean.High,
                                p.Of(c).Mean.Count,
                                p.Of(c).NotReached,
                            ]
                    )
                ),
            ]
        );
        return new Drawing(
            "Heads needed by each criterion",
            Shows(findings),
            $"Bars: mean over samples of the smallest k that crosses the threshold (n = "
                + $"{Count(findings.Criteria.Max(c => c.Faithful.BySample.Count))}); whiskers: 95 % bootstrap "
                + $"interval of the mean; dots: samples. "
                + $"Shorter is better: fewer heads explain as much. Both panels share one scale, out of "
                + $"{Count(findings.HeadCount)} heads.",
            table,
            canvas => Draw(findings, panels, canvas)
        );
    }

    private static string Shows(Findings findings)
    {
        Order faithful = new(findings, c => c.Faithful),
            complete = new(findings, c => c.Complete);
        return $"For faithfulness > {Tick(findings.Data.FaithfulnessThreshold)}, {faithful.Words}. For completeness "
            + $"< {Tick(findings.Data.CompletenessThreshold)}, {complete.Words}."
            + FewestHeads.Sentence(findings)
            + StandIns(findings);
    }

    private static string StandIns(Findings findings)
    {
        if (Redundancy.Of(findings) is not [var more])
        {
            return "";
        }

        string verdict = Verdicts.On(
            more,
            "other heads can stand in for them, as the paper finds",
            "unlike in the paper, where it takes more",
            "the samples do not tell whether other heads can stand in for them, as the paper finds",
            $"{Verdicts.Few(more.Value.Count)} whether other heads can stand in for them, as the paper finds"
        );
        return $" By {Redundancy.Lead(findings)!.Title}, completeness takes {Verdicts.Number(more.Value, 1)} times as "
            + $"many heads as faithfulness: {verdict}.";
    }

    private static Panel[] Panels(Findings findings) =>
        [
            new("faithfulness", ">", findings.Data.FaithfulnessThreshold, "only these heads intact", c => c.Faithful),
            new("completeness", "<", findings.Data.CompletenessThreshold, "only these heads ablated", c => c.Complete),
        ];

    private static Svg Draw(Findings findings, Panel[] panels, Canvas canvas)
    {
        var (svg, places) = RowPanel.Several(
            canvas,
            panels.Length,
            (findings.Criteria.Count, Row, Middle),
            Most(findings, panels),
            Head
        );
        foreach (var (panel, (place, hasNames)) in panels.Zip(places))
        {
            DrawPanel(svg, findings, panel, place, hasNames);
        }

        return svg;
    }

    private static void DrawPanel(Svg svg, Findings findings, Panel panel, RowPanel place, bool hasNames)
    {
        place.DrawHeading(svg, $"{panel.Quantity} {panel.Sign} {Tick(panel.Threshold)}", panel.Meaning);
        place.DrawAxis(svg, $"heads needed, of {Count(findings.HeadCount)}");
        for (int i = 0; i < findings.Criteria.Count; i++)
        {
            CriterionFindings criterion = findings.Criteria[i];
            if (hasNames)
            {
                place.DrawName(svg, i, criterion.Title, criterion.Criterion == Criteria.HeadAttribution);
            }

            DrawRow(svg, criterion, panel.Of(criterion), place, place.MiddleOf(i));
        }
    }

    private static void DrawRow(Svg svg, CriterionFindings criterion, HeadsNeeded needed, RowPanel place, double middle)
    {
        Estimate mean = needed.Mean;
        if (mean.Count == 0)
        {
            place.DrawInstead(svg, middle, "not reached in any sample");
            return;
        }

        string others = needed.NotReached > 0 ? $"; not reached in {Many(needed.NotReached, "sample")}" : "",
            tip = $"{criterion.Title}: {Sentences.Interval(mean)} heads\nn = {Count(mean.Count)}{others}";
        place.DrawBar(svg, middle, Bar, 0, mean.Mean, criterion.Ink, tip);
        svg.Cloud(
            [
                .. needed
                    .BySample.Values.Order()
                    .Select((k, i) => (place.X.Clamped(k), middle + Samples + (i % 4 * 2.2))),
            ],
            1.3,
            criterion.Ink,
            0.55
        );
        place.DrawValue(svg, middle, mean, MeanHeads(mean.Mean), isBold: true);
    }

    private static double Most(Findings findings, Panel[] panels)
    {
        double[] ends = [.. panels.SelectMany(p => findings.Criteria.SelectMany(c => p.Of(c).BySample.Values))];
        return Math.Max(1, ends.DefaultIfEmpty(1).Max());
    }

    private sealed record Panel(
        string Quantity,
        string Sign,
        double Threshold,
        string Meaning,
        Func<CriterionFindings, HeadsNeeded> Of
    );

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

                string Named(CriterionFindings c) => $"{c.Title} ({Sentences.Interval(needed(c).Mean)})";
                if (Unclear.Count > 0 && Unclear.Count == ordered.Length - 1)
                {
                    return $"{Best.Title} needs {Sentences.Interval(needed(Best).Mean)} of {Format.Count(heads)}, "
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
                    ? $"; next is {behind.Title} with {Sentences.Interval(needed(behind).Mean)}"
                    : "";
                string least = ordered.Length > 1 ? "the fewest heads, " : "";
                return $"{Best.Title} needs {least}{Sentences.Interval(needed(Best).Mean)} of {Format.Count(heads)}"
                    + $"{level}{unclear}{next}";
            }
        }
    }
}
