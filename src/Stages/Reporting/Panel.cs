namespace Pipelines.Stages.Reporting;

/// <summary>
/// A rectangle of a drawing that holds one chart. Axes, their numbers and their names take their room from it, so that
/// a figure says what it shows and no coordinates.
/// </summary>
/// <param name="Left">Left edge, with the numbers of the axis.</param>
/// <param name="Top">Upper edge, with the name of the axis upwards.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
internal readonly record struct Panel(double Left, double Top, double Width, double Height)
{
    /// <summary>Room at the left: six characters ("−0.005") and the gap to the axis.</summary>
    public const double ForNumbers = 46;

    private const double AtEnd = 16, // half a number stands out over the end of an axis
        ForName = 34, // above: the name of the axis upwards
        NameGap = 12, // from that to the panel's inside
        Below = 44, // numbers and name of the axis across
        Between = 16; // two panels side by side

    /// <summary>Panels of one size: side by side, or below each other on a phone.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="count">So many.</param>
    /// <param name="above">Height of what stands above them.</param>
    /// <returns>The drawing that holds them, and the panels.</returns>
    public static (Svg Svg, IReadOnlyList<Panel> Panels) Several(Canvas canvas, int count, double above)
    {
        double height = HeightOn(canvas);
        if (canvas.IsNarrow)
        {
            return (
                canvas.Svg(above + (count * height)),
                [.. Enumerable.Range(0, count).Select(i => new Panel(0, above + (i * height), canvas.Width, height))]
            );
        }

        double width = (canvas.Width - ((count - 1) * Between)) / count;
        return (
            canvas.Svg(above + height),
            [.. Enumerable.Range(0, count).Select(i => new Panel(i * (width + Between), above, width, height))]
        );
    }

    /// <summary>Rows of panels of one size, each row below something of its own.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="count">Panels of a row: side by side, or below each other on a phone.</param>
    /// <param name="above">Height of what stands above each row.</param>
    /// <returns>The drawing, and of each row where it begins and its panels.</returns>
    public static (Svg Svg, IReadOnlyList<(double Top, IReadOnlyList<Panel> Panels)> Rows) Rows(
        Canvas canvas,
        int count,
        IReadOnlyList<double> above
    )
    {
        var rows = new List<(double Top, IReadOnlyList<Panel> Panels)>();
        double top = 0;
        foreach (double height in above)
        {
            var (svg, panels) = Several(canvas, count, height);
            double from = top;
            rows.Add((from, [.. panels.Select(p => p with { Top = p.Top + from })]));
            top += svg.Height;
        }

        return (canvas.Svg(top), rows);
    }

    /// <summary>One panel over the whole width.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="below">Height of what stands below it.</param>
    /// <param name="isTall">True: a chart of many marks.</param>
    public static (Svg Svg, Panel Panel) Single(Canvas canvas, double below = 0, bool isTall = false)
    {
        double height = isTall ? TallOn(canvas) : HeightOn(canvas);
        return (canvas.Svg(height + below), new Panel(0, 0, canvas.Width, height));
    }

    /// <summary>A panel whose inside is square, so that a diagonal means "equal".</summary>
    /// <param name="width">Room that there is.</param>
    /// <param name="most">Greatest side of the inside.</param>
    /// <param name="top">Upper edge.</param>
    public static Panel Square(double width, double most, double top = 0)
    {
        double side = Math.Min(most, width - ForNumbers - AtEnd);
        return new Panel(0, top, side + ForNumbers + AtEnd, side + ForName + Below);
    }

    /// <summary>A square panel with a strip of rows beside it, or below it on a phone.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="stripHeight">Height of the strip.</param>
    /// <param name="above">Height of what stands above both.</param>
    public static (Panel Square, Panel Strip) WithStrip(Canvas canvas, double stripHeight, double above = 0)
    {
        const double widest = 460,
            widestStrip = 290,
            gap = 10;
        var square = Square(Math.Min(canvas.Width, widest), widest, above);
        double left = square.Right + gap;
        return (
            square,
            canvas.IsNarrow
                ? new Panel(0, square.Bottom, canvas.Width, stripHeight)
                : new Panel(left, above, Math.Min(widestStrip, canvas.Width - left), stripHeight)
        );
    }

    /// <summary>Small panels in rows: three side by side, two on a phone.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="count">So many.</param>
    /// <param name="top">Upper edge.</param>
    /// <param name="height">Of one; null = so that their insides are square, and none wider than half the page.</param>
    /// <param name="columns">Side by side, where not those.</param>
    public static IReadOnlyList<GridPanel> Grid(
        Canvas canvas,
        int count,
        double top = 0,
        double? height = null,
        int? columns = null
    )
    {
        int across = columns ?? Math.Min(count, canvas.IsNarrow ? 2 : 3);
        double width = canvas.Width / (height is null ? Math.Max(2, across) : across),
            tall = height ?? Square(width, double.PositiveInfinity).Height;
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new GridPanel(
                    new Panel(i % across * width, top + (i / across * tall), width, tall),
                    IsFirst: i % across == 0,
                    IsLowest: i + across >= count
                )),
        ];
    }

    /// <summary>Lower edge.</summary>
    public double Bottom => Top + Height;

    /// <summary>Right edge.</summary>
    public double Right => Left + Width;

    /// <summary>The scale across.</summary>
    public Scale Across(double least, double most, bool logarithmic = false) =>
        new(least, most, Left + ForNumbers, Left + Width - AtEnd, logarithmic);

    /// <summary>The scale upwards.</summary>
    public Scale Upwards(double least, double most) => new(least, most, Top + Height - Below, Top + ForName);

    /// <summary>Draws a title over the whole width, in place of the name of the axis upwards.</summary>
    public Svg DrawTitle(Svg svg, string title) =>
        svg.Text(Left, Top + ForName - NameGap, title, ink: Palette.Ink, bold: true);

    /// <summary>Draws a note at the right, in the line of the title.</summary>
    public Svg DrawNote(Svg svg, string note) =>
        svg.Text(Right - AtEnd, Top + ForName - NameGap, note, "end", size: 11);

    private static double HeightOn(Canvas canvas) => canvas.IsNarrow ? 260 : 300;

    private static double TallOn(Canvas canvas) => canvas.IsNarrow ? 340 : 420;
}

/// <summary>A panel of a grid.</summary>
/// <param name="Panel">Where it stands.</param>
/// <param name="IsFirst">It is the first of its row: the axis upwards is named there.</param>
/// <param name="IsLowest">None stands below it: the axis across is named there.</param>
internal readonly record struct GridPanel(Panel Panel, bool IsFirst, bool IsLowest);
