using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>Where a decoder's tensors lie.</summary>
/// <param name="Body">Embedding, layers, norm.</param>
/// <param name="Embedding">Name of the embedding below <paramref name="Body"/>.</param>
/// <param name="Root">What the unembedding lies below.</param>
/// <param name="Head">Its name there.</param>
internal sealed record DecoderPlace(Weights Body, string Embedding, Weights Root, string Head);

/// <summary>Claims what the decoders of all layouts have: embedding, layers, final norm, unembedding.</summary>
internal static class DecoderWeights
{
    /// <summary>The decoder.</summary>
    /// <param name="place">Where its tensors lie.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="layer">Claims one layer, at <c>layers.n</c>.</param>
    public static Decoder Load(DecoderPlace place, DecoderShape shape, Func<Weights, DecoderShape, DecoderLayer> layer)
    {
        Weights body = place.Body;
        Arithmetic arithmetic = body.Arithmetic;
        torch.Tensor embedding = body.ClaimStored($"{place.Embedding}.weight", shape.VocabularyRows, shape.Hidden);
        DecoderLayer[] layers =
        [
            .. Enumerable.Range(0, shape.Layers).Select(n => layer(body.Sub($"layers.{n}"), shape)),
        ];
        RmsNorm norm = Norm(body, "norm", shape);
        // That a missing head is the embedding, and a stored one the model's, CheckpointNames has seen to
        Unembedding unembedding = !place.Root.Has($"{place.Head}.weight")
            ? new Unembedding(
                body.LinearOf(embedding, null),
                body.ClaimStored($"{place.Embedding}.weight", shape.VocabularyRows, shape.Hidden),
                arithmetic
            )
            : new Unembedding(
                place.Root.Linear(place.Head, shape.VocabularyRows, shape.Hidden, bias: false),
                place.Root.ClaimStored($"{place.Head}.weight", shape.VocabularyRows, shape.Hidden),
                arithmetic
            );
        body.Release($"{place.Embedding}.weight"); // a tied head was packed from it; of the rest single rows are read
        return new Decoder(shape, arithmetic, embedding, layers, norm, unembedding) { Source = body.Folder };
    }

    /// <summary>A norm of the residual stream.</summary>
    public static RmsNorm Norm(Weights weights, string name, DecoderShape shape) =>
        Norm(weights, name, shape.Hidden, shape);

    /// <summary>A norm of the queries or keys of a head.</summary>
    public static RmsNorm HeadNorm(Weights weights, string name, DecoderShape shape) =>
        Norm(weights, name, shape.HeadDim, shape);

    private static RmsNorm Norm(Weights weights, string name, int features, DecoderShape shape)
    {
        LinearChoice by = weights.Arithmetic.Linear;
        return shape.NormOffset
            ? new RmsNorm(weights.ClaimPlusOne($"{name}.weight", features), shape.NormEpsilon, by) { IsWide = true }
            : new RmsNorm(weights.Claim($"{name}.weight", features), shape.NormEpsilon, by);
    }

    /// <summary>The layers' tensors and the final norm's, by a layout's names.</summary>
    /// <param name="shape">Numbers.</param>
    /// <param name="root">What stands before <c>layers.0</c>, with the dot.</param>
    /// <param name="layer">Tensors of a layer, by its prefix with the dot.</param>
    public static IEnumerable<ExpectedTensor> Expected(
        DecoderShape shape,
        string root,
        Func<string, IEnumerable<ExpectedTensor>> layer
    ) =>
        [
            .. Enumerable.Range(0, shape.Layers).SelectMany(n => layer($"{root}layers.{n}.")),
            new($"{root}norm.weight", shape.Hidden),
        ];
}
