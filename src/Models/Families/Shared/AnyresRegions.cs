using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// Where the image tokens of a picture of any resolution lie: on the whole picture squashed to a tile first; then on
/// the tiles' joined grid without its padding, a line end behind every row.
/// </summary>
/// <param name="Side">Pixels along a side of a tile.</param>
/// <param name="Grid">Patches along a side of a tile.</param>
/// <param name="Patch">Pixels along a side of a patch; what Grid of them leave of a tile is not seen.</param>
internal sealed record AnyresRegions(int Side, int Grid, int Patch)
{
    /// <summary>The regions of a picture.</summary>
    /// <param name="geometry">How it is fitted.</param>
    /// <param name="rows">Rows of the grid behind the whole picture's; fewer than the picture has patches where it was
    /// shrunk.</param>
    /// <param name="columns">Its columns.</param>
    public IEnumerable<PictureRegion?> Of(AnyresGeometry geometry, int rows, int columns)
    {
        FeatureGrid kept = geometry.Unpadded(Grid);
        double seen = (double)(Grid * Patch) / Side;
        PictureRegion Cell(int row, int column) =>
            new(
                (Start(kept.Left + At(column, kept.Columns, columns)) - geometry.PadLeft) / geometry.Width,
                (Start(kept.Top + At(row, kept.Rows, rows)) - geometry.PadTop) / geometry.Height,
                (End(kept.Left + At(column + 1, kept.Columns, columns)) - geometry.PadLeft) / geometry.Width,
                (End(kept.Top + At(row + 1, kept.Rows, rows)) - geometry.PadTop) / geometry.Height
            );

        return
        [
            .. new PictureRegion(0, 0, seen, seen).Cells(Grid, Grid),
            .. Enumerable
                .Range(0, rows)
                .SelectMany(row =>
                    Enumerable.Range(0, columns).Select(column => (PictureRegion?)Cell(row, column)).Append(null)
                ),
        ];
    }

    /// <summary>Where a cell's edge lies among the patches that were shrunk to fewer cells.</summary>
    private static double At(int edge, int patches, int cells) => (double)edge * patches / cells;

    /// <summary>Pixel of the fitted picture where something begins that begins at a place among the joined
    /// patches.</summary>
    private double Start(double patches) => Pixel(patches, Math.Floor(patches / Grid));

    /// <summary>As <see cref="Start"/>, of an end: that of a tile is before the pixels that are not seen.</summary>
    private double End(double patches) => Pixel(patches, Math.Ceiling(patches / Grid) - 1);

    private double Pixel(double patches, double tile) => (tile * Side) + ((patches - (tile * Grid)) * Patch);
}
