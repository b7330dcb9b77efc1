using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// A decoder whose tensors are named as InternLM2's: the same mathematics as Llama's, queries, keys and values in one
/// matrix <c>wqkv</c>.
/// </summary>
internal static class InternLm2Weights
{
    /// <summary>Claims the decoder.</summary>
    /// <param name="language">At <c>language_model</c>.</param>
    /// <param name="shape">Numbers.</param>
    public static Decoder Load(Weights language, DecoderShape shape) =>
        DecoderWeights.Load(
            new DecoderPlace(language.Sub("model"), "tok_embeddings", language, "output"),
            shape,
            Layer
        );

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
                new($"{layer}attention_norm.weight", hidden),
                new($"{layer}attention.wqkv.weight", queries + (2 * keys), hidden),
                new($"{layer}attention.wo.weight", hidden, queries),
                new($"{layer}ffn_norm.weight", hidden),
                new($"{layer}feed_forward.w1.weight", mlp, hidden),
                new($"{layer}feed_forward.w3.weight", mlp, hidden),
                new($"{layer}feed_forward.w2.weight", hidden, mlp),
            ]
        );
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
        var layer = new DecoderLayer(
            InputNorm: DecoderWeights.Norm(weights, "attention_norm", shape),
            Query: weights.LinearOf(wqkv.narrow(1, 0, group).reshape(-1, hidden), null),
            Key: weights.LinearOf(wqkv.narrow(1, group, 1).reshape(-1, hidden), null),
            Value: weights.LinearOf(wqkv.narrow(1, group + 1, 1).reshape(-1, hidden), null),
            Output: weights.Linear("attention.wo", hidden, shape.Heads * d, bias: false),
            MlpNorm: DecoderWeights.Norm(weights, "ffn_norm", shape),
            Gate: weights.Linear("feed_forward.w1", shape.Intermediate, hidden, bias: false),
            Up: weights.Linear("feed_forward.w3", shape.Intermediate, hidden, bias: false),
            Down: weights.Linear("feed_forward.w2", hidden, shape.Intermediate, bias: false)
        );
        weights.Release("attention.wqkv.weight");
        return layer;
    }
}
