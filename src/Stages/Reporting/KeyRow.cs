namespace Pipelines.Stages.Reporting;

/// <summary>
/// The key above a figure of lines, as many in a row as their titles leave room for: a click on an entry hides its
/// series.
/// </summary>
internal sealed class KeyRow
{
    private const double Row = 20,
        Sample = 24, // a piece of line and its gap
        Between = 12,
        Widest = 150; // of a title

    private readonly IReadOnlyList<(string Title, Ink Ink)> series;
    private readonly double left,
        step;
    private readonly int perRow;

    /// <summary>Settles where the entries stand.</summary>
    /// <param name="series">The series in the order of their numbers.</param>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="left">Where the first begins; the axes' own place unless given.</param>
    public KeyRow(IReadOnlyList<(string Title, Ink Ink)> series, Canvas canvas, double left = Panel.ForNumbers)
    {
        (this.series, this.left) = (series, left);
        double room = canvas.Width - left,
            needed = series.Select(s => RoomOf(s.Title)).DefaultIfEmpty(room).Max();
        perRow = Math.Clamp((int)(room / needed), 1, Math.Max(1, series.Count));
        step = room / perRow;
    }

    /// <summary>In pixels.</summary>
    public double Height => Row * Math.Ceiling((double)series.Count / perRow);

    /// <summary>Draws it at the top.</summary>
    public void Draw(Svg svg)
    {
        for (int i = 0; i < series.Count; i++)
        {
            double x = left + (i % perRow * step),
                y = 12 + (i / perRow * Row);
            svg.BeginKey(i)
                .Rectangle(x, y - 6, Sample - 6, 4, series[i].Ink)
                .Text(x + Sample, y, FigureFont.Fit(series[i].Title, step - Sample - Between), ink: Palette.Ink)
                .End();
        }
    }

    private static double RoomOf(string title) =>
        Sample + Math.Min(FigureFont.Width(title), Widest) + Between;
}
