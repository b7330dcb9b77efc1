using Pipelines.Domain;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families;

/// <summary>
/// How a picture becomes image tokens where a family leaves a choice. The defaults are the published processors'; a
/// fixed number of image tokens comes from <see cref="Square"/> and <see cref="MaxTiles"/>.
/// </summary>
public sealed record ImageChoice
{
    /// <summary>LLaVA-1.5: crop or pad.</summary>
    public ImageFit Fit { get; init; } = ImageFit.Crop;

    /// <summary>
    /// Families that have a size: pixels a side of the one that gives the number of image tokens; null = each picture's
    /// own size and number.
    /// </summary>
    public int? Square { get; init; }

    /// <summary>
    /// InternVL and SmolVLM2: tiles at most (1 = always one tile, which is the whole picture); null = what the folder's
    /// files say.
    /// </summary>
    public int? MaxTiles { get; init; }

    /// <summary>
    /// Pictures are not brought to <see cref="Square"/>: those that become another number of image tokens than it are
    /// not to be used (<see cref="ImageTokenCounter.Mismatch"/>).
    /// </summary>
    public bool KeepSizes { get; init; }

    /// <summary>
    /// The picture as the family's preprocessing gets it: brought to <see cref="Square"/>, or as it is.
    /// </summary>
    public Picture Fitted(Picture picture) =>
        Square is { } side && !KeepSizes ? PilResize.Resize(picture, side, side) : picture;

    /// <summary>Size of <see cref="Fitted"/>.</summary>
    public (int Width, int Height) FittedSize(int width, int height) =>
        Square is { } side && !KeepSizes ? (side, side) : (width, height);
}
