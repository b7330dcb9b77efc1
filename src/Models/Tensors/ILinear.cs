using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// y = x W^T + b. The seam between plain libtorch (<c>TorchLinear</c>) and the packed CPU kernel (<c>PackedLinear</c>).
/// </summary>
public interface ILinear : IDisposable
{
    /// <summary>Columns of W: features of x.</summary>
    long InFeatures { get; }

    /// <summary>Rows of W: features of y.</summary>
    long OutFeatures { get; }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">[rows, <see cref="InFeatures"/>] in the compute type.</param>
    /// <returns>[rows, <see cref="OutFeatures"/>] in the compute type, owned by the caller's dispose scope.</returns>
    torch.Tensor Forward(torch.Tensor x);
}
