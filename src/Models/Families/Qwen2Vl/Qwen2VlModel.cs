using Pipelines.Models.Families.Shared;
using TorchSharp;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>
/// Qwen2-VL: its own ViT at the picture's resolution -> merger -> Qwen2 with M-RoPE: of the rotary frequencies some
/// take a token's time, some its row, some its column.
/// </summary>
internal sealed class Qwen2VlModel : QwenModel
{
    private readonly Qwen2Vision vision;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public Qwen2VlModel(ModelParts parts)
        : base(parts, "model", Pictures(parts.Pictures))
    {
        vision = new Qwen2Vision(
            parts.Weights.Sub(QwenTensors.Tower),
            Qwen2VlConfig.Vision(parts.Config),
            parts.Info.Hidden
        );
        parts.Weights.RequireAllClaimed();
    }

    /// <summary>What it makes of pictures, by a folder's small files.</summary>
    public static QwenPictures Pictures(PictureSettings source) =>
        new(source, Qwen2VlFamily.Keys, Qwen2VlConfig.Vision(source.Config).Patch);

    /// <inheritdoc/>
    protected override (torch.Tensor Features, IReadOnlyList<torch.Tensor> DeepStack) Tower(
        torch.Tensor pixels,
        QwenGeometry geometry
    ) => (vision.Forward(pixels, geometry), []);
}
