using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 3E: samples laid out by their coefficients, coloured by super-category, or by object where the data have none.
/// </summary>
[Figure("fig3e-tsne", Section.Alike, Paper = "Fig. 3E", Order = 1)]
internal sealed class LayoutFigure : IFigure<Findings>
{
    private const double KeyWidth = 132,
        Tallest = 560,
        Between = 12; // small multiples
    private const int Few = 60; // samples of which all objects are named
    private const string Unknown = "not known";

    /// <summary>The figure; null without a layout.</summary>
    public static Drawing? Of(Findings findings)
    {
        IReadOnlyList<LayoutPoint> points = LayoutPoint.Of(findings);
        if (points.Count == 0)
        {
            return null;
        }

        bool bySuper = points.Any(p => p.SuperCategory.Length > 0) || points.All(p => p.Category.Length == 0);
        Func<LayoutPoint, string> groupOf = bySuper ? Group : p => p.Category.Length > 0 ? p.Category : Unknown;
        string[] groups = [.. points.Select(groupOf).Distinct().Order(StringComparer.Ordinal)];
        int panels = (groups.Length + Palette.MostSeries - 1) / Palette.MostSeries;
        var table = new FigureTable(
            ["sample_id", "file", "category", "super_category", "style", "x", "y"],
            [
                .. points.Select(p =>
                    (IReadOnlyList<object?>)[p.SampleId, p.File, p.Category, p.SuperCategory, p.Style, p.X, p.Y]
                ),
            ]
        );
        return new Drawing(
            "Samples laid out by their coefficients β",
            Shows(findings, points, bySuper),
            $"A mark is a sample (n = {Count(points.Count)}): near marks rely on similar heads. Colour and "
                + $"form: {(bySuper ? "super-category" : "object")}; words: where most samples of an object lie. "
                + (
                    panels > 1
                        ? $"{Count(panels)} panels of the same plane, since more than {Count(Palette.MostSeries)} "
                            + $"groups in one are not told apart ({Count(groups.Length)} in all): small grey dots are "
                            + "the samples of the other panels. "
                        : ""
                )
                + $"{findings.Data.Tables.Note<LayoutRow>()}; the axes have no unit. "
                + "Neighbours of the sentence: Euclidean distance of β over all heads; intervals: 95 %, bootstrap over "
                + "objects; judged by what goes beyond chance; only samples that could go either way count. "
                + "Click a key to hide its marks.",
            table,
            canvas =>
                Draw(
                    new LayoutMap(points, groups, groupOf, Palette.OfGroup, LeastNamed: points.Count > Few ? 3 : 1),
                    canvas
                )
        );
    }

    private static string Group(LayoutPoint point) => point.SuperCategory.Length > 0 ? point.SuperCategory : Unknown;

    /// <summary>The samples laid out whose object is known, with beta.</summary>
    public static NamedBeta[] Named(Findings findings) =>
        [
            .. LayoutPoint
                .Of(findings)
                .Where(p => p.Category.Length > 0 && p.Beta.Count > 0)
                .Select(p => new NamedBeta(p.Category, p.SuperCategory, [.. p.Beta])),
        ];

    /// <summary>
    /// Told by the coefficients themselves: the plane shows neighbourhoods as well as it can, but it is a drawing.
    /// </summary>
    private static string Shows(Findings findings, IReadOnlyList<LayoutPoint> points, bool bySuper)
    {
        NamedBeta[] known = Named(findings);
        NeighbourAgreement objects = NeighbourAgreement.OfObjects(known, findings.Intervals),
            groups = NeighbourAgreement.OfGroups(known, findings.Intervals);
        if (objects.Samples == 0 && groups.Samples == 0)
        {
            return $"{Many(points.Count, "sample")} in the plane; too few with a known object to say whether alike "
                + $"objects lie together.";
        }

        string ofObjects = SameObject.Evidences(objects) is not [var same]
            ? "no two samples show the same object"
            : $"the nearest neighbour of a sample shows the same object in {Verdicts.Share(same.Value)} of "
                + $"{Many(objects.Samples, "case")} ({Percent(same.Chance)} by chance): "
                + Verdict(same, "samples of one object");
        string ofGroups =
            !bySuper ? ""
            : SameObject.Evidences(groups) is not [var alike] ? "; no two objects are of one super-category"
            : $". Among the samples of other objects, the nearest is of the same super-category in "
                + $"{Verdicts.Share(alike.Value)} of {Many(groups.Samples, "case")} ({Percent(alike.Chance)} by "
                + $"chance): {Verdict(alike, "objects of one super-category")}";
        return $"By β itself, {ofObjects}{ofGroups}.";
    }

    private static string Verdict(Evidence evidence, string what) =>
        Verdicts.On(
            evidence,
            $"{what} use alike heads, as the paper finds",
            $"{what} do not use alike heads, unlike in the paper",
            $"the samples do not tell whether {what} use alike heads, as they do in the paper",
            $"{Verdicts.Few(evidence.Value.Count, "object")} whether {what} use alike heads, as the paper finds"
        );

    private static Svg Draw(LayoutMap map, Canvas canvas)
    {
        if (map.Groups.Count > Palette.MostSeries)
        {
            return DrawSeveral(map, canvas);
        }

        var (svg, plane, keys) = MarkKey.Beside(canvas, map.Keys, KeyWidth, Tallest);
        map.Draw(svg, plane);
        keys.Draw(svg);
        return svg;
    }

    /// <summary>Small multiples: the same plane for every eight groups, evenly shared out, each with its key.</summary>
    private static Svg DrawSeveral(LayoutMap map, Canvas canvas)
    {
        int count = (map.Groups.Count + Palette.MostSeries - 1) / Palette.MostSeries,
            size = (map.Groups.Count + count - 1) / count;
        LayoutMap[] maps = [.. map.Groups.Chunk(size).Select(groups => map with { Groups = groups })];
        int across = canvas.IsNarrow ? 1
            : maps.Length <= 4 ? 2
            : 3,
            perLine = 2;
        double width = (canvas.Width - ((across - 1) * Between)) / across,
            keysHeight = MarkKey.Line * ((size + perLine - 1) / perLine),
            tall = (canvas.IsNarrow ? 0.7 : 0.85) * width,
            step = keysHeight + tall + Between;
        Svg svg = canvas.Svg((maps.Length + across - 1) / across * step);
        for (int i = 0; i < maps.Length; i++)
        {
            double left = i % across * (width + Between),
                top = i / across * step;
            int first = i * size;
            new MarkKey(
                maps[i].Keys,
                left + MarkKey.AtEdge,
                top,
                (width - MarkKey.AtEdge) / perLine,
                perLine,
                first
            ).Draw(svg);
            maps[i].Draw(svg, new Panel(left, top + keysHeight, width, tall), first);
        }

        return svg;
    }
}
