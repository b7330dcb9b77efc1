using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 3E: samples laid out by their coefficients, coloured by super-category.</summary>
internal static class LayoutFigure
{
    private const double Margin = 14, KeyWidth = 132, KeyRow = 19, Tallest = 560, LabelSize = 11;
    private const string Unknown = "not known";

    /// <summary>The figure; null without a layout.</summary>
    public static Figure? Of(Findings findings)
    {
        if (findings.Data.Layout is not { Points.Count: > 0 } layout)
        {
            return null;
        }

        string[] groups = [.. layout.Points.Select(Group).Distinct().Order(StringComparer.Ordinal)];
        var table = new FigureTable(
            ["sample_id", "file", "category", "super_category", "x", "y"],
            [.. layout.Points.Select(p => (IReadOnlyList<object?>)[p.SampleId, p.File, p.Category, p.SuperCategory, p.X, p.Y])]);
        return new Figure(
            "fig3e-tsne", "Fig. 3E", "Samples laid out by their coefficients β", Shows(layout.Points),
            $"A mark is a sample (n = {Count(layout.Points.Count)}): near marks rely on similar heads. Colour and form: super-category; words: where most samples of an object lie. {layout.Method}; the axes have no unit. Click a key to hide its marks.",
            table, canvas => Draw(layout.Points, groups, canvas));
    }

    private static string Group(LayoutPoint point) => point.SuperCategory.Length > 0 ? point.SuperCategory : Unknown;

    private static string Shows(IReadOnlyList<LayoutPoint> points)
    {
        LayoutPoint[] known = [.. points.Where(p => p.Category.Length > 0)];
        if (known.Length < 3)
        {
            return $"{Many(points.Count, "sample")} in the plane; too few with a known object to say whether alike objects lie together.";
        }

        int[] nearest = [.. known.Select((p, i) => Enumerable.Range(0, known.Length).Where(j => j != i).MinBy(j => Squared(p, known[j])))];
        var (object1, objectChance) = Agreement(known, nearest, p => p.Category);
        var (group, groupChance) = Agreement(known, nearest, Group);
        bool together = object1 > 2 * objectChance && group > groupChance;
        return $"The nearest neighbour of a sample shows the same object in {Percent(object1)} of the cases ({Percent(objectChance)} by chance) and one of the same super-category in {Percent(group)} ({Percent(groupChance)} by chance): "
            + (together ? "alike objects use alike heads, as the paper finds." : "alike objects do not clearly lie together here, as they do in the paper.");
    }

    /// <summary>Share of samples whose nearest neighbour has the same name, and the share that any other sample would have.</summary>
    private static (double Share, double Chance) Agreement(LayoutPoint[] points, int[] nearest, Func<LayoutPoint, string> nameOf)
    {
        double share = points.Where((p, i) => nameOf(p) == nameOf(points[nearest[i]])).Count() / (double)points.Length;
        double pairs = points.GroupBy(nameOf).Sum(g => (double)g.Count() * (g.Count() - 1));
        return (share, pairs / ((double)points.Length * (points.Length - 1)));
    }

    private static double Squared(LayoutPoint a, LayoutPoint b) => ((a.X - b.X) * (a.X - b.X)) + ((a.Y - b.Y) * (a.Y - b.Y));

    private static Svg Draw(IReadOnlyList<LayoutPoint> points, string[] groups, Canvas canvas)
    {
        double width = canvas.IsNarrow ? canvas.Width : canvas.Width - KeyWidth, height = Math.Min(width, Tallest);
        int keyColumns = canvas.IsNarrow ? 2 : 1;
        double keyHeight = KeyRow * Math.Ceiling(groups.Length / (double)keyColumns);
        Svg svg = canvas.Svg(canvas.IsNarrow ? height + keyHeight + 8 : Math.Max(height, keyHeight + 16));
        double least = Math.Min(points.Min(p => p.X), points.Min(p => p.Y)), spanX = points.Max(p => p.X) - points.Min(p => p.X), spanY = points.Max(p => p.Y) - points.Min(p => p.Y);
        double unit = Math.Min((width - (2 * Margin)) / Math.Max(spanX, 1e-12), (height - (2 * Margin)) / Math.Max(spanY, 1e-12));
        double middleX = (points.Max(p => p.X) + points.Min(p => p.X)) / 2, middleY = (points.Max(p => p.Y) + points.Min(p => p.Y)) / 2;
        unit = spanX == 0 && spanY == 0 || !double.IsFinite(least) ? 0 : unit;
        (double X, double Y) Place(double x, double y) => ((width / 2) + ((x - middleX) * unit), (height / 2) - ((y - middleY) * unit));

        svg.Rectangle(0, 0, width, height, Palette.Rule, opacity: 0.35);
        double radius = points.Count > 400 ? 3 : 4.2;
        for (int g = 0; g < groups.Length; g++)
        {
            svg.BeginSeries(g);
            foreach (LayoutPoint p in points.Where(p => Group(p) == groups[g]))
            {
                var (x, y) = Place(p.X, p.Y);
                svg.Mark(x, y, radius, Palette.OfGroup(g), $"{(p.Category.Length > 0 ? p.Category : p.File)}\n{Group(p)}\n{p.File}", 0.85);
            }

            svg.End();
        }

        DrawLabels(svg, points, Place, width, height);
        for (int g = 0; g < groups.Length; g++)
        {
            double column = canvas.IsNarrow ? canvas.Width / 2 : KeyWidth;
            double x = canvas.IsNarrow ? (g % 2 * column) + 6 : width + 16, y = canvas.IsNarrow ? height + 18 + (g / 2 * KeyRow) : 16 + (g * KeyRow);
            svg.BeginKey(g).Mark(x + 4, y - 4, 5, Palette.OfGroup(g)).Text(x + 15, y, Cut(groups[g], (int)((column - 26) / 6.6)), ink: Palette.Ink).End();
        }

        return svg;
    }

    /// <summary>Objects with the most samples first; a word that would lie over another is left out.</summary>
    private static void DrawLabels(Svg svg, IReadOnlyList<LayoutPoint> points, Func<double, double, (double X, double Y)> place, double width, double height)
    {
        var taken = new List<(double Left, double Right, double Y)>();
        foreach (var of in points.Where(p => p.Category.Length > 0).GroupBy(p => p.Category).Where(g => g.Count() > 2).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal))
        {
            LayoutPoint[] own = [.. of];
            LayoutPoint middle = own.MinBy(p => own.Sum(q => Math.Sqrt(Squared(p, q)))); // the medoid: a few stray samples do not move it
            var (x, y) = place(middle.X, middle.Y);
            double half = of.Key.Length * LabelSize * 0.34;
            x = Math.Clamp(x, half + 2, Math.Max(half + 2, width - half - 2));
            y = Math.Clamp(y - 7, LabelSize, height - 3);
            if (taken.TrueForAll(t => t.Right < x - half || t.Left > x + half || Math.Abs(t.Y - y) > LabelSize + 2))
            {
                taken.Add((x - half, x + half, y));
                svg.Text(x, y, of.Key, "middle", Palette.Ink, LabelSize, bold: true, halo: true);
            }
        }
    }
}
