using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.SmolVlm;

/// <summary>
/// The preprocessing of SmolVLM2 and Idefics3 (SmolVLMImageProcessor of transformers, slow, PIL): the picture is
/// brought to its longest side, up or down; where it is split, it is squashed to whole tiles, cut row by row, and the
/// whole of it squashed to one tile comes last; else it is squashed to one tile.
/// </summary>
internal sealed class SmolVlmProcessor
{
    /// <summary>MAX_IMAGE_SIZE of the published code: no side is longer after the first resize.</summary>
    private const int LongestSide = 4096;

    /// <summary>A bound far above what a decoder's positions hold: 32 x 32 and the whole picture.</summary>
    private const int MostTiles = (32 * 32) + 1;

    private readonly PixelScale _scale;
    private readonly ResizeFilter _filter;
    private readonly int _longest;
    private readonly bool _splits;

    /// <summary>A processor.</summary>
    /// <param name="config">Its settings.</param>
    /// <param name="mostTiles">Tiles at most: 1 = pictures are not split, null = as the file says.</param>
    /// <exception cref="InputException">Another bound than the file's own, or one where the file splits
    /// nothing.</exception>
    public SmolVlmProcessor(PreprocessorConfig config, int? mostTiles)
    {
        (_scale, _filter) = (SmolVlmSettings.Scale(config), SmolVlmSettings.Filter(config));
        (Side, _longest) = (SmolVlmSettings.Tile(config), SmolVlmSettings.LongestEdge(config));
        _splits = SmolVlmSettings.Splits(config) && mostTiles != 1;
        int along = Ceiling(Math.Min(_longest, LongestSide)),
            most = along > 1 ? (along * along) + 1 : 1;
        if (most > MostTiles)
        {
            throw new InputException(
                config.Source,
                Invariant.Text($"has size.longest_edge {_longest} for tiles of {Side}: {most} tiles a picture."),
                "The published models have 17 at most."
            );
        }

        if (mostTiles is { } asked and not 1 && !_splits)
        {
            throw new InputException(
                "model.image.tiles",
                Invariant.Text($"is {asked}, but {Path.GetFileName(config.Source)} has do_image_splitting false."),
                "Set it to 1, or use the published file."
            );
        }

        if (mostTiles is { } other and not 1 && other != most)
        {
            throw new InputException(
                "model.image.tiles",
                Invariant.Text($"is {other}, but every picture is brought to {_longest} pixels, up to {most} tiles."),
                Invariant.Text($"Set it to 1 (pictures are not split), or to {most}.")
            );
        }
    }

    /// <summary>Side of a tile.</summary>
    public int Side { get; }

    /// <summary>Pixel values [tiles, 3, side, side].</summary>
    public Pixels Process(Picture picture) => _scale.Planes(Tiles(picture));

    /// <summary>The bytes [side, side, 3] of each tile before normalisation.</summary>
    public IReadOnlyList<Picture> Tiles(Picture picture)
    {
        SmolVlmGeometry geometry = Geometry(picture.Width, picture.Height);
        Picture fitted = Fitted(picture);
        return geometry.IsSplit
            ?
            [
                .. Enumerable
                    .Range(0, geometry.Rows * geometry.Columns)
                    .Select(i => fitted.Crop(Side * (i % geometry.Columns), Side * (i / geometry.Columns), Side, Side)),
                PilResize.Resize(fitted, Side, Side, _filter),
            ]
            : [fitted];
    }

    /// <summary>What is cut into tiles: the picture in whole tiles, or the one tile that it becomes.</summary>
    public Picture Fitted(Picture picture)
    {
        SmolVlmGeometry geometry = Geometry(picture.Width, picture.Height);
        Picture first = PilResize.Resize(picture, geometry.FirstWidth, geometry.FirstHeight, _filter);
        return PilResize.Resize(first, geometry.Width, geometry.Height, _filter);
    }

    /// <summary>The sizes that a picture is brought to.</summary>
    public SmolVlmGeometry Geometry(int width, int height)
    {
        (int firstWidth, int firstHeight) = Upright(width, height, ToLongest);
        if (!_splits)
        {
            return new SmolVlmGeometry(firstWidth, firstHeight, Side, Side, 0, 0);
        }

        (int wide, int high) = Upright(firstWidth, firstHeight, ToTiles);
        return wide > Side || high > Side
            ? new SmolVlmGeometry(firstWidth, firstHeight, wide, high, high / Side, wide / Side)
            : new SmolVlmGeometry(firstWidth, firstHeight, wide, high, 0, 0);
    }

    /// <summary>
    /// A rule for the long and the short side, whichever is which; the wide one is long where they are equal.
    /// </summary>
    private static (int Width, int Height) Upright(
        int width,
        int height,
        Func<int, int, bool, (int Long, int Short)> rule
    )
    {
        if (width >= height)
        {
            (int wide, int low) = rule(width, height, true);
            return (wide, low);
        }

        (int high, int narrow) = rule(height, width, false);
        return (narrow, high);
    }

    /// <summary>The long side to the longest edge; the short one truncated, then made even.</summary>
    private (int Long, int Short) ToLongest(int longSide, int shortSide, bool isWide)
    {
        int cut = Shortened(_longest, longSide, shortSide, isWide);
        int even = Math.Max(1, cut + (cut % 2));
        // then, as the published code has it, no side above its bound
        return _longest <= LongestSide
            ? (_longest, even)
            : (LongestSide, Math.Max(1, Shortened(LongestSide, _longest, even, isWide)));
    }

    /// <summary>Both sides to whole tiles, the short one from the long one's new length.</summary>
    private (int Long, int Short) ToTiles(int longSide, int shortSide, bool isWide)
    {
        int tiled = Ceiling(longSide) * Side;
        return (tiled, Ceiling(Math.Max(1, Shortened(tiled, longSide, shortSide, isWide))) * Side);
    }

    /// <summary>
    /// The short side for a new long one, truncated. The aspect ratio is width / height in doubles, which is divided by
    /// or multiplied with as the published code does, so that ties fall alike.
    /// </summary>
    private static int Shortened(int newLong, int longSide, int shortSide, bool isWide) =>
        isWide ? (int)(newLong / ((double)longSide / shortSide)) : (int)(newLong * ((double)shortSide / longSide));

    private int Ceiling(int pixels) => (pixels + Side - 1) / Side;
}

/// <summary>Geometry of <see cref="SmolVlmProcessor"/>.</summary>
/// <param name="FirstWidth">Columns after the first resize.</param>
/// <param name="FirstHeight">Rows after the first resize.</param>
/// <param name="Width">Columns after the second.</param>
/// <param name="Height">Rows after the second.</param>
/// <param name="Rows">Rows of tiles; 0 = the picture is not split.</param>
/// <param name="Columns">Columns of tiles.</param>
internal readonly record struct SmolVlmGeometry(
    int FirstWidth,
    int FirstHeight,
    int Width,
    int Height,
    int Rows,
    int Columns
)
{
    /// <summary>Whether there are tiles besides the whole picture's.</summary>
    public bool IsSplit => Rows > 0;

    /// <summary>All tiles, the whole picture's included.</summary>
    public int Tiles => (Rows * Columns) + 1;
}
