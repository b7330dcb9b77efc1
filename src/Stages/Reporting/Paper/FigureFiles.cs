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

    /// <summary>Ends of the names of a figure's files, with what they are.</summary>
    public static readonly IReadOnlyList<(string Ending, string Title)> Kinds =
    [
        (".svg", "SVG"),
        (".pdf", "PDF"),
        (".column.svg", "column SVG"),
        (".column.pdf", "column PDF"),
        (".txt", "caption"),
        (".csv", "CSV"),
    ];

    /// <summary>Names and bytes of the files of a figure.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> Of(Figure figure)
    {
        Svg wide = figure.Drawing.On(Drawing.Wide, figure.Name),
            column = figure.Drawing.On(Column, figure.Name);
        return new[]
        {
            (".svg", Utf8(wide.ToFile())),
            (".pdf", SvgPdf.Of(wide.ToString(), PointsPerPixel)),
            (".column.svg", Utf8(column.ToFile(ColumnMillimetres))),
            (".column.pdf", SvgPdf.Of(column.ToString(), ColumnPointsPerPixel)),
            (".txt", Utf8(Caption(figure))),
            (".csv", Utf8(figure.Table.ToCsv())),
        }.Select(file => ($"{Folder}/{figure.Name}{file.Item1}", file.Item2));
    }

    /// <summary>The caption: what is shown, what this shows, how to read it.</summary>
    public static string Caption(Figure figure) =>
        $"{figure.Title} ({figure.Place.Paper})\n\n{figure.Drawing.Shows}\n\n{figure.Drawing.Readings.OnPaper}\n";

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
