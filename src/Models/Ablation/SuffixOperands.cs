using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// What attention of the suffix takes from a layer's projections, as products want it. The heads of a key-value head
/// stand together: the keys of prefix and image, which are the same for the whole batch, serve all of it at once.
/// </summary>
/// <param name="Queries">[H_kv, B*G*Q, d], after rotary, scaled.</param>
/// <param name="Scores">[H_kv, B, G, Q, T], with the suffix's own keys, causal.</param>
/// <param name="Values">[B*H_kv, T, d].</param>
internal sealed record SuffixOperands(torch.Tensor Queries, torch.Tensor Scores, torch.Tensor Values)
{
    /// <summary>Of a layer; owned by the caller's dispose scope.</summary>
    /// <param name="cache">Prefix and image.</param>
    /// <param name="layer">Layer.</param>
    /// <param name="batch">B.</param>
    /// <param name="queries">[B*Q, H*d], before rotary; the last Q of the T suffix tokens.</param>
    /// <param name="keys">[B*T, H_kv*d], before rotary.</param>
    /// <param name="values">[B*T, H_kv*d].</param>
    public static SuffixOperands Of(
        PrefixCache cache,
        int layer,
        long batch,
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values
    )
    {
        DecoderShape shape = cache.Decoder.Shape;
        Rotary rotary = cache.SuffixRotary[layer];
        long b = batch,
            n = queries.shape[0] / b, // Q
            t = cache.Prompt.SuffixLength,
            kv = shape.KvHeads,
            g = shape.Group,
            d = shape.HeadDim;
        torch.Tensor q = rotary
            .Slice(t - n, n)
            .Apply(queries.view(b, n, kv * g, d).transpose(1, 2))
            .mul(Scalars.Of(1 / Math.Sqrt(shape.ScoreScalar)))
            .contiguous(); // [B, H, Q, d]
        torch.Tensor k = rotary.Apply(keys.view(b, t, kv, d).transpose(1, 2)); // [B, H_kv, T, d]
        torch.Tensor v = values.view(b, t, kv, d).transpose(1, 2); // [B, H_kv, T, d]
        torch.Tensor scores = q.reshape(b * kv, g * n, d)
            .bmm(k.reshape(b * kv, t, d).transpose(1, 2))
            .view(b, kv, g, n, t)
            .Plus(CausalMask.Of(n, t, q)); // [B, H_kv, G, Q, T]
        return new SuffixOperands(
            q.view(b, kv, g, n, d).transpose(0, 1).reshape(kv, b * g * n, d),
            scores.transpose(0, 1),
            v.reshape(b * kv, t, d)
        );
    }
}
