using System.Globalization;
using System.Text;
using Pipelines.Models.Vision;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// A drawing in SVG. Every shape has its light colour as an attribute and a class of the same name (<see cref="Ink"/>),
/// so the same bytes serve as a file and inside the page. Text is set in <see cref="FigureFont"/>, which measures it.
/// </summary>
/// <param name="id">Prefix of the ids in it, unique in a page.</param>
/// <param name="width">In pixels.</param>
/// <param name="height">In pixels.</param>
/// <param name="title">What is shown.</param>
/// <param name="description">What it shows, in words: for screen readers.</param>
internal sealed class Svg(string id, double width, double height, string title, string description)
{
    private const string Fonts = $"'{FigureFont.Family}', 'DejaVu Sans', system-ui, Arial, sans-serif";
    private const int CloudLayers = 8;
    private const double GutterFrom = 10; // cells of at least this side have a gutter of a pixel

    /// <summary>Room of a ramp (<see cref="Ramp"/>) below a chart.</summary>
    public const double RampHeight = 56;

    /// <summary>Path of a cell without gutters, in cells: it touches its neighbours.</summary>
    internal static readonly string WholeCell = Shape(1, 1);

    private readonly StringBuilder body = new();
    private readonly List<(string Text, bool IsBold)> texts = [];

    /// <summary>In pixels.</summary>
    public double Width => width;

    /// <summary>In pixels.</summary>
    public double Height => height;

    /// <summary>A straight line.</summary>
    public Svg Line(double x0, double y0, double x1, double y1, Ink ink, double thickness = 1, string? dashes = null) =>
        Raw(
            $"<path d=\"{Points([(x0, y0), (x1, y1)])}\" "
                + $"{Stroke(ink, thickness)}{(dashes is null ? "" : $" stroke-dasharray=\"{dashes}\"")}/>"
        );

    /// <summary>A line through points.</summary>
    public Svg Curve(IEnumerable<(double X, double Y)> points, Ink ink, double thickness = 2, string? dashes = null) =>
        Raw(
            $"<path d=\"{Points(points)}\" {Stroke(ink, thickness)} "
                + $"stroke-linejoin=\"round\"{(dashes is null ? "" : $" stroke-dasharray=\"{dashes}\"")}/>"
        );

    /// <summary>A filled band between two lines over the same places.</summary>
    public Svg Band(
        IEnumerable<(double X, double Y)> upper,
        IEnumerable<(double X, double Y)> lower,
        Ink ink,
        double opacity
    ) => Raw($"<path d=\"{Points(upper.Concat(lower.Reverse()))}Z\" {Fill(ink)} fill-opacity=\"{Opacity(opacity)}\"/>");

    /// <summary>A round mark.</summary>
    public Svg Dot(double x, double y, double radius, Ink ink, string? tip = null, double opacity = 1) =>
        Raw(
            $"<circle cx=\"{Coordinate(x)}\" cy=\"{Coordinate(y)}\" r=\"{Coordinate(radius)}\" "
                + $"{Fill(ink)}{(opacity < 1 ? $" fill-opacity=\"{Opacity(opacity)}\"" : "")}{Tip(tip)}/>"
        );

    /// <summary>A mark of a form.</summary>
    public Svg Mark(double x, double y, double radius, Marker marker, string? tip = null, double opacity = 1)
    {
        (double X, double Y)[] corners = marker.Shape switch
        {
            MarkShape.Circle => [],
            MarkShape.Square => [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            MarkShape.Triangle => [(0, -1.25), (1.1, 0.75), (-1.1, 0.75)],
            MarkShape.Diamond => [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
            MarkShape.Hexagon => [(-0.6, -1), (0.6, -1), (1.2, 0), (0.6, 1), (-0.6, 1), (-1.2, 0)],
            MarkShape.Wedge => [(0, 1.25), (1.1, -0.75), (-1.1, -0.75)],
            MarkShape.Plus => Arms(1.3, turn: 0),
            MarkShape.Cross => Arms(1.3, turn: Math.PI / 4),
            _ => throw new ArgumentOutOfRangeException(nameof(marker)),
        };
        return corners.Length == 0
            ? Dot(x, y, radius, marker.Ink, tip, opacity)
            : Raw(
                $"<path d=\"{Points(corners.Select(c => (x + (radius * c.X), y + (radius * c.Y))))}Z\" "
                    + $"{Fill(marker.Ink)}{(opacity < 1 ? $" fill-opacity=\"{Opacity(opacity)}\"" : "")}{Tip(tip)}/>"
            );
    }

    /// <summary>Thin bars from one line, as one path: thousands stay small.</summary>
    /// <param name="ends">Place across, and where the bar ends.</param>
    /// <param name="from">Where bars start.</param>
    /// <param name="ink">Colour.</param>
    /// <param name="thickness">In pixels.</param>
    public Svg Stems(IReadOnlyList<(double X, double Y)> ends, double from, Ink ink, double thickness)
    {
        if (ends.Count == 0)
        {
            return this;
        }

        string start = Coordinate(from);
        var bars = ends.Select(p => $"M{Coordinate(p.X)} {start}V{Coordinate(p.Y)}");
        return Raw($"<path d=\"{string.Concat(bars)}\" {Stroke(ink, thickness)}/>");
    }

    /// <summary>
    /// Many round marks without tips, as a few paths so that thousands stay small; overlapping marks grow darker.
    /// </summary>
    public Svg Cloud(IReadOnlyList<(double X, double Y)> points, double radius, Ink ink, double opacity)
    {
        int layers = Math.Min(CloudLayers, points.Count);
        for (int layer = 0; layer < layers; layer++)
        {
            IEnumerable<string> marks = points
                .Where((_, i) => i % layers == layer)
                .Select(p => $"M{Coordinate(p.X)} {Coordinate(p.Y)}h0");
            Raw(
                $"<path d=\"{string.Concat(marks)}\" {Stroke(ink, 2 * radius)} stroke-linecap=\"round\" "
                    + $"stroke-opacity=\"{Opacity(opacity)}\"/>"
            );
        }

        return this;
    }

    /// <summary>A filled rectangle.</summary>
    public Svg Rectangle(double x, double y, double w, double h, Ink ink, string? tip = null, double opacity = 1) =>
        Raw(
            $"<rect x=\"{Coordinate(x)}\" y=\"{Coordinate(y)}\" width=\"{Coordinate(Math.Max(0, w))}\" "
                + $"height=\"{Coordinate(Math.Max(0, h))}\" "
                + $"{Fill(ink)}{(opacity < 1 ? $" fill-opacity=\"{Opacity(opacity)}\"" : "")}{Tip(tip)}/>"
        );

    /// <summary>A line of text.</summary>
    /// <param name="x">Anchor.</param>
    /// <param name="y">Base line.</param>
    /// <param name="text">The text, not escaped.</param>
    /// <param name="anchor"><c>start</c>, <c>middle</c> or <c>end</c>.</param>
    /// <param name="ink">Colour; null = <see cref="Palette.Muted"/>.</param>
    /// <param name="size">In pixels.</param>
    /// <param name="bold">True: semi-bold.</param>
    /// <param name="upwards">True: turned to read upwards.</param>
    /// <param name="halo">True: on a rim of the ground's colour, for text over marks.</param>
    public Svg Text(
        double x,
        double y,
        string text,
        string anchor = "start",
        Ink? ink = null,
        double size = 12,
        bool bold = false,
        bool upwards = false,
        bool halo = false
    )
    {
        texts.Add((text, bold));
        ink ??= Palette.Muted;
        string colour = halo ? Rimmed(ink) : Fill(ink),
            sized = size == 12 ? "" : $" font-size=\"{Coordinate(size)}\"",
            weight = bold ? " font-weight=\"600\"" : "",
            anchored = anchor == "start" ? "" : $" text-anchor=\"{anchor}\"",
            turned = upwards ? $" transform=\"rotate(-90 {Coordinate(x)} {Coordinate(y)})\"" : "";
        return Raw(
            $"<text x=\"{Coordinate(x)}\" y=\"{Coordinate(y)}\" {colour}{sized}{weight}{anchored}{turned}>"
                + $"{Escape(text)}</text>"
        );
    }

    /// <summary>
    /// Opens a group of shapes that belong to one series: a click on its key (<see cref="BeginKey"/>) hides it in the
    /// page. Closed by <see cref="End"/>.
    /// </summary>
    public Svg BeginSeries(int series) => Raw($"<g data-series=\"{Exact(series)}\">");

    /// <summary>Opens the key of a series. Closed by <see cref="End"/>.</summary>
    public Svg BeginKey(int series) => Raw($"<g data-key=\"{Exact(series)}\">");

    /// <summary>Closes a group.</summary>
    public Svg End() => Raw("</g>");

    /// <summary>
    /// Puts a picture into the drawing once, to be shown by <see cref="Use"/>; stretched to its size.
    /// </summary>
    /// <param name="name">Unique in a page.</param>
    /// <param name="file">A PNG or JPEG file.</param>
    /// <param name="w">Width.</param>
    /// <param name="h">Height.</param>
    public Svg Define(string name, byte[] file, double w, double h) =>
        Raw(
            $"<defs><image id=\"{name}\" width=\"{Coordinate(w)}\" height=\"{Coordinate(h)}\" "
                + $"preserveAspectRatio=\"none\" href=\"{Address(file)}\"/></defs>"
        );

    /// <summary>Shows a picture file where it stands; stretched to its size.</summary>
    public Svg Picture(byte[] file, double x, double y, double w, double h, string? tip = null) =>
        Raw(
            $"<image x=\"{Coordinate(x)}\" y=\"{Coordinate(y)}\" width=\"{Coordinate(w)}\" height=\"{Coordinate(h)}\" "
                + $"preserveAspectRatio=\"none\"{Tip(tip)} href=\"{Address(file)}\"/>"
        );

    /// <summary>A rectangle without a ground, rimmed so that it is seen on any picture.</summary>
    public Svg Frame(double x, double y, double w, double h, Ink ink)
    {
        (double X, double Y)[] corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)];
        return Curve(corners, Palette.Paper, 3).Curve(corners, ink, 1.4);
    }

    /// <summary>Shows a picture that was put in by <see cref="Define"/>.</summary>
    public Svg Use(string name, double x, double y) =>
        Raw($"<use href=\"#{name}\" transform=\"translate({Coordinate(x)} {Coordinate(y)})\"/>");

    /// <summary>
    /// A heat map. Cells of one colour are one path; the values ride once beside it for the page's tips.
    /// </summary>
    /// <param name="values">[rows, columns].</param>
    /// <param name="x">Left edge.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="cell">Side of a cell.</param>
    /// <param name="ink">Colour of a value.</param>
    /// <param name="tip">Text of a tip: {r} row, {c} column, {v} value.</param>
    /// <param name="decimals">Decimals of the value in tips.</param>
    /// <param name="opacity">Opacity of a value, 0 to 1, for cells without gutters over a picture; null =
    /// opaque.</param>
    /// <param name="leadsTo">Where a cell leads in the explorer, with {r} and {c}; null = nowhere.</param>
    public Svg Cells(
        double[,] values,
        double x,
        double y,
        double cell,
        Func<double, Ink> ink,
        string tip,
        int decimals = 3,
        Func<double, double>? opacity = null,
        string? leadsTo = null
    ) => Cells(values, x, y, cell, cell, ink, tip, decimals, opacity: opacity, leadsTo: leadsTo);

    /// <summary>A heat map of cells that are not square, whose rows and columns may have names.</summary>
    /// <param name="values">[rows, columns].</param>
    /// <param name="x">Left edge.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="cellWidth">Width of a cell.</param>
    /// <param name="cellHeight">Height of a cell.</param>
    /// <param name="ink">Colour of a value.</param>
    /// <param name="tip">Text of a tip: {r} row, {c} column, {v} value.</param>
    /// <param name="decimals">Decimals of the value in tips.</param>
    /// <param name="rowNames">What {r} stands for; null = the row's number.</param>
    /// <param name="columnNames">What {c} stands for; null = the column's number.</param>
    /// <param name="opacity">Opacity of a value, 0 to 1, for cells without gutters over a picture; null =
    /// opaque.</param>
    /// <param name="leadsTo">Where a cell leads in the explorer, with {r} and {c}; null = nowhere.</param>
    public Svg Cells(
        double[,] values,
        double x,
        double y,
        double cellWidth,
        double cellHeight,
        Func<double, Ink> ink,
        string tip,
        int decimals,
        IEnumerable<string>? rowNames = null,
        IEnumerable<string>? columnNames = null,
        Func<double, double>? opacity = null,
        string? leadsTo = null
    )
    {
        int rows = values.GetLength(0),
            columns = values.GetLength(1);
        var paths = new SortedDictionary<string, (Ink Ink, string Opacity, StringBuilder Path)>(StringComparer.Ordinal);
        var shown = new List<string>(rows * columns);
        string shape = opacity is null ? Shape(Filled(cellWidth), Filled(cellHeight)) : WholeCell;
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                Ink colour = ink(values[r, c]);
                string faint = opacity is null
                    ? ""
                    : Opacity(Math.Round(20 * Math.Clamp(opacity(values[r, c]), 0, 1)) / 20);
                if (!paths.TryGetValue(colour.Name + " " + faint, out var entry))
                {
                    paths[colour.Name + " " + faint] = entry = (colour, faint, new StringBuilder());
                }

                entry.Path.Append('M').Append(Exact(c)).Append(' ').Append(Exact(r)).Append(shape);
                shown.Add(CellValue(values[r, c], decimals));
            }
        }

        string side = Length(cellWidth) + (cellHeight == cellWidth ? "" : " " + Length(cellHeight));
        Raw(
            $"<g transform=\"translate({Coordinate(x)} {Coordinate(y)}) scale({side})\" shape-rendering=\"crispEdges\">"
        );
        foreach (var (colour, faint, path) in paths.Values.Where(p => p.Opacity != "0"))
        {
            Raw($"<path {Fill(colour)}{(faint is "" or "1" ? "" : $" fill-opacity=\"{faint}\"")} d=\"{path}\"/>");
        }

        return Raw(
            $"<rect width=\"{Exact(columns)}\" height=\"{Exact(rows)}\" fill=\"#000\" fill-opacity=\"0\" "
                + $"data-columns=\"{Exact(columns)}\" data-tip=\"{EscapeLines(tip)}\" "
                + $"data-cells=\"{string.Join(' ', shown)}\""
                + (leadsTo is null ? "" : $" data-go=\"{Escape(leadsTo)}\"")
                + $"{Names("rows", rowNames)}{Names("names", columnNames)}/></g>"
        );
    }

    /// <summary>The key of a heat map: the ramp as a bar with labels below.</summary>
    public Svg Ramp(
        double x,
        double y,
        double length,
        string name,
        Func<double, Ink> inkAt,
        params (double At, string Label)[] labels
    )
    {
        const int pieces = 41;
        Text(x, y - 6, name, ink: Palette.Ink);
        for (int i = 0; i < pieces; i++) // each up to the end, so that no seam shows between two
        {
            Rectangle(x + (i * length / pieces), y, length * (pieces - i) / pieces, 9, inkAt(i / (pieces - 1.0)));
        }

        foreach (var (at, label) in labels)
        {
            Text(
                x + (at * length),
                y + 22,
                label,
                at == 0 ? "start"
                    : at == 1 ? "end"
                    : "middle",
                size: 11
            );
        }

        return this;
    }

    /// <summary>A value axis at the left with grid lines, a value axis below, and their names.</summary>
    /// <param name="x">Scale across; starts at the left.</param>
    /// <param name="y">Scale upwards; starts below.</param>
    /// <param name="xName">Name and unit across; empty = none.</param>
    /// <param name="yName">Name and unit, above the axis; empty = none.</param>
    /// <param name="xTicks">Values across.</param>
    /// <param name="yTicks">Values upwards.</param>
    public Svg Axes(
        Scale x,
        Scale y,
        string xName,
        string yName,
        IReadOnlyList<double> xTicks,
        IReadOnlyList<double> yTicks
    )
    {
        foreach (double value in yTicks)
        {
            Line(x.Start, y[value], x.End, y[value], Palette.Rule)
                .Text(x.Start - 7, y[value] + 4, Tick(value), "end", size: 11);
        }

        foreach (double value in xTicks)
        {
            Line(x[value], y.Start, x[value], y.Start + 4, Palette.Muted)
                .Text(x[value], y.Start + 17, Tick(value), "middle", size: 11);
        }

        Line(x.Start, y.Start, x.End, y.Start, Palette.Muted);
        if (xName.Length > 0)
        {
            Text((x.Start + x.End) / 2, y.Start + 35, xName, "middle", Palette.Ink);
        }

        return yName.Length > 0 ? Text(x.Start, y.End - 12, yName, ink: Palette.Ink, bold: true) : this;
    }

    /// <summary>
    /// Numbers below an axis at places of their own; one that would touch the one before is left out.
    /// </summary>
    /// <param name="x">Scale across.</param>
    /// <param name="y">Where the axis lies.</param>
    /// <param name="numbers">From left to right.</param>
    public Svg NumbersBelow(Scale x, double y, IEnumerable<(double At, string Text)> numbers)
    {
        var labels = new Labels();
        foreach (var (at, text) in numbers)
        {
            Line(x[at], y, x[at], y + 4, Palette.Muted);
            double half = FigureFont.Width(text, 11) / 2;
            if (labels.Take(x[at] - half, x[at] + half, gap: 4))
            {
                Text(x[at], y + 17, text, "middle", size: 11);
            }
        }

        return this;
    }

    /// <summary>The drawing, for a page that has the font.</summary>
    public override string ToString() => Whole(Coordinate(width), Coordinate(height), style: "");

    /// <summary>The drawing with its font in it, for a file of its own.</summary>
    /// <param name="millimetres">Width on paper; null = a pixel is a pixel.</param>
    public string ToFile(double? millimetres = null)
    {
        string style = $"<style>\n{FigureFont.Rules(texts)}</style>\n";
        return millimetres is { } wide
            ? Whole(Coordinate(wide) + "mm", Coordinate(wide * height / width) + "mm", style)
            : Whole(Coordinate(width), Coordinate(height), style);
    }

    private string Whole(string across, string down, string style) =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Coordinate(width)} {Coordinate(height)}\" "
        + $"width=\"{across}\" height=\"{down}\" role=\"img\" "
        + $"aria-labelledby=\"{id}-t {id}-d\" font-family=\"{Fonts}\" font-size=\"12\">\n<title "
        + $"id=\"{id}-t\">{Escape(title)}</title>\n<desc id=\"{id}-d\">{Escape(description)}</desc>\n{style}"
        + $"<rect class=\"ground\" width=\"100%\" height=\"100%\" fill=\"{Palette.Paper.Light}\"/>\n{body}</svg>\n";

    /// <summary>Corners of four arms.</summary>
    private static (double X, double Y)[] Arms(double length, double turn)
    {
        const double half = 0.42;
        (double X, double Y)[] arm = [(half, -half), (length, -half), (length, half)];
        return
        [
            .. Enumerable
                .Range(0, 4)
                .SelectMany(i =>
                    arm.Select(c => (c.X, c.Y, Angle: turn + (i * Math.PI / 2)))
                        .Select(c =>
                            (
                                (c.X * Math.Cos(c.Angle)) - (c.Y * Math.Sin(c.Angle)),
                                (c.X * Math.Sin(c.Angle)) + (c.Y * Math.Cos(c.Angle))
                            )
                        )
                ),
        ];
    }

    private static string Address(byte[] file) =>
        $"data:image/{PictureFormats.Of(file).ToString().ToLowerInvariant()};base64,{Convert.ToBase64String(file)}";

    private static string Fill(Ink ink) => $"class=\"f-{ink.Name}\" fill=\"{ink.Light}\"";

    private static string Rimmed(Ink ink) =>
        $"class=\"f-{ink.Name} s-{Palette.Paper.Name}\" fill=\"{ink.Light}\" stroke=\"{Palette.Paper.Light}\" "
        + $"stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\" pointer-events=\"none\"";

    private static string Stroke(Ink ink, double thickness) =>
        $"class=\"s-{ink.Name}\" stroke=\"{ink.Light}\" stroke-width=\"{Coordinate(thickness)}\" fill=\"none\"";

    private static string Tip(string? tip) =>
        tip is null ? "" : $" data-tip=\"{EscapeLines(tip).Replace("\n", "&#10;", StringComparison.Ordinal)}\"";

    private static string Names(string attribute, IEnumerable<string>? names) =>
        names is null
            ? ""
            : $" data-{attribute}=\"{Escape(string.Join('|', names.Select(n => n.Replace('|', '/'))))}\"";

    private static double Filled(double side) => side >= GutterFrom ? 1 - (1 / side) : 1;

    private static string Shape(double width, double height) => $"h{Length(width)}v{Length(height)}h-{Length(width)}z";

    private static string Length(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Opacity(double opacity) => opacity.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Points(IEnumerable<(double X, double Y)> points) =>
        "M" + string.Join('L', points.Select(p => Coordinate(p.X) + " " + Coordinate(p.Y)));

    private Svg Raw(string element)
    {
        body.Append(element).Append('\n');
        return this;
    }
}
