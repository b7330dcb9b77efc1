using Pipelines.Models.Families.Shared;
using TorchSharp;

namespace Pipelines.Models.Families.Qwen25Vl;

/// <summary>
/// Qwen2.5-VL: a ViT at the picture's resolution that mostly looks through windows -> merger -> Qwen2 with M-RoPE, as
/// Qwen2-VL.
/// </summary>
internal sealed class Qwen25VlModel : QwenModel
{
    private readonly Qwen25Vision vision;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public Qwen25VlModel(ModelParts parts)
        : base(parts, "model", Pictures(parts.Pictures))
    {
        vision = new Qwen25Vision(
            parts.Weights.Sub(QwenTensors.Tower),
            Qwen25VlConfig.Vision(parts.Config),
            parts.Info.Hidden
        );
        parts.Weights.RequireAllClaimed();
    }

    /// <summary>What it makes of pictures, by a folder's small files.</summary>
    public static QwenPictures Pictures(PictureSettings source) =>
        new(source, Qwen25VlFamily.Keys, Qwen25VlConfig.Vision(source.Config).Patch);

    /// <inheritdoc/>
    protected override (torch.Tensor Features, IReadOnlyList<torch.Tensor> DeepStack) Tower(
        torch.Tensor pixels,
        QwenGeometry geometry
    ) => (vision.Forward(pixels, geometry), []);
}
