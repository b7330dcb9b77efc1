using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.InternVl;

/// <summary>
/// Where InternVL2.5's image tokens lie: on the picture squashed to the grid of tiles, tile by tile; on the whole
/// picture last where there is a thumbnail.
/// </summary>
internal static class InternVlRegions
{
    /// <summary>The regions of a folder.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Of(PictureSettings source)
    {
        InternVlProcessor processor = InternVlModel.Processor(source);
        return (width, height) => Of(processor.Geometry(width, height), InternVlConfig.Vision(source.Config).Grid / 2);
    }

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
