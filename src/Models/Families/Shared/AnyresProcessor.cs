using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// Pictures of any resolution ("anyres": LLaVA-NeXT's and LLaVA-OneVision's image processors of transformers 5, slow,
/// PIL): the whole picture squashed to one tile, then the picture fitted into the best of a few sizes, padded with
/// black and cut into tiles. Where the padding is odd the extra pixel is at the right or the bottom (transformers 4.49
/// loses it).
/// </summary>
internal sealed class AnyresProcessor
{
    private readonly PixelScale _scale;
    private readonly ResizeFilter _filter;
    private readonly int[][] _pinpoints;

    /// <summary>A processor.</summary>
    /// <param name="config">The image processor's file: normalisation and filter.</param>
    /// <param name="scale">From bytes to values.</param>
    /// <param name="side">Side of a tile.</param>
    /// <param name="pinpoints">Sizes (height, width) that a picture may be fitted into.</param>
    /// <exception cref="InputException">A filter that is not supported, or pinpoints that are no multiples of the
    /// tile.</exception>
    public AnyresProcessor(
        PreprocessorConfig config,
        PixelScale scale,
        int side,
        IReadOnlyList<IReadOnlyList<int>> pinpoints
    )
    {
        (_scale, _filter, Side) = (scale, config.Filter, side);
        _pinpoints = [.. pinpoints.Select(p => p.ToArray())];
        if (
            _pinpoints.Length == 0
            || Array.Exists(_pinpoints, p => Array.Exists(p, n => n <= 0 || n > 64 * Side || n % Side != 0))
        )
        {
            throw new InputException(
                config.Source,
                $"has image_grid_pinpoints that are not pairs (height, width) of multiples of {Side} up to "
                    + $"{64 * Side}.",
                "Download it again."
            );
        }
    }

    /// <summary>Side of a tile.</summary>
    public int Side { get; }

    /// <summary>Pixel values [1 + tiles, 3, side, side]: the whole picture first, then the tiles row by row.</summary>
    public Pixels Process(Picture picture) => _scale.Planes(Tiles(picture));

    /// <summary>The bytes [side, side, 3] of each tile before normalisation.</summary>
    public IReadOnlyList<Picture> Tiles(Picture picture)
    {
        var size = Geometry(picture.Width, picture.Height);
        var fitted = PilResize
            .Resize(picture, size.Width, size.Height, _filter)
            .Padded(size.PadLeft, size.PadTop, Side * size.TileColumns, Side * size.TileRows, default);
        var tiles = new List<Picture> { PilResize.Resize(picture, Side, Side, _filter) };
        for (int row = 0; row < size.TileRows; row++)
        {
            for (int column = 0; column < size.TileColumns; column++)
            {
                tiles.Add(fitted.Crop(Side * column, Side * row, Side, Side));
            }
        }

        return tiles;
    }

    /// <summary>How a picture of a size is fitted.</summary>
    public AnyresGeometry Geometry(int width, int height)
    {
        int[] best = BestPinpoint(width, height);
        var (targetHeight, targetWidth) = (best[0], best[1]);
        double scaleWidth = (double)targetWidth / width,
            scaleHeight = (double)targetHeight / height;
        var (newWidth, newHeight) =
            scaleWidth < scaleHeight
                ? (targetWidth, Math.Min((int)Math.Ceiling(height * scaleWidth), targetHeight))
                : (Math.Min((int)Math.Ceiling(width * scaleHeight), targetWidth), targetHeight);
        return new AnyresGeometry(
            width,
            height,
            targetWidth / Side,
            targetHeight / Side,
            newWidth,
            newHeight,
            (targetWidth - newWidth) / 2,
            (targetHeight - newHeight) / 2
        );
    }

    /// <summary>
    /// Largest effective resolution min(scaled area, own area), then least waste; the first in the list wins.
    /// </summary>
    private int[] BestPinpoint(int width, int height)
    {
        int[] best = _pinpoints[0];
        long bestEffective = 0,
            bestWaste = long.MaxValue;
        foreach (int[] pinpoint in _pinpoints)
        {
            double scale = Math.Min((double)pinpoint[1] / width, (double)pinpoint[0] / height);
            long effective = Math.Min((long)(int)(width * scale) * (int)(height * scale), (long)width * height);
            long waste = ((long)pinpoint[0] * pinpoint[1]) - effective;
            if (effective > bestEffective || (effective == bestEffective && waste < bestWaste))
            {
                (best, bestEffective, bestWaste) = (pinpoint, effective, waste);
            }
        }

        return best;
    }
}

/// <summary>Geometry of <see cref="AnyresProcessor"/>.</summary>
/// <param name="OriginalWidth">Columns of the picture.</param>
/// <param name="OriginalHeight">Rows of the picture.</param>
/// <param name="TileColumns">Tiles side by side, without the whole picture's.</param>
/// <param name="TileRows">Tiles one below the other.</param>
/// <param name="Width">Columns after the resize.</param>
/// <param name="Height">Rows after the resize.</param>
/// <param name="PadLeft">Black columns on the left.</param>
/// <param name="PadTop">Black rows above.</param>
internal readonly record struct AnyresGeometry(
    int OriginalWidth,
    int OriginalHeight,
    int TileColumns,
    int TileRows,
    int Width,
    int Height,
    int PadLeft,
    int PadTop
)
{
    /// <summary>The part of the joined grid of tile features that is the picture and not padding ("unpad").</summary>
    /// <param name="patches">Patches along a side of a tile.</param>
    public FeatureGrid Unpadded(int patches)
    {
        int columns = TileColumns * patches,
            rows = TileRows * patches;
        if ((double)OriginalWidth / OriginalHeight > (double)columns / rows)
        {
            int kept = (int)Math.Round(OriginalHeight * ((double)columns / OriginalWidth), 7),
                cut = (rows - kept) / 2;
            return new FeatureGrid(0, cut, columns, rows - (2 * cut));
        }
        else
        {
            int kept = (int)Math.Round(OriginalWidth * ((double)rows / OriginalHeight), 7),
                cut = (columns - kept) / 2;
            return new FeatureGrid(cut, 0, columns - (2 * cut), rows);
        }
    }

    /// <summary>
    /// P where the grid is used as it is: the whole picture's patches, then each row of the unpadded grid with a
    /// newline token behind it.
    /// </summary>
    /// <param name="patches">Patches along a side of a tile.</param>
    public int ImageTokens(int patches)
    {
        var grid = Unpadded(patches);
        return (patches * patches) + (grid.Rows * (grid.Columns + 1));
    }
}

/// <summary>A part of a grid of features.</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Columns">Columns kept.</param>
/// <param name="Rows">Rows kept.</param>
internal readonly record struct FeatureGrid(int Left, int Top, int Columns, int Rows);
