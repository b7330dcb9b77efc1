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
    /// <summary>Where a cell of heads by layers leads in the explorer.</summary>
    public const string LeadsTo = "head={r}.{c}";

    private const double Left = 46, // names of layers
        Head = 26,
        Foot = 42,
        Tallest = 420,
        Narrowest = 240, // of panels side by side
        Ramp = 52,
        BarGap = 14, // between the cells and the bars beside them
        ForValue = 40; // behind the longest bar

    /// <summary>Of all panels, with their axes and the ramp below.</summary>
    public double Height => Bottom + Ramp;

    private double Bottom => Stacked ? Panels * PanelHeight : PanelHeight;

    private double GridWidth => Cell * Heads;

    private double PanelHeight => Head + (Cell * Layers) + Foot;

    /// <summary>The largest panels that fit, leaving <paramref name="margin"/> at the right of each.</summary>
    public static HeadGrid Fit(ModelCard model, Canvas canvas, int panels, double margin = 16) =>
        Fit(model.Layers, model.Heads, canvas, panels, margin);

    /// <summary>The same; panels that would be too narrow side by side stand below each other.</summary>
    public static HeadGrid Fit(int layers, int heads, Canvas canvas, int panels, double margin = 16)
    {
        bool stacked = canvas.IsNarrow || canvas.Width / panels < Narrowest;
        double width = stacked ? canvas.Width : canvas.Width / panels;
        double cell = Math.Min((width - Left - margin) / heads, Tallest / layers);
        return new HeadGrid(layers, heads, cell, width, stacked, panels);
    }

    /// <summary>Values of heads n = layer * H + head as [L, H].</summary>
    public static double[,] ByLayer(IReadOnlyList<double> values, int layers, int heads)
    {
        var map = new double[layers, heads];
        for (int n = 0; n < values.Count; n++)
        {
            map[n / heads, n % heads] = values[n];
        }

        return map;
    }

    /// <summary>One panel with room at its right for a bar a layer.</summary>
    public static HeadGrid WithBars(ModelCard model, Canvas canvas) =>
        Fit(model, canvas, panels: 1, margin: BarRoom(canvas.IsNarrow));

    /// <summary>Draws a panel with its axes.</summary>
    public void Draw(Svg svg, double[,] values, int panel, string name, Func<double, Ink> ink, string tip)
    {
        var (x, y) = Corner(panel);
        svg.Text(x, y - 10, name, ink: Palette.Ink, bold: true).Cells(values, x, y, Cell, ink, tip, leadsTo: LeadsTo);
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

    /// <summary>Draws the key of the colours below the panels.</summary>
    public Svg DrawRamp(Svg svg, string name, Func<double, Ink> inkAt, params (double At, string Label)[] labels) =>
        svg.Ramp(Left, Bottom + 24, 200, name, inkAt, labels);

    /// <summary>Draws a bar a layer at the right of its cells (<see cref="WithBars"/>).</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="values">One a layer, none negative.</param>
    /// <param name="name">What they are.</param>
    /// <param name="ink">Colour.</param>
    /// <param name="tip">Text of a layer's tip.</param>
    public void DrawBars(Svg svg, IReadOnlyList<double> values, string name, Ink ink, Func<int, string> tip)
    {
        var (left, top) = Corner(0);
        double start = left + GridWidth + BarGap,
            end = Math.Min(svg.Width, start + BarRoom(Stacked) - BarGap) - ForValue;
        var x = new Scale(0, Math.Max(1e-9, values.Max()), start, end);
        svg.Text(start, top - 10, name, ink: Palette.Ink, bold: true);
        double thick = Math.Max(1, Cell * 0.6);
        for (int layer = 0; layer < Layers; layer++)
        {
            double y = top + (layer * Cell) + ((Cell - thick) / 2),
                value = values[layer];
            svg.Rectangle(start, y, x[value] - start, thick, ink, tip(layer));
            if (Cell >= 12 && value >= 0.05)
            {
                svg.Text(x[value] + 5, y + (thick / 2) + 4, Fixed(value, 1), size: 11);
            }
        }

        svg.Line(start, top, start, top + (Layers * Cell), Palette.Muted);
    }

    private static double BarRoom(bool isNarrow) => isNarrow ? 96 : 220;

    /// <summary>Upper left corner of a panel's cells.</summary>
    private (double X, double Y) Corner(int panel) =>
        Stacked ? (Left, (panel * PanelHeight) + Head) : (Left + (panel * Step), Head);

    private int Every(int count) =>
        new[] { 1, 2, 4, 8, 16, 32, 64 }.First(step => step * Cell >= 22 || step >= count || step == 64);
}
