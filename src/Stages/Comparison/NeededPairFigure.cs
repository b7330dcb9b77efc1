using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>Heads needed by each criterion in both runs, side by side.</summary>
[Figure("heads-needed", Section.Validation, Paper = "Fig. 3A", Order = 1)]
internal sealed class NeededPairFigure : IFigure<ComparedScans>
{
    private const double Row = 48,
        Bar = 13,
        Apart = (Bar / 2) + 1, // of each from the middle of its row
        Head = 30,
        Key = 34;

    /// <summary>The figure; null without a criterion in common.</summary>
    public static Drawing? Of(ComparedScans compared)
    {
        var (runs, scan) = compared;
        if (scan.Criteria.Count == 0)
        {
            return null;
        }

        Panel[] panels =
        [
            new($"faithfulness > {Tick(scan.A.Faithfulness)}", c => c.Faithful),
            new($"completeness < {Tick(scan.A.Completeness)}", c => c.Complete),
        ];
        var table = new FigureTable(
            [
                "criterion",
                "threshold",
                "heads_needed_a",
                "heads_needed_b",
                "difference",
                "low95",
                "high95",
                "samples_paired",
                "not_reached_a",
                "not_reached_b",
            ],
            [
                .. panels.SelectMany(p =>
                    scan.Criteria.Select(c => (c, n: p.Of(c)))
                        .Select(r =>
                            (IReadOnlyList<object?>)
                                [
                                    r.c.Criterion,
                                    p.Title,
                                    r.n.Heads.A.Mean,
                                    r.n.Heads.B.Mean,
                                    r.n.Heads.Difference.Mean,
                                    r.n.Heads.Difference.Low,
                                    r.n.Heads.Difference.High,
                                    r.n.Heads.Difference.Count,
                                    r.n.NotReachedA,
                                    r.n.NotReachedB,
                                ]
                        )
                ),
            ]
        );
        return new Drawing(
            "Heads needed in both runs",
            ComparisonSentences.Needed(scan),
            $"Bars: mean over all samples of a run of the smallest k that crosses the "
                + $"threshold{(scan.SameHeads ? "" : ", as a percentage of the model's heads")}; whiskers: 95 % "
                + $"bootstrap interval of the mean. "
                + "The sentence goes by differences within samples, whose interval is narrower than the whiskers "
                + "where samples differ more than runs.",
            table,
            canvas => Draw(runs, scan, panels, canvas)
        );
    }

    private static Svg Draw(RunComparison runs, ScanComparison scan, Panel[] panels, Canvas canvas)
    {
        double most = panels
            .SelectMany(p => scan.Criteria.SelectMany(c => new[] { p.Of(c).Heads.A, p.Of(c).Heads.B }))
            .SelectMany(m => new[] { m.Mean, m.High })
            .Where(double.IsFinite)
            .DefaultIfEmpty(1)
            .Max();
        var (svg, places) = RowPanel.Several(
            canvas,
            panels.Length,
            (scan.Criteria.Count, Row, Row / 2),
            Math.Max(most, 1e-9),
            Head,
            above: Key
        );
        ComparisonInks.Key(svg, runs, RowPanel.KeysAt(canvas));
        foreach (var (panel, (place, hasNames)) in panels.Zip(places))
        {
            DrawPanel(svg, scan, panel, place, hasNames);
        }

        return svg;
    }

    private static void DrawPanel(Svg svg, ScanComparison scan, Panel panel, RowPanel place, bool hasNames)
    {
        string unit = scan.SameHeads ? $"heads needed, of {Count(scan.A.HeadCount)}" : "heads needed, % of all";
        place.DrawHeading(svg, panel.Title);
        place.DrawAxis(svg, unit);
        for (int i = 0; i < scan.Criteria.Count; i++)
        {
            CriterionComparison criterion = scan.Criteria[i];
            if (hasNames)
            {
                place.DrawName(svg, i, criterion.Title, criterion.Criterion == Criteria.HeadAttribution);
            }

            NeededComparison needed = panel.Of(criterion);
            double middle = place.MiddleOf(i);
            DrawBar(
                svg.BeginSeries(0),
                $"A, {criterion.Title}",
                needed.Heads.A,
                needed.NotReachedA,
                needed,
                ComparisonInks.A,
                place,
                middle - Apart
            );
            DrawBar(
                svg.End().BeginSeries(1),
                $"B, {criterion.Title}",
                needed.Heads.B,
                needed.NotReachedB,
                needed,
                ComparisonInks.B,
                place,
                middle + Apart
            );
            svg.End();
        }
    }

    private static void DrawBar(
        Svg svg,
        string title,
        Estimate mean,
        int notReached,
        NeededComparison pair,
        Ink ink,
        RowPanel place,
        double middle
    )
    {
        if (mean.Count == 0)
        {
            place.DrawInstead(svg, middle, "not reached in any sample", size: 11);
            return;
        }

        string never = notReached > 0 ? $"\nnot reached in {Many(notReached, "sample")}" : "",
            tip =
                $"{title}: {Sentences.Interval(mean)}, n = {Count(mean.Count)}{never}\nB − A, paired: "
                + $"{ComparisonFormat.Signed(pair.Heads.Difference, 1)}";
        place.DrawBar(svg, middle, Bar, 0, mean.Mean, ink, tip);
        place.DrawValue(svg, middle, mean, MeanHeads(mean.Mean));
    }

    private sealed record Panel(string Title, Func<CriterionComparison, NeededComparison> Of);
}
