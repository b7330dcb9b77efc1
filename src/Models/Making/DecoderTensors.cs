using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Making;

/// <summary>How a decoder's tensors are named and cut, in the order of the published state.</summary>
/// <param name="Embedding">Name of the embedding, without ".weight".</param>
/// <param name="Layer">Tensors of a layer, by its prefix with the dot.</param>
public sealed record DecoderLayout(string Embedding, Func<PublishedModel, string, IEnumerable<PlannedTensor>> Layer)
{
    /// <summary>
    /// Gain of queries and of keys: scores q·k / sqrt(d) then have a standard deviation near 2, so a head looks at some
    /// tokens more than at others.
    /// </summary>
    private const double ScoreGain = 1.4;

    /// <summary>q, k, v and o without biases.</summary>
    public static DecoderLayout Llama { get; } =
        new("embed_tokens", (model, layer) => LlamaLayer(model, layer, bias: false));

    /// <summary>As Llama, with biases of q, k and v.</summary>
    public static DecoderLayout Qwen2 { get; } =
        new("embed_tokens", (model, layer) => LlamaLayer(model, layer, bias: true));

    /// <summary>As Llama, with norms of each head's queries and keys.</summary>
    public static DecoderLayout Qwen3 { get; } =
        new("embed_tokens", (model, layer) =>
            [.. LlamaLayer(model, layer, bias: false), .. HeadNorms(model, layer, NearGain)]
        );

    /// <summary>As Qwen3, with four norms a layer; norms are stored as what they add to 1.</summary>
    public static DecoderLayout Gemma3 { get; } = new("embed_tokens", Gemma3Layer) { Norm = Small };

    /// <summary>InternLM2: one wqkv for queries, keys and values, w1, w2 and w3 for the MLP.</summary>
    public static DecoderLayout InternLm2 { get; } = new("tok_embeddings", InternLm2Layer);

    /// <summary>A norm's weight.</summary>
    public Func<string, long, PlannedTensor> Norm { get; init; } = NearOne;

    /// <summary>Behind a norm no gain of the projection is left, so the norm has it.</summary>
    private static PlannedTensor NearGain(string name, long features) => new(name, [features], ScoreGain, 0.05);

    private static IEnumerable<PlannedTensor> HeadNorms(
        PublishedModel model,
        string layer,
        Func<string, long, PlannedTensor> norm
    ) =>
        [
            norm($"{layer}self_attn.q_norm.weight", model.HeadDim),
            norm($"{layer}self_attn.k_norm.weight", model.HeadDim),
        ];

    private static IEnumerable<PlannedTensor> Gemma3Layer(PublishedModel model, string layer) =>
        [
            .. LlamaLayer(model, layer, bias: false, Small),
            Small($"{layer}pre_feedforward_layernorm.weight", model.Hidden),
            Small($"{layer}post_feedforward_layernorm.weight", model.Hidden),
            .. HeadNorms(model, layer, Small),
        ];

    private static IEnumerable<PlannedTensor> LlamaLayer(
        PublishedModel model,
        string layer,
        bool bias,
        Func<string, long, PlannedTensor>? norm = null
    )
    {
        norm ??= NearOne;
        long d = model.Hidden,
            q = model.QueryWidth,
            k = model.KeyWidth,
            mlp = model.Intermediate;
        return
        [
            .. Linear($"{layer}self_attn.q_proj", q, d, bias, ScoreGain),
            .. Linear($"{layer}self_attn.k_proj", k, d, bias, ScoreGain),
            .. Linear($"{layer}self_attn.v_proj", k, d, bias),
            Weight($"{layer}self_attn.o_proj.weight", 1, d, q),
            Weight($"{layer}mlp.gate_proj.weight", 1, mlp, d),
            Weight($"{layer}mlp.up_proj.weight", 1, mlp, d),
            Weight($"{layer}mlp.down_proj.weight", 1, d, mlp),
            norm($"{layer}input_layernorm.weight", d),
            norm($"{layer}post_attention_layernorm.weight", d),
        ];
    }

    private static IEnumerable<PlannedTensor> InternLm2Layer(PublishedModel model, string layer)
    {
        long d = model.Hidden,
            q = model.QueryWidth,
            k = model.KeyWidth,
            mlp = model.Intermediate;
        return
        [
            // Per kv head: its queries, its key, its value
            Weight($"{layer}attention.wqkv.weight", ScoreGain, q + (2 * k), d),
            Weight($"{layer}attention.wo.weight", 1, d, q),
            Weight($"{layer}feed_forward.w1.weight", 1, mlp, d),
            Weight($"{layer}feed_forward.w3.weight", 1, mlp, d),
            Weight($"{layer}feed_forward.w2.weight", 1, d, mlp),
            NearOne($"{layer}attention_norm.weight", d),
            NearOne($"{layer}ffn_norm.weight", d),
        ];
    }
}

/// <summary>The decoder's tensors, in the order of the published state.</summary>
internal static class DecoderTensors
{
    /// <summary>All tensors of a decoder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="root">What stands before <c>layers.0</c>, with the dot.</param>
    /// <param name="head">Name of the unembedding's weight.</param>
    public static IEnumerable<PlannedTensor> Of(PublishedModel model, string root, string head) =>
        [
            Weight($"{root}{model.Layout.Embedding}.weight", 1, model.VocabularyRows, model.Hidden),
            .. Enumerable.Range(0, model.Layers).SelectMany(n => model.Layout.Layer(model, $"{root}layers.{n}.")),
            model.Layout.Norm($"{root}norm.weight", model.Hidden),
            .. model.TiedHead ? Array.Empty<PlannedTensor>() : [Weight(head, 1, model.VocabularyRows, model.Hidden)],
        ];
}
