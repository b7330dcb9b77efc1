using Pipelines.Domain.Errors;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Samples in the plane: a mark a sample, of the look of its group; words where most samples of an object lie.
/// </summary>
/// <param name="Points">The samples.</param>
/// <param name="Groups">Names of the groups that are told apart, in the order of their looks; samples of others are
/// small dots behind them.</param>
/// <param name="GroupOf">The group of a sample.</param>
/// <param name="MarkOf">How a group looks.</param>
/// <param name="LeastNamed">Objects of so many samples are named.</param>
/// <param name="Spokes">True: thin lines join the samples of an object.</param>
internal sealed record LayoutMap(
    IReadOnlyList<LayoutPoint> Points,
    IReadOnlyList<string> Groups,
    Func<LayoutPoint, string> GroupOf,
    Func<int, Marker> MarkOf,
    int LeastNamed = 3,
    bool Spokes = false
)
{
    private const double Margin = 14;

    /// <summary>The groups as the key tells them.</summary>
    public IReadOnlyList<DotSeries> Keys => [.. Groups.Select((name, i) => new DotSeries(name, MarkOf(i)))];

    /// <summary>Squared distance of two samples in the plane.</summary>
    public static double Squared(LayoutPoint a, LayoutPoint b) =>
        ((a.X - b.X) * (a.X - b.X)) + ((a.Y - b.Y) * (a.Y - b.Y));

    /// <summary>Draws it; both axes have one scale.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="panel">Where.</param>
    /// <param name="firstSeries">Number of the first group among the series of the drawing.</param>
    public void Draw(Svg svg, Panel panel, int firstSeries = 0)
    {
        double spanX = Points.Max(p => p.X) - Points.Min(p => p.X),
            spanY = Points.Max(p => p.Y) - Points.Min(p => p.Y);
        double unit = Math.Min(
            (panel.Width - (2 * Margin)) / Math.Max(spanX, 1e-12),
            (panel.Height - (2 * Margin)) / Math.Max(spanY, 1e-12)
        );
        double middleX = (Points.Max(p => p.X) + Points.Min(p => p.X)) / 2,
            middleY = (Points.Max(p => p.Y) + Points.Min(p => p.Y)) / 2;
        unit = (spanX == 0 && spanY == 0) || !double.IsFinite(unit) ? 0 : unit;
        (double X, double Y) Place(LayoutPoint p) =>
            (
                panel.Left + (panel.Width / 2) + ((p.X - middleX) * unit),
                panel.Top + (panel.Height / 2) - ((p.Y - middleY) * unit)
            );

        svg.Rectangle(panel.Left, panel.Top, panel.Width, panel.Height, Palette.Rule, opacity: 0.35);
        HashSet<string> own = [.. Groups];
        svg.Cloud([.. Points.Where(p => !own.Contains(GroupOf(p))).Select(Place)], 1.6, Palette.Muted, 0.45);
        var objects = Points
            .Where(p => p.Category.Length > 0 && own.Contains(GroupOf(p)))
            .GroupBy(p => p.Category)
            .Where(g => g.Count() >= LeastNamed)
            .OrderByDescending(g => g.Count())
            .ThenBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => (Name: g.Key, Middle: Medoid([.. g]), All: g.ToArray()))
            .ToList();
        if (Spokes)
        {
            foreach (var (_, middle, all) in objects)
            {
                foreach (LayoutPoint p in all.Where(p => p != middle))
                {
                    svg.Line(Place(middle).X, Place(middle).Y, Place(p).X, Place(p).Y, Palette.Muted, 0.7);
                }
            }
        }

        double radius = Points.Count > 400 ? 3 : 4.2;
        for (int g = 0; g < Groups.Count; g++)
        {
            svg.BeginSeries(firstSeries + g);
            foreach (LayoutPoint p in Points.Where(p => GroupOf(p) == Groups[g]))
            {
                var (x, y) = Place(p);
                string name = Shown.Name(p.Category.Length > 0 ? p.Category : p.File),
                    group = Shown.Name(Groups[g]);
                svg.Mark(
                    x,
                    y,
                    radius,
                    MarkOf(g),
                    $"{name}\n{(group == name ? "" : group + "\n")}{Shown.Name(p.File)}",
                    0.85
                );
            }

            svg.End();
        }

        new Labels().DrawOver(
            svg,
            panel,
            objects.Select(o => (o.Name, Place(o.Middle))),
            [.. Points.Where(p => own.Contains(GroupOf(p))).Select(Place)]
        );
    }

    /// <summary>
    /// The sample with the least distance to all others of its object: a few stray ones do not move it.
    /// </summary>
    private static LayoutPoint Medoid(LayoutPoint[] own) => own.MinBy(p => own.Sum(q => Math.Sqrt(Squared(p, q))));
}

/// <summary>A sample's place in the plane.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="File">File name of the picture.</param>
/// <param name="Category">Main object.</param>
/// <param name="SuperCategory">Its group; empty = not known.</param>
/// <param name="X">Across, without unit.</param>
/// <param name="Y">Upwards, without unit.</param>
/// <param name="Style">Style of the picture; empty = the data have none.</param>
/// <param name="Beta">Its coefficients [N], which were laid out; empty = not known.</param>
internal readonly record struct LayoutPoint(
    string SampleId,
    string File,
    string Category,
    string SuperCategory,
    double X,
    double Y,
    string Style,
    IReadOnlyList<double> Beta
)
{
    /// <summary>The samples that were laid out.</summary>
    public static IReadOnlyList<LayoutPoint> Of(Findings findings)
    {
        var samples = findings.Samples.ToDictionary(s => s.SampleId, StringComparer.Ordinal);
        var others = findings
            .Data.Tables.Behind<LayoutRow, AttributionRow>()
            .ToLookup(r => r.SampleId, StringComparer.Ordinal);
        return
        [
            .. findings
                .Rows<LayoutRow>()
                .Select(row => (Row: row, Sample: samples.GetValueOrDefault(row.SampleId)))
                .Select(p => new LayoutPoint(
                    p.Row.SampleId,
                    p.Sample?.File ?? p.Row.SampleId,
                    p.Row.Object,
                    p.Row.SuperCategory ?? "",
                    p.Row.X,
                    p.Row.Y,
                    p.Sample?.Style ?? "",
                    others.Contains(p.Row.SampleId)
                        ? SampleResult.ByHead(
                            findings.Data.Model,
                            others[p.Row.SampleId].Select(r => (r.Layer, r.Head, r.Beta))
                        )
                        : p.Sample?.Beta ?? []
                )),
        ];
    }
}
