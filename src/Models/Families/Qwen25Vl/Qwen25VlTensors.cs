using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.Qwen25Vl;

/// <summary>Qwen2.5-VL's tensors: its ViT, the merger, Qwen2.</summary>
internal static class Qwen25VlTensors
{
    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config) =>
        QwenTensors.Expected(
            decoder,
            Qwen25Vision.Expected(QwenTensors.Tower, Qwen25VlConfig.Vision(config), decoder.Hidden)
        );
}
