using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// y = x / sqrt(mean(x^2) + eps) * weight over the last axis, in float32 inside (float64 for float64). The decoders'
/// norm.
/// </summary>
/// <param name="Weight">[features]; Gemma's 1 + w, see <see cref="IsWide"/>.</param>
/// <param name="Epsilon">Added to the mean square.</param>
/// <param name="By">Packed: rows by <see cref="RowKernels"/>, with <see cref="Backward"/> as the way back; torch:
/// libtorch, on any device and type, with autograd.</param>
public sealed record RmsNorm(torch.Tensor Weight, double Epsilon, LinearChoice By = LinearChoice.Torch)
{
    /// <summary>
    /// The product with the weight is rounded once, behind it (Gemma); else the normed row is rounded to the type of x
    /// first, as Llama's code does.
    /// </summary>
    public bool IsWide { get; init; }

    /// <summary>Applies the norm.</summary>
    /// <param name="x">[..., features].</param>
    /// <returns>[..., features] in the type of <paramref name="x"/>.</returns>
    public torch.Tensor Forward(torch.Tensor x)
    {
        if (By == LinearChoice.Packed)
        {
            return RowKernels.RmsNorm(x, Weight, Epsilon);
        }

        using var scope = torch.NewDisposeScope();
        return Times(Wide(x) * InverseScale(x), x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The way back, where the norm is packed: what a slope in the result is in <paramref name="x"/>.
    /// </summary>
    /// <param name="x">[..., features], what was normed.</param>
    /// <param name="slope">[..., features].</param>
    /// <returns>[..., features], in the caller's dispose scope.</returns>
    internal torch.Tensor Backward(torch.Tensor x, torch.Tensor slope) =>
        RowGradients.RmsNorm(x, Weight, Epsilon, slope);

    /// <summary>What the norm makes of a part of a row while its scale is that of the whole row: linear in the
    /// part.</summary>
    /// <param name="part">[rows, features].</param>
    /// <param name="whole">[rows, features].</param>
    /// <returns>[rows, features] in the type of <paramref name="part"/>.</returns>
    public torch.Tensor ForwardAtScaleOf(torch.Tensor part, torch.Tensor whole)
    {
        using var scope = torch.NewDisposeScope();
        return Times(Wide(part) * InverseScale(whole), part.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The type a norm is computed in: at least float32.</summary>
    internal static torch.Tensor Wide(torch.Tensor x) =>
        x.dtype is torch.ScalarType.Float32 or torch.ScalarType.Float64 ? x : x.to(torch.ScalarType.Float32);

    /// <summary>1 / sqrt(mean(x^2) + eps): [..., 1].</summary>
    private torch.Tensor InverseScale(torch.Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor wide = Wide(x);
        torch.Tensor meanSquare = wide.mul(wide).mean([-1], keepdim: true);
        return meanSquare.add_(Scalars.Of(Epsilon), Scalars.One).rsqrt_().MoveToOuterDisposeScope();
    }

    private torch.Tensor Times(torch.Tensor normed, torch.ScalarType type) =>
        IsWide ? normed.mul(Weight).to(type) : normed.to(type).mul(Weight);
}
