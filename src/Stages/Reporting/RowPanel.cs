using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>Rows with their names at the left, one scale across, and an axis below.</summary>
/// <param name="X">Scale across; names end at its start.</param>
/// <param name="Top">Upper edge of the first row.</param>
/// <param name="Row">Height of a row.</param>
/// <param name="Count">So many rows.</param>
/// <param name="Middle">Where a row's bar and name stand, below its upper edge.</param>
internal readonly record struct RowPanel(Scale X, double Top, double Row, int Count, double Middle)
{
    private const double ForNames = 128,
        ForValue = 44, // behind the longest bar
        NameGap = 8,
        Gap = 6; // before a value

    /// <summary>
    /// Panels with the same rows: side by side with the names once at the left, or below each other on a phone.
    /// </summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="count">So many panels.</param>
    /// <param name="rows">Count, height and <see cref="Middle"/> of the rows.</param>
    /// <param name="most">Greatest value across; the least is 0.</param>
    /// <param name="head">Room above the rows, for headings.</param>
    /// <param name="above">Height of what stands above all panels.</param>
    /// <returns>The drawing that holds them, and the panels; the names belong to those that say so.</returns>
    public static (Svg Svg, IReadOnlyList<(RowPanel Panel, bool HasNames)> Panels) Several(
        Canvas canvas,
        int count,
        (int Count, double Height, double Middle) rows,
        double most,
        double head,
        double above = 0
    )
    {
        double height = head + (rows.Count * rows.Height) + RowAxis.Height,
            width = (canvas.Width - ForNames) / (canvas.IsNarrow ? 1 : count);
        return (
            canvas.Svg(above + (canvas.IsNarrow ? count * height : height)),
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(i =>
                    {
                        double left = ForNames + (canvas.IsNarrow ? 0 : i * width),
                            top = above + head + (canvas.IsNarrow ? i * height : 0);
                        var x = new Scale(0, most, left, left + width - ForValue);
                        return (
                            new RowPanel(x, top, rows.Height, rows.Count, rows.Middle),
                            HasNames: canvas.IsNarrow || i == 0
                        );
                    }),
            ]
        );
    }

    /// <summary>Left end of the names where keys above the rows are to stand flush with their scale.</summary>
    public static double KeysAt(Canvas canvas) => canvas.IsNarrow ? 0 : ForNames;

    /// <summary>Lower edge of the last row.</summary>
    public double Bottom => Top + (Count * Row);

    /// <summary>Upper edge of a row.</summary>
    public double UpperOf(int row) => Top + (row * Row);

    /// <summary>Where a row's bar and name stand.</summary>
    public double MiddleOf(int row) => UpperOf(row) + Middle;

    /// <summary>Draws the heading, and what it means in a second line.</summary>
    public Svg DrawHeading(Svg svg, string heading, string? meaning = null)
    {
        svg.Text(X.Start, Top - (meaning is null ? 10 : 26), heading, ink: Palette.Ink, size: 14, bold: true);
        return meaning is null ? svg : svg.Text(X.Start, Top - 10, meaning);
    }

    /// <summary>Draws grid lines, numbers and the name of the axis, for bars from <paramref name="from"/>.</summary>
    public Svg DrawAxis(Svg svg, string name, double from = 0) =>
        RowAxis.Draw(svg, X, Top, Bottom, name, ticks: 5, from);

    /// <summary>Draws the name of a row.</summary>
    public Svg DrawName(Svg svg, int row, string name, bool isBold) =>
        svg.Text(
            X.Start - NameGap,
            MiddleOf(row) + 4,
            FigureFont.Fit(name, Math.Min(ForNames, X.Start) - NameGap, bold: isBold),
            "end",
            Palette.Ink,
            bold: isBold
        );

    /// <summary>Draws a text in place of a bar.</summary>
    public Svg DrawInstead(Svg svg, double middle, string text, double size = 12) =>
        svg.Text(X.Start + Gap, middle + 4, text, size: size);

    /// <summary>Draws a bar from a value to another, in either order.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="middle">Where it stands.</param>
    /// <param name="thickness">Height.</param>
    /// <param name="from">Value where it starts.</param>
    /// <param name="to">Value where it ends.</param>
    /// <param name="ink">Colour.</param>
    /// <param name="tip">Text of its tip.</param>
    public Svg DrawBar(Svg svg, double middle, double thickness, double from, double to, Ink ink, string tip)
    {
        double left = Math.Min(X[from], X[to]),
            right = Math.Max(X[from], X[to]);
        return svg.Rectangle(left, middle - (thickness / 2), right - left, thickness, ink, tip);
    }

    /// <summary>Draws the interval of a bar over it, and its value behind both.</summary>
    public Svg DrawValue(Svg svg, double middle, Estimate mean, string value, bool isBold = false)
    {
        double end = X[mean.Mean];
        if (mean.HasInterval)
        {
            end = X.Clamped(mean.High);
            RowAxis.Whisker(svg, X, mean.Low, mean.High, middle);
        }

        return svg.Text(end + Gap, middle + 4.5, value, ink: Palette.Ink, bold: isBold);
    }
}
