using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Attention of the suffix queries in one layer under a batch of ablation masks: a softmax over prefix, image (own or
/// baseline, pair by pair) and suffix keys. Two implementations of the same sums: plain libtorch on any device and
/// type, and a CPU kernel whose rows do not depend on the batch.
/// </summary>
internal abstract class SuffixAttention(PrefixCache cache, BaselineBlocks baseline)
{
    /// <summary>Prefix and image.</summary>
    protected PrefixCache Cache { get; } = cache;

    /// <summary>What ablated pairs see.</summary>
    protected BaselineBlocks Baseline { get; } = baseline;

    /// <summary>The implementation that a decoder's arithmetic asks for.</summary>
    public static SuffixAttention Of(PrefixCache cache, BaselineBlocks baseline) =>
        KernelSuffixAttention.Serves(cache.Decoder)
            ? new KernelSuffixAttention(cache, baseline)
            : new TorchSuffixAttention(cache, baseline);

    /// <summary>
    /// Who attends to what under B masks. What the masks are on the device is made here, once for all layers.
    /// </summary>
    /// <param name="masks">B masks.</param>
    /// <returns>For a <see cref="DecoderPass"/> inside the caller's dispose scope.</returns>
    public abstract LayerAttention Under(IReadOnlyList<AblationMask> masks);
}

/// <summary>
/// Plain libtorch. Both the image's own and the baseline's scores are computed and selected pair by pair: twice the
/// image products, few operations.
/// </summary>
internal sealed class TorchSuffixAttention(PrefixCache cache, BaselineBlocks baseline)
    : SuffixAttention(cache, baseline)
{
    /// <inheritdoc/>
    public override LayerAttention Under(IReadOnlyList<AblationMask> masks)
    {
        var intact = IntactPairs.Of(masks, Cache);
        WindowMask window = Cache.Window(Cache.Prompt.SuffixLength);
        return (layer, queries, keys, values) => Forward(layer, queries, keys, values, intact, window);
    }

    /// <summary>The heads' outputs for B masks.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="queries">[B*Q, H*d], before rotary; the last Q of the T suffix tokens.</param>
    /// <param name="keys">[B*T, H_kv*d], before rotary.</param>
    /// <param name="values">[B*T, H_kv*d].</param>
    /// <param name="intact">B masks.</param>
    /// <param name="window">What windows hide.</param>
    /// <returns>[B*Q, H*d], owned by the caller's dispose scope.</returns>
    private torch.Tensor Forward(
        int layer,
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values,
        IntactPairs intact,
        WindowMask window
    )
    {
        using var scope = torch.NewDisposeScope();
        DecoderShape shape = Cache.Decoder.Shape;
        long b = intact.Masks,
            n = queries.shape[0] / b, // Q
            t = Cache.Prompt.SuffixLength,
            kv = shape.KvHeads,
            g = shape.Group,
            d = shape.HeadDim;
        var suffix = SuffixOperands.Of(Cache, layer, b, queries, keys, values);
        KeyValueBlock prefix = Cache.Prefix(layer),
            image = Cache.Image(layer);
        KeyValueBlock? mean = Baseline.Image(layer);
        torch.Tensor keep = intact.Of(layer, n); // [H_kv, B, G, Q | 1, P | 1]
        torch.Tensor imageScores = suffix.Queries.bmm(image.Keys).view(kv, b, g, n, image.Length);
        torch.Tensor seen = mean is null
            ? imageScores.masked_fill(keep.eq(Scalars.Of(0)), Scalars.Of(double.NegativeInfinity))
            : Selection.OneOf(keep, imageScores, suffix.Queries.bmm(mean.Keys).view(kv, b, g, n, image.Length));
        torch.Tensor scores = torch.cat(
            [suffix.Queries.bmm(prefix.Keys).view(kv, b, g, n, prefix.Length), seen, suffix.Scores],
            -1
        ); // [H_kv, B, G, Q, S + P + T]
        torch.Tensor? hidden = window.Of(layer, n);
        torch.Tensor weights = (hidden is null ? scores : scores.Plus(hidden)).softmax(-1);

        torch.Tensor onImage = weights.narrow(-1, prefix.Length, image.Length);
        torch.Tensor kept = onImage * keep; // [H_kv, B, G, Q, P]
        // [H_kv, B*G*Q, d]
        torch.Tensor read = Read(weights.narrow(-1, 0, prefix.Length), prefix.Values).Plus(Read(kept, image.Values));
        if (mean is not null)
        {
            read = read.Plus(Read(onImage - kept, mean.Values));
        }

        torch.Tensor onSuffix = weights
            .narrow(-1, prefix.Length + image.Length, t)
            .transpose(0, 1)
            .reshape(b * kv, g * n, t);
        torch.Tensor heads = read.view(kv, b, g, n, d)
            .transpose(0, 1)
            .Plus(onSuffix.bmm(suffix.Values).view(b, kv, g, n, d)); // [B, H_kv, G, Q, d]
        return heads.reshape(b, kv * g, n, d).transpose(1, 2).reshape(b * n, -1).MoveToOuterDisposeScope();
    }

    private static torch.Tensor Read(torch.Tensor weights, torch.Tensor values) =>
        weights.reshape(weights.shape[0], -1, weights.shape[^1]).bmm(values);
}
