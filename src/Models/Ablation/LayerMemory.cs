using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Gives freed memory back to the system between the layers of a pass that keeps something of each. malloc cannot give
/// a freed block to an aligned request of the same size, so each layer's temporaries would lie behind those of the one
/// before: 30 MB a layer of a 7B model's prefix. To fetch the pages again takes a hundredth of what the layers take.
/// </summary>
internal static class LayerMemory
{
    private const int Every = 4; // layers
    private const long Large = 1 << 20; // bytes of a layer's residual stream; smaller ones add up to little

    /// <summary>To be called behind each layer.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="stream">The residual stream that leaves it.</param>
    public static void Return(int layer, torch.Tensor stream)
    {
        if (
            layer % Every == Every - 1
            && stream.device_type == DeviceType.CPU
            && stream.numel() * stream.element_size() >= Large
        )
        {
            TorchNative.ReturnFreedMemory();
        }
    }
}
