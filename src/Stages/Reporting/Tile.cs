namespace Pipelines.Stages.Reporting;

/// <summary>The place of a picture among others, with a heading above and a line below.</summary>
/// <param name="X">Left edge of the picture.</param>
/// <param name="Y">Upper edge of the picture.</param>
/// <param name="Width">Width of the picture.</param>
internal readonly record struct Tile(double X, double Y, double Width)
{
    private const double Head = 24,
        Foot = 26,
        Widest = 170; // of a heading

    /// <summary>Tiles in rows.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="count">So many.</param>
    /// <param name="columns">Side by side.</param>
    /// <param name="gap">Between two side by side.</param>
    /// <param name="heightOf">Height of the tallest picture at a width of a tile.</param>
    /// <param name="top">Upper edge.</param>
    /// <returns>The tiles, and the lower edge of the last row.</returns>
    public static (IReadOnlyList<Tile> Tiles, double Bottom) Rows(
        Canvas canvas,
        int count,
        int columns,
        double gap,
        Func<Tile, double> heightOf,
        double top = 0
    )
    {
        double width = (canvas.Width - ((columns - 1) * gap)) / columns,
            height = count > 0 ? Head + heightOf(new Tile(0, 0, width)) + Foot : 0;
        return (
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(i => new Tile(i % columns * (width + gap), top + (i / columns * height) + Head, width)),
            ],
            top + ((count + columns - 1) / columns * height)
        );
    }

    /// <summary>Tiles in its place, side by side.</summary>
    public IReadOnlyList<Tile> Parts(int count)
    {
        const double gap = 4;
        Tile whole = this;
        double width = (Width - ((count - 1) * gap)) / count;
        return
        [
            .. Enumerable.Range(0, count).Select(i => whole with { X = whole.X + (i * (width + gap)), Width = width }),
        ];
    }

    /// <summary>Draws the heading.</summary>
    public Svg DrawHeading(Svg svg, string heading) =>
        svg.Text(X, Y - 8, FigureFont.Fit(heading, Math.Min(Widest, Width), bold: true), ink: Palette.Ink, bold: true);

    /// <summary>Draws the line below a picture of a height.</summary>
    public Svg DrawCaption(Svg svg, double height, string caption) => svg.Text(X, Y + height + 14, caption, size: 10);
}
