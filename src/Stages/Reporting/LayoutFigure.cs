using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 3E: samples laid out by their coefficients, coloured by super-category, or by object where the data have none.</summary>
internal static class LayoutFigure
{
    private const double KeyWidth = 132, KeyRow = 19, Tallest = 560;
    private const int MostObjects = 23; // looks that are told apart, less one for all others
    private const int Few = 60; // samples of which all objects are named
    private const string Unknown = "not known", Others = "others";

    /// <summary>The figure; null without a layout.</summary>
    public static Figure? Of(Findings findings)
    {
        if (findings.Data.Layout is not { Points.Count: > 0 } layout)
        {
            return null;
        }

        bool bySuper = layout.Points.Any(p => p.SuperCategory.Length > 0) || layout.Points.All(p => p.Category.Length == 0);
        HashSet<string> shown = [.. layout.Points.GroupBy(p => p.Category).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(MostObjects).Select(g => g.Key)];
        Func<LayoutPoint, string> groupOf = bySuper ? Group : p => shown.Contains(p.Category) ? p.Category : Others;
        string[] groups = [.. layout.Points.Select(groupOf).Distinct().OrderBy(g => !bySuper && g == Others).ThenBy(g => g, StringComparer.Ordinal)];
        var table = new FigureTable(
            ["sample_id", "file", "category", "super_category", "style", "x", "y"],
            [.. layout.Points.Select(p => (IReadOnlyList<object?>)[p.SampleId, p.File, p.Category, p.SuperCategory, p.Style, p.X, p.Y])]);
        return new Figure(
            "fig3e-tsne", "Fig. 3E", "Samples laid out by their coefficients β", Shows(layout.Points, bySuper),
            $"A mark is a sample (n = {Count(layout.Points.Count)}): near marks rely on similar heads. Colour and form: {(bySuper ? "super-category" : "object")}; words: where most samples of an object lie. {layout.Method}; the axes have no unit. Click a key to hide its marks.",
            table, canvas => Draw(new LayoutMap(layout.Points, groups, groupOf, Palette.OfGroup, LeastNamed: layout.Points.Count > Few ? 3 : 1), canvas));
    }

    private static string Group(LayoutPoint point) => point.SuperCategory.Length > 0 ? point.SuperCategory : Unknown;

    private static string Shows(IReadOnlyList<LayoutPoint> points, bool bySuper)
    {
        LayoutPoint[] known = [.. points.Where(p => p.Category.Length > 0)];
        if (known.Length < 3)
        {
            return $"{Many(points.Count, "sample")} in the plane; too few with a known object to say whether alike objects lie together.";
        }

        int[] nearest = [.. known.Select((p, i) => Enumerable.Range(0, known.Length).Where(j => j != i).MinBy(j => LayoutMap.Squared(p, known[j])))];
        var (object1, objectChance) = Agreement(known, nearest, p => p.Category);
        var (group, groupChance) = Agreement(known, nearest, Group);
        bool together = object1 > 2 * objectChance && (!bySuper || group > groupChance);
        return $"The nearest neighbour of a sample shows the same object in {Percent(object1)} of the cases ({Percent(objectChance)} by chance)"
            + (bySuper ? $" and one of the same super-category in {Percent(group)} ({Percent(groupChance)} by chance): " : ": ")
            + (together ? "alike objects use alike heads, as the paper finds." : "alike objects do not clearly lie together here, as they do in the paper.");
    }

    /// <summary>Share of samples whose nearest neighbour has the same name, and the share that any other sample would have.</summary>
    private static (double Share, double Chance) Agreement(LayoutPoint[] points, int[] nearest, Func<LayoutPoint, string> nameOf)
    {
        double share = points.Where((p, i) => nameOf(p) == nameOf(points[nearest[i]])).Count() / (double)points.Length;
        double pairs = points.GroupBy(nameOf).Sum(g => (double)g.Count() * (g.Count() - 1));
        return (share, pairs / ((double)points.Length * (points.Length - 1)));
    }

    private static Svg Draw(LayoutMap map, Canvas canvas)
    {
        double width = canvas.IsNarrow ? canvas.Width : canvas.Width - KeyWidth, height = Math.Min(width, Tallest);
        double keyHeight = KeyRow * Math.Ceiling(map.Groups.Count / (canvas.IsNarrow ? 2.0 : 1));
        Svg svg = canvas.Svg(canvas.IsNarrow ? height + keyHeight + 8 : Math.Max(height, keyHeight + 16));
        map.Draw(svg, 0, 0, width, height);
        for (int g = 0; g < map.Groups.Count; g++)
        {
            double column = canvas.IsNarrow ? canvas.Width / 2 : KeyWidth;
            double x = canvas.IsNarrow ? (g % 2 * column) + 6 : width + 16, y = canvas.IsNarrow ? height + 18 + (g / 2 * KeyRow) : 16 + (g * KeyRow);
            svg.BeginKey(g).Mark(x + 4, y - 4, 5, map.MarkOf(g)).Text(x + 15, y, Cut(map.Groups[g], (int)((column - 26) / 6.6)), ink: Palette.Ink).End();
        }

        return svg;
    }
}
