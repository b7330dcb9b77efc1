namespace Pipelines.Stages.Reporting;

/// <summary>
/// The names of lines at their right ends, in a column of their own: each at the height where its line ends or as near
/// as the others allow, with a leader line to it.
/// </summary>
internal sealed class LineEnds
{
    private const double Size = 10,
        Line = 12, // from a name to the next
        Leader = 12,
        ForMark = 9,
        MostOfPanel = 0.36;

    private readonly List<(string Title, Ink Ink, int Series, double X, double Y, double Order)> ends = [];

    /// <summary>What a panel leaves of its width for lines with such names.</summary>
    public static Panel Beside(Panel panel, IEnumerable<string> titles)
    {
        double longest = titles.Select(t => FigureFont.Width(t, Size)).DefaultIfEmpty(0).Max();
        return panel with { Width = panel.Width - Math.Min(MostOfPanel * panel.Width, Leader + ForMark + longest) };
    }

    /// <summary>Where names stand: apart by a line at least, in the order of their lines, as near to these as that
    /// allows; moved least in the sum of squares.</summary>
    /// <param name="wanted">From the top down.</param>
    /// <param name="top">Least height.</param>
    /// <param name="bottom">Greatest height; more names than fit stand below it.</param>
    /// <param name="line">Least distance.</param>
    public static double[] Places(IReadOnlyList<double> wanted, double top, double bottom, double line = Line)
    {
        // With i lines taken off the i-th place, "apart by a line" is "not falling": pool those that fall (isotonic
        // regression), and no place moves further than it must
        var pools = new List<(double Sum, int Count)>();
        for (int i = 0; i < wanted.Count; i++)
        {
            pools.Add((wanted[i] - (i * line), 1));
            while (pools.Count > 1 && Mean(pools[^2]) > Mean(pools[^1]))
            {
                pools[^2] = (pools[^2].Sum + pools[^1].Sum, pools[^2].Count + pools[^1].Count);
                pools.RemoveAt(pools.Count - 1);
            }
        }

        double last = Math.Max(top, bottom - ((wanted.Count - 1) * line));
        return
        [
            .. pools
                .SelectMany(p => Enumerable.Repeat(Math.Clamp(Mean(p), top, last), p.Count))
                .Select((at, i) => at + (i * line)),
        ];

        static double Mean((double Sum, int Count) pool) => pool.Sum / pool.Count;
    }

    /// <summary>Takes down a line's end; a line without points has none.</summary>
    /// <param name="title">Name of the series.</param>
    /// <param name="ink">Its colour.</param>
    /// <param name="series">Its number in the drawing.</param>
    /// <param name="line">Its points; lines that end in one point are named in the order of their mean heights.</param>
    public void Add(string title, Ink ink, int series, IReadOnlyList<(double X, double Y)> line)
    {
        if (line.Count > 0)
        {
            ends.Add((title, ink, series, line[^1].X, line[^1].Y, line.Average(p => p.Y)));
        }
    }

    /// <summary>Draws the names.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="x">Scale across of the lines: the column is right of it.</param>
    /// <param name="y">Scale upwards.</param>
    /// <param name="right">Right edge of the column.</param>
    public void Draw(Svg svg, Scale x, Scale y, double right)
    {
        var ordered = ends.OrderBy(e => Math.Round(e.Y)).ThenBy(e => e.Order).ToList();
        double[] places = Places([.. ordered.Select(e => e.Y)], y.End, y.Start);
        double left = x.End + Leader + 3,
            text = left + ForMark;
        foreach (var (end, at) in ordered.Zip(places))
        {
            svg.BeginSeries(end.Series)
                .Curve([(end.X + 3, end.Y), (x.End + 6, end.Y), (left - 3, at)], Palette.Muted, 0.8)
                .Mark(left + 2, at, 3, Palette.MarkOf(end.Ink))
                .Text(text, at + 3.5, FigureFont.Fit(end.Title, right - text, Size), ink: Palette.Ink, size: Size)
                .End();
        }
    }
}
