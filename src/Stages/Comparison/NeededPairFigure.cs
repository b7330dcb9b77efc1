using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>Heads needed by each criterion in both runs, side by side.</summary>
[Figure("heads-needed", Section.Validation, Paper = "Fig. 3A", Order = 1)]
internal sealed class NeededPairFigure : IFigure<ComparedScans>
{
    private const double Label = 128,
        Row = 48,
        Bar = 13,
        Head = 30,
        ValueRoom = 48;

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
        double panelHeight = Head + (scan.Criteria.Count * Row) + RowAxis.Height;
        const double key = 34;
        Svg svg = canvas.Svg(key + (canvas.IsNarrow ? panels.Length * panelHeight : panelHeight));
        ComparisonInks.Key(svg, runs, canvas.IsNarrow ? 0 : Label);
        double most = panels
            .SelectMany(p => scan.Criteria.SelectMany(c => new[] { p.Of(c).Heads.A, p.Of(c).Heads.B }))
            .SelectMany(m => new[] { m.Mean, m.High })
            .Where(double.IsFinite)
            .DefaultIfEmpty(1)
            .Max();
        double width = canvas.IsNarrow ? canvas.Width - Label : (canvas.Width - Label) / panels.Length;
        for (int p = 0; p < panels.Length; p++)
        {
            double left = Label + (canvas.IsNarrow ? 0 : p * width),
                top = key + Head + (canvas.IsNarrow ? p * panelHeight : 0);
            DrawPanel(
                svg,
                scan,
                panels[p],
                new Scale(0, Math.Max(most, 1e-9), left, left + width - ValueRoom),
                top,
                labels: canvas.IsNarrow || p == 0
            );
        }

        return svg;
    }

    private static void DrawPanel(Svg svg, ScanComparison scan, Panel panel, Scale x, double top, bool labels)
    {
        double bottom = top + (scan.Criteria.Count * Row);
        svg.Text(x.Start, top - 10, panel.Title, ink: Palette.Ink, size: 14, bold: true);
        string unit = scan.SameHeads ? $"heads needed, of {Count(scan.A.HeadCount)}" : "heads needed, % of all";
        RowAxis.Draw(svg, x, top, bottom, unit, ticks: 5, from: 0);
        for (int i = 0; i < scan.Criteria.Count; i++)
        {
            CriterionComparison criterion = scan.Criteria[i];
            double y = top + (i * Row);
            if (labels)
            {
                svg.Text(
                    x.Start - 8,
                    y + (Row / 2) + 4,
                    Cut(criterion.Title, 16),
                    "end",
                    Palette.Ink,
                    bold: criterion.Criterion == Criteria.HeadAttribution
                );
            }

            NeededComparison needed = panel.Of(criterion);
            svg.BeginSeries(0);
            DrawBar(
                svg,
                $"A, {criterion.Title}",
                needed.Heads.A,
                needed.NotReachedA,
                needed,
                ComparisonInks.A,
                x,
                y + (Row / 2) - Bar - 1
            );
            svg.End().BeginSeries(1);
            DrawBar(
                svg,
                $"B, {criterion.Title}",
                needed.Heads.B,
                needed.NotReachedB,
                needed,
                ComparisonInks.B,
                x,
                y + (Row / 2) + 1
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
        Scale x,
        double y
    )
    {
        if (mean.Count == 0)
        {
            svg.Text(x.Start + 6, y + Bar - 2, "not reached in any sample", size: 11);
            return;
        }

        string never = notReached > 0 ? $"\nnot reached in {Many(notReached, "sample")}" : "";
        svg.Rectangle(
            x.Start,
            y,
            x[mean.Mean] - x.Start,
            Bar,
            ink,
            $"{title}: {Sentences.Interval(mean)}, n = {Count(mean.Count)}{never}\nB − A, paired: "
                + $"{ComparisonFormat.Signed(pair.Heads.Difference, 1)}"
        );
        double end = x[mean.Mean],
            middle = y + (Bar / 2);
        if (mean.HasInterval)
        {
            end = x[mean.High];
            RowAxis.Whisker(svg, x, mean.Low, mean.High, middle);
        }

        svg.Text(end + 6, middle + 4.5, MeanHeads(mean.Mean), ink: Palette.Ink);
    }

    private sealed record Panel(string Title, Func<CriterionComparison, NeededComparison> Of);
}
