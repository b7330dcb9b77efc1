using Pipelines.Stages.Reporting;

namespace Pipelines.Stages.Comparison;

/// <summary>Heat maps of differences of beta on one scale.</summary>
internal static class BetaDifferences
{
    /// <summary>A panel a difference.</summary>
    public static Svg Draw(
        Canvas canvas,
        int layers,
        int heads,
        IReadOnlyList<(string Name, double[] Difference)> panels,
        SignedScale scale
    )
    {
        var grid = HeadGrid.Fit(layers, heads, canvas, panels.Count);
        Svg svg = canvas.Svg(grid.Height);
        for (int i = 0; i < panels.Count; i++)
        {
            grid.Draw(
                svg,
                HeadGrid.ByLayer(panels[i].Difference, layers, heads),
                i,
                panels[i].Name,
                scale.InkOf,
                "layer {r}, head {c}\n" + panels[i].Name + " = {v}"
            );
        }

        return grid.DrawRamp(svg, "difference of β", Palette.SignedAt, scale.Labels);
    }
}
