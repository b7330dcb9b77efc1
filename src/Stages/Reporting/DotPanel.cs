using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Means with 95 % intervals against names: a row a name, in it one mark a series, one below the other.
/// </summary>
/// <param name="Name">Heading.</param>
/// <param name="XName">Name and unit across.</param>
/// <param name="Rows">From top to bottom.</param>
/// <param name="Series">Looks of the marks, in the order of a row's estimates.</param>
/// <param name="X">Least and greatest value across.</param>
/// <param name="Words">An estimate in words, for tips.</param>
internal sealed record DotPanel(
    string Name,
    string XName,
    IReadOnlyList<DotRow> Rows,
    IReadOnlyList<DotSeries> Series,
    (double Least, double Most) X,
    Func<Estimate, string> Words
)
{
    /// <summary>Room of the names.</summary>
    public const double Label = 118;

    private const double Right = 14,
        Top = 28,
        NameGap = 10,
        Line = 11;

    /// <summary>A value to compare with, as a dashed line; null = none.</summary>
    public double? Reference { get; init; }

    /// <summary>Looks of a row's marks where rows, not series, differ; null = those of the series.</summary>
    public Func<int, Marker>? MarkOf { get; init; }

    /// <summary>Space between two rows.</summary>
    public double Gap { get; init; } = 6;

    /// <summary>Height with heading and axis.</summary>
    public double Height => Top + (Rows.Count * RowHeight) + RowAxis.Height;

    /// <summary>The panel with its rows further apart, so that it is at least so high.</summary>
    public DotPanel Stretched(double height) => this with { Gap = Gap + (Math.Max(0, height - Height) / Rows.Count) };

    private double RowHeight => (Series.Count * Line) + Gap;

    /// <summary>Draws it.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="left">Left edge.</param>
    /// <param name="top">Upper edge.</param>
    /// <param name="width">Width with names.</param>
    /// <param name="firstSeries">Number of the first series among those of the drawing.</param>
    public void Draw(Svg svg, double left, double top, double width, int firstSeries)
    {
        double upper = top + Top,
            bottom = upper + (Rows.Count * RowHeight);
        var x = new Scale(X.Least, X.Most, left + Label, left + width - Right);
        svg.Text(left + Label, top + 14, Name, ink: Palette.Ink, bold: true);
        RowAxis.Draw(svg, x, upper, bottom, XName, width < 360 ? 4 : 5);
        if (Reference is { } reference && double.IsFinite(reference))
        {
            svg.Line(x.Clamped(reference), upper, x.Clamped(reference), bottom, Palette.Muted, 1.2, "5 4");
        }

        for (int r = 0; r < Rows.Count; r++)
        {
            double y = upper + (r * RowHeight),
                size = Rows[r].IsStrong ? 12 : 11;
            if (Rows[r].IsStrong && r > 0)
            {
                svg.Line(left, y, x.End, y, Palette.Rule);
            }

            svg.Text(
                left + Label - NameGap,
                y + (RowHeight / 2) + 4,
                FigureFont.Fit(Rows[r].Name, Label - NameGap, size, Rows[r].IsStrong),
                "end",
                Palette.Ink,
                size: size,
                bold: Rows[r].IsStrong
            );
        }

        for (int s = 0; s < Series.Count; s++)
        {
            svg.BeginSeries(firstSeries + s);
            for (int r = 0; r < Rows.Count; r++)
            {
                DrawMark(
                    svg,
                    x,
                    upper + (r * RowHeight) + (Gap / 2) + ((s + 0.5) * Line),
                    Rows[r],
                    s,
                    MarkOf?.Invoke(r) ?? Series[s].Mark
                );
            }

            svg.End();
        }
    }

    private void DrawMark(Svg svg, Scale x, double y, DotRow row, int series, Marker mark)
    {
        Estimate at = row.Estimates[series];
        if (!double.IsFinite(at.Mean))
        {
            return;
        }

        if (at.HasInterval)
        {
            svg.Line(x.Clamped(at.Low), y, x.Clamped(at.High), y, mark.Ink, row.IsStrong ? 2.2 : 1.3);
        }

        string title = Series[series].Title,
            name = title.Length > 0 ? $"{row.Name}, {title}" : row.Name;
        svg.Mark(x.Clamped(at.Mean), y, row.IsStrong ? 4.6 : 3.4, mark, $"{name}\n{Words(at)}{row.NoteAt(series)}");
    }
}

/// <summary>A row of a panel.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Estimates">One a series; without a mean nothing is drawn.</param>
/// <param name="IsStrong">True: heads the rows below it.</param>
/// <param name="NotReached">Samples left out of an estimate because nothing crosses; null = none.</param>
internal sealed record DotRow(
    string Name,
    IReadOnlyList<Estimate> Estimates,
    bool IsStrong = false,
    IReadOnlyList<int>? NotReached = null
)
{
    /// <summary>What a tip adds.</summary>
    public string NoteAt(int series) =>
        NotReached?[series] is > 0 and var missing ? $"\nnot reached in {Many(missing, "sample")}" : "";
}

/// <summary>A series of a panel.</summary>
/// <param name="Title">Name for people.</param>
/// <param name="Mark">How its marks look.</param>
internal sealed record DotSeries(string Title, Marker Mark);
