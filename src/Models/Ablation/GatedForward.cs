using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Ablation;

/// <summary>
/// The suffix with a gate per head, and its gradient: o_n(x_n) = x_n o_n(own keys and values) + (1 - x_n)
/// o_n(baseline's), both from the same queries, each with its own softmax. For x in {0,1}^N f(x) is head ablation
/// exactly; in between it is differentiable, and one backward pass gives df/dx_n of all N heads. As in
/// <see cref="SuffixForward"/> prefix and image cost nothing, the last layer only the last positions. Two
/// implementations of the same sums, by the model's linear layers: libtorch's autograd, on any device and type, and a
/// way back of our own over packed weights. Immutable: worker threads may share one and call it at the same time.
/// </summary>
public abstract class GatedForward
{
    private readonly Batches batches;

    private protected GatedForward(PrefixCache cache, BaselineBlocks baseline, OutputMeasure target, int batch)
    {
        target.RequireGiven(cache.Prompt);
        (Cache, Baseline, Target) = (cache, baseline, target);
        batches = new Batches(batch > 0 ? batch : BatchThere(Decoder, cache.Prompt));
    }

    /// <summary>Points computed together; fewer than at first where memory was short.</summary>
    public int Batch => batches.Size;

    private protected PrefixCache Cache { get; }

    private protected BaselineBlocks Baseline { get; }

    private protected OutputMeasure Target { get; }

    private protected Decoder Decoder => Cache.Decoder;

    /// <summary>Prepares a sample.</summary>
    /// <param name="cache">Prefix and image; must outlive the result.</param>
    /// <param name="baseline">What closed gates see; must outlive the result.</param>
    /// <param name="target">Measures f, at the last n positions.</param>
    /// <param name="batch">Points computed together; 0 = <see cref="BatchOf"/>, on a device by what is free there.
    /// Changes time and memory; results not beyond rounding, over packed weights not at all.</param>
    public static GatedForward Of(PrefixCache cache, BaselineBlocks baseline, OutputMeasure target, int batch = 0)
    {
        ArgumentNullException.ThrowIfNull(cache);
        return cache.Decoder.Arithmetic.Linear == LinearChoice.Packed
            ? new PackedGates(cache, baseline, target, batch)
            : new AutogradGates(cache, baseline, target, batch);
    }

    /// <summary>
    /// Points a batch: a pure function of the decoder's shape and the prompt, by what the backward pass keeps of the
    /// forward pass.
    /// </summary>
    /// <param name="shape">The decoder.</param>
    /// <param name="linear">What multiplies, and so which way back there is.</param>
    /// <param name="prompt">The prompt.</param>
    public static int BatchOf(DecoderShape shape, LinearChoice linear, PromptTokens prompt)
    {
        const long keptBudget = 512L << 20; // bytes
        int most = linear == LinearChoice.Packed ? 32 : 16;
        return (int)Math.Clamp(keptBudget / (4 * KeptNumbers(shape, linear, prompt)), 1, most);
    }

    /// <summary>
    /// Points a batch where they are computed: <see cref="BatchOf"/>, and on a
    /// CUDA device as many as half of its free memory holds.
    /// </summary>
    private static int BatchThere(Decoder decoder, PromptTokens prompt) =>
        DeviceMemory.Free(decoder.Arithmetic.Device) is { } free
            ? BatchIn(free, decoder.Shape, decoder.Arithmetic, prompt)
            : BatchOf(decoder.Shape, decoder.Arithmetic.Linear, prompt);

    /// <summary>Points a batch on a device.</summary>
    /// <param name="free">Bytes that are free; half of them are taken, the other is a margin for fragments and for who
    /// else computes there.</param>
    /// <param name="shape">The decoder.</param>
    /// <param name="arithmetic">In which type.</param>
    /// <param name="prompt">The prompt.</param>
    internal static int BatchIn(long free, DecoderShape shape, Arithmetic arithmetic, PromptTokens prompt)
    {
        const int most = 64;
        long bytesPerPoint = MemoryEstimate.SizeOf(arithmetic.Compute) * KeptNumbers(shape, arithmetic.Linear, prompt);
        return (int)Math.Clamp(free / 2 / bytesPerPoint, 1, most);
    }

    /// <summary>Numbers of a point that the backward pass keeps of the forward pass.</summary>
    internal static long KeptNumbers(DecoderShape shape, LinearChoice linear, PromptTokens prompt) =>
        shape.Layers
        * (long)prompt.SuffixLength
        * (linear == LinearChoice.Packed ? PackedGates.KeptOfToken(shape) : AutogradGates.KeptOfToken(shape, prompt));

    /// <summary>A head mask as a point: 1 = intact.</summary>
    /// <param name="mask">ceil(N/8) bytes.</param>
    /// <param name="heads">N.</param>
    public static double[] PointOf(byte[] mask, int heads) =>
        [.. Enumerable.Range(0, heads).Select(n => HeadMasks.IsIntact(mask, n) ? 1.0 : 0.0)];

    /// <summary>f and its gradient at some points.</summary>
    /// <param name="gates">Each x of N numbers; a mask is a point of zeros and ones.</param>
    /// <returns>One a point, in order.</returns>
    public IReadOnlyList<GatedLogit> Gradients(IReadOnlyList<double[]> gates)
    {
        RequirePoints(gates);
        return batches.Each(gates, GradientsOf);
    }

    /// <summary>f alone.</summary>
    /// <inheritdoc cref="Gradients"/>
    public double[] Logits(IReadOnlyList<double[]> gates)
    {
        RequirePoints(gates);
        return batches.Each(gates, LogitsOf);
    }

    /// <summary>f and its gradient at the points of a batch.</summary>
    private protected abstract GatedLogit[] GradientsOf(double[][] batch);

    /// <summary>f at the points of a batch.</summary>
    private protected abstract double[] LogitsOf(double[][] batch);

    private void RequirePoints(IReadOnlyList<double[]> gates)
    {
        int n = Decoder.Shape.TotalHeads;
        if (gates.FirstOrDefault(p => p.Length != n) is { } wrong)
        {
            throw new ArgumentException($"a point of {wrong.Length} gates for {n} heads", nameof(gates));
        }
    }
}

/// <summary>f at a point and its gradient.</summary>
/// <param name="F">As the target measures it.</param>
/// <param name="Gradient">df/dx_n, [N].</param>
public sealed record GatedLogit(double F, double[] Gradient);
