using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Making;

/// <summary>
/// InternVL2.5 (1B 637 tensors, 2B 517, 4B 781, 8B 573): InternViT-300M with layer scales, a Qwen2.5 or InternLM2.5
/// decoder, mlp1.
/// </summary>
internal static class InternVlTensors
{
    private const long Width = 1024,
        Mlp = 4096,
        Patch = 14,
        Positions = 1 + (32 * 32),
        Joined = 4 * Width;

    /// <summary>All tensors.</summary>
    public static IEnumerable<PlannedTensor> Of(PublishedModel model)
    {
        long d = model.Hidden;
        string head =
            model.Layout == DecoderLayout.InternLm2 ? "language_model.output.weight" : "language_model.lm_head.weight";
        return
        [
            .. Tower("vision_model.", model.VisionLayers),
            .. DecoderTensors.Of(model, "language_model.model.", head),
            .. LayerNorm("mlp1.0", Joined),
            .. Linear("mlp1.1", d, Joined, bias: true),
            .. Linear("mlp1.3", d, d, bias: true),
        ];
    }

    private static IEnumerable<PlannedTensor> Tower(string root, int blocks) =>
        [
            Spread($"{root}embeddings.class_embedding", 1, 1, 1, Width),
            Spread($"{root}embeddings.position_embedding", 0.3, 1, Positions, Width),
            Weight($"{root}embeddings.patch_embedding.weight", 1, Width, 3, Patch, Patch),
            Small($"{root}embeddings.patch_embedding.bias", Width),
            .. Enumerable.Range(0, blocks).SelectMany(n => Block($"{root}encoder.layers.{n}.")),
        ];

    private static IEnumerable<PlannedTensor> Block(string block) =>
        [
            LayerScale($"{block}ls1"),
            LayerScale($"{block}ls2"),
            .. Linear($"{block}attn.qkv", 3 * Width, Width, bias: true),
            .. Linear($"{block}attn.proj", Width, Width, bias: true),
            .. Linear($"{block}mlp.fc1", Mlp, Width, bias: true),
            .. Linear($"{block}mlp.fc2", Width, Mlp, bias: true),
            .. LayerNorm($"{block}norm1", Width),
            .. LayerNorm($"{block}norm2", Width),
        ];

    private static PlannedTensor LayerScale(string name) => new(name, [Width], 0.5, 0.1);
}
