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

    /// <summary>One panel over the whole width.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="below">Height of what stands below it.</param>
    /// <param name="isTall">True: a chart of many marks.</param>
    public static (Svg Svg, Panel Panel) Single(Canvas canvas, double below = 0, bool isTall = false)
    {
        double height = isTall ? TallOn(canvas) : HeightOn(canvas);
        return (canvas.Svg(height + below), new Panel(0, 0, canvas.Width, height));
    }

    /// <summary>The scale across.</summary>
    public Scale Across(double least, double most, bool logarithmic = false) =>
        new(least, most, Left + ForNumbers, Left + Width - AtEnd, logarithmic);

    /// <summary>The scale upwards.</summary>
    public Scale Upwards(double least, double most) => new(least, most, Top + Height - Below, Top + ForName);

    private static double HeightOn(Canvas canvas) => canvas.IsNarrow ? 260 : 300;

    private static double TallOn(Canvas canvas) => canvas.IsNarrow ? 340 : 420;
}
