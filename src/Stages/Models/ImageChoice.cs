using Pipelines.Stages.Vision;

namespace Pipelines.Stages.Models;

/// <summary>How a picture becomes image tokens where a family leaves a choice. The defaults are the published processors'; a fixed number of image tokens comes from <see cref="Square"/> and <see cref="MaxTiles"/>.</summary>
internal sealed record ImageChoice
{
    /// <summary>LLaVA-1.5: crop or pad.</summary>
    public PictureFit Fit { get; init; } = PictureFit.Crop;

    /// <summary>LLaVA-NeXT and Qwen2-VL: the picture is first resized to this many pixels a side, so that every picture has the same number of image tokens; null = its own size.</summary>
    public int? Square { get; init; }

    /// <summary>InternVL2.5: tiles at most (1 = always one tile, no thumbnail); null = what config.json says (max_dynamic_patch).</summary>
    public int? MaxTiles { get; init; }

    /// <summary>The picture brought to <see cref="Square"/>, or as it is.</summary>
    public Picture Fitted(Picture picture) => Square is { } side ? PilResize.Resize(picture, side, side) : picture;

    /// <summary>Size of <see cref="Fitted"/>.</summary>
    public (int Width, int Height) FittedSize(int width, int height) => Square is { } side ? (side, side) : (width, height);
}
