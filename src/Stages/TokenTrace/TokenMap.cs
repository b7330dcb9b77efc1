using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Scores of image tokens over the picture that the model sees.</summary>
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
        double most = Greatest(map),
            cell = tile.Width / sample.Columns;
        svg.Use(picture, tile.X, tile.Y)
            .Rectangle(tile.X, tile.Y, tile.Width, cell * sample.Rows, Palette.Paper, opacity: Veil);
        svg.Cells(
            map,
            tile.X,
            tile.Y,
            cell,
            v => Palette.OfSigned(v, most),
            $"row {{r}}, column {{c}}\n{name} = {{v}}",
            Decimals(most),
            v => most > 0 ? Math.Abs(v) / most : 0
        );
    }

    /// <summary>Height of a map in a tile.</summary>
    public static double HeightOf(TracedSample sample, Tile tile) => tile.Width * sample.Rows / sample.Columns;

    /// <summary>The largest size of a score in the map, with as many decimals as it needs.</summary>
    public static string Most(TracedSample sample, IReadOnlyList<double> values) =>
        Greatest(TokenFindings.Map(sample, values)) is var most && most > 0 ? Fixed(most, Decimals(most)) : "0";

    private static int Decimals(double most) => most > 0 ? Math.Clamp(2 - (int)Math.Floor(Math.Log10(most)), 2, 9) : 2;

    private static double Greatest(double[,] values) =>
        values.Cast<double>().Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
}
