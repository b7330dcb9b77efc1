using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Making;

/// <summary>The decoder's tensors, in the order of the published state.</summary>
internal static class DecoderTensors
{
    /// <summary>
    /// Gain of queries and of keys: scores q·k / sqrt(d) then have a standard deviation near 2, so a head looks at some
    /// tokens more than at others.
    /// </summary>
    private const double ScoreGain = 1.4;

    /// <summary>All tensors of a decoder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="root">What stands before <c>layers.0</c>, with the dot.</param>
    /// <param name="head">Name of the unembedding's weight.</param>
    public static IEnumerable<PlannedTensor> Of(PublishedModel model, string root, string head)
    {
        long d = model.Hidden,
            rows = model.VocabularyRows;
        string embedding = model.Layout == DecoderLayout.InternLm2 ? "tok_embeddings" : "embed_tokens";
        IEnumerable<PlannedTensor> layers = Enumerable
            .Range(0, model.Layers)
            .SelectMany(n => Layer(model, $"{root}layers.{n}."));
        IEnumerable<PlannedTensor> unembedding = model.TiedHead ? [] : [Weight(head, 1, rows, d)];
        return
        [
            Weight($"{root}{embedding}.weight", 1, rows, d),
            .. layers,
            NearOne($"{root}norm.weight", d),
            .. unembedding,
        ];
    }

    private static IEnumerable<PlannedTensor> Layer(PublishedModel model, string layer)
    {
        long d = model.Hidden,
            q = model.QueryWidth,
            k = model.KeyWidth,
            mlp = model.Intermediate;
        bool bias = model.Layout == DecoderLayout.Qwen2;
        return model.Layout == DecoderLayout.InternLm2
            ?
            [
                // Per kv head: its queries, its key, its value
                Weight($"{layer}attention.wqkv.weight", ScoreGain, q + (2 * k), d),
                Weight($"{layer}attention.wo.weight", 1, d, q),
                Weight($"{layer}feed_forward.w1.weight", 1, mlp, d),
                Weight($"{layer}feed_forward.w3.weight", 1, mlp, d),
                Weight($"{layer}feed_forward.w2.weight", 1, d, mlp),
                NearOne($"{layer}attention_norm.weight", d),
                NearOne($"{layer}ffn_norm.weight", d),
            ]
            :
            [
                .. Linear($"{layer}self_attn.q_proj", q, d, bias, ScoreGain),
                .. Linear($"{layer}self_attn.k_proj", k, d, bias, ScoreGain),
                .. Linear($"{layer}self_attn.v_proj", k, d, bias),
                Weight($"{layer}self_attn.o_proj.weight", 1, d, q),
                Weight($"{layer}mlp.gate_proj.weight", 1, mlp, d),
                Weight($"{layer}mlp.up_proj.weight", 1, mlp, d),
                Weight($"{layer}mlp.down_proj.weight", 1, d, mlp),
                NearOne($"{layer}input_layernorm.weight", d),
                NearOne($"{layer}post_attention_layernorm.weight", d),
            ];
    }
}
