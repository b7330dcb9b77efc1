using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Attention of the suffix with a gate a head, o = x o(own image) + (1 - x) o(baseline's), on a CPU in float32,
/// forward and back, head by head and point by point. A side whose factor is zero is not computed on the way forward;
/// on the way back its output is (the gate's slope asks for it), its gradient is not. Weights are computed again on the
/// way back: keeping them would take half as much memory again as all else that a layer keeps, and computing them is a
/// small part of its work. A row's bits are the same whatever the batch and the thread count.
/// </summary>
/// <param name="cache">Prefix and image.</param>
/// <param name="baseline">What closed gates see.</param>
internal sealed class GatedAttention(PrefixCache cache, BaselineBlocks baseline)
{
    private int KvHeads => cache.Decoder.Shape.KvHeads;

    /// <summary>The heads' outputs for B points.</summary>
    /// <param name="rows">A layer's queries, keys and values.</param>
    /// <param name="gates">B points of N gates.</param>
    /// <returns>[B*Q, H*d], in the caller's dispose scope.</returns>
    public torch.Tensor Forward(GatedRows rows, double[][] gates)
    {
        torch.Tensor heads = torch.empty(rows.Queries.shape, torch.ScalarType.Float32);
        HeadTasks.Each(KvHeads, gates.Length, (kvHead, first, end) =>
            new GatedHead(cache, baseline, rows, gates, kvHead).Forward(first, end, heads)
        );
        GC.KeepAlive(rows);
        return heads;
    }

    /// <summary>The way back.</summary>
    /// <param name="rows">What the way forward was given.</param>
    /// <param name="gates">B points of N gates.</param>
    /// <param name="slope">[B*Q, H*d], slopes of f in the heads' outputs.</param>
    /// <param name="gradients">B times N, df/dx; the layer's heads are written.</param>
    /// <param name="needsRows">Whether slopes in queries, keys and values are wanted, too.</param>
    /// <returns>[B*Q, H*d], [B*T, H_kv*d] and [B*T, H_kv*d], in the caller's dispose scope; null where not
    /// wanted.</returns>
    public GatedRows? Backward(
        GatedRows rows,
        double[][] gates,
        torch.Tensor slope,
        double[][] gradients,
        bool needsRows
    )
    {
        using torch.Tensor slopes = slope.contiguous();
        GatedRows? wanted = needsRows
            ? new GatedRows(
                rows.Layer,
                torch.empty(rows.Queries.shape, torch.ScalarType.Float32),
                torch.empty(rows.Keys.shape, torch.ScalarType.Float32),
                torch.empty(rows.Values.shape, torch.ScalarType.Float32)
            )
            : null;
        HeadTasks.Each(KvHeads, gates.Length, (kvHead, first, end) =>
            new GatedHead(cache, baseline, rows, gates, kvHead).Backward(first, end, slopes, gradients, wanted)
        );
        GC.KeepAlive(rows);
        return wanted;
    }
}

/// <summary>A layer's queries, keys and values of the suffix of B points, before rotary, or slopes in them.</summary>
/// <param name="Layer">Layer.</param>
/// <param name="Queries">[B*Q, H*d]; the last Q of the T suffix tokens.</param>
/// <param name="Keys">[B*T, H_kv*d].</param>
/// <param name="Values">[B*T, H_kv*d].</param>
internal sealed record GatedRows(int Layer, torch.Tensor Queries, torch.Tensor Keys, torch.Tensor Values);
