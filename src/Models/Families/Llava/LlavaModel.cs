using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.Llava;

/// <summary>
/// LLaVA-1.5: CLIP ViT-L/14-336 -> two-layer projector -> Llama. One picture, a fixed number of image tokens (24 x 24).
/// </summary>
internal sealed class LlavaModel : VisionLanguageModel
{
    private readonly LlavaTower tower;
    private readonly ClipProcessor processor;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public LlavaModel(ModelParts parts)
        : base(parts, LlavaTower.LoadDecoder(parts))
    {
        tower = new LlavaTower(parts);
        processor = Processor(parts.Pictures);
        parts.Weights.RequireAllClaimed(tower.Unused);
    }

    /// <inheritdoc/>
    public override Pixels Preprocess(Picture picture) => processor.Process(picture);

    /// <inheritdoc/>
    public override ImageFeatures Features(Picture picture)
    {
        using torch.Tensor tiles = tower.Features(Preprocess(picture)); // [1, P, hidden]
        return new ImageFeatures(tiles.squeeze(0), tower.TokensOfTile);
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => tower.TokensOfTile;

    /// <summary>Image tokens by a picture's size: always the same.</summary>
    /// <exception cref="InputException">The preprocessor is of no use, or of another model.</exception>
    public static ImageTokenCounter Counter(PictureSettings source)
    {
        Processor(source);
        ImageTokens tile = LlavaTower.TokensOf(
            LlavaConfig.Vision(source.Config),
            LlavaConfig.DropsClassToken(source.Config)
        );
        return new ImageTokenCounter(source.Image, (_, _) => tile);
    }

    /// <inheritdoc/>
    public override TokenGrid? GridOf(Picture picture) =>
        tower.TokensOfTile is { Rows: > 0 } tokens
            ? new TokenGrid(processor.Fitted(picture), tokens.Rows, tokens.Columns)
            : null;

    private static ClipProcessor Processor(PictureSettings source)
    {
        var processor = new ClipProcessor(source.Settings, source.Image.Fit);
        LlavaTower.CheckPixels(processor.Side, LlavaConfig.Vision(source.Config).ImageSize, source.Settings);
        return processor;
    }
}
