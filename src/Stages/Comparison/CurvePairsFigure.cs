using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>The mean curves of both runs, one upon the other: a row a criterion.</summary>
[Figure("curves", Section.Validation, Paper = "Fig. 3A", Order = 2)]
internal sealed class CurvePairsFigure : IFigure<ComparedScans>
{
    private const double PanelHeight = 210;
    private const int TipsAtMost = 40; // of a line

    /// <summary>The figure; null without a curve in common.</summary>
    public static Drawing? Of(ComparedScans compared)
    {
        var (runs, scan) = compared;
        if (scan.Criteria.All(c => c.Faithfulness.A.Count == 0 || c.Faithfulness.B.Count == 0))
        {
            return null;
        }

        string across = scan.SameHeads ? "k" : "share";
        IEnumerable<IReadOnlyList<object?>> Rows(string run, Func<CurveComparison, IReadOnlyList<CurveDot>> of) =>
            scan.Criteria.SelectMany(c =>
                of(c.Faithfulness)
                    .Zip(of(c.Completeness), (f, m) =>
                        (IReadOnlyList<object?>)
                            [
                                run,
                                c.Criterion,
                                f.X,
                                f.Value.Mean,
                                f.Value.Low,
                                f.Value.High,
                                m.Value.Mean,
                                m.Value.Low,
                                m.Value.High,
                            ]
                    )
            );
        var table = new FigureTable(
            [
                "run",
                "criterion",
                across,
                "faithfulness",
                "faithfulness_low95",
                "faithfulness_high95",
                "completeness",
                "completeness_low95",
                "completeness_high95",
            ],
            [.. Rows("A", c => c.A), .. Rows("B", c => c.B)]
        );
        string samples =
            scan.CurveSamplesA == scan.CurveSamplesB
                ? $"{Many(scan.CurveSamplesA, "sample")}"
                : $"{Many(scan.CurveSamplesA, "sample")} of A and {Count(scan.CurveSamplesB)} of B";
        return new Drawing(
            "Faithfulness and completeness in both runs",
            ComparisonSentences.Curves(scan),
            $"Lines: mean over {samples}{(scan.Overlap.Common.Count > 0 ? " in common" : "")}; bands: 95 % bootstrap "
                + $"interval of the mean; A is drawn broad, B narrow upon it. d: mean distance of the two lines over "
                + $"all places, ρ: their correlation. {Ends(scan)}"
                + $"Dashed: thresholds. Logarithmic "
                + $"axis{(scan.SameHeads ? "" : "; the models have different heads, so it is their share")}. Click a "
                + $"key to hide its lines.",
            table,
            canvas => Draw(runs, scan, canvas)
        );
    }

    private static string Ends(ScanComparison scan) =>
        scan.Criteria.SelectMany(c => c.Faithfulness.A.Concat(c.Faithfulness.B)).All(d => d.IsOfAll)
            ? ""
            : "Dotted ends: the scans of some samples had ended, and the mean is of those left, which need the most "
                + "heads; tips have their number, and d and ρ leave them out. ";

    private static Svg Draw(RunComparison runs, ScanComparison scan, Canvas canvas)
    {
        IReadOnlyList<GridPanel> panels = Panel.Grid(
            canvas,
            2 * scan.Criteria.Count,
            ComparisonInks.KeyHeight,
            PanelHeight,
            columns: canvas.IsNarrow ? 1 : 2
        );
        Svg svg = canvas.Svg(panels[^1].Panel.Bottom);
        ComparisonInks.Key(svg, runs, canvas.IsNarrow ? 0 : Panel.ForNumbers);
        for (int i = 0; i < scan.Criteria.Count; i++)
        {
            CriterionComparison criterion = scan.Criteria[i];
            DrawPanel(
                svg,
                scan,
                $"{criterion.Title}: faithfulness",
                criterion.Faithfulness,
                scan.A.Faithfulness,
                panels[2 * i]
            );
            DrawPanel(
                svg,
                scan,
                $"{criterion.Title}: completeness",
                criterion.Completeness,
                scan.A.Completeness,
                panels[(2 * i) + 1]
            );
        }

        return svg;
    }

    private static void DrawPanel(
        Svg svg,
        ScanComparison scan,
        string title,
        CurveComparison curve,
        double threshold,
        GridPanel place
    )
    {
        CurveDot[] all = [.. curve.A, .. curve.B];
        double[] bounds =
        [
            .. all.SelectMany(p => new[] { p.Value.Mean, p.Value.Low, p.Value.High }).Where(double.IsFinite),
        ];
        double least = all.Length > 0 ? all.Min(p => p.X) : 1,
            most = all.Length > 0 ? all.Max(p => p.X) : 1;
        Scale x = place.Panel.Across(least, Math.Max(2 * least, most), logarithmic: true),
            y = place.Panel.Upwards(
                Math.Min(0, bounds.DefaultIfEmpty(0).Min()),
                Math.Max(1, bounds.DefaultIfEmpty(1).Max())
            );
        string across = scan.SameHeads ? "heads k, most important first" : "share of heads, most important first";
        svg.Axes(
            x,
            y,
            place.IsLowest ? across : "",
            "",
            scan.SameHeads ? x.Doublings(place.Panel.Width < 400 ? 8 : 12) : Decades(x),
            y.Ticks(7)
        );
        place.Panel.DrawTitle(svg, title);
        place.Panel.DrawNote(svg, $"d {Fixed(curve.Distance, 3)} · ρ {Fixed(curve.Pearson, 3)}");
        svg.Line(x.Start, y[threshold], x.End, y[threshold], Palette.Muted, 1.2, "5 4");
        DrawLine(svg.BeginSeries(0), "A", curve.A, ComparisonInks.A, 4.2, x, y, scan.SameHeads).End();
        DrawLine(svg.BeginSeries(1), "B", curve.B, ComparisonInks.B, 1.8, x, y, scan.SameHeads).End();
    }

    private static Svg DrawLine(
        Svg svg,
        string run,
        IReadOnlyList<CurveDot> dots,
        Ink ink,
        double thickness,
        Scale x,
        Scale y,
        bool sameHeads
    )
    {
        if (dots.Count == 0)
        {
            return svg;
        }

        BandedLine.DrawWithEnd(svg, dots.Select(d => (d.X, d.Value, d.IsOfAll)), x, y, ink, thickness);
        int every = 1 + (dots.Count / TipsAtMost);
        foreach (CurveDot d in dots.Where((_, i) => i % every == 0))
        {
            Estimate at = d.Value;
            string heads = sameHeads ? Many((int)d.X, "head") : $"{Percent(d.X)} of heads",
                interval = at.Bracket(Score),
                of = d.IsOfAll ? "" : $", {Many(at.Count, "sample")}";
            svg.Dot(x[d.X], y[at.Mean], 4, ink, $"{run}, {heads}\n{Fixed(at.Mean, 2)}{interval}{of}", opacity: 0);
        }

        return svg;
    }

    /// <summary>Shares at 1, 2 and 5 times powers of ten.</summary>
    private static double[] Decades(Scale x) =>
        [
            .. Enumerable
                .Range(-5, 6)
                .SelectMany(power => new[] { 1, 2, 5 }.Select(digit => digit * Math.Pow(10, power)))
                .Where(v => v >= x.Least * (1 - 1e-9) && v <= x.Most * (1 + 1e-9)),
        ];
}
