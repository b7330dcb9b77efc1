using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// What the Qwen families make of a picture around their towers: its pixels before, and how many image tokens there
/// are, where they lie and how the decoder places them behind.
/// </summary>
internal sealed class QwenPictures
{
    private readonly ImageChoice image;
    private readonly QwenProcessor processor;

    /// <summary>By a folder's files.</summary>
    /// <param name="source">The folder's small files and the choices made.</param>
    /// <param name="keys">The family's keys of the image processor's file.</param>
    /// <param name="patch">How the tower cuts a picture.</param>
    /// <exception cref="InputException">The size is no multiple of a token's pixels; the preprocessor is of no use, or
    /// of another model.</exception>
    public QwenPictures(PictureSettings source, ImageProcessorKeys keys, QwenPatch patch)
    {
        if (QwenSettings.Patch(source.Settings) != patch)
        {
            throw new InputException(
                source.Settings.Source,
                "has other patch, time or merge sizes than config.json.",
                "Both files must be of one model."
            );
        }

        image = source.Image;
        processor = new QwenProcessor(source.Settings, keys);
        if (image.Square is { } side && (side < patch.Unit || side % patch.Unit != 0))
        {
            throw new InputException(
                "model.image.size",
                $"{side} is not a multiple of {patch.Unit}, the pixels a side of a {keys.Family} image token.",
                "The default is 448."
            );
        }

        Counter = new ImageTokenCounter(image, (width, height) =>
        {
            QwenGeometry geometry = processor.Geometry(width, height);
            return ImageTokens.Grid(geometry.GridRows / geometry.Merge, geometry.GridColumns / geometry.Merge);
        });
    }

    /// <summary>Image tokens by a picture's size.</summary>
    public ImageTokenCounter Counter { get; }

    /// <summary>Where image tokens lie: a grid over the whole picture, which is squashed to it.</summary>
    public IEnumerable<PictureRegion?> Regions(int width, int height)
    {
        ImageTokens tokens = Counter.TokensOf(width, height);
        return PictureRegion.Whole.Cells(tokens.Rows, tokens.Columns).Select(r => (PictureRegion?)r);
    }

    /// <summary>Where image tokens lie on the picture as the tower sees it.</summary>
    public TokenGrid GridOf(Picture picture)
    {
        Picture seen = processor.Resized(image.Fitted(picture));
        ImageTokens tokens = Counter.TokensOf(picture.Width, picture.Height);
        return new TokenGrid(seen, tokens.Rows, tokens.Columns);
    }

    /// <summary>A picture's pixels, fitted.</summary>
    public Pixels Preprocess(Picture picture) => processor.Process(image.Fitted(picture));

    /// <summary>What the tower is given.</summary>
    /// <returns>[patches, channels * frames * side * side], and the grid that they lie in.</returns>
    public (torch.Tensor Pixels, QwenGeometry Geometry) Input(Picture picture, Arithmetic arithmetic)
    {
        Picture fitted = image.Fitted(picture);
        Pixels pixels = processor.Process(fitted);
        torch.Tensor input = pixels.ToTensor(arithmetic);
        return (input, processor.Geometry(fitted.Width, fitted.Height));
    }

    /// <summary>
    /// M-RoPE's positions of time, row and column. Text tokens have three equal ones; an image token has the time of
    /// the image's start and its row and column in the grid behind it; text goes on after the grid's larger side.
    /// </summary>
    public static TokenPositions Positions(PromptTokens prompt, ImageTokens image)
    {
        int start = prompt.ImageStart,
            after = start + Math.Max(image.Rows, image.Columns);
        long[] Axis(Func<int, int> ofImageToken) =>
            [
                .. Enumerable
                    .Range(0, prompt.Length)
                    .Select(i =>
                        i < start ? i
                        : i < prompt.SuffixStart ? start + ofImageToken(i - start)
                        : (long)after + (i - prompt.SuffixStart)
                    ),
            ];
        return new TokenPositions(
            [Axis(_ => 0), Axis(j => j / image.Columns), Axis(j => j % image.Columns)],
            after + prompt.SuffixLength
        );
    }
}
