using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// Claims a decoder whose tensors are named as InternLM2's: the same mathematics as Llama's, queries, keys and values
/// in one matrix <c>wqkv</c>.
/// </summary>
internal static class InternLm2Weights
{
    /// <summary>The decoder.</summary>
    /// <param name="language">At <c>language_model</c>.</param>
    /// <param name="shape">Numbers.</param>
    public static Decoder Load(Weights language, DecoderShape shape)
    {
        Weights body = language.Sub("model");
        Arithmetic arithmetic = language.Arithmetic;
        torch.Tensor embedding = body.ClaimStored("tok_embeddings.weight", shape.VocabularyRows, shape.Hidden);
        DecoderLayer[] layers =
        [
            .. Enumerable.Range(0, shape.Layers).Select(n => Layer(body.Sub($"layers.{n}"), shape)),
        ];
        var norm = new RmsNorm(body.Claim("norm.weight", shape.Hidden), shape.NormEpsilon, arithmetic.Linear);
        Unembedding unembedding =
            shape.TiedHead && !language.Has("output.weight") // a stored head is the embedding again
                ? new Unembedding(
                    body.LinearOf(embedding, null),
                    body.ClaimStored("tok_embeddings.weight", shape.VocabularyRows, shape.Hidden),
                    arithmetic
                )
                : new Unembedding(
                    language.Linear("output", shape.VocabularyRows, shape.Hidden, bias: false),
                    language.ClaimStored("output.weight", shape.VocabularyRows, shape.Hidden),
                    arithmetic
                );
        return new Decoder(shape, arithmetic, embedding, layers, norm, unembedding) { Source = language.Folder };
    }

    private static DecoderLayer Layer(Weights weights, DecoderShape shape)
    {
        using var scope = torch.NewDisposeScope();
        int hidden = shape.Hidden,
            group = shape.Group,
            d = shape.HeadDim;
        torch.Tensor wqkv = weights
            .ClaimStored("attention.wqkv.weight", (shape.Heads + (2 * shape.KvHeads)) * d, hidden)
            .view(shape.KvHeads, group + 2, d, hidden); // per kv head: its queries, its key, its value
        return new DecoderLayer(
            InputNorm: new RmsNorm(
                weights.Claim("attention_norm.weight", hidden),
                shape.NormEpsilon,
                weights.Arithmetic.Linear
            ),
            Query: weights.LinearOf(wqkv.narrow(1, 0, group).reshape(-1, hidden), null),
            Key: weights.LinearOf(wqkv.narrow(1, group, 1).reshape(-1, hidden), null),
            Value: weights.LinearOf(wqkv.narrow(1, group + 1, 1).reshape(-1, hidden), null),
            Output: weights.Linear("attention.wo", hidden, shape.Heads * d, bias: false),
            PostAttentionNorm: new RmsNorm(
                weights.Claim("ffn_norm.weight", hidden),
                shape.NormEpsilon,
                weights.Arithmetic.Linear
            ),
            Gate: weights.Linear("feed_forward.w1", shape.Intermediate, hidden, bias: false),
            Up: weights.Linear("feed_forward.w3", shape.Intermediate, hidden, bias: false),
            Down: weights.Linear("feed_forward.w2", hidden, shape.Intermediate, bias: false)
        );
    }
}
