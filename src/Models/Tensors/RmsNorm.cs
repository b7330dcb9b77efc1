using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// y = x / sqrt(mean(x^2) + eps) * weight over the last axis, in float32 inside (float64 for float64). The decoders'
/// norm.
/// </summary>
/// <param name="Weight">[hidden].</param>
/// <param name="Epsilon">Added to the mean square.</param>
/// <param name="By">Packed: rows by <see cref="RowKernels"/>, forward only; torch: libtorch, on any device and type,
/// with gradients.</param>
public sealed record RmsNorm(torch.Tensor Weight, double Epsilon, LinearChoice By = LinearChoice.Torch)
{
    /// <summary>Applies the norm.</summary>
    /// <param name="x">[..., hidden].</param>
    /// <returns>[..., hidden] in the type of <paramref name="x"/>.</returns>
    public torch.Tensor Forward(torch.Tensor x)
    {
        if (By == LinearChoice.Packed)
        {
            return RowKernels.RmsNorm(x, Weight, Epsilon);
        }

        using var scope = torch.NewDisposeScope();
        torch.Tensor wide = Wide(x);
        torch.Tensor meanSquare = wide.mul(wide).mean([-1], keepdim: true); // [..., 1]
        torch.Tensor normed = wide * meanSquare.add_(Scalars.Of(Epsilon), Scalars.One).rsqrt_();
        // The checkpoints' own code rounds to the compute type before it multiplies by the weight.
        return normed.to(x.dtype).mul(Weight).MoveToOuterDisposeScope();
    }

    /// <summary>The type a norm is computed in: at least float32.</summary>
    internal static torch.Tensor Wide(torch.Tensor x) =>
        x.dtype is torch.ScalarType.Float32 or torch.ScalarType.Float64 ? x : x.to(torch.ScalarType.Float32);
}
