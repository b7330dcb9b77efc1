using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.LlavaOnevision;

/// <summary>The grid of tokens behind the whole picture's: the tiles' patches without padding, shrunk where there are
/// too many.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns, without the newline token.</param>
internal readonly record struct LlavaOnevisionGrid(int Rows, int Columns)
{
    /// <summary>Beyond this ratio of sides the grid is shrunk.</summary>
    private const double Tolerated = 1.1;

    /// <summary>
    /// The grid of a picture: where its sides exceed those of the allowed tiles by more than a tenth (by their
    /// geometric mean), both are divided by as much.
    /// </summary>
    /// <param name="patches">The grid without padding.</param>
    /// <param name="mostTiles">N of <c>anyres_max_N</c>.</param>
    /// <param name="g">Patches along a side of a tile.</param>
    public static LlavaOnevisionGrid Of(FeatureGrid patches, int mostTiles, int g)
    {
        double ratio = Math.Sqrt((double)((long)patches.Rows * patches.Columns) / ((long)mostTiles * g * g));
        return ratio > Tolerated
            ? new LlavaOnevisionGrid(FloorDivided(patches.Rows, ratio), FloorDivided(patches.Columns, ratio))
            : new LlavaOnevisionGrid(patches.Rows, patches.Columns);
    }

    /// <summary>P: the whole picture's patches, then each row with a newline token behind it.</summary>
    /// <param name="g">Patches along a side of a tile.</param>
    public int ImageTokens(int g) => (g * g) + (Rows * (Columns + 1));

    /// <summary>
    /// Python's <c>a // b</c>, by the remainder: the quotient itself may round up to the next whole number.
    /// </summary>
    private static int FloorDivided(int a, double b) => Math.Max(1, (int)Math.Round((a - (a % b)) / b));
}
