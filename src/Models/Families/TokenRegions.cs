using Pipelines.Models.Vision;

namespace Pipelines.Models.Families;

/// <summary>
/// Which part of the picture each image token stands for, from the picture's size and the model's configuration files
/// alone. Tokens are laid over the picture backwards through the preprocessing: a
/// patch of what enters the vision tower is moved by the crop or the padding and scaled by the resize. A token reads
/// the whole picture through the tower's attention; its region is where its patch lies.
/// </summary>
public sealed class TokenRegions
{
    private readonly ImageChoice image;
    private readonly Func<int, int, IEnumerable<PictureRegion?>> ofFitted;

    private TokenRegions(ImageChoice image, Func<int, int, IEnumerable<PictureRegion?>> ofFitted)
    {
        this.image = image;
        this.ofFitted = ofFitted;
    }

    /// <summary>The regions of a model folder.</summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="image">How pictures are fitted.</param>
    public static TokenRegions Read(ModelInfo info, ImageChoice image)
    {
        ModelConfig config = ModelInfo.ReadConfig(info.Folder);
        switch (info.Family)
        {
            case ModelFamily.Llava:
                var clip = new ClipProcessor(ImageProcessorKeys.Clip.Read(info.Folder), image.Fit);
                return new TokenRegions(
                    image,
                    (width, height) =>
                        OfClip(
                            clip,
                            width,
                            height,
                            LlavaConfig.Vision(config).Grid,
                            LlavaConfig.DropsClassToken(config)
                        )
                );
            case ModelFamily.LlavaNext:
                var next = new LlavaNextProcessor(ImageProcessorKeys.LlavaNext.Read(info.Folder));
                return new TokenRegions(
                    image,
                    (width, height) => OfTiles(next.Geometry(width, height), next.Side, LlavaConfig.Vision(config).Grid)
                );
            case ModelFamily.InternVl:
                InternVlProcessor intern = InternVl.Processor(config, info.Folder, image);
                return new TokenRegions(
                    image,
                    (width, height) => OfTiles(intern.Geometry(width, height), InternVlConfig.Vision(config).Grid / 2)
                );
            case ModelFamily.Qwen2Vl:
                ImageTokenCounter counter = Qwen2Vl.Counter(config, info.Folder, image);
                return new TokenRegions(
                    image,
                    (width, height) =>
                        counter.TokensOf(width, height) is var tokens
                            ? PictureRegion.Whole.Cells(tokens.Rows, tokens.Columns).Select(r => (PictureRegion?)r)
                            : []
                );
            default:
                throw new ArgumentOutOfRangeException(nameof(info));
        }
    }

    /// <summary>
    /// One an image token, in order; null where a token stands for no place (line ends, class token).
    /// </summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    public IReadOnlyList<PictureRegion?> Of(int width, int height)
    {
        // squashing moves nothing: regions are shares of the sides
        (int fittedWidth, int fittedHeight) = image.FittedSize(width, height);
        return [.. ofFitted(fittedWidth, fittedHeight)];
    }

    /// <summary>
    /// LLaVA-1.5: the square that is cut from the middle of the resized picture, or the picture with the padding that
    /// makes it one.
    /// </summary>
    internal static IEnumerable<PictureRegion?> OfClip(
        ClipProcessor processor,
        int width,
        int height,
        int grid,
        bool dropsClassToken
    )
    {
        PictureRegion seen = processor.Seen(width, height);
        PictureRegion?[] classToken = dropsClassToken ? [] : [null];
        return [.. classToken, .. seen.Cells(grid, grid)];
    }

    /// <summary>
    /// LLaVA-NeXT: the whole picture squashed to a tile first; then the tiles' joined grid without its padding, a line
    /// end behind every row.
    /// </summary>
    internal static IEnumerable<PictureRegion?> OfTiles(LlavaNextGeometry geometry, int side, int grid)
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

    /// <summary>
    /// InternVL2.5: the picture squashed to the grid of tiles, tile by tile; the whole picture last where there is a
    /// thumbnail.
    /// </summary>
    internal static IEnumerable<PictureRegion?> OfTiles(TileGrid tiles, int grid)
    {
        IEnumerable<PictureRegion> cut = PictureRegion.Whole.Cells(tiles.Rows, tiles.Columns);
        return (tiles.Thumbnail ? cut.Append(PictureRegion.Whole) : cut)
            .SelectMany(tile => tile.Cells(grid, grid))
            .Select(r => (PictureRegion?)r);
    }
}
