namespace Pipelines.Stages.Reporting;

/// <summary>
/// The key of a figure of marks, left to right and line by line: a click on an entry hides its marks.
/// </summary>
/// <param name="Series">The series in the order of their numbers.</param>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Upper edge.</param>
/// <param name="Step">Room of an entry.</param>
/// <param name="PerLine">Entries in a line.</param>
/// <param name="FirstSeries">Number of the first series among those of the drawing.</param>
internal sealed record MarkKey(
    IReadOnlyList<DotSeries> Series,
    double Left,
    double Top,
    double Step,
    int PerLine = int.MaxValue,
    int FirstSeries = 0
)
{
    /// <summary>Height of a line: a finger hits it.</summary>
    public const double Line = 22;

    /// <summary>From the edge of a drawing or a panel to the first mark.</summary>
    public const double AtEdge = 6;

    private const double Base = 14,
        Radius = 4.6,
        Gap = 10, // from a panel to a key beside it
        Between = 6; // from a title to the next mark

    /// <summary>A panel as large as the key leaves it: the key in a column beside it, or below it on a phone.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="series">The series.</param>
    /// <param name="width">Of the column.</param>
    /// <param name="tallest">Greatest height of the panel.</param>
    public static (Svg Svg, Panel Panel, MarkKey Key) Beside(
        Canvas canvas,
        IReadOnlyList<DotSeries> series,
        double width,
        double tallest
    )
    {
        if (canvas.IsNarrow)
        {
            var above = new Panel(0, 0, canvas.Width, Math.Min(canvas.Width, tallest));
            var below = new MarkKey(series, AtEdge, above.Bottom + AtEdge, canvas.Width / 2, PerLine: 2);
            return (canvas.Svg(below.Bottom), above, below);
        }

        double side = canvas.Width - width;
        var panel = new Panel(0, 0, side, Math.Min(side, tallest));
        var key = new MarkKey(series, panel.Right + Gap, 0, width - Gap, PerLine: 1);
        return (canvas.Svg(Math.Max(panel.Bottom, key.Bottom)), panel, key);
    }

    /// <summary>Draws a key of one line at the top of a place.</summary>
    /// <returns>What it leaves of the place.</returns>
    public static Panel DrawAbove(Svg svg, IReadOnlyList<DotSeries> series, Panel place, int firstSeries)
    {
        double step = (place.Width - AtEdge) / series.Count;
        new MarkKey(series, place.Left + AtEdge, place.Top, step, FirstSeries: firstSeries).Draw(svg);
        return place with { Top = place.Top + Line, Height = place.Height - Line };
    }

    /// <summary>Lower edge.</summary>
    public double Bottom => Top + (Line * Math.Ceiling((double)Series.Count / PerLine));

    /// <summary>Draws it.</summary>
    public void Draw(Svg svg)
    {
        for (int i = 0; i < Series.Count; i++)
        {
            double x = Left + (i % PerLine * Step),
                y = Top + Base + (i / PerLine * Line);
            svg.BeginKey(FirstSeries + i)
                .Mark(x + 5, y - 4, Radius, Series[i].Mark)
                .Text(x + Base, y, FigureFont.Fit(Series[i].Title, Step - Base - Between), ink: Palette.Ink)
                .End();
        }
    }
}
