using System.Diagnostics;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// How fast this machine computes linear layers of a model's sizes, measured in a fraction of a second on made-up
/// weights, and what passes then take.
/// </summary>
/// <param name="OperationsPerSecond">Multiplications and additions a second, of one worker.</param>
public sealed record PassSpeed(double OperationsPerSecond)
{
    /// <summary>Larger layers run at the same speed; their made-up weights would take memory and time.</summary>
    private const int WidestHidden = 2048,
        WidestIntermediate = 4096;

    /// <summary>Calls into libtorch around the products of a layer, and what one takes.</summary>
    private const double SecondsPerLayer = 40 * 5e-6;

    /// <summary>Norms, activations and sums go through memory, at about so many bytes a second.</summary>
    private const double BytesPerSecond = 8e9;

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(0.15);

    /// <summary>Measures.</summary>
    /// <param name="shape">Sizes and arithmetic.</param>
    /// <param name="threads">Threads of one worker.</param>
    public static PassSpeed Measure(PassShape shape, int threads)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        int hidden = Math.Min(shape.Decoder.Hidden, WidestHidden),
            inner = Math.Min(shape.Decoder.Intermediate, WidestIntermediate);
        WorkerThreads.Use(shape.Arithmetic, threads);
        using ILinear layer = Layer(shape.Arithmetic, inner, hidden);
        torch.Tensor x = torch.ones(
            [(long)shape.Masks * shape.Suffix, hidden],
            dtype: shape.Arithmetic.Compute,
            device: shape.Arithmetic.Device
        );
        layer.Forward(x).Dispose(); // warms up
        long start = Stopwatch.GetTimestamp();
        long calls = 0;
        for (; Stopwatch.GetElapsedTime(start) < Least; calls++)
        {
            layer.Forward(x).Dispose();
        }

        return new PassSpeed(calls * 2.0 * x.shape[0] * hidden * inner / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Seconds of a mask in a full batch.</summary>
    public double OfMask(PassShape shape)
    {
        double numbers = (double)MemoryEstimate.WidthsOf(shape.Decoder) * shape.Suffix * shape.Decoder.Layers;
        return (shape.MaskOperations / OperationsPerSecond)
            + (numbers * MemoryEstimate.SizeOf(shape.Arithmetic.Compute) * 2 / BytesPerSecond)
            + (SecondsPerLayer * shape.Decoder.Layers / shape.Masks);
    }

    /// <summary>Seconds of a picture: vision tower, and prefix and image tokens through the decoder.</summary>
    public double OfPicture(PassShape shape)
    {
        double numbers =
            ((double)MemoryEstimate.WidthsOf(shape.Decoder) * shape.Start * shape.Decoder.Layers)
            + (
                (double)shape.Vision.Rows
                * shape.Vision.Blocks
                * ((10L * shape.Vision.Hidden) + (3L * shape.Vision.Intermediate))
            );
        return (shape.PictureOperations / OperationsPerSecond)
            + (numbers * MemoryEstimate.SizeOf(shape.Arithmetic.Compute) * 2 / BytesPerSecond)
            + (SecondsPerLayer * (shape.Decoder.Layers + shape.Vision.Blocks));
    }

    /// <summary>
    /// Seconds of an answer after its picture: the suffix, and tokens one at a time, each of which reads all weights.
    /// </summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    /// <param name="tokens">Tokens of the answer.</param>
    public double OfAnswer(PassShape shape, long weights, int tokens) =>
        (((2.0 * shape.LayerParameters * shape.Suffix) + (tokens * shape.HeadOperations)) / OperationsPerSecond)
        + ((tokens - 1) * weights / BytesPerSecond)
        + (tokens * 2 * SecondsPerLayer * shape.Decoder.Layers);

    /// <summary>Seconds of a gradient.</summary>
    public double OfGradient(PassShape shape) =>
        OfMask(shape) + ((shape.GradientOperations - shape.MaskOperations) / OperationsPerSecond);

    private static ILinear Layer(Arithmetic arithmetic, int outFeatures, int inFeatures)
    {
        torch.Tensor weight = torch.full(
            [outFeatures, inFeatures],
            Scalars.Of(0.01),
            dtype: arithmetic.Linear == LinearChoice.Packed ? torch.ScalarType.BFloat16 : arithmetic.Compute,
            device: arithmetic.Device
        );
        return arithmetic.Linear == LinearChoice.Packed
            ? new PackedLinear(weight, null)
            : new TorchLinear(weight, null);
    }
}
