using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Scores of image tokens over the picture that the model sees; each map has its own scale, clipped at a percentile.
/// </summary>
internal static class TokenMap
{
    private const double Veil = 0.5;

    /// <summary>Name under which a sample's picture is put into a drawing once.</summary>
    public static string PictureId(Canvas canvas, int index) => $"{canvas.Id}-p{Exact(index)}";

    /// <summary>The picture, paler, and the scores as cells over it: the stronger, the more opaque.</summary>
    /// <param name="svg">The drawing; holds the picture under <paramref name="picture"/>.</param>
    /// <param name="picture">Id of the picture.</param>
    /// <param name="sample">Whose grid.</param>
    /// <param name="values">Scores [P].</param>
    /// <param name="tile">Where; the height follows from the grid.</param>
    /// <param name="name">What the scores are, in tips.</param>
    public static void Draw(
        Svg svg,
        string picture,
        TracedSample sample,
        IReadOnlyList<double> values,
        Tile tile,
        string name
    )
    {
        double[,] map = TokenFindings.Map(sample, values);
        var scale = SignedScale.Of(map.Cast<double>());
        double cell = tile.Width / sample.Columns;
        svg.Use(picture, tile.X, tile.Y)
            .Rectangle(tile.X, tile.Y, tile.Width, cell * sample.Rows, Palette.Paper, opacity: Veil);
        svg.Cells(
            map,
            tile.X,
            tile.Y,
            cell,
            scale.InkOf,
            $"row {{r}}, column {{c}}\n{name} = {{v}}",
            Decimals(scale.Most),
            scale.ShareOf
        );
    }

    /// <summary>Height of a map in a tile.</summary>
    public static double HeightOf(TracedSample sample, Tile tile) => tile.Width * sample.Rows / sample.Columns;

    private static int Decimals(double most) => most > 0 ? Math.Clamp(2 - (int)Math.Floor(Math.Log10(most)), 2, 9) : 2;
}
