using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Stages.Tensors;

/// <summary>The linear layer on the CPU in float32 sums.</summary>
internal sealed class PackedLinear : ILinear
{
    private readonly torch.Tensor weight; // [out, in]
    private readonly torch.Tensor? bias; // [out]

    /// <summary>Packs a copy of the weights.</summary>
    /// <param name="weight">[out, in], on the CPU, bf16, fp16 or fp32; stays the caller's.</param>
    /// <param name="bias">[out] likewise, or null.</param>
    public PackedLinear(torch.Tensor weight, torch.Tensor? bias)
    {
        this.weight = weight.to(torch.ScalarType.Float32, copy: true).DetachFromDisposeScope();
        this.bias = bias?.to(torch.ScalarType.Float32, copy: true).DetachFromDisposeScope();
    }

    /// <summary>Threads that <see cref="Forward"/> uses when called from this thread; 0 = as many as libtorch.</summary>
    [field: ThreadStatic]
    public static int Threads { get; set; }

    /// <inheritdoc/>
    public long InFeatures => weight.shape[1];

    /// <inheritdoc/>
    public long OutFeatures => weight.shape[0];

    /// <inheritdoc/>
    public torch.Tensor Forward(torch.Tensor x) => F.linear(x, weight, bias);

    /// <inheritdoc/>
    public void Dispose()
    {
        weight.Dispose();
        bias?.Dispose();
    }
}
