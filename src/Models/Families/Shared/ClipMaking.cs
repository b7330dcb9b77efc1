using Pipelines.Models.Making;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.Shared;

/// <summary>Blocks of CLIP's and SigLIP's towers made up.</summary>
internal static class ClipMaking
{
    /// <summary>Blocks 0, 1, …, and the norm behind them.</summary>
    /// <param name="root">What the tower's tensors lie below, with the dot.</param>
    /// <param name="blocks">How many.</param>
    /// <param name="width">Features of a row.</param>
    /// <param name="mlp">Features inside the MLP.</param>
    public static IEnumerable<PlannedTensor> Blocks(string root, int blocks, long width, long mlp) =>
        [
            .. Enumerable.Range(0, blocks).SelectMany(n => Block($"{root}encoder.layers.{n}.", width, mlp)),
            .. LayerNorm($"{root}post_layernorm", width),
        ];

    private static IEnumerable<PlannedTensor> Block(string block, long width, long mlp) =>
        [
            .. Linear($"{block}self_attn.k_proj", width, width, bias: true),
            .. Linear($"{block}self_attn.v_proj", width, width, bias: true),
            .. Linear($"{block}self_attn.q_proj", width, width, bias: true),
            .. Linear($"{block}self_attn.out_proj", width, width, bias: true),
            .. LayerNorm($"{block}layer_norm1", width),
            .. Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. Linear($"{block}mlp.fc2", width, mlp, bias: true),
            .. LayerNorm($"{block}layer_norm2", width),
        ];
}
