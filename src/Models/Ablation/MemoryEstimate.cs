using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Memory that a run needs on the device, in bytes, from shapes alone. Activations of the vision tower (half a GB for
/// InternViT with 1024 patches) and the program itself come on top.
/// </summary>
/// <param name="Weights">Weights as they are held; mapped file pages that are read once are not counted.</param>
/// <param name="Picture">Keys and values of prefix and image tokens of one sample.</param>
/// <param name="Baseline">The mean baseline as passes use it; what it is laid out from is read layer by layer.</param>
/// <param name="Activations">The larger of a batch of masks and the pass over prefix and image.</param>
public sealed record MemoryEstimate(long Weights, long Picture, long Baseline, long Activations)
{
    /// <summary>All with one sample resident.</summary>
    public long Total => Weights + Picture + Baseline + Activations;

    /// <summary>The estimate for a model's decoder and a prompt.</summary>
    /// <param name="weights">Bytes of weights held.</param>
    /// <param name="shape">The decoder.</param>
    /// <param name="arithmetic">Where and in which type.</param>
    /// <param name="prompt">Its prefix, image and suffix.</param>
    /// <param name="batch">Masks computed together.</param>
    public static MemoryEstimate Of(
        long weights,
        DecoderShape shape,
        Arithmetic arithmetic,
        PromptTokens prompt,
        int batch
    )
    {
        long size = SizeOf(arithmetic.Compute);
        long perToken = 2L * shape.Layers * shape.KvHeads * shape.HeadDim; // keys and values of all layers
        long masks = size * MaskNumbers(shape, arithmetic, prompt.SuffixLength, prompt.Length, batch);
        return new MemoryEstimate(
            weights,
            perToken * prompt.SuffixStart * size,
            perToken * prompt.ImageLength * size,
            Math.Max(masks, prompt.SuffixStart * WidthsOf(shape) * size)
        );
    }

    /// <summary>Numbers of a batch of masks in a layer, and of the intact streams from which masks start.</summary>
    internal static long MaskNumbers(DecoderShape shape, Arithmetic arithmetic, int suffix, int length, int batch)
    {
        // Our kernel keeps one row of scores at a time
        long scores = arithmetic.Linear == LinearChoice.Packed ? 0 : 2L * shape.Heads * length;
        return ((long)batch * suffix * (WidthsOf(shape) + scores)) + ((shape.Layers + 1L) * suffix * shape.Hidden);
    }

    /// <summary>Numbers that a layer has of a token at a time.</summary>
    internal static long WidthsOf(DecoderShape shape) =>
        (6L * shape.Hidden) + (3L * shape.Intermediate) + (2L * (shape.Heads + (2 * shape.KvHeads)) * shape.HeadDim);

    /// <summary>Bytes of a number.</summary>
    internal static long SizeOf(torch.ScalarType type) =>
        type switch
        {
            torch.ScalarType.Float64 => 8,
            torch.ScalarType.Float32 => 4,
            _ => 2,
        };
}
