using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Pictures of some objects in every style: a row a style, a column an object (paper, Fig. 9D).</summary>
/// <param name="Styles">From the top.</param>
/// <param name="Objects">From the left.</param>
/// <param name="Pictures">[style][object]; null where no sample that the page holds shows it.</param>
internal sealed record StylePictures(
    IReadOnlyList<string> Styles,
    IReadOnlyList<string> Objects,
    IReadOnlyList<Thumbnail?[]> Pictures
)
{
    private const int MostObjects = 8,
        MostOfPhone = 4;
    private const double ForNames = 64,
        Head = 40,
        Gap = 6;

    /// <summary>
    /// Of the objects that the most styles show, in the order of the samples; null where the report has no pictures.
    /// </summary>
    public static StylePictures? Of(Findings findings, IReadOnlyList<string> styles)
    {
        SampleResult[] samples =
        [
            .. findings.Samples.Where(s => s.Picture is { Length: > 0 } && s.Category.Length > 0),
        ];
        string[] objects =
        [
            .. samples
                .GroupBy(s => s.Category)
                .OrderByDescending(g => g.Select(s => s.Style).Distinct().Count()) // a stable order
                .Take(MostObjects)
                .Select(g => g.Key),
        ];
        Thumbnail?[][] pictures =
        [
            .. styles.Select(style =>
                objects
                    .Select(o => Thumbnail.Of(Array.Find(samples, s => s.Style == style && s.Category == o)?.Picture))
                    .ToArray()
            ),
        ];
        return pictures.Any(row => row.Any(p => p is not null)) ? new StylePictures(styles, objects, pictures) : null;
    }

    /// <summary>Height with the names of the objects.</summary>
    public double HeightOn(Canvas canvas) => Head + (Styles.Count * (SideOn(canvas) + Gap));

    /// <summary>Draws them.</summary>
    public void Draw(Svg svg, Canvas canvas, double top)
    {
        double side = SideOn(canvas);
        for (int o = 0; o < CountOn(canvas); o++)
        {
            double left = ForNames + (o * (side + Gap));
            svg.Text(left + (side / 2), top + Head - 8, Cut(Objects[o], (int)(side / 6.2)), "middle", size: 11);
            for (int s = 0; s < Styles.Count; s++)
            {
                double upper = top + Head + (s * (side + Gap));
                Pictures[s][o]?.Draw(svg, left, upper, side, side, $"{Objects[o]}\n{Styles[s]}");
            }
        }

        for (int s = 0; s < Styles.Count; s++)
        {
            svg.Text(
                ForNames - 8,
                top + Head + (s * (side + Gap)) + (side / 2) + 4,
                Cut(Styles[s], 9),
                "end",
                Palette.Ink,
                size: 11
            );
        }
    }

    private int CountOn(Canvas canvas) => Math.Min(Objects.Count, canvas.IsNarrow ? MostOfPhone : MostObjects);

    private static double SideOn(Canvas canvas) =>
        Math.Min(80, ((canvas.Width - ForNames) / (canvas.IsNarrow ? MostOfPhone : MostObjects)) - Gap);
}
