using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 14: a head's coefficient against its image attention weight, coloured by depth, model by model.
/// </summary>
[Figure("fig14-beta-attention", Section.Heads, Paper = "Fig. 14", Order = 2)]
internal sealed class OverviewAttentionFigure : IFigure<OverviewData>
{
    private const double LabelSize = 11,
        LabelHeight = 12,
        Clear = 3; // about a mark

    private const double Tall = 230,
        Ramp = 56;

    /// <summary>The figure; null where fewer than two experiments have both.</summary>
    public static Drawing? Of(OverviewData data)
    {
        OverviewExperiment[] shown =
        [
            .. data.BySize.Where(e => e.Parts.Heads.Any(h => h.Beta is not null && h.Attention is not null)),
        ];
        if (shown.Length < 2)
        {
            return null;
        }

        var table = new FigureTable(
            ["experiment", "model", "family", "layer", "head", "image_attention_mean", "beta_mean"],
            [
                .. shown.SelectMany(e =>
                    e.Parts.Heads.Select(h =>
                        (IReadOnlyList<object?>)[e.Name, e.Model, e.Family, h.Layer, h.Head, h.Attention, h.Beta]
                    )
                ),
            ]
        );
        return new Drawing(
            "β against image attention, in every model",
            Shows(shown),
            "A dot is a head, across its image attention weight, upwards its β: means over a model's samples; each "
                + "panel has its own scales; models by family and size; ρ: "
                + "Pearson correlation over heads.",
            table,
            canvas => Draw(shown, canvas)
        );
    }

    private static double Rho(OverviewExperiment e)
    {
        OverviewHeadRow[] heads = [.. e.Parts.Heads.Where(h => h.Beta is not null && h.Attention is not null)];
        return Metrics.Pearson([.. heads.Select(h => h.Beta!.Value)], [.. heads.Select(h => h.Attention!.Value)]);
    }

    private static string Shows(OverviewExperiment[] shown)
    {
        const double weak = AttentionOfHeads.Weak;
        double[] rhos = [.. shown.Select(Rho).Where(double.IsFinite).Order()];
        return rhos.Length == 0
            ? "β or attention is the same for all heads: there is no correlation to state."
            : $"Over heads, β and image attention correlate with ρ from {Fixed(rhos[0], 2)} to {Fixed(rhos[^1], 2)}; "
                + $"|ρ| is below {Tick(weak)} in {Count(rhos.Count(r => Math.Abs(r) < weak))} of "
                + $"{Many(rhos.Length, "experiment")}. The paper sees no clear correlation in any model; each report "
                + "has the interval.";
    }

    private static Svg Draw(OverviewExperiment[] shown, Canvas canvas)
    {
        var panels = Panel.Grid(canvas, shown.Length, height: Tall);
        double bottom = panels[^1].Panel.Bottom;
        Svg svg = canvas.Svg(bottom + Ramp);
        for (int i = 0; i < shown.Length; i++)
        {
            DrawPanel(svg, panels[i], shown[i]);
        }

        return svg.Ramp(
            Panel.ForNumbers,
            bottom + 18,
            200,
            "depth of the layer",
            Palette.OfDepth,
            (0, "first"),
            (1, "last")
        );
    }

    private static void DrawPanel(Svg svg, GridPanel place, OverviewExperiment e)
    {
        OverviewHeadRow[] heads = [.. e.Parts.Heads.Where(h => h.Beta is not null && h.Attention is not null)];
        int last = Math.Max(1, heads.Max(h => h.Layer));
        double[] beta = [.. heads.Select(h => h.Beta!.Value)],
            attention = [.. heads.Select(h => h.Attention!.Value)];
        double room = 0.04 * Math.Max(1e-9, beta.Max() - beta.Min());
        Panel panel = place.Panel;
        Scale x = panel.Across(0, Math.Max(1e-9, attention.Max() * 1.04)),
            y = panel.Upwards(Math.Min(0, beta.Min()) - room, Math.Max(0, beta.Max()) + room);
        svg.Axes(x, y, place.IsLowest ? "image attention" : "", "", x.Ticks(3), y.Ticks(4));
        Multiple.DrawTitle(svg, panel with { Top = panel.Top - 4 }, e);
        foreach (var layer in heads.GroupBy(h => h.Layer))
        {
            svg.Cloud(
                [.. layer.Select(h => (x[h.Attention!.Value], y[h.Beta!.Value]))],
                heads.Length > 300 ? 1.6 : 2.4,
                Palette.OfDepth((double)layer.Key / last),
                0.75
            );
        }

        string rho = $"ρ {Fixed(Rho(e), 2)}";
        (double at, string anchor, double above) = Freest(
            [(x.End, "end", y.End), (x.Start + 4, "start", y.End), (x.End, "end", y.Start - LabelHeight - 3)],
            FigureFont.Width(rho, LabelSize),
            [.. heads.Select(h => (x[h.Attention!.Value], y[h.Beta!.Value]))]
        );
        svg.Text(at, above + 10, rho, anchor, Palette.Ink, size: LabelSize, halo: true);
    }

    /// <summary>The corner in which a label covers the fewest marks; of several the first.</summary>
    /// <param name="corners">Where the text stands, its anchor, and its upper edge.</param>
    /// <param name="width">Width of the text.</param>
    /// <param name="marks">Centres of the marks.</param>
    private static (double X, string Anchor, double Top) Freest(
        (double X, string Anchor, double Top)[] corners,
        double width,
        (double X, double Y)[] marks
    ) =>
        corners.MinBy(c =>
        {
            double left = c.Anchor == "end" ? c.X - width : c.X;
            return marks.Count(m =>
                m.X > left - Clear
                && m.X < left + width + Clear
                && m.Y > c.Top - Clear
                && m.Y < c.Top + LabelHeight + Clear
            );
        });
}
