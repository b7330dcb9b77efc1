using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Tensors;

/// <summary>
/// y = (x - mean) / sqrt(variance + eps) * weight + bias over the last axis, sums in float32. The vision towers' norm.
/// </summary>
/// <param name="Weight">[hidden].</param>
/// <param name="Bias">[hidden].</param>
/// <param name="Epsilon">Added to the variance.</param>
internal sealed record LayerNorm(torch.Tensor Weight, torch.Tensor Bias, double Epsilon)
{
    /// <summary>Applies the norm.</summary>
    /// <param name="x">[..., hidden].</param>
    /// <returns>[..., hidden] in the type of <paramref name="x"/>.</returns>
    public torch.Tensor Forward(torch.Tensor x) => F.layer_norm(x, [x.shape[^1]], Weight, Bias, Epsilon);
}
