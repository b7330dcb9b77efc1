using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Beyond the paper: whether the masks were enough, as held-out R^2 and the stability of beta against their number.
/// </summary>
[Figure("fig-stability", Section.Fit, Order = 3)]
internal sealed class StabilityFigure : IFigure<Findings>
{
    /// <summary>
    /// A doubling that gains less R^2 and leaves beta a larger cosine than this says that more masks would change
    /// little.
    /// </summary>
    private const double LittleGain = 0.01,
        LittleTurn = 0.98;

    /// <summary>Between these and the former, more would sharpen beta; beyond, there were too few.</summary>
    private const double MuchGain = 0.05,
        MuchTurn = 0.93;

    private static readonly Measure R2 = new("R²", Palette.Series[0], p => p.R2),
        All = new("cosine with all", Palette.Series[2], p => p.All),
        Half = new("cosine with half", Palette.Series[1], p => p.Half),
        Split = new("two halves", Palette.Series[3], p => p.Split);

    /// <summary>The figure; null without the rows.</summary>
    public static Drawing? Of(Findings findings)
    {
        Point[] points =
        [
            .. findings
                .Rows<StabilityRow>()
                .GroupBy(r => r.Share)
                .OrderBy(g => g.Key)
                .Select(g => Point.Of(findings, g)),
        ];
        if (points.Length == 0)
        {
            return null;
        }

        var table = new FigureTable(
            [
                "share",
                "masks",
                "r2",
                "r2_low95",
                "r2_high95",
                "cosine_all",
                "cosine_all_low95",
                "cosine_all_high95",
                "cosine_half",
                "cosine_half_low95",
                "cosine_half_high95",
                "half_split",
                "half_split_low95",
                "half_split_high95",
                "spearman_brown",
                "samples",
            ],
            [
                .. points.Select(p =>
                    (IReadOnlyList<object?>)
                        [
                            p.Share,
                            p.Masks,
                            p.R2.Mean,
                            p.R2.Low,
                            p.R2.High,
                            p.All.Mean,
                            p.All.Low,
                            p.All.High,
                            p.Half.Mean,
                            p.Half.Low,
                            p.Half.High,
                            p.Split.Mean,
                            p.Split.Low,
                            p.Split.High,
                            p.Together.Mean,
                            p.R2.Count,
                        ]
                ),
            ]
        );
        return new Drawing(
            "Were the masks enough?",
            Shows(findings, points),
            $"The attribution's trainer on the train masks among the first of a sample's masks; R² always on the "
                + $"same held-out masks. Lines: mean over samples; bands: 95 % bootstrap interval of the mean (n = "
                + $"{Count(points.Max(p => p.R2.Count))}). "
                + "Right: cosine of β with β of all masks (its line ends at 1 for that reason) and with β of half as "
                + "many; Pearson correlation of β between two disjoint halves of the train masks, every other one. "
                + "Logarithmic axis. "
                + $"“Little”: a doubling gains less than {Tick(LittleGain)} of R² and leaves a cosine above "
                + $"{Tick(LittleTurn)}; “a little”: {Tick(MuchGain)} and {Tick(MuchTurn)}."
                + (
                    findings
                        .Rows<StabilityRow>()
                        .GroupBy(r => r.Share)
                        .Any(g => g.Select(r => r.Masks).Distinct().Count() > 1)
                        ? " Samples have different numbers of masks: shares of them are averaged, and the axis shows "
                            + "the mean number."
                        : ""
                ),
            table,
            canvas => Draw(points, canvas)
        );
    }

    private static string Shows(Findings findings, Point[] points)
    {
        Point last = points[^1];
        string halves =
            $"β of two disjoint halves of the train masks of {Words(last)} correlates "
            + $"{Interval(last.Split)}, which by Spearman and Brown makes {Interval(last.Together)} for β of both "
            + "together.";
        if (points.FirstOrDefault(p => p.Share == last.Share / 2) is not { } before || last.Half.Count == 0)
        {
            return $"The masks were not halved, so nothing says what doubling them changed. {halves}";
        }

        var earlier = findings
            .Rows<StabilityRow>()
            .Where(r => r.Share == before.Share)
            .ToDictionary(r => r.SampleId, StringComparer.Ordinal);
        Estimate gain = findings.Mean(
            findings
                .Rows<StabilityRow>()
                .Where(r => r.Share == last.Share && earlier.ContainsKey(r.SampleId))
                .Select(r => Undefined.ToNaN(r.R2 - earlier[r.SampleId].R2))
        );
        string change =
            $"Doubling the masks from {Fixed(before.Masks, 0)} to "
            + $"{Fixed(last.Masks, 0)} {(gain.Mean < 0 ? "lowered" : "raised")} R² by "
            + $"{Interval(gain with { Mean = Math.Abs(gain.Mean) }, gain.Mean < 0)}, and β kept a cosine of "
            + $"{Interval(last.Half)}: ";
        bool Within(double most, double turn) =>
            Worst(gain.High, gain.Mean) < most && Worst(last.Half.Low, last.Half.Mean) > turn;
        bool Beyond(double most, double turn) =>
            Worst(gain.Low, gain.Mean) >= most || Worst(last.Half.High, last.Half.Mean) <= turn;
        string verdict =
            Within(LittleGain, LittleTurn) ? "more masks would change little."
            : Within(MuchGain, MuchTurn) ? "more masks would still sharpen β a little."
            : Beyond(MuchGain, MuchTurn) ? "the masks were too few; raise their count."
            : "the samples do not tell whether the masks were enough; raise their count to be sure.";
        return $"{change}{verdict} {halves}";
    }

    /// <summary>The end of an interval; the mean where a single sample has none.</summary>
    private static double Worst(double end, double mean) => double.IsFinite(end) ? end : mean;

    private static string Words(Point point) => point.Share == 1 ? "all masks" : $"{Fixed(point.Masks, 0)} masks";

    private static string Interval(Estimate mean, bool negated = false) =>
        Fixed(mean.Mean, 3) + (negated ? mean.Negated : mean).Bracket(v => Fixed(v, 3));

    private static Svg Draw(Point[] points, Canvas canvas)
    {
        Measure[] measures = [R2, All, Half, Split];
        var keys = new KeyRow([.. measures.Select(m => (m.Title, m.Ink))], canvas);
        var (svg, panels) = Panel.Several(canvas, 2, keys.Height);
        keys.Draw(svg);
        DrawPanel(svg, panels[0], points, "R² on held-out masks", measures[..1], 0);
        DrawPanel(svg, panels[1], points, "likeness of β", measures[1..], 1);
        return svg;
    }

    private static void DrawPanel(
        Svg svg,
        Panel panel,
        Point[] points,
        string name,
        Measure[] measures,
        int firstSeries
    )
    {
        double[] values =
        [
            .. points
                .SelectMany(p => measures.Select(m => m.Of(p)))
                .SelectMany(e => new[] { e.Mean, e.Low })
                .Where(double.IsFinite),
        ];
        bool areSeveral = measures.Length > 1;
        Panel inside = areSeveral ? LineEnds.Beside(panel, measures.Select(m => m.Title)) : panel;
        Scale x = inside.Across(points[0].Masks, Math.Max(points[^1].Masks, points[0].Masks + 1), logarithmic: true),
            y = inside.Upwards(Math.Clamp(Math.Floor((values.DefaultIfEmpty(0).Min() - 0.01) * 10) / 10, -1, 0.9), 1);
        svg.Axes(x, y, "masks a sample", name, [], y.Ticks(6))
            .NumbersBelow(x, y.Start, points.Select(p => (p.Masks, Fixed(p.Masks, 0))));
        var ends = new LineEnds();
        foreach (var (measure, series) in measures.Select((m, i) => (m, firstSeries + i)).Reverse())
        {
            DrawLine(svg.BeginSeries(series), points, measure, x, y).End();
            if (areSeveral)
            {
                ends.Add(
                    measure.Title,
                    measure.Ink,
                    series,
                    [
                        .. points
                            .Where(p => double.IsFinite(measure.Of(p).Mean))
                            .Select(p => (x[p.Masks], y.Clamped(measure.Of(p).Mean))),
                    ]
                );
            }
        }

        ends.Draw(svg, x, y, panel.Right);
    }

    private static Svg DrawLine(Svg svg, Point[] points, Measure measure, Scale x, Scale y)
    {
        BandedLine.Draw(svg, points.Select(p => (p.Masks, measure.Of(p))), x, y, measure.Ink);
        foreach (Point p in points.Where(p => double.IsFinite(measure.Of(p).Mean)))
        {
            svg.Mark(
                x[p.Masks],
                y.Clamped(measure.Of(p).Mean),
                3.4,
                Palette.MarkOf(measure.Ink),
                $"{measure.Title}, {Words(p)}\n{Interval(measure.Of(p))}, n = {Count(measure.Of(p).Count)}"
            );
        }

        return svg;
    }

    /// <summary>What is drawn as a line.</summary>
    private sealed record Measure(string Title, Ink Ink, Func<Point, Estimate> Of);

    /// <summary>Means over samples at a share of their masks.</summary>
    private sealed record Point(
        double Share,
        double Masks,
        Estimate R2,
        Estimate All,
        Estimate Half,
        Estimate Split,
        Estimate Together
    )
    {
        public static Point Of(Findings findings, IGrouping<double, StabilityRow> rows) =>
            new(
                rows.Key,
                rows.Average(r => r.Masks),
                findings.Mean(rows.Select(r => Undefined.ToNaN(r.R2))),
                findings.Mean(rows.Select(r => Undefined.ToNaN(r.CosineAll))),
                findings.Mean(rows.Select(r => Undefined.ToNaN(r.CosineHalf))),
                findings.Mean(rows.Select(r => Undefined.ToNaN(r.HalfSplit))),
                findings.Mean(rows.Select(r => Undefined.ToNaN(r.SpearmanBrown)))
            );
    }
}
