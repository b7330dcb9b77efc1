using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>Pixels as a vision tower takes them; preprocessing itself knows no tensors.</summary>
internal static class PixelTensors
{
    /// <summary>The numbers in their shape, in the compute type and on the device.</summary>
    public static torch.Tensor ToTensor(this Pixels pixels, Arithmetic arithmetic) =>
        torch
            .tensor(pixels.Values, [.. pixels.Shape.Select(n => (long)n)])
            .to(arithmetic.Compute, arithmetic.Device);
}
