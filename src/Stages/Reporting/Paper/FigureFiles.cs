namespace Pipelines.Stages.Reporting;

/// <summary>
/// The files of a figure, as a paper takes them: SVG and PDF at the page's width and at that of a column, the caption
/// as text, the data as CSV.
/// </summary>
internal static class FigureFiles
{
    /// <summary>Folder beside the page.</summary>
    public const string Folder = "figures";

    /// <summary>Width of a column on paper, in millimetres.</summary>
    public const double ColumnMillimetres = 85;

    /// <summary>
    /// Width of a column's drawing, in pixels: its smallest text, of 10 pixels, is then 7 points on paper.
    /// </summary>
    public const double Column = 344;

    private const double PointsPerPixel = 0.75, // as CSS has it
        PointsPerMillimetre = 72 / 25.4;

    /// <summary>Points of a pixel in a column.</summary>
    public const double ColumnPointsPerPixel = ColumnMillimetres * PointsPerMillimetre / Column;

    private static readonly (string Ending, string Title, Func<Sheets, byte[]> Bytes)[] All =
    [
        (".svg", "SVG", s => Utf8(s.Wide.ToFile())),
        (".pdf", "PDF", s => SvgPdf.Of(s.Wide.ToString(), PointsPerPixel)),
        (".column.svg", "column SVG", s => Utf8(s.Column.ToFile(ColumnMillimetres))),
        (".column.pdf", "column PDF", s => SvgPdf.Of(s.Column.ToString(), ColumnPointsPerPixel)),
        (".txt", "caption", s => Utf8(Caption(s.Figure))),
        (".csv", "CSV", s => Utf8(s.Figure.Table.ToCsv())),
    ];

    /// <summary>Ends of the names of a figure's files, with what they are.</summary>
    public static IReadOnlyList<(string Ending, string Title)> Kinds { get; } =
    [.. All.Select(kind => (kind.Ending, kind.Title))];

    /// <summary>Names and bytes of the files of a figure.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> Of(Figure figure)
    {
        var sheets = new Sheets(figure);
        return All.Select(kind => ($"{Folder}/{figure.Name}{kind.Ending}", kind.Bytes(sheets)));
    }

    /// <summary>The caption: what is shown, what this shows, how to read it.</summary>
    public static string Caption(Figure figure) =>
        $"{figure.Title} ({figure.Place.Paper})\n\n{figure.Drawing.Shows}\n\n{figure.Drawing.Readings.OnPaper}\n";

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    /// <summary>A figure, drawn at both widths once.</summary>
    private sealed record Sheets(Figure Figure)
    {
        public Svg Wide { get; } = Figure.Drawing.On(Drawing.Wide, Figure.Name);

        public Svg Column { get; } = Figure.Drawing.On(FigureFiles.Column, Figure.Name);
    }
}
