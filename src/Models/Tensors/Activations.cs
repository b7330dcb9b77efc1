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

    /// <summary>
    /// <c>gelu_pytorch_tanh</c> (SigLIP, Gemma): x * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
    /// </summary>
    public static torch.Tensor GeluTanh(torch.Tensor x) => F.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh, false);

    /// <summary>The middle of a gated MLP: act(gate) * up.</summary>
    /// <param name="gate">[rows, mlp].</param>
    /// <param name="up">[rows, mlp].</param>
    /// <param name="activation">act.</param>
    /// <param name="by">Packed: by <see cref="RowKernels"/>, outside autograd; torch: libtorch.</param>
    public static torch.Tensor Gated(torch.Tensor gate, torch.Tensor up, GateActivation activation, LinearChoice by)
    {
        if (by == LinearChoice.Packed)
        {
            return activation == GateActivation.Silu ? RowKernels.SwiGlu(gate, up) : RowKernels.GeGlu(gate, up);
        }

        using torch.Tensor opened = activation == GateActivation.Silu ? F.silu(gate) : GeluTanh(gate);
        return opened.mul(up);
    }
}
