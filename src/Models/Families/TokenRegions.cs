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
        return new TokenRegions(image, info.Family.Regions(PictureSettings.Of(info, config, image)));
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
}
