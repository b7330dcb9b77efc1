using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>The additive causal attention mask.</summary>
internal static class CausalMask
{
    /// <summary>
    /// Minus infinity where a key stands after its query; the queries are the last of the keys' tokens.
    /// </summary>
    /// <param name="queries">Q.</param>
    /// <param name="keys">K, at least Q.</param>
    /// <param name="like">Gives type and device.</param>
    /// <returns>[Q, K], owned by the caller's dispose scope.</returns>
    public static torch.Tensor Of(long queries, long keys, torch.Tensor like)
    {
        using torch.Tensor full = torch.full(
            [queries, keys],
            Scalars.Of(double.NegativeInfinity),
            dtype: like.dtype,
            device: like.device
        );
        return full.triu(1 + keys - queries);
    }
}
