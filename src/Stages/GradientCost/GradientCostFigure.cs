using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Beyond the paper: held-out R^2 and agreement with the full elastic net against passes spent, by regression on masks
/// and by gradients.
/// </summary>
[Figure("fig-gradient-cost", Section.Beyond, Order = 1)]
internal sealed class GradientCostFigure : IFigure<Findings>
{
    private const double Near = 0.95; // of the full elastic net's R^2
    private const double Floor = 0; // of R^2: below, the mean of phi alone says more

    private static readonly (string Way, string Title, Ink Ink)[] Ways =
    [
        ("elastic-net", "elastic net on masks", Palette.Series[0]),
        ("gradient", "gradients, both ends", Palette.Series[3]),
        ("gradient, plain mean", "gradients, plain mean", Palette.Series[5]),
        ("gradient + elastic-net", "gradients + elastic net", Palette.Series[1]),
    ];

    /// <summary>The figure; null without the rows.</summary>
    public static Drawing? Of(Findings findings)
    {
        Line[] lines =
        [
            .. Ways.Select(way => new Line(way.Way, way.Title, way.Ink, Points(findings, way.Way)))
                .Where(line => line.Points.Count > 0),
        ];
        if (lines.Length == 0)
        {
            return null;
        }

        int samples = lines.Max(l => l.Points.Max(p => p.R2.Count));
        bool isCut = lines.Any(l => l.Points.Any(p => p.R2.Mean < Floor));
        var table = new FigureTable(
            [
                "way",
                "observations",
                "passes",
                "r2",
                "r2_low95",
                "r2_high95",
                "correlation",
                "correlation_low95",
                "correlation_high95",
                "samples",
            ],
            [
                .. lines.SelectMany(l =>
                    l.Points.Select(p =>
                        (IReadOnlyList<object?>)
                            [
                                l.Way,
                                p.Observations,
                                p.Passes,
                                p.R2.Mean,
                                p.R2.Low,
                                p.R2.High,
                                p.Correlation.Mean,
                                p.Correlation.Low,
                                p.Correlation.High,
                                p.R2.Count,
                            ]
                    )
                ),
            ]
        );
        return new Drawing(
            "The same β for fewer passes",
            Shows(lines),
            $"Lines: mean over samples; bands: 95 % bootstrap interval of the mean (n = {Count(samples)}). A mask "
                + $"costs one pass; a gradient two, forward and backward. "
                + "Left: R² on the same held-out forward masks for all. "
                + "Both ends: the mean gradient over masks with the head intact and that over masks with it ablated "
                + "count alike. Gradients + elastic net: all gradients, and an elastic net on what they leave of "
                + "that many masks. Right: Pearson correlation of β with that of the elastic net on all train masks "
                + "(its own line ends at 1 for that reason). Logarithmic axis."
                + (isCut ? $" R² below {Tick(Floor)} is not drawn; the data have it." : ""),
            table,
            canvas => Draw(lines, canvas)
        );
    }

    private static List<Point> Points(Findings findings, string way) =>
        [
            .. findings
                .Rows<CostPoint>()
                .Where(r => r.Way == way)
                .GroupBy(r => r.Observations)
                .OrderBy(g => g.Key)
                .Select(g => new Point(
                    g.Key,
                    g.First().Passes,
                    findings.Mean(g.Select(r => Undefined.ToNaN(r.R2))),
                    findings.Mean(g.Select(r => Undefined.ToNaN(r.Correlation)))
                )),
        ];

    private static string Shows(Line[] lines)
    {
        Line? masks = Array.Find(lines, l => l.Way == Ways[0].Way),
            gradients = Array.Find(lines, l => l.Way == Ways[1].Way),
            both = Array.Find(lines, l => l.Way == Ways[3].Way);
        if (masks is null || gradients is null)
        {
            return "One of the two ways has no rows.";
        }

        Point full = masks.Points[^1],
            last = gradients.Points[^1];
        string goal =
            $"{Percent(Near)} of the R² of the elastic net on all {Count(full.Observations)} train masks "
            + $"({Verdicts.Number(full.R2, 3)})";
        string text = (Reaching(masks, full), Reaching(gradients, full)) switch
        {
            ({ } slow, { } quick) =>
                $"To reach {goal}, {Many(quick.Observations, "gradient")} do ({Count(quick.Passes)} passes), or "
                    + $"{Many(slow.Observations, "mask")}: "
                    + (
                        slow.Passes >= quick.Passes
                            ? $"{Fixed((double)slow.Passes / quick.Passes, 1)} times the passes."
                            : $"{Fixed((double)quick.Passes / slow.Passes, 1)} times fewer."
                    ),
            _ => $"Gradients alone do not reach {goal}.",
        };
        text +=
            $" {Many(last.Observations, "gradient")} give R² {Verdicts.Number(last.R2, 3)}, and their β "
            + $"correlates {Verdicts.Number(last.Correlation, 3)} with it.";
        return both is null
            ? text
            : text
                + $" An elastic net on what they leave of {Count(both.Points[^1].Observations)} masks makes it "
                + $"{Verdicts.Number(both.Points[^1].R2, 3)}.";
    }

    /// <summary>The first point from which on the line stays near the full elastic net's R^2.</summary>
    private static Point? Reaching(Line line, Point full)
    {
        int from = line.Points.FindLastIndex(p => !(p.R2.Mean >= Near * full.R2.Mean)) + 1;
        return from < line.Points.Count ? line.Points[from] : null;
    }

    private static Svg Draw(Line[] lines, Canvas canvas)
    {
        var keys = new KeyRow([.. lines.Select(l => (l.Title, l.Ink))], canvas);
        var (svg, panels) = Panel.Several(canvas, 2, keys.Height);
        keys.Draw(svg);
        int ticks = canvas.IsNarrow ? 5 : 8;
        DrawPanel(svg, panels[0], lines, "R² on held-out masks", p => p.R2, ticks);
        DrawPanel(svg, panels[1], lines, "correlation with the full elastic net", p => p.Correlation, ticks);
        return svg;
    }

    private static void DrawPanel(
        Svg svg,
        Panel panel,
        Line[] lines,
        string name,
        Func<Point, Estimate> valueOf,
        int ticks
    )
    {
        Point[] all = [.. lines.SelectMany(l => l.Points)];
        double[] values = [.. all.Select(p => valueOf(p).Mean).Where(double.IsFinite)];
        int least = all.Min(p => p.Passes),
            most = Math.Max(all.Max(p => p.Passes), least + 1);
        Panel inside = LineEnds.Beside(panel, lines.Select(l => l.Title));
        Scale x = inside.Across(least, most, logarithmic: true),
            y = inside.Upwards(Math.Clamp(Math.Floor(values.DefaultIfEmpty(0).Min() * 5) / 5, Floor, 0.8), 1);
        svg.Axes(x, y, "passes a sample", name, [.. Decades(least, most, ticks)], y.Ticks(6));
        var ends = new LineEnds();
        foreach (var (line, series) in lines.Select((l, i) => (l, i)).Reverse())
        {
            Point[] points = [.. line.Points.Where(p => valueOf(p).Mean >= Floor)];
            svg.BeginSeries(series);
            BandedLine.Draw(svg, points.Select(p => ((double)p.Passes, valueOf(p))), x, y, line.Ink);
            foreach (Point p in points)
            {
                Estimate at = valueOf(p);
                string unit = line.Ink == Ways[1].Ink || line.Ink == Ways[2].Ink ? "gradient" : "mask";
                string interval = at.Bracket(v => Fixed(v, 3));
                svg.Mark(
                    x[p.Passes],
                    y.Clamped(at.Mean),
                    3.2,
                    Palette.MarkOf(line.Ink),
                    $"{line.Title}: {Many(p.Observations, unit)}, {Count(p.Passes)} passes\n"
                        + $"{Fixed(at.Mean, 3)}{interval}"
                );
            }

            svg.End();
            ends.Add(line.Title, line.Ink, series, [.. points.Select(p => (x[p.Passes], y.Clamped(valueOf(p).Mean)))]);
        }

        ends.Draw(svg, x, y, panel.Right);
    }

    /// <summary>1, 3, 10, 30, ... inside the scale; powers of ten alone where those are too many.</summary>
    private static IEnumerable<double> Decades(int least, int most, int count)
    {
        double[] all =
        [
            .. Enumerable
                .Range(0, 10)
                .SelectMany(e => new[] { Math.Pow(10, e), 3 * Math.Pow(10, e) })
                .Where(v => v >= least && v <= most),
        ];
        return all.Length <= count ? all : all.Where(v => Math.Abs(Math.Log10(v) - Math.Round(Math.Log10(v))) < 1e-9);
    }

    private sealed record Point(int Observations, int Passes, Estimate R2, Estimate Correlation);

    private sealed record Line(string Way, string Title, Ink Ink, List<Point> Points);
}
