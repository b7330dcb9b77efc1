using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families;

/// <summary>
/// How many image tokens a picture becomes, from its size and the model's configuration files alone: no weights, no
/// pixels.
/// </summary>
public sealed class ImageTokenCounter
{
    private readonly ImageChoice image;
    private readonly Func<int, int, ImageTokens> ofFitted;

    /// <summary>A counter of a family.</summary>
    /// <param name="image">How pictures are fitted.</param>
    /// <param name="ofFitted">Tokens of a picture by width and height as it enters the family's preprocessing.</param>
    public ImageTokenCounter(ImageChoice image, Func<int, int, ImageTokens> ofFitted)
    {
        this.image = image;
        this.ofFitted = ofFitted;
    }

    /// <summary>The counter of a model folder.</summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="image">How pictures are fitted.</param>
    /// <exception cref="InputException">config.json or preprocessor_config.json is of no use, or does not go
    /// with the choice.</exception>
    public static ImageTokenCounter Read(ModelInfo info, ImageChoice image)
    {
        ModelConfig config = ModelInfo.ReadConfig(info.Folder);
        ImageTokenCounter counter = info.Family.Counter(PictureSettings.Of(info, config, image));
        bool isFixed = info.Family.Image.AreOfOneNumber || image.Square is not null || image.MaxTiles == 1;
        if (!isFixed)
        {
            return counter;
        }

        int tokens = counter.ofFitted(image.Square ?? 1, image.Square ?? 1).Tokens;
        // Whole prompts are held against it, too
        info.Decoder.Limit?.Require(tokens + 1, "a picture with one token after it");
        counter.Common = tokens;
        return counter;
    }

    /// <summary>Image tokens of every picture; null where pictures keep numbers of their own.</summary>
    public int? Common { get; private set; }

    /// <summary>Tokens of a picture of some size.</summary>
    public ImageTokens TokensOf(int width, int height)
    {
        (int fittedWidth, int fittedHeight) = image.FittedSize(width, height);
        return ofFitted(fittedWidth, fittedHeight);
    }

    /// <summary>
    /// Why a picture of some size is not to be used: it keeps its size (<see cref="ImageChoice.KeepSizes"/>) and
    /// becomes other tokens, or a grid of other sides, than <see cref="ImageChoice.Square"/>; null where it fits.
    /// </summary>
    public string? Mismatch(int width, int height)
    {
        if (!image.KeepSizes || image.Square is not { } side)
        {
            return null;
        }

        ImageTokens found = ofFitted(width, height),
            wanted = ofFitted(side, side);
        return found == wanted
            ? null
            : Invariant.Text(
                $"{width} x {height} pixels become {Counted(found)}, not {Counted(wanted)} as {side} x {side} do"
            );
    }

    private static string Counted(ImageTokens tokens) =>
        Invariant.Text(
            $"{tokens.Tokens} image tokens{(tokens.Rows > 0 ? $" ({tokens.Rows} x {tokens.Columns})" : "")}"
        );
}
