using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// What the Qwen families do alike: pictures at their own resolution, one grid of image tokens, a decoder that places
/// them on three axes. They differ in the tower.
/// </summary>
/// <param name="parts">What was read from the folder.</param>
/// <param name="text">Where the decoder lies, without the dot.</param>
/// <param name="pictures">What is made of pictures.</param>
internal abstract class QwenModel(ModelParts parts, string text, QwenPictures pictures)
    : VisionLanguageModel(parts, LlamaWeights.Load(parts.Weights.Sub(text), parts.Weights, parts.Info.Decoder))
{
    private readonly Arithmetic arithmetic = parts.Weights.Arithmetic;

    /// <inheritdoc/>
    public sealed override Pixels Preprocess(Picture picture) => pictures.Preprocess(picture);

    /// <inheritdoc/>
    public sealed override ImageFeatures Features(Picture picture)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(arithmetic);
        var (pixels, geometry) = pictures.Input(picture, arithmetic);
        var (features, deepStack) = Tower(pixels, geometry);
        scope.MoveToOuter([features, .. deepStack]);
        return new ImageFeatures(features, TokensOf(picture.Width, picture.Height)) { DeepStack = deepStack };
    }

    /// <inheritdoc/>
    public sealed override ImageTokens TokensOf(int width, int height) => pictures.Counter.TokensOf(width, height);

    /// <inheritdoc/>
    public sealed override TokenGrid GridOf(Picture picture) => pictures.GridOf(picture);

    /// <inheritdoc/>
    public sealed override TokenPositions Positions(PromptTokens prompt, ImageTokens image) =>
        QwenPictures.Positions(prompt, image);

    /// <summary>The tower and its mergers.</summary>
    /// <param name="pixels">[patches, channels * frames * side * side].</param>
    /// <param name="geometry">The grid that they lie in.</param>
    /// <returns>[P, hidden]; and what is added behind the decoder's first layers, [P, hidden] each, where the family
    /// has it.</returns>
    protected abstract (torch.Tensor Features, IReadOnlyList<torch.Tensor> DeepStack) Tower(
        torch.Tensor pixels,
        QwenGeometry geometry
    );
}
