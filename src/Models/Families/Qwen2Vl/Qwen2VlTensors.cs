using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>Qwen2-VL's tensors: its ViT, the merger, Qwen2.</summary>
internal static class Qwen2VlTensors
{
    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config) =>
        QwenTensors.Expected(
            decoder,
            Qwen2Vision.Expected(QwenTensors.Tower, Qwen2VlConfig.Vision(config), decoder.Hidden)
        );
}
