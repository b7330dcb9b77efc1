using Pipelines.Stages.Text;
using Pipelines.Stages.Vision;
using TorchSharp;

namespace Pipelines.Stages.Models;

/// <summary>LLaVA-1.5: CLIP ViT-L/14-336 -> two-layer projector -> Llama. One picture, a fixed number of image tokens (24 x 24).</summary>
internal sealed class Llava : VisionLanguageModel
{
    private readonly LlavaTower tower;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public Llava(ModelParts parts)
        : base(parts, LlavaTower.LoadDecoder(parts))
    {
        tower = new LlavaTower(parts);
        LlavaConfig.CheckImageToken(parts);
        parts.Weights.RequireAllClaimed(tower.Unused);
    }

    /// <inheritdoc/>
    protected override ChatTemplate Template => ChatTemplate.Llava;

    /// <inheritdoc/>
    public override Pixels Preprocess(Picture picture) => throw new NotImplementedException();

    /// <inheritdoc/>
    public override ImageFeatures Features(Pixels pixels)
    {
        torch.Tensor features = tower.Features(pixels)[0]; // [P, hidden]
        return new ImageFeatures(features, TokensOf(0, 0));
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => tower.TokensOfTile;
}
