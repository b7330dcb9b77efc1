using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Where heat maps of heads by layers stand in a figure: side by side, or below each other on a phone. Cells are
/// square; layer 0 is at the top.
/// </summary>
/// <param name="Layers">Rows.</param>
/// <param name="Heads">Columns.</param>
/// <param name="Cell">Side of a cell in pixels.</param>
/// <param name="Step">From a panel to the next: across, or down on a phone.</param>
/// <param name="Stacked">Panels stand below each other.</param>
/// <param name="Panels">Count of panels.</param>
internal sealed record HeadGrid(int Layers, int Heads, double Cell, double Step, bool Stacked, int Panels)
{
    /// <summary>Room at the left for the names of layers.</summary>
    public const double Left = 46;

    private const double Head = 26,
        Foot = 42,
        Tallest = 420;

    /// <summary>Lower end of the last panel, with its axis.</summary>
    public double Bottom => (Stacked ? Panels * PanelHeight : PanelHeight);

    /// <summary>Width of the cells.</summary>
    public double GridWidth => Cell * Heads;

    private double PanelHeight => Head + (Cell * Layers) + Foot;

    /// <summary>The largest panels that fit, leaving <paramref name="margin"/> at the right of each.</summary>
    public static HeadGrid Fit(ModelCard model, Canvas canvas, int panels, double margin = 16)
    {
        double width = canvas.IsNarrow ? canvas.Width : canvas.Width / panels;
        double cell = Math.Min((width - Left - margin) / model.Heads, Tallest / model.Layers);
        return new HeadGrid(model.Layers, model.Heads, cell, width, canvas.IsNarrow, panels);
    }

    /// <summary>Upper left corner of a panel's cells.</summary>
    public (double X, double Y) Corner(int panel) =>
        Stacked ? (Left, (panel * PanelHeight) + Head) : (Left + (panel * Step), Head);

    /// <summary>Draws a panel with its axes.</summary>
    public void Draw(Svg svg, double[,] values, int panel, string name, Func<double, Ink> ink, string tip)
    {
        var (x, y) = Corner(panel);
        svg.Text(x, y - 10, name, ink: Palette.Ink, bold: true).Cells(values, x, y, Cell, ink, tip);
        for (int head = 0; head < Heads; head += Every(Heads))
        {
            svg.Text(x + ((head + 0.5) * Cell), y + (Layers * Cell) + 14, Tick(head), "middle", size: 11);
        }

        for (int layer = 0; layer < Layers; layer += Every(Layers))
        {
            svg.Text(x - 6, y + ((layer + 0.5) * Cell) + 4, Tick(layer), "end", size: 11);
        }

        svg.Text(x + (GridWidth / 2), y + (Layers * Cell) + 31, "head", "middle", Palette.Ink)
            .Text(x - 30, y + (Layers * Cell / 2), "layer", "middle", Palette.Ink, upwards: true);
    }

    private int Every(int count) =>
        new[] { 1, 2, 4, 8, 16, 32, 64 }.First(step => step * Cell >= 22 || step >= count || step == 64);
}
