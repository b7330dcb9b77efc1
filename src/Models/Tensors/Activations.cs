using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Tensors;

/// <summary>The nonlinearities that the checkpoints' configs name.</summary>
public static class Activations
{
    /// <summary>CLIP's and Qwen2-VL's <c>quick_gelu</c>: x * sigmoid(1.702 x).</summary>
    public static torch.Tensor QuickGelu(torch.Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        return x.mul(Scalars.Of(1.702)).sigmoid_().mul_(x).MoveToOuterDisposeScope();
    }

    /// <summary>The exact <c>gelu</c>: x * (1 + erf(x / sqrt 2)) / 2.</summary>
    public static torch.Tensor Gelu(torch.Tensor x) => F.gelu(x);

    /// <summary><c>silu</c>: x * sigmoid(x).</summary>
    public static torch.Tensor Silu(torch.Tensor x) => F.silu(x);

    /// <summary>SwiGLU's middle: silu(gate) * up.</summary>
    /// <param name="gate">[rows, mlp].</param>
    /// <param name="up">[rows, mlp].</param>
    /// <param name="by">Packed: by <see cref="RowKernels"/>, forward only; torch: libtorch.</param>
    public static torch.Tensor SwiGlu(torch.Tensor gate, torch.Tensor up, LinearChoice by)
    {
        if (by == LinearChoice.Packed)
        {
            return RowKernels.SwiGlu(gate, up);
        }

        using torch.Tensor opened = F.silu(gate);
        return opened.mul(up);
    }

    /// <summary>SwiGLU's middle: silu(gate) * up, without gradients, written over <paramref name="gate"/>.</summary>
    /// <param name="gate">[rows, mlp]; holds the result afterwards.</param>
    /// <param name="up">[rows, mlp].</param>
    /// <returns><paramref name="gate"/>.</returns>
    public static torch.Tensor SwiGluInPlace(torch.Tensor gate, torch.Tensor up)
    {
        F.silu(gate, inplace: true);
        return gate.mul_(up);
    }
}
