using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages;

/// <summary>Beyond the paper: which layers hold heads that work against the answer.</summary>
[Figure("fig-sign-balance", Section.Heads, Order = 5)]
internal sealed class SignBalanceFigure : IFigure<Findings>
{
    /// <summary>The figure; null without the rows.</summary>
    public static Drawing? Of(Findings findings)
    {
        LayerSigns[] layers =
        [
            .. findings
                .Rows<SignBalanceRow>()
                .GroupBy(r => r.Layer)
                .OrderBy(g => g.Key)
                .Select(g => new LayerSigns(
                    g.Key,
                    findings.Mean(g.Select(r => (double)r.Negative)),
                    findings.Mean(g.Select(r => r.Share ?? double.NaN))
                )),
        ];
        if (layers.Length == 0)
        {
            return null;
        }

        var table = new FigureTable(
            ["layer", "negative_heads", "negative_low95", "negative_high95", "share", "share_low95", "share_high95"],
            [
                .. layers.Select(l =>
                    (IReadOnlyList<object?>)
                        [l.Layer, l.Heads.Mean, l.Heads.Low, l.Heads.High, l.Share.Mean, l.Share.Low, l.Share.High]
                ),
            ]
        );
        return new Drawing(
            "Which heads work against the answer",
            Shows(findings, layers),
            $"Heads whose β is negative: intact, they lower φ. Left: so many of the {Count(findings.Data.Model.Heads)} "
                + "heads of a layer; right: their |β| in per cent of that of all heads of all layers. Lines: mean over "
                + $"samples; bands: 95 % bootstrap interval (n = {Count(layers.Max(l => l.Heads.Count))}).",
            table,
            canvas => Draw(layers, canvas)
        );
    }

    private static string Shows(Findings findings, LayerSigns[] layers)
    {
        Estimate share = findings.Mean(
            findings
                .Rows<SignBalanceRow>()
                .GroupBy(r => r.SampleId, StringComparer.Ordinal)
                .Select(s => s.Sum(r => r.Share) ?? double.NaN)
        );
        if (share.Count == 0)
        {
            return "No head has a β other than zero.";
        }

        LayerSigns most = layers.MaxBy(l => l.Share.Mean)!;
        return $"Heads with negative β carry {Verdicts.Share(share)} of |β|"
            + (share.Mean > 0 ? $", most of it in layer {Count(most.Layer)} ({Percent(most.Share.Mean)})." : ".");
    }

    private static Svg Draw(LayerSigns[] layers, Canvas canvas)
    {
        var (svg, panels) = Panel.Several(canvas, 2, above: 0);
        DrawPanel(svg, panels[0], layers, "heads with negative β", l => l.Heads, Palette.Series[1]);
        DrawPanel(svg, panels[1], layers, "share of |β|, %", l => InPercent(l.Share), Palette.Series[0]);
        return svg;
    }

    private static void DrawPanel(
        Svg svg,
        Panel panel,
        LayerSigns[] layers,
        string name,
        Func<LayerSigns, Estimate> of,
        Ink ink
    )
    {
        double high = layers.Select(of).SelectMany(e => new[] { e.Mean, e.High }).Where(double.IsFinite).Max();
        Scale x = panel.Across(layers[0].Layer, Math.Max(layers[^1].Layer, layers[0].Layer + 1)),
            y = panel.Upwards(0, Math.Max(high, 1e-3) * 1.05);
        svg.Axes(x, y, "layer", name, x.Ticks(8), y.Ticks(6));
        BandedLine.Draw(svg, layers.Select(l => ((double)l.Layer, of(l))), x, y, ink);
        foreach (LayerSigns layer in layers.Where(l => double.IsFinite(of(l).Mean)))
        {
            string words =
                $"layer {Count(layer.Layer)}\n{Fixed(layer.Heads.Mean, 1)} heads, {Percent(layer.Share.Mean)} of |β|";
            svg.Dot(x[layer.Layer], y[of(layer).Mean], 3.4, ink, words);
        }
    }

    private static Estimate InPercent(Estimate share) =>
        share with
        {
            Mean = 100 * share.Mean,
            Low = 100 * share.Low,
            High = 100 * share.High,
        };

    /// <summary>A layer, over samples.</summary>
    private sealed record LayerSigns(int Layer, Estimate Heads, Estimate Share);
}
