using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>Claims a decoder whose tensors are named as Llama's and Qwen2's are.</summary>
internal static class LlamaWeights
{
    /// <summary>The decoder.</summary>
    /// <param name="body">At <c>…model</c>: embed_tokens, layers, norm.</param>
    /// <param name="head">Where <c>lm_head</c> lies.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="arithmetic">Device, compute type, kind of linear layers.</param>
    public static Decoder Load(Weights body, Weights head, DecoderShape shape, Arithmetic arithmetic)
    {
        torch.Tensor embedding = body.ClaimStored("embed_tokens.weight", shape.VocabularyRows, shape.Hidden);
        DecoderLayer[] layers =
        [
            .. Enumerable.Range(0, shape.Layers).Select(n => Layer(body.Sub($"layers.{n}"), shape)),
        ];
        var norm = new RmsNorm(body.Claim("norm.weight", shape.Hidden), shape.NormEpsilon, arithmetic.Linear);
        Unembedding unembedding =
            shape.TiedHead && !head.Has("lm_head.weight") // a stored head is the embedding again
                ? new Unembedding(
                    body.LinearOf(embedding, null),
                    body.ClaimStored("embed_tokens.weight", shape.VocabularyRows, shape.Hidden),
                    arithmetic
                )
                : new Unembedding(
                    head.Linear("lm_head", shape.VocabularyRows, shape.Hidden, bias: false),
                    head.ClaimStored("lm_head.weight", shape.VocabularyRows, shape.Hidden),
                    arithmetic
                );
        return new Decoder(shape, arithmetic, embedding, layers, norm, unembedding) { Source = body.Folder };
    }

    private static DecoderLayer Layer(Weights weights, DecoderShape shape)
    {
        int hidden = shape.Hidden,
            queries = shape.Heads * shape.HeadDim,
            keys = shape.KvHeads * shape.HeadDim;
        return new DecoderLayer(
            InputNorm: new RmsNorm(
                weights.Claim("input_layernorm.weight", hidden),
                shape.NormEpsilon,
                weights.Arithmetic.Linear
            ),
            Query: weights.Linear("self_attn.q_proj", queries, hidden, shape.QkvBias),
            Key: weights.Linear("self_attn.k_proj", keys, hidden, shape.QkvBias),
            Value: weights.Linear("self_attn.v_proj", keys, hidden, shape.QkvBias),
            Output: weights.Linear("self_attn.o_proj", hidden, queries, bias: false),
            PostAttentionNorm: new RmsNorm(
                weights.Claim("post_attention_layernorm.weight", hidden),
                shape.NormEpsilon,
                weights.Arithmetic.Linear
            ),
            Gate: weights.Linear("mlp.gate_proj", shape.Intermediate, hidden, bias: false),
            Up: weights.Linear("mlp.up_proj", shape.Intermediate, hidden, bias: false),
            Down: weights.Linear("mlp.down_proj", hidden, shape.Intermediate, bias: false)
        );
    }
}
