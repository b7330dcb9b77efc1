using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// InternVL's preprocessing (the authors' <c>dynamic_preprocess</c> with torchvision, and transformers'
/// GotOcr2ImageProcessor, which does the same): the picture is squashed to the grid of tiles nearest to its shape and
/// cut; if there is more than one tile, the whole picture squashed to one tile comes last.
/// </summary>
internal sealed class InternVlProcessor
{
    /// <summary>
    /// Every grid of so many tiles is weighed against a picture's shape: a bound far above what a decoder's positions
    /// hold.
    /// </summary>
    public const int MostTiles = 1024;

    private readonly PixelScale _scale;
    private readonly ResizeFilter _filter;
    private readonly int _minTiles,
        _maxTiles;
    private readonly bool _useThumbnail;
    private readonly (int Columns, int Rows)[] _grids;

    /// <summary>A processor.</summary>
    /// <param name="scale">Mean and deviation.</param>
    /// <param name="filter">How pictures are resized.</param>
    /// <param name="side">Side of a tile.</param>
    /// <param name="minTiles">Fewest tiles.</param>
    /// <param name="maxTiles">Most tiles without the thumbnail, at most <see cref="MostTiles"/>; 1 gives every picture
    /// the same number of image tokens.</param>
    /// <param name="useThumbnail">Appends the whole picture where there is more than one tile.</param>
    public InternVlProcessor(
        PixelScale scale,
        ResizeFilter filter,
        int side,
        int minTiles,
        int maxTiles,
        bool useThumbnail
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(minTiles, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTiles, minTiles);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxTiles, MostTiles);
        (_scale, _filter, Side) = (scale, filter, side);
        (_minTiles, _maxTiles, _useThumbnail) = (minTiles, maxTiles, useThumbnail);
        _grids = [.. Grids()];
    }

    /// <summary>
    /// The authors' processor: mean and deviation are the file's (ImageNet's where it has none); its size, crop and
    /// filter are not used by their code.
    /// </summary>
    /// <param name="config">The image processor's file.</param>
    /// <param name="side">Side of a tile: force_image_size of config.json.</param>
    /// <param name="minTiles">Fewest tiles.</param>
    /// <param name="maxTiles">Most tiles without the thumbnail.</param>
    /// <param name="useThumbnail">Appends the whole picture where there is more than one tile.</param>
    public InternVlProcessor(PreprocessorConfig config, int side, int minTiles, int maxTiles, bool useThumbnail)
        : this(
            PixelScale.Torchvision(
                config.ImageMean ?? PreprocessorConfig.ImageNetMean,
                config.ImageStd ?? PreprocessorConfig.ImageNetStd
            ),
            ResizeFilter.Bicubic,
            side,
            minTiles,
            maxTiles,
            useThumbnail
        )
    { }

    /// <summary>Demands a number of tiles whose grids can be weighed.</summary>
    /// <param name="mostTiles">Most tiles without the thumbnail.</param>
    /// <param name="file">The file that says so.</param>
    /// <param name="key">Its key.</param>
    /// <exception cref="InputException">More than <see cref="MostTiles"/>.</exception>
    public static void RequireTiles(int mostTiles, string file, string key)
    {
        if (mostTiles > MostTiles)
        {
            throw new InputException(
                file,
                Invariant.Text($"'{key}' is {mostTiles}: a picture has at most {MostTiles} tiles."),
                "The published models have 12."
            );
        }
    }

    /// <summary>Side of a tile.</summary>
    public int Side { get; }

    /// <summary>Pixel values [tiles, 3, side, side].</summary>
    public Pixels Process(Picture picture) => _scale.Planes(Tiles(picture));

    /// <summary>The picture that is cut into tiles.</summary>
    public Picture Squashed(Picture picture)
    {
        TileGrid grid = Geometry(picture.Width, picture.Height);
        return PilResize.Resize(picture, Side * grid.Columns, Side * grid.Rows, _filter);
    }

    /// <summary>The bytes [side, side, 3] of each tile before normalisation.</summary>
    public IReadOnlyList<Picture> Tiles(Picture picture)
    {
        var grid = Geometry(picture.Width, picture.Height);
        Picture resized = Squashed(picture);
        var tiles = new List<Picture>();
        for (int i = 0; i < grid.Columns * grid.Rows; i++)
        {
            tiles.Add(resized.Crop(Side * (i % grid.Columns), Side * (i / grid.Columns), Side, Side));
        }

        if (grid.Thumbnail)
        {
            tiles.Add(PilResize.Resize(picture, Side, Side, _filter));
        }

        return tiles;
    }

    /// <summary>
    /// The grid nearest to a picture's shape; of two that are as near the later one if the picture has more than half
    /// its pixels.
    /// </summary>
    public TileGrid Geometry(int width, int height)
    {
        double shape = (double)width / height,
            nearest = double.PositiveInfinity;
        var best = (Columns: 1, Rows: 1);
        foreach (var grid in _grids)
        {
            double distance = Math.Abs(shape - ((double)grid.Columns / grid.Rows));
            bool large = (double)width * height > 0.5 * Side * Side * grid.Columns * grid.Rows;
            if (distance < nearest || (distance == nearest && large))
            {
                (best, nearest) = (grid, distance);
            }
        }

        return new TileGrid(best.Columns, best.Rows, _useThumbnail && best.Columns * best.Rows > 1);
    }

    /// <summary>
    /// All grids of an allowed number of tiles, few tiles first. Among grids of one number the order decides nothing:
    /// two of them are never both nearest.
    /// </summary>
    private IEnumerable<(int Columns, int Rows)> Grids() =>
        from tiles in Enumerable.Range(_minTiles, _maxTiles - _minTiles + 1)
        from columns in Enumerable.Range(1, tiles)
        where tiles % columns == 0
        select (columns, tiles / columns);
}

/// <summary>Geometry of <see cref="InternVlProcessor"/>.</summary>
/// <param name="Columns">Tiles side by side.</param>
/// <param name="Rows">Tiles one below the other.</param>
/// <param name="Thumbnail">The whole picture follows as a tile of its own.</param>
internal readonly record struct TileGrid(int Columns, int Rows, bool Thumbnail)
{
    /// <summary>All tiles, the thumbnail included.</summary>
    public int Tiles => (Columns * Rows) + (Thumbnail ? 1 : 0);
}
