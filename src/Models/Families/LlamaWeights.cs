using Pipelines.Models.Tensors;

namespace Pipelines.Models.Families;

/// <summary>A decoder whose tensors are named as Llama's, Qwen's and Gemma's are.</summary>
internal static class LlamaWeights
{
    /// <summary>Claims the decoder.</summary>
    /// <param name="body">At <c>…model</c>: embed_tokens, layers, norm.</param>
    /// <param name="head">Where <c>lm_head</c> lies.</param>
    /// <param name="shape">Numbers.</param>
    public static Decoder Load(Weights body, Weights head, DecoderShape shape) =>
        DecoderWeights.Load(new DecoderPlace(body, "embed_tokens", head, "lm_head"), shape, Layer);

    /// <summary>The tensors of layers and final norm.</summary>
    /// <param name="shape">Numbers.</param>
    /// <param name="root">What stands before <c>layers.0</c>, with the dot.</param>
    public static IEnumerable<ExpectedTensor> Expected(DecoderShape shape, string root)
    {
        long hidden = shape.Hidden,
            mlp = shape.Intermediate,
            queries = (long)shape.Heads * shape.HeadDim,
            keys = (long)shape.KvHeads * shape.HeadDim;
        return DecoderWeights.Expected(shape, root, layer =>
            [
                new($"{layer}input_layernorm.weight", hidden),
                .. ExpectedTensor.Linear($"{layer}self_attn.q_proj", queries, hidden, shape.QkvBias),
                .. ExpectedTensor.Linear($"{layer}self_attn.k_proj", keys, hidden, shape.QkvBias),
                .. ExpectedTensor.Linear($"{layer}self_attn.v_proj", keys, hidden, shape.QkvBias),
                new($"{layer}self_attn.o_proj.weight", hidden, queries),
                new($"{layer}post_attention_layernorm.weight", hidden),
                .. shape.PostNorms
                    ?
                    [
                        new($"{layer}pre_feedforward_layernorm.weight", hidden),
                        new ExpectedTensor($"{layer}post_feedforward_layernorm.weight", hidden),
                    ]
                    : Array.Empty<ExpectedTensor>(),
                .. shape.QkNorm
                    ?
                    [
                        new($"{layer}self_attn.q_norm.weight", shape.HeadDim),
                        new ExpectedTensor($"{layer}self_attn.k_norm.weight", shape.HeadDim),
                    ]
                    : Array.Empty<ExpectedTensor>(),
                new($"{layer}mlp.gate_proj.weight", mlp, hidden),
                new($"{layer}mlp.up_proj.weight", mlp, hidden),
                new($"{layer}mlp.down_proj.weight", hidden, mlp),
            ]
        );
    }

    private static DecoderLayer Layer(Weights weights, DecoderShape shape)
    {
        int hidden = shape.Hidden,
            queries = shape.Heads * shape.HeadDim,
            keys = shape.KvHeads * shape.HeadDim;
        return new DecoderLayer(
            InputNorm: DecoderWeights.Norm(weights, "input_layernorm", shape),
            Query: weights.Linear("self_attn.q_proj", queries, hidden, shape.QkvBias),
            Key: weights.Linear("self_attn.k_proj", keys, hidden, shape.QkvBias),
            Value: weights.Linear("self_attn.v_proj", keys, hidden, shape.QkvBias),
            Output: weights.Linear("self_attn.o_proj", hidden, queries, bias: false),
            MlpNorm: DecoderWeights.Norm(
                weights,
                shape.PostNorms ? "pre_feedforward_layernorm" : "post_attention_layernorm",
                shape
            ),
            Gate: weights.Linear("mlp.gate_proj", shape.Intermediate, hidden, bias: false),
            Up: weights.Linear("mlp.up_proj", shape.Intermediate, hidden, bias: false),
            Down: weights.Linear("mlp.down_proj", hidden, shape.Intermediate, bias: false)
        )
        {
            Activation = shape.Gate,
            QueryNorm = shape.QkNorm ? DecoderWeights.HeadNorm(weights, "self_attn.q_norm", shape) : null,
            KeyNorm = shape.QkNorm ? DecoderWeights.HeadNorm(weights, "self_attn.k_norm", shape) : null,
            AttentionOutputNorm = shape.PostNorms
                ? DecoderWeights.Norm(weights, "post_attention_layernorm", shape)
                : null,
            MlpOutputNorm = shape.PostNorms ? DecoderWeights.Norm(weights, "post_feedforward_layernorm", shape) : null,
        };
    }
}
