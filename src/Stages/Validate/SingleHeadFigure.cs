using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 7: the logit difference when one head alone is ablated.</summary>
[Figure("fig7-single-head", Section.Validation, Paper = "Fig. 7", Order = 5)]
internal sealed class SingleHeadFigure : IFigure<Findings>
{
    private const double Notable = NoSingleHead.Notable;

    private const double StripHeight = 210,
        PanelHeight = 180;
    private const int Panels = 6;

    /// <summary>The figure; null without single-head ablation.</summary>
    public static Drawing? Of(Findings findings)
    {
        SampleResult[] samples =
        [
            .. findings
                .Samples.Where(s => s.SingleHead.Count == findings.HeadCount)
                .OrderBy(Greatest)
                .ThenBy(s => s.SampleId, StringComparer.Ordinal),
        ];
        if (samples.Length == 0)
        {
            return null;
        }

        int heads = findings.Data.Model.Heads;
        var table = new FigureTable(
            ["sample_id", "layer", "head", "delta"],
            [
                .. samples.SelectMany(s =>
                    s.SingleHead.Select((d, n) => (IReadOnlyList<object?>)[s.SampleId, n / heads, n % heads, d])
                ),
            ]
        );
        return new Drawing(
            "Ablating one head alone",
            Shows(findings, samples),
            $"δₙ = 1 − φ with head n alone ablated: the share of the picture's effect that is lost. Above: the "
                + $"greatest δ of every sample (n = {Count(samples.Length)}), ascending; dashed: {Percent(Notable)}. "
                + $"Below: all {Count(findings.HeadCount)} heads of samples spread evenly over that order, none "
                + $"picked by hand; δ above {Percent(Notable)} in orange.",
            table,
            canvas => Draw(findings, samples, canvas)
        );
    }

    private static double Greatest(SampleResult sample) => NoSingleHead.Greatest(sample);

    private static string Shows(Findings findings, SampleResult[] samples)
    {
        int none = samples.Count(s => Greatest(s) <= Notable);
        SampleResult most = samples[^1];
        int n = Findings.Ranking(most.SingleHead).First(),
            heads = findings.Data.Model.Heads;
        Evidence spread = NoSingleHead.Of(findings)[0];
        string verdict = Verdicts.On(
            spread,
            "the flow is spread over heads, as the paper finds",
            "unlike in the paper, most samples have a head that matters alone",
            "the paper finds no such head in most samples, which these samples do not tell",
            $"the paper finds no such head in most samples; {Verdicts.Few(spread.Value.Count)}"
        );
        return $"In {Count(none)} of {Many(samples.Length, "sample")} ({Verdicts.Share(spread.Value)}) no single head "
            + $"takes away more than {Percent(Notable)} of the picture's effect: {verdict}. The median of the greatest "
            + $"δ is {Fixed(Metrics.Median([.. samples.Select(Greatest)]), 3)}, "
            + $"the greatest of all {Fixed(Greatest(most), 2)} (layer {Count(n / heads)} head {Count(n % heads)}, "
            + $"“{Cut(most.Answer, 24)}”).";
    }

    private static Svg Draw(Findings findings, SampleResult[] samples, Canvas canvas)
    {
        IReadOnlyList<GridPanel> grid = Panel.Grid(canvas, Math.Min(samples.Length, Panels), StripHeight, PanelHeight);
        double[] all = [.. samples.SelectMany(s => s.SingleHead).Where(double.IsFinite)];
        double least = Math.Min(0, all.DefaultIfEmpty(0).Min()),
            most = Math.Max(1.4 * Notable, all.DefaultIfEmpty(0).Max());
        Svg svg = canvas.Svg(grid[^1].Panel.Bottom);
        DrawStrip(svg, findings, samples, most, canvas);
        for (int i = 0; i < grid.Count; i++)
        {
            SampleResult sample = samples[
                grid.Count < 2 ? 0 : (int)Math.Round((double)i * (samples.Length - 1) / (grid.Count - 1))
            ];
            Scale x = grid[i].Panel.Across(0, findings.HeadCount),
                y = grid[i].Panel.Upwards(least, most);
            DrawPanel(svg, findings, sample, x, y, names: grid[i].IsLowest);
        }

        return svg;
    }

    private static void DrawStrip(Svg svg, Findings findings, SampleResult[] samples, double most, Canvas canvas)
    {
        var panel = new Panel(0, 0, canvas.Width, StripHeight);
        Scale x = panel.Across(0, 100), // percent of the samples
            y = panel.Upwards(0, most);
        svg.Axes(
            x,
            y,
            canvas.IsNarrow ? "samples in the order of δ, %" : "samples in the order of their greatest δ, %",
            "greatest δ of a sample",
            x.Ticks(5),
            y.Ticks(5)
        );
        svg.Line(x.Start, y[Notable], x.End, y[Notable], Palette.Ink, 1.2, "5 4");
        int heads = findings.Data.Model.Heads;
        for (int i = 0; i < samples.Length; i++)
        {
            int n = Findings.Ranking(samples[i].SingleHead).First();
            double value = Greatest(samples[i]);
            Ink ink = value > Notable ? Palette.Series[1] : Palette.Series[0];
            svg.Dot(
                x[100 * (i + 0.5) / samples.Length],
                y.Clamped(value),
                samples.Length > 100 ? 2.6 : 4,
                ink,
                $"{Shown.Name(samples[i].File)}, “{Shown.Name(samples[i].Answer)}”\nδ = {Fixed(value, 3)}, layer "
                    + $"{Count(n / heads)} head {Count(n % heads)}",
                0.85
            );
        }
    }

    private static void DrawPanel(Svg svg, Findings findings, SampleResult sample, Scale x, Scale y, bool names)
    {
        int heads = findings.Data.Model.Heads,
            layers = findings.Data.Model.Layers;
        foreach (double tick in y.Ticks(5))
        {
            svg.Line(x.Start, y[tick], x.End, y[tick], Palette.Rule)
                .Text(x.Start - 6, y[tick] + 4, Tick(tick), "end", size: 11);
        }

        var layer = new Scale(0, layers, x.Start, x.End);
        foreach (double tick in layer.Ticks(4).Where(t => t == Math.Round(t)))
        {
            svg.Line(layer[tick], y.Start, layer[tick], y.Start + 3, Palette.Muted)
                .Text(layer[tick], y.Start + 15, Tick(tick), "middle", size: 11);
        }

        double thickness = Math.Max(0.8, Math.Min(5, 0.75 * (x.End - x.Start) / findings.HeadCount));
        (double X, double Y, double Delta)[] stems =
        [
            .. sample.SingleHead.Select((d, n) => (x[n + 0.5], y.Clamped(d), d)).Where(s => double.IsFinite(s.d)),
        ];
        svg.Stems(
            [.. stems.Where(s => s.Delta <= Notable).Select(s => (s.X, s.Y))],
            y[0],
            Palette.Series[0],
            thickness
        );
        svg.Stems(
            [.. stems.Where(s => s.Delta > Notable).Select(s => (s.X, s.Y))],
            y[0],
            Palette.Series[1],
            Math.Max(1.6, thickness)
        );
        svg.Line(x.Start, y[0], x.End, y[0], Palette.Muted)
            .Line(x.Start, y[Notable], x.End, y[Notable], Palette.Ink, 1, "4 4");
        int best = Findings.Ranking(sample.SingleHead).First();
        svg.Dot(
            x[best + 0.5],
            y.Clamped(sample.SingleHead[best]),
            6,
            Palette.Ink,
            $"layer {Count(best / heads)}, head {Count(best % heads)}\nδ = {Fixed(sample.SingleHead[best], 3)}",
            0
        );
        string answer = FigureFont.Fit(sample.Answer, x.End - x.Start, bold: true);
        svg.Text(x.Start, y.End - 20, answer, ink: Palette.Ink, bold: true)
            .Text(x.Start, y.End - 6, $"greatest δ {Fixed(Greatest(sample), 3)}", size: 11);
        if (names)
        {
            svg.Text((x.Start + x.End) / 2, y.Start + 31, "heads, by layer", "middle", Palette.Ink);
        }
    }
}
