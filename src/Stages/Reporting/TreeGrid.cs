using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// A heat map whose rows stand in the order of a tree: the tree at the left, then a bar and a name a row; above the
/// cells the groups of columns, below them the ramp.
/// </summary>
/// <param name="Left">Left edge of the cells.</param>
/// <param name="CellWidth">Width of a cell.</param>
/// <param name="CellHeight">Height of a cell.</param>
/// <param name="Rows">Count of rows.</param>
/// <param name="Columns">Count of columns.</param>
/// <param name="Top">Upper edge of the cells: names and bars of groups stand above.</param>
/// <param name="NamesAreUpright">Names of groups read upwards, since they do not fit above their bars.</param>
internal sealed record TreeGrid(
    double Left,
    double CellWidth,
    double CellHeight,
    int Rows,
    int Columns,
    double Top,
    bool NamesAreUpright
)
{
    private const double Lines = 58, // two lines of names and the bars of groups
        Foot = 62, // the ramp
        Tallest = 620,
        TallestCell = 13,
        ForNames = 44,
        Bar = 5,
        Gap = 4;
    private const double GroupBar = 6,
        NameLine = 12,
        NameSize = 11,
        Widest = 150, // of an upright name
        Leader = 16, // from a bar to an upright name
        UprightSize = 10; // 7 points in a column of a paper
    private const double ForRamp = 200;

    private double GroupAt => Top - 10;

    private double NameAt => Top - 15;

    private double Right => Left + (Columns * CellWidth);

    private double Bottom => Top + (Rows * CellHeight);

    private double TreeWidth => Left - ForNames - Bar - Gap;

    /// <summary>The largest cells that fit, and the drawing that holds them.</summary>
    /// <param name="canvas">What is drawn on.</param>
    /// <param name="rows">Count of rows.</param>
    /// <param name="columns">Count of columns.</param>
    /// <param name="groups">Groups of columns, from the left.</param>
    public static (Svg Svg, TreeGrid Grid) Of(Canvas canvas, int rows, int columns, IReadOnlyList<ColumnGroup> groups)
    {
        double left = (canvas.IsNarrow ? 56 : 120) + ForNames + Bar + Gap;
        var grid = new TreeGrid(
            left,
            (canvas.Width - left - Gap) / columns,
            Math.Min(TallestCell, Tallest / rows),
            rows,
            columns,
            Lines,
            NamesAreUpright: false
        );
        if (grid.Flat(groups).Any(at => at is null))
        {
            double longest = groups.Max(g => Math.Min(FigureFont.Width(g.Name, NameSize), Widest));
            grid = grid with { Top = Math.Max(Lines, longest + Leader + 14), NamesAreUpright = true };
        }

        return (canvas.Svg(grid.Bottom + Foot), grid);
    }

    /// <summary>Draws the cells.</summary>
    public Svg DrawCells(
        Svg svg,
        double[,] values,
        Func<double, Ink> ink,
        string tip,
        IEnumerable<string> rowNames,
        IEnumerable<string> columnNames
    ) => svg.Cells(values, Left, Top, CellWidth, CellHeight, ink, tip, decimals: 2, rowNames, columnNames);

    /// <summary>Draws the bar of a row and its name, where it has room.</summary>
    public void DrawRow(Svg svg, int row, Ink ink, string name)
    {
        double y = Top + (row * CellHeight);
        svg.Rectangle(TreeWidth + 2, y, Bar, CellHeight, ink);
        if (row % Every == 0)
        {
            svg.Text(Left - Gap, y + (CellHeight / 2) + 3.5, name, "end", size: 10);
        }
    }

    /// <summary>
    /// Draws a bar a group and its name: right above where it fits, else in a second line; where one fits in neither,
    /// all read upwards, apart from each other, with a line to their bars: as many as there is room for, those of the
    /// most columns. Every bar has its tip.
    /// </summary>
    public void DrawGroups(Svg svg, IReadOnlyList<ColumnGroup> groups)
    {
        (double X, double Y)?[] flat = Flat(groups);
        double[] starts = Starts(groups),
            middles = [.. groups.Select((g, i) => starts[i] + (g.Columns * CellWidth / 2))];
        const double line = NameLine - 1;
        int[] named =
        [
            .. Enumerable
                .Range(0, groups.Count)
                .OrderByDescending(g => groups[g].Columns)
                .Take(Math.Max(1, (int)((Right - Left) / line)))
                .Order(),
        ];
        double[] upright = LineEnds.Places(
            [.. named.Select(g => middles[g])],
            Left + (line / 2),
            Right - (line / 2),
            line
        );
        for (int g = 0; g < groups.Count; g++)
        {
            var (name, columns) = groups[g];
            svg.Rectangle(
                starts[g],
                GroupAt,
                Math.Max(0.5, (columns * CellWidth) - 1),
                GroupBar,
                Palette.OfGroup(g).Ink,
                $"{Shown.Name(name)}\n{Many(columns, "sample")}"
            );
            if (starts[g] > Left)
            {
                svg.Line(starts[g], GroupAt, starts[g], Bottom, Palette.Paper, 1);
            }

            if (NamesAreUpright)
            {
                if (Array.IndexOf(named, g) is var at and >= 0)
                {
                    double foot = GroupAt - Leader;
                    svg.Curve([(middles[g], GroupAt - 1), (upright[at], foot + 3)], Palette.Muted, 0.7)
                        .Text(upright[at] + 3.5, foot, FigureFont.Fit(name, Widest), size: UprightSize, upwards: true);
                }
            }
            else if (flat[g] is var (x, y))
            {
                svg.Text(x, y, name, size: NameSize);
            }
        }
    }

    private double[] Starts(IReadOnlyList<ColumnGroup> groups)
    {
        int start = 0;
        return [.. groups.Select(g => Left + ((start += g.Columns) - g.Columns) * CellWidth)];
    }

    /// <summary>Places of names in two lines; null where one has none in either.</summary>
    private (double X, double Y)?[] Flat(IReadOnlyList<ColumnGroup> groups)
    {
        var second = new Labels();
        double[] starts = Starts(groups);
        return
        [
            .. groups.Select(
                (group, g) =>
                {
                    double length = FigureFont.Width(group.Name, NameSize),
                        above = Math.Min(starts[g], Right - length);
                    return length <= (group.Columns * CellWidth) - 2 ? (starts[g], NameAt)
                        : above >= Left && second.Take(above, above + length, gap: 6) ? (above, NameAt - NameLine)
                        : ((double X, double Y)?)null;
                }
            ),
        ];
    }

    /// <summary>Draws the tree, its leaves at their rows.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="leaves">The leaf of every row.</param>
    public void DrawTree(Svg svg, Dendrogram tree, IReadOnlyList<int> leaves)
    {
        double tallest = tree.Merges.Count > 0 ? tree.Merges[^1].Height : 1;
        var x = new Scale(0, tallest > 0 ? tallest : 1, TreeWidth, Gap);
        var ends = new (double X, double Y)[tree.Count + tree.Merges.Count];
        for (int row = 0; row < leaves.Count; row++)
        {
            ends[leaves[row]] = (x[0], Top + ((row + 0.5) * CellHeight));
        }

        for (int m = 0; m < tree.Merges.Count; m++)
        {
            ClusterMerge merge = tree.Merges[m];
            double at = x[merge.Height];
            svg.Curve(
                [ends[merge.Left], (at, ends[merge.Left].Y), (at, ends[merge.Right].Y), ends[merge.Right]],
                Palette.Muted,
                1
            );
            ends[tree.Count + m] = (at, (ends[merge.Left].Y + ends[merge.Right].Y) / 2);
        }
    }

    /// <summary>Draws the key of the colours below the cells.</summary>
    public Svg DrawRamp(Svg svg, string name, Func<double, Ink> inkAt, params (double At, string Label)[] labels) =>
        svg.Ramp(Left, Bottom + 30, Math.Min(ForRamp, svg.Width - Left - 8), name, inkAt, labels);

    private int Every => new[] { 1, 2, 4, 8, 16, 32 }.First(step => step * CellHeight >= 11 || step == 32);
}

/// <summary>Columns side by side.</summary>
/// <param name="Name">What they have in common.</param>
/// <param name="Columns">So many.</param>
internal readonly record struct ColumnGroup(string Name, int Columns);
