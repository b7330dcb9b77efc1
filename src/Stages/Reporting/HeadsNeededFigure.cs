using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 3A: how many heads each criterion needs for faithfulness and for completeness.</summary>
[Figure("fig3a-heads-needed", Section.Validation, Paper = "Fig. 3A", Order = 1)]
internal sealed class HeadsNeededFigure : IFigure<Findings>
{
    private const double Label = 128,
        Row = 40,
        Head = 44,
        Foot = 44,
        ValueRoom = 44;

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
            Sentences.HeadsNeeded(findings),
            $"Bars: mean over samples of the smallest k that crosses the threshold (n = "
                + $"{Count(findings.Criteria.Max(c => c.Faithful.BySample.Count))}); whiskers: 95 % bootstrap "
                + $"interval of the mean; dots: samples. "
                + $"Shorter is better: fewer heads explain as much. Both panels share one scale, out of "
                + $"{Count(findings.HeadCount)} heads.",
            table,
            canvas => Draw(findings, panels, canvas)
        );
    }

    private static Panel[] Panels(Findings findings) =>
        [
            new("faithfulness", ">", findings.Data.FaithfulnessThreshold, "only these heads intact", c => c.Faithful),
            new("completeness", "<", findings.Data.CompletenessThreshold, "only these heads ablated", c => c.Complete),
        ];

    private static Svg Draw(Findings findings, Panel[] panels, Canvas canvas)
    {
        int rows = findings.Criteria.Count;
        double panelHeight = Head + (rows * Row) + Foot;
        Svg svg = canvas.Svg(canvas.IsNarrow ? panels.Length * panelHeight : panelHeight);
        double most = Most(findings, panels);
        double panelWidth = canvas.IsNarrow ? canvas.Width - Label : (canvas.Width - Label) / panels.Length;
        for (int p = 0; p < panels.Length; p++)
        {
            double left = Label + (canvas.IsNarrow ? 0 : p * panelWidth),
                top = canvas.IsNarrow ? p * panelHeight : 0;
            var x = new Scale(0, most, left, left + panelWidth - ValueRoom);
            DrawPanel(svg, findings, panels[p], x, top + Head, labels: canvas.IsNarrow || p == 0);
        }

        return svg;
    }

    private static void DrawPanel(Svg svg, Findings findings, Panel panel, Scale x, double top, bool labels)
    {
        double bottom = top + (findings.Criteria.Count * Row);
        svg.Text(
                x.Start,
                top - 26,
                $"{panel.Quantity} {panel.Sign} {Tick(panel.Threshold)}",
                ink: Palette.Ink,
                size: 14,
                bold: true
            )
            .Text(x.Start, top - 10, panel.Meaning);
        foreach (double tick in x.Ticks(5))
        {
            svg.Line(x[tick], top, x[tick], bottom, Palette.Rule)
                .Text(x[tick], bottom + 16, Tick(tick), "middle", size: 11);
        }

        svg.Line(x.Start, top, x.Start, bottom, Palette.Muted)
            .Text(
                (x.Start + x.End) / 2,
                bottom + 34,
                $"heads needed, of {Count(findings.HeadCount)}",
                "middle",
                Palette.Ink
            );
        for (int i = 0; i < findings.Criteria.Count; i++)
        {
            CriterionFindings criterion = findings.Criteria[i];
            double y = top + (i * Row);
            if (labels)
            {
                svg.Text(
                    x.Start - 8,
                    y + 18,
                    Cut(criterion.Title, 16),
                    "end",
                    Palette.Ink,
                    bold: criterion.Criterion == Criteria.HeadAttribution
                );
            }

            DrawRow(svg, criterion, panel.Of(criterion), x, y);
        }
    }

    private static void DrawRow(Svg svg, CriterionFindings criterion, HeadsNeeded needed, Scale x, double y)
    {
        Estimate mean = needed.Mean;
        if (mean.Count == 0)
        {
            svg.Text(x.Start + 6, y + 18, "not reached in any sample");
            return;
        }

        string others = needed.NotReached > 0 ? $"; not reached in {Many(needed.NotReached, "sample")}" : "",
            tip = $"{criterion.Title}: {Sentences.Interval(mean)} heads\nn = {Count(mean.Count)}{others}";
        svg.Rectangle(x.Start, y + 7, x[mean.Mean] - x.Start, 14, criterion.Ink, tip);
        svg.Cloud(
            [.. needed.BySample.Values.Order().Select((k, i) => (x.Clamped(k), y + 26 + (i % 4 * 2.2)))],
            1.3,
            criterion.Ink,
            0.55
        );
        double end = x[mean.Mean];
        if (mean.HasInterval)
        {
            end = x.Clamped(mean.High);
            svg.Line(x[mean.Low], y + 14, end, y + 14, Palette.Ink, 1.3)
                .Line(x[mean.Low], y + 10, x[mean.Low], y + 18, Palette.Ink, 1.3)
                .Line(end, y + 10, end, y + 18, Palette.Ink, 1.3);
        }

        svg.Text(end + 6, y + 18.5, MeanHeads(mean.Mean), ink: Palette.Ink, bold: true);
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
}
