using Pipelines.Models.Families.Shared;
using TorchSharp;

namespace Pipelines.Models.Families.Qwen3Vl;

/// <summary>
/// Qwen3-VL: a ViT at the picture's resolution -> mergers -> Qwen3 with interleaved M-RoPE. What the mergers of earlier
/// blocks give is added to the residual stream of the image tokens behind the first decoder layers (DeepStack).
/// </summary>
internal sealed class Qwen3VlModel : QwenModel
{
    private readonly Qwen3Vision vision;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public Qwen3VlModel(ModelParts parts)
        : base(parts, Qwen3VlTensors.Text, Pictures(parts.Pictures))
    {
        vision = new Qwen3Vision(
            parts.Weights.Sub(Qwen3VlTensors.Tower),
            Qwen3VlConfig.Vision(parts.Config),
            parts.Info.Hidden
        );
        parts.Weights.RequireAllClaimed();
    }

    /// <summary>What it makes of pictures, by a folder's small files.</summary>
    public static QwenPictures Pictures(PictureSettings source) =>
        new(source, Qwen3VlFamily.Keys, Qwen3VlConfig.Vision(source.Config).Patch);

    /// <inheritdoc/>
    protected override (torch.Tensor Features, IReadOnlyList<torch.Tensor> DeepStack) Tower(
        torch.Tensor pixels,
        QwenGeometry geometry
    ) => vision.Forward(pixels, geometry);
}
