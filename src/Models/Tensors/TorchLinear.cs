using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Tensors;

/// <summary>libtorch's linear layer in the compute type: any device, any type, with autograd.</summary>
internal sealed class TorchLinear : ILinear
{
    private readonly torch.Tensor weight; // [out, in]
    private readonly torch.Tensor? bias; // [out]

    /// <summary>Takes over both tensors.</summary>
    /// <param name="weight">[out, in] in the compute type, on the device.</param>
    /// <param name="bias">[out] likewise, or null.</param>
    public TorchLinear(torch.Tensor weight, torch.Tensor? bias)
    {
        this.weight = weight.DetachFromDisposeScope();
        this.bias = bias?.DetachFromDisposeScope();
        OutFeatures = weight.shape[0];
        InFeatures = weight.shape[1];
    }

    /// <inheritdoc/>
    public long InFeatures { get; }

    /// <inheritdoc/>
    public long OutFeatures { get; }

    /// <summary>[out, in] in the compute type, on the device; belongs to the layer.</summary>
    public torch.Tensor Weight => weight;

    /// <inheritdoc/>
    public torch.Tensor Forward(torch.Tensor x) => F.linear(x, weight, bias); // [rows, out]

    /// <inheritdoc/>
    public void Dispose()
    {
        weight.Dispose();
        bias?.Dispose();
    }
}
