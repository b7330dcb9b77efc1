namespace Pipelines.Stages.Reporting;

/// <summary>
/// The key above a figure of lines, as many in a row as their titles leave room for: a click on an entry hides its
/// series.
/// </summary>
internal sealed class KeyRow
{
    private const double Row = 20,
        Sample = 34, // a piece of line and its gap
        Between = 10,
        Widest = 150; // of a title

    private readonly IReadOnlyList<(string Title, Ink Ink)> series;
    private readonly double left,
        step;
    private readonly int perRow,
        firstSeries;

    /// <summary>Settles where the entries stand.</summary>
    /// <param name="series">The series in the order of their numbers.</param>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="left">Where the first begins; the axes' own place unless given.</param>
    /// <param name="firstSeries">Number of the first series among those of the drawing.</param>
    public KeyRow(
        IReadOnlyList<(string Title, Ink Ink)> series,
        Canvas canvas,
        double left = Panel.ForNumbers,
        int firstSeries = 0
    )
    {
        (this.series, this.left, this.firstSeries) = (series, left, firstSeries);
        double room = canvas.Width - left,
            needed = series.Select(s => RoomOf(s.Title)).DefaultIfEmpty(room).Max();
        perRow = Math.Clamp((int)(room / needed), 1, Math.Max(1, series.Count));
        step = room / perRow;
    }

    /// <summary>In pixels.</summary>
    public double Height => Row * Math.Ceiling((double)series.Count / perRow);

    /// <summary>Draws it at the top, or from a height on.</summary>
    public void Draw(Svg svg, double top = 0)
    {
        for (int i = 0; i < series.Count; i++)
        {
            double x = left + (i % perRow * step),
                y = top + 12 + (i / perRow * Row);
            svg.BeginKey(firstSeries + i)
                .Line(x, y - 4, x + Sample - 6, y - 4, series[i].Ink, 2.4, Palette.DashesOf(series[i].Ink))
                .Mark(x + ((Sample - 6) / 2), y - 4, 3.4, Palette.MarkOf(series[i].Ink))
                .Text(x + Sample, y, FigureFont.Fit(series[i].Title, step - Sample - Between), ink: Palette.Ink)
                .End();
        }
    }

    private static double RoomOf(string title) => Sample + Math.Min(FigureFont.Width(title), Widest) + Between;
}
