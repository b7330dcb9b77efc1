using Pipelines.Models.Tensors;
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
    /// <summary>The heads' outputs for B points.</summary>
    /// <param name="rows">A layer's queries, keys and values.</param>
    /// <param name="gates">B points of N gates.</param>
    /// <returns>[B*Q, H*d], in the caller's dispose scope.</returns>
    public torch.Tensor Forward(GatedRows rows, double[][] gates)
    {
        torch.Tensor heads = torch.empty(rows.Queries.shape, torch.ScalarType.Float32);
        Each(gates.Length, (kvHead, first, end) =>
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
        Each(gates.Length, (kvHead, first, end) =>
            new GatedHead(cache, baseline, rows, gates, kvHead).Backward(first, end, slopes, gradients, wanted)
        );
        GC.KeepAlive(rows);
        return wanted;
    }

    /// <summary>Each kv head, some of the points: tasks that write places of their own.</summary>
    private void Each(int points, Action<int, int, int> task)
    {
        int kvHeads = cache.Decoder.Shape.KvHeads,
            threads = PackedLinear.Threads > 0 ? PackedLinear.Threads : torch.get_num_threads();
        if (threads == 1)
        {
            for (int kv = 0; kv < kvHeads; kv++)
            {
                task(kv, 0, points);
            }

            return;
        }

        int parts = Math.Min(points, Math.Max(1, 4 * threads / kvHeads)); // several tasks a thread
        Parallel.For(0, kvHeads * parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
        {
            int part = i % parts;
            task(i / parts, points * part / parts, points * (part + 1) / parts);
        });
    }
}

/// <summary>A layer's queries, keys and values of the suffix of B points, before rotary, or slopes in them.</summary>
/// <param name="Layer">Layer.</param>
/// <param name="Queries">[B*Q, H*d]; the last Q of the T suffix tokens.</param>
/// <param name="Keys">[B*T, H_kv*d].</param>
/// <param name="Values">[B*T, H_kv*d].</param>
internal sealed record GatedRows(int Layer, torch.Tensor Queries, torch.Tensor Keys, torch.Tensor Values);
