using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 13: samples laid out by their coefficients, model by model; a group looks the same in all of them, and a plane
/// holds eight groups at most.
/// </summary>
[Figure("fig13-tsne", Section.Alike, Paper = "Fig. 13", Order = 1)]
internal sealed class OverviewLayoutFigure : IFigure<OverviewData>
{
    private const double Head = 38,
        Between = 12;

    /// <summary>The figure; null where fewer than two experiments have a layout.</summary>
    public static Drawing? Of(OverviewData data)
    {
        OverviewExperiment[] shown = [.. data.BySize.Where(e => e.Parts.Points.Count > 0)];
        if (shown.Length < 2)
        {
            return null;
        }

        string[] groups =
        [
            .. shown.SelectMany(e => e.Parts.Points).Select(p => p.Group).Distinct().Order(StringComparer.Ordinal),
        ];
        var table = new FigureTable(
            ["experiment", "model", "family", "sample_id", "category", "group", "x", "y"],
            [
                .. shown.SelectMany(e =>
                    e.Parts.Points.Select(p =>
                        (IReadOnlyList<object?>)[e.Name, e.Model, e.Family, p.SampleId, p.Category, p.Group, p.X, p.Y]
                    )
                ),
            ]
        );
        int planes = (groups.Length + Palette.MostSeries - 1) / Palette.MostSeries;
        return new Drawing(
            "Samples laid out by their coefficients β, in every model",
            $"{Many(shown.Length, "experiment")} with {Many(shown.Sum(e => e.Parts.Points.Count), "sample")} in "
                + $"{Many(groups.Length, "group")}; each report says whether alike objects lie together by β itself.",
            "A mark is a sample: near marks rely on similar heads; the axes have no unit, and planes of two models "
                + "have nothing to do with each other. Colour and form: super-category, or object where the data have "
                + "none"
                + (
                    planes > 1
                        ? $"; {Count(planes)} planes a model, since more than {Count(Palette.MostSeries)} groups in "
                            + "one are not told apart: grey dots are the others"
                        : ""
                )
                + ". Models by family and size. Click a key to hide its marks.",
            table,
            canvas => Draw(shown, groups, canvas)
        );
    }

    private static Svg Draw(OverviewExperiment[] shown, string[] groups, Canvas canvas)
    {
        int planes = (groups.Length + Palette.MostSeries - 1) / Palette.MostSeries,
            size = (groups.Length + planes - 1) / planes,
            perLine = canvas.IsNarrow ? 2 : 4;
        string[][] chunks = [.. groups.Chunk(size)];
        double keysHeight = MarkKey.Line * ((size + perLine - 1) / perLine);
        int across = canvas.IsNarrow ? 1 : 3;
        double width = (canvas.Width - ((across - 1) * Between)) / across,
            tall = Head + (0.8 * width) + Between,
            block = keysHeight + ((shown.Length + across - 1) / across * tall);
        Svg svg = canvas.Svg(chunks.Length * block);
        for (int c = 0; c < chunks.Length; c++)
        {
            int first = c * size;
            double top = c * block;
            DotSeries[] keys = [.. chunks[c].Select((name, i) => new DotSeries(name, Palette.OfGroup(i)))];
            new MarkKey(keys, MarkKey.AtEdge, top, (canvas.Width - MarkKey.AtEdge) / perLine, perLine, first).Draw(svg);
            for (int i = 0; i < shown.Length; i++)
            {
                var panel = new Panel(
                    i % across * (width + Between),
                    top + keysHeight + (i / across * tall),
                    width,
                    tall
                );
                Multiple.DrawTitle(svg, panel, shown[i]);
                MapOf(shown[i], chunks[c])
                    .Draw(svg, panel with { Top = panel.Top + Head, Height = tall - Head - Between }, first);
            }
        }

        return svg;
    }

    private static LayoutMap MapOf(OverviewExperiment e, string[] groups)
    {
        var groupOf = e.Parts.Points.ToDictionary(p => p.SampleId, p => p.Group, StringComparer.Ordinal);
        return new LayoutMap(
            [
                .. e.Parts.Points.Select(p => new LayoutPoint(
                    p.SampleId,
                    p.SampleId,
                    p.Category,
                    p.Group,
                    p.X,
                    p.Y,
                    "",
                    []
                )),
            ],
            groups,
            p => groupOf[p.SampleId],
            Palette.OfGroup,
            LeastNamed: int.MaxValue
        );
    }
}
