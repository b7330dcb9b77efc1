using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>The curves behind Fig. 3A: faithfulness and completeness against the number of heads.</summary>
[Figure("fig3a-curves", Section.Validation, Paper = "Fig. 3A", Order = 2)]
internal sealed class CurvesFigure : IFigure<Findings>
{
    private const int TipsAtMost = 40; // of a line
    private const double MarkStep = 24; // from a mark on a line to the next

    /// <summary>The figure; null without validation.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Criteria.All(c => c.Curve.Count == 0))
        {
            return null;
        }

        var table = new FigureTable(
            [
                "criterion",
                "k",
                "faithfulness",
                "faithfulness_low95",
                "faithfulness_high95",
                "completeness",
                "completeness_low95",
                "completeness_high95",
                "samples",
                "measured",
            ],
            [
                .. findings.Criteria.SelectMany(c =>
                    c.Curve.Select(p =>
                        (IReadOnlyList<object?>)
                            [
                                c.Criterion,
                                p.K,
                                p.Faithfulness.Mean,
                                p.Faithfulness.Low,
                                p.Faithfulness.High,
                                p.Completeness.Mean,
                                p.Completeness.Low,
                                p.Completeness.High,
                                p.Faithfulness.Count,
                                p.Measured,
                            ]
                    )
                ),
            ]
        );
        int samples = findings.Criteria.Max(c => c.Curve.Select(p => p.Faithfulness.Count).DefaultIfEmpty(0).Max());
        return new Drawing(
            "Faithfulness and completeness as heads are added",
            Shows(findings),
            $"Lines: mean over samples; bands: 95 % bootstrap interval of the mean (n = {Count(samples)}). "
                + "Faithfulness, higher is better: the k top heads alone carry the answer. Completeness, lower is "
                + "better: without them nothing is left. Dashed: thresholds. "
                + $"Logarithmic axis; k = 0 and k = {Count(findings.HeadCount)} are the same for every criterion. "
                + $"{Scanned(findings)}Click a key to hide its line.",
            table,
            canvas => Draw(findings, canvas)
        );
    }

    /// <summary>
    /// What the scan is, and where a mean holds samples that were not measured there: a line over those left would be
    /// one of the samples that cross last, and one that ended where the first sample does would hide the rest.
    /// </summary>
    private static string Scanned(Findings findings)
    {
        string scan = findings.Data.Tables.Note<ValidationRow>();
        CurvePoint[] partial = [.. findings.Criteria.SelectMany(c => c.Curve).Where(p => !p.IsOfAll)];
        return (scan.Length > 0 ? $"{scan} " : "")
            + (
                partial.Length == 0
                    ? ""
                    : "Every line holds all samples at every k. Dotted ends: the scans of some had ended (only "
                        + $"{Count(partial.Min(p => p.Measured))} measured at the last k); they are carried on "
                        + "straight to φ = 1 and 0 at all heads. Tips and table have the number measured. "
            );
    }

    private static string Shows(Findings findings)
    {
        CriterionFindings lead = findings.Criterion(Criteria.HeadAttribution) ?? findings.Criteria[0];
        CurvePoint[] whole = [.. lead.WholeCurve];
        if (whole.Length == 0)
        {
            return "The scans of the samples have no place in common.";
        }

        double wanted = lead.Faithful.Mean.Count > 0 ? lead.Faithful.Mean.Mean : 1;
        int k = whole.MinBy(p => Math.Abs(p.K - wanted)).K;
        IEnumerable<string> reached = findings
            .Criteria.Where(c => c.WholeCurve.Any(p => p.K == k))
            .Select(c => (c.Title, At: c.WholeCurve.First(p => p.K == k)))
            .OrderByDescending(c => c.At.Faithfulness.Mean)
            .Select(c => $"{c.Title} {Verdicts.Number(c.At.Faithfulness)}");
        Estimate without = whole.First(p => p.K == k).Completeness;
        string them = k == 1 ? "it" : "them",
            verdict = Verdicts.Against(
                without,
                findings.Data.CompletenessThreshold,
                $"other heads stand in for {them}",
                $"the rest cannot stand in for {them}",
                $"the samples do not tell whether other heads stand in for {them}",
                $"{Verdicts.Few(without.Count)} whether other heads stand in for {them}"
            );
        string taken = k == 1 ? "that head" : $"the same {Count(k)}";
        return $"With the top {Many(k, "head")} intact, faithfulness is: {string.Join(", ", reached)}. Taking {taken} "
            + $"of {lead.Title} away leaves a completeness of {Verdicts.Number(without)}: {verdict}.";
    }

    /// <summary>Panels hold eight criteria at most; further ones have panels of their own.</summary>
    private static Svg Draw(Findings findings, Canvas canvas)
    {
        (CriterionFindings Criterion, int Series)[][] rows =
        [
            .. findings.Criteria.Select((c, i) => (c, i)).Chunk(Palette.MostSeries),
        ];
        KeyRow[] keys =
        [
            .. rows.Select(row => new KeyRow(
                [.. row.Select(c => (c.Criterion.Title, c.Criterion.Ink))],
                canvas,
                firstSeries: row[0].Series
            )),
        ];
        var (svg, panels) = Panel.Rows(canvas, 2, [.. keys.Select(k => k.Height)]);
        for (int r = 0; r < rows.Length; r++)
        {
            keys[r].Draw(svg, panels[r].Top);
            DrawPanel(
                svg,
                panels[r].Panels[0],
                findings,
                rows[r],
                "faithfulness  φ(xₖ)",
                findings.Data.FaithfulnessThreshold,
                p => p.Faithfulness
            );
            DrawPanel(
                svg,
                panels[r].Panels[1],
                findings,
                rows[r],
                "completeness  φ(1 − xₖ)",
                findings.Data.CompletenessThreshold,
                p => p.Completeness
            );
        }

        return svg;
    }

    private static void DrawPanel(
        Svg svg,
        Panel panel,
        Findings findings,
        (CriterionFindings Criterion, int Series)[] shown,
        string name,
        double threshold,
        Func<CurvePoint, Estimate> valueOf
    )
    {
        CurvePoint[] all = [.. findings.Criteria.SelectMany(c => c.Curve)];
        double[] bounds =
        [
            .. all.SelectMany(p => new[] { valueOf(p).Mean, valueOf(p).Low, valueOf(p).High }).Where(double.IsFinite),
        ];
        Panel inside = LineEnds.Beside(panel, shown.Select(c => c.Criterion.Title));
        Scale x = inside.Across(1, Math.Max(2, all.Max(p => p.K)), logarithmic: true),
            y = inside.Upwards(
                Math.Min(0, bounds.DefaultIfEmpty(0).Min()),
                Math.Max(1, bounds.DefaultIfEmpty(1).Max())
            );
        svg.Axes(x, y, "heads k, most important first", name, x.Doublings(8), y.Ticks(6));
        svg.Line(x.Start, y[threshold], x.End, y[threshold], Palette.Muted, 1.2, "5 4");
        var ends = new LineEnds();
        foreach (var (criterion, series) in shown.Reverse())
        {
            CurvePoint[] points = [.. criterion.Curve.Where(p => double.IsFinite(valueOf(p).Mean))];
            if (points.Length == 0)
            {
                continue;
            }

            svg.BeginSeries(series);
            DrawLine(svg, criterion, points, valueOf, x, y, series);
            svg.End();
            ends.Add(
                criterion.Title,
                criterion.Ink,
                series,
                [.. points.Select(p => (x[p.K], y.Clamped(valueOf(p).Mean)))]
            );
        }

        ends.Draw(svg, x, y, panel.Right);
    }

    private static void DrawLine(
        Svg svg,
        CriterionFindings criterion,
        CurvePoint[] points,
        Func<CurvePoint, Estimate> valueOf,
        Scale x,
        Scale y,
        int series
    )
    {
        BandedLine.DrawWithEnd(
            svg,
            points.Select(p => ((double)p.K, valueOf(p), p.IsOfAll)),
            x,
            y,
            criterion.Ink,
            criterion.Criterion == Criteria.HeadAttribution ? 2.6 : 1.8
        );
        int every = 1 + (points.Length / TipsAtMost);
        double last = double.NegativeInfinity;
        foreach (CurvePoint p in points.Where((_, i) => i % every == 0))
        {
            Estimate at = valueOf(p);
            string interval = at.Bracket(Score),
                of = p.IsOfAll ? "" : $", {Count(p.Measured)} of {Many(at.Count, "sample")} measured",
                tip = $"{criterion.Title}, {Many(p.K, "head")}\n{Fixed(at.Mean, 2)}{interval}{of}";
            double shift = 5 * (series % 4); // marks of lines that run together do not lie over each other
            bool isMarked = x[p.K] >= last + MarkStep + (double.IsFinite(last) ? 0 : shift);
            last = isMarked ? x[p.K] : last;
            svg.Mark(x[p.K], y[at.Mean], isMarked ? 3 : 4, Palette.MarkOf(criterion.Ink), tip, isMarked ? 1 : 0);
        }
    }
}
