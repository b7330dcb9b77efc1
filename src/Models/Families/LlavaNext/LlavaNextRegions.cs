using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.LlavaNext;

/// <summary>
/// Where LLaVA-NeXT's image tokens lie: on the whole picture squashed to a tile first; then on the tiles' joined grid
/// without its padding, a line end behind every row.
/// </summary>
internal static class LlavaNextRegions
{
    /// <summary>The regions of a folder.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Of(PictureSettings source)
    {
        var processor = new LlavaNextProcessor(source.Settings);
        return (width, height) =>
            Of(processor.Geometry(width, height), processor.Side, LlavaConfig.Vision(source.Config).Grid);
    }

    /// <summary>The regions of a picture.</summary>
    /// <param name="geometry">How it is fitted.</param>
    /// <param name="side">Pixels along a side of a tile.</param>
    /// <param name="grid">Patches along a side of a tile.</param>
    public static IEnumerable<PictureRegion?> Of(LlavaNextGeometry geometry, int side, int grid)
    {
        FeatureGrid kept = geometry.Unpadded(grid);
        double patch = (double)side / grid; // pixels of the fitted picture
        PictureRegion Cell(int row, int column)
        {
            double left = ((kept.Left + column) * patch) - geometry.PadLeft,
                top = ((kept.Top + row) * patch) - geometry.PadTop;
            return new PictureRegion(
                left / geometry.Width,
                top / geometry.Height,
                (left + patch) / geometry.Width,
                (top + patch) / geometry.Height
            );
        }

        return
        [
            .. PictureRegion.Whole.Cells(grid, grid),
            .. Enumerable
                .Range(0, kept.Rows)
                .SelectMany(row =>
                    Enumerable.Range(0, kept.Columns).Select(column => (PictureRegion?)Cell(row, column)).Append(null)
                ),
        ];
    }
}
