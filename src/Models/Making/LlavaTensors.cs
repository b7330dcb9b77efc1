using Pipelines.Models.Families;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Making;

/// <summary>
/// LLaVA-1.5 (686 tensors; 13B 758) and LLaVA-NeXT (687, 759: image_newline besides): CLIP ViT-L/14-336, projector,
/// Llama.
/// </summary>
internal static class LlavaTensors
{
    private const long Width = 1024,
        Mlp = 4096,
        Patch = 14,
        Positions = 1 + (24 * 24);

    /// <summary>All tensors.</summary>
    public static IEnumerable<PlannedTensor> Of(PublishedModel model)
    {
        long d = model.Hidden;
        IEnumerable<PlannedTensor> newline =
            model.Family == ModelFamily.LlavaNext ? [Spread("image_newline", 0.5, d)] : [];
        return
        [
            .. newline,
            .. Tower("vision_tower.vision_model.", model.VisionLayers),
            .. Linear("multi_modal_projector.linear_1", d, Width, bias: true),
            .. Linear("multi_modal_projector.linear_2", d, d, bias: true),
            .. DecoderTensors.Of(model, "language_model.model.", "language_model.lm_head.weight"),
        ];
    }

    private static IEnumerable<PlannedTensor> Tower(string root, int blocks) =>
        [
            Spread($"{root}embeddings.class_embedding", 1, Width),
            Weight($"{root}embeddings.patch_embedding.weight", 1, Width, 3, Patch, Patch),
            Spread($"{root}embeddings.position_embedding.weight", 0.3, Positions, Width),
            .. LayerNorm($"{root}pre_layrnorm", Width), // spelt so in the checkpoints
            .. Enumerable.Range(0, blocks).SelectMany(n => Block($"{root}encoder.layers.{n}.")),
            .. LayerNorm($"{root}post_layernorm", Width),
        ];

    private static IEnumerable<PlannedTensor> Block(string block) =>
        [
            .. Linear($"{block}self_attn.k_proj", Width, Width, bias: true),
            .. Linear($"{block}self_attn.v_proj", Width, Width, bias: true),
            .. Linear($"{block}self_attn.q_proj", Width, Width, bias: true),
            .. Linear($"{block}self_attn.out_proj", Width, Width, bias: true),
            .. LayerNorm($"{block}layer_norm1", Width),
            .. Linear($"{block}mlp.fc1", Mlp, Width, bias: true),
            .. Linear($"{block}mlp.fc2", Width, Mlp, bias: true),
            .. LayerNorm($"{block}layer_norm2", Width),
        ];
}
