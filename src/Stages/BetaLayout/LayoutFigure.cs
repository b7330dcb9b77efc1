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
        Tallest = 560;
    private const int MostObjects = 23; // looks that are told apart, less one for all others
    private const int Few = 60; // samples of which all objects are named
    private const string Unknown = "not known",
        Others = "others";

    /// <summary>The figure; null without a layout.</summary>
    public static Drawing? Of(Findings findings)
    {
        IReadOnlyList<LayoutPoint> points = LayoutPoint.Of(findings);
        if (points.Count == 0)
        {
            return null;
        }

        bool bySuper = points.Any(p => p.SuperCategory.Length > 0) || points.All(p => p.Category.Length == 0);
        HashSet<string> shown =
        [
            .. points
                .GroupBy(p => p.Category)
                .OrderByDescending(g => g.Count())
                .ThenBy(g => g.Key, StringComparer.Ordinal)
                .Take(MostObjects)
                .Select(g => g.Key),
        ];
        Func<LayoutPoint, string> groupOf = bySuper ? Group : p => shown.Contains(p.Category) ? p.Category : Others;
        string[] groups =
        [
            .. points
                .Select(groupOf)
                .Distinct()
                .OrderBy(g => !bySuper && g == Others)
                .ThenBy(g => g, StringComparer.Ordinal),
        ];
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
                + $"{findings.Data.Tables.Note<LayoutRow>()}; the axes have no unit. "
                + "Neighbours of the sentence: Euclidean distance of β over all heads; intervals: 95 %, bootstrap over "
                + "objects of what goes beyond chance; only samples that could go either way count. "
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

        string ofObjects =
            SameObject.Evidences(objects) is not [var same]
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
        var (svg, plane, keys) = MarkKey.Beside(canvas, map.Keys, KeyWidth, Tallest);
        map.Draw(svg, plane);
        keys.Draw(svg);
        return svg;
    }
}
