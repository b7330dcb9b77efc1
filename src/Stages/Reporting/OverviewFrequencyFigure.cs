using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 12: in which share of the samples a head belongs to x*, model by model.</summary>
[Figure("fig12-head-frequency", Section.Heads, Paper = "Fig. 12", Order = 1)]
internal sealed class OverviewFrequencyFigure : IFigure<OverviewData>
{
    private const double Head = 38,
        Left = 22,
        Tall = 170,
        Foot = 22,
        Ramp = 56,
        Late = 0.4; // of the depth: where the middle begins

    /// <summary>The figure; null where fewer than two experiments have x*.</summary>
    public static Drawing? Of(OverviewData data)
    {
        OverviewExperiment[] shown = [.. data.BySize.Where(e => e.Parts.Heads.Any(h => h.Share is not null))];
        if (shown.Length < 2)
        {
            return null;
        }

        var table = new FigureTable(
            ["experiment", "model", "family", "layer", "head", "share_of_samples"],
            [
                .. shown.SelectMany(e =>
                    e.Parts.Heads.Select(h =>
                        (IReadOnlyList<object?>)[e.Name, e.Model, e.Family, h.Layer, h.Head, h.Share]
                    )
                ),
            ]
        );
        return new Drawing(
            "Heads that samples rely on, in every model",
            Shows(shown),
            "A cell: the share of a model's samples whose x* contains the head; rows are layers, the first at the top, "
                + "columns heads; models by family and size. x* is the smallest set of heads, in the order of β, with "
                + $"{data.Threshold("faithfulness", ">", e => e.FaithfulnessThreshold)}.",
            table,
            canvas => Draw(shown, canvas)
        );
    }

    private static string Shows(OverviewExperiment[] shown)
    {
        (OverviewExperiment Of, double Depth)[] depths =
        [
            .. shown.Select(e => (e, Depth(e))).Where(e => double.IsFinite(e.Item2)).OrderBy(e => e.Item2),
        ];
        if (depths.Length == 0)
        {
            return "No head belongs to an x*.";
        }

        int late = depths.Count(d => d.Depth >= Late);
        return $"The heads of x* lie on average at {Percent(depths[0].Depth)} of the depth ({depths[0].Of.Title}) to "
            + $"{Percent(depths[^1].Depth)} ({depths[^1].Of.Title}); beyond {Percent(Late)} in {Count(late)} of "
            + $"{Many(depths.Length, "experiment")}. The paper finds them in the middle to late layers of all models; "
            + "each report has the interval.";
    }

    /// <summary>Where the heads of x* lie: 0 = first layer, 1 = last, weighted by their shares.</summary>
    private static double Depth(OverviewExperiment e)
    {
        int last = e.Parts.Heads.Max(h => h.Layer);
        double all = e.Parts.Heads.Sum(h => h.Share ?? 0);
        return last > 0 && all > 0 ? e.Parts.Heads.Sum(h => (h.Share ?? 0) * h.Layer) / last / all : double.NaN;
    }

    private static Svg Draw(OverviewExperiment[] shown, Canvas canvas)
    {
        var panels = Panel.Grid(canvas, shown.Length, height: Head + Tall + Foot);
        double bottom = panels[^1].Panel.Bottom;
        Svg svg = canvas.Svg(bottom + Ramp);
        for (int i = 0; i < shown.Length; i++)
        {
            DrawPanel(svg, panels[i].Panel, shown[i]);
        }

        return svg.Ramp(Left, bottom + 18, 200, "share of samples", Palette.OfShare, (0, "0"), (0.5, "0.5"), (1, "1"));
    }

    private static void DrawPanel(Svg svg, Panel panel, OverviewExperiment e)
    {
        int layers = e.Parts.Heads.Max(h => h.Layer) + 1,
            heads = e.Parts.Heads.Max(h => h.Head) + 1;
        var share = new double[layers, heads];
        foreach (OverviewHeadRow row in e.Parts.Heads)
        {
            share[row.Layer, row.Head] = row.Share ?? double.NaN;
        }

        double cell = Math.Min((panel.Width - Left - 12) / heads, Tall / layers),
            x = panel.Left + Left,
            y = panel.Top + Head;
        Multiple.DrawTitle(svg, panel, e);
        svg.Cells(share, x, y, cell, Palette.OfShare, "layer {r}, head {c}\nshare of samples {v}");
        svg.Text(x - 5, y + (cell / 2) + 4, "0", "end", size: 10);
        if (layers > 1)
        {
            svg.Text(x - 5, y + ((layers - 0.5) * cell) + 4, Tick(layers - 1), "end", size: 10);
        }
    }
}

/// <summary>What the panels of experiments have in common.</summary>
internal static class Multiple
{
    /// <summary>Draws an experiment's name and, below, its family, model and size.</summary>
    public static void DrawTitle(Svg svg, Panel panel, OverviewExperiment e)
    {
        double room = panel.Width - 10;
        bool isOwn = e.Name.Length > 0 && !e.Name.Contains(e.Model, StringComparison.Ordinal);
        string below = string.Join(
            ", ",
            new[] { e.Family, isOwn ? e.Model : "", $"N = {Count(e.Heads)}" }.Where(t => t.Length > 0)
        );
        string name = FigureFont.Fit(isOwn ? e.Name : e.Model, room, bold: true);
        svg.Text(panel.Left + 4, panel.Top + 14, name, ink: Palette.Ink, bold: true)
            .Text(panel.Left + 4, panel.Top + 28, FigureFont.Fit(below, room, 11), size: 11);
    }
}
