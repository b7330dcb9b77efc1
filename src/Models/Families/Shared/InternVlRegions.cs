using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// Where InternVL's image tokens lie: on the picture squashed to the grid of tiles, tile by tile; on the whole picture
/// last where there is a thumbnail.
/// </summary>
internal static class InternVlRegions
{
    /// <summary>The regions of pictures by width and height.</summary>
    /// <param name="processor">How they are cut.</param>
    /// <param name="shape">The tower's numbers.</param>
    public static Func<int, int, IEnumerable<PictureRegion?>> Of(
        InternVlProcessor processor,
        InternVisionShape shape
    ) => (width, height) => Of(processor.Geometry(width, height), shape.TokenGrid);

    /// <summary>The regions of a picture.</summary>
    /// <param name="tiles">How it is cut.</param>
    /// <param name="grid">Tokens along a side of a tile.</param>
    public static IEnumerable<PictureRegion?> Of(TileGrid tiles, int grid)
    {
        IEnumerable<PictureRegion> cut = PictureRegion.Whole.Cells(tiles.Rows, tiles.Columns);
        return (tiles.Thumbnail ? cut.Append(PictureRegion.Whole) : cut)
            .SelectMany(tile => tile.Cells(grid, grid))
            .Select(r => (PictureRegion?)r);
    }
}
