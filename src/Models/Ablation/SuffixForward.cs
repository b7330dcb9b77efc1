using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// The fast path: f(x) and f(x, u, v) for many masks. Prefix and image keys and values come from a
/// <see cref="PrefixCache"/>; each mask costs the suffix tokens, in the last layer those that f is measured at
/// only, and the measure. A mask that leaves the first layers intact starts from the intact run's residual
/// stream. Immutable after construction: worker threads may share one and call it at the same time, each with masks of
/// its own.
/// </summary>
public sealed class SuffixForward : IDisposable
{
    private readonly PrefixCache cache;
    private readonly BaselineBlocks baseline;
    private readonly bool ownsCache;
    private readonly Decoder decoder;
    private readonly SuffixAttention attention;
    private readonly OutputMeasure target;
    private readonly Batches batches;
    private readonly torch.Tensor[] intact; // entering layer l: [T, hidden]; after the last: [n, hidden]

    /// <summary>Prepares a sample; runs the suffix once with everything intact.</summary>
    /// <param name="cache">Prefix and image; must outlive this.</param>
    /// <param name="baseline">What ablated pairs see; must outlive this.</param>
    /// <param name="target">Measures f, at the last n positions.</param>
    /// <param name="batch">Masks computed together; 0 = <see cref="BatchOf"/>, on a device by what is free there.
    /// Changes time and memory; results not beyond rounding, with the CPU kernels not at all.</param>
    public SuffixForward(PrefixCache cache, BaselineBlocks baseline, OutputMeasure target, int batch = 0)
        : this(cache, baseline, target, batch, ownsCache: false) { }

    private SuffixForward(PrefixCache cache, BaselineBlocks baseline, OutputMeasure target, int batch, bool ownsCache)
    {
        target.RequireGiven(cache.Prompt);
        this.cache = cache;
        this.baseline = baseline;
        this.ownsCache = ownsCache;
        this.target = target;
        decoder = cache.Decoder;
        attention = SuffixAttention.Of(cache, baseline);
        batches = new Batches(batch > 0 ? batch : BatchThere(decoder, cache.Prompt));
        using var noGradient = torch.no_grad();
        intact = new torch.Tensor[decoder.Shape.Layers + 1];
        torch.Tensor last = Run([new AblationMask(HeadMasks.Full(decoder.Shape.TotalHeads))], 0, intact);
        intact[^1] = last.DetachFromDisposeScope();
        Intact = Measured(last)[0];
    }

    /// <summary>Masks computed together; fewer than at first where memory was short.</summary>
    public int Batch => batches.Size;

    /// <summary>T, text tokens that a mask has a bit for.</summary>
    public int TextTokens => cache.Prompt.SuffixLength;

    /// <summary>T - n, text tokens before those that f is measured at.</summary>
    public int MovableTokens => TextTokens - target.Positions;

    /// <summary>f(1): nothing ablated.</summary>
    public double Intact { get; }

    /// <summary>
    /// Masks a batch: a pure function of the decoder's shape and the suffix. Enough rows for the matrix products,
    /// activations that stay in the cache of small models and bounded with long suffixes.
    /// </summary>
    /// <param name="shape">The decoder.</param>
    /// <param name="suffixLength">T.</param>
    public static int BatchOf(DecoderShape shape, int suffixLength)
    {
        const long activationBudget = 64L << 20; // bytes of the widest activation
        long bytesPerMask = 4L * suffixLength * Math.Max(shape.Intermediate, shape.Hidden);
        return (int)Math.Clamp(activationBudget / bytesPerMask, 1, 32);
    }

    /// <summary>
    /// Masks a batch where they are computed: <see cref="BatchOf"/>, and on a CUDA device as many as
    /// half of its free memory holds, as more rows keep it busier.
    /// </summary>
    private static int BatchThere(Decoder decoder, PromptTokens prompt) =>
        DeviceMemory.Free(decoder.Arithmetic.Device) is { } free
            ? BatchIn(free, decoder.Shape, decoder.Arithmetic, prompt)
            : BatchOf(decoder.Shape, prompt.SuffixLength);

    /// <summary>Masks a batch on a device.</summary>
    /// <param name="free">Bytes that are free; half of them are taken, the other is a margin for fragments and for who
    /// else computes there.</param>
    /// <param name="shape">The decoder.</param>
    /// <param name="arithmetic">In which type.</param>
    /// <param name="prompt">The prompt.</param>
    internal static int BatchIn(long free, DecoderShape shape, Arithmetic arithmetic, PromptTokens prompt)
    {
        const int most = 256;
        long Numbers(int batch) =>
            MemoryEstimate.MaskNumbers(shape, arithmetic, prompt.SuffixLength, prompt.Length, batch);
        long bytesPerMask = MemoryEstimate.SizeOf(arithmetic.Compute) * (Numbers(1) - Numbers(0));
        return (int)Math.Clamp(free / 2 / bytesPerMask, 1, most);
    }

    /// <summary>f under head masks, as the target measures it.</summary>
    /// <param name="masks">Each x of N bits.</param>
    /// <returns>f of each mask, in order.</returns>
    public double[] Logits(IReadOnlyList<byte[]> masks) => Logits([.. masks.Select(heads => new AblationMask(heads))]);

    /// <summary>f(x, u, v): token-level ablation inside one softmax.</summary>
    /// <param name="masks">Each (x, u, v).</param>
    /// <returns>f of each mask, in order.</returns>
    public double[] Logits(IReadOnlyList<AblationMask> masks)
    {
        using var noGradient = torch.no_grad();
        int[] starts = [.. masks.Select(FirstChangedLayer)];
        // Stable: masks that start late share batches
        int[] order = [.. Enumerable.Range(0, masks.Count).OrderBy(i => starts[i])];
        double[] f = batches.Each(order, batch =>
        {
            using var scope = torch.NewDisposeScope();
            return Measured(Run([.. batch.Select(i => masks[i])], starts[batch[0]], null));
        });
        Array.Sort(order, f);
        return f;
    }

    /// <summary>
    /// The passes for masks under which the first text tokens see nothing of the image (u_i = 0 for i &lt;
    /// <paramref name="tokens"/>): they are then the same in every mask and are computed once, as the prefix is. Exact.
    /// Masks of the result have the bits of the other text tokens only.
    /// </summary>
    /// <param name="tokens">Text tokens without the image, at most <see cref="MovableTokens"/>.</param>
    /// <returns>
    /// Reads this one's cache and baseline: dispose it first. Its <see cref="Intact"/> is f with the other tokens
    /// intact.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">f is measured at one of the tokens.</exception>
    public SuffixForward After(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, MovableTokens);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(decoder.Arithmetic);
        DecoderShape shape = decoder.Shape;
        AblationMask[] none = [new AblationMask(HeadMasks.None(shape.TotalHeads))];
        var longer = new KeyValueBlock[shape.Layers];
        void Keep(int layer, torch.Tensor keys, torch.Tensor values) =>
            longer[layer] = cache.Prefix(layer).With(keys.narrow(1, 0, tokens), values.narrow(1, 0, tokens));
        LayerAttention attend = attention.Under(none);
        torch.Tensor Attend(int layer, torch.Tensor queries, torch.Tensor keys, torch.Tensor values)
        {
            Keep(layer, decoder.KeysOf(keys, cache.SuffixRotary[layer]), decoder.ValuesOf(values));
            return attend(layer, queries, keys, values);
        }

        int last = shape.Layers - 1; // nothing reads what leaves it
        // [T, hidden]; no token sees those after it
        torch.Tensor x = new DecoderPass(decoder, Attend) { End = last }.Run(cache.SuffixEmbeddings);
        (torch.Tensor lastKeys, torch.Tensor lastValues) = decoder.KeysAndValues(last, x, cache.SuffixRotary[last]);
        Keep(last, lastKeys, lastValues);
        return new SuffixForward(cache.WithLongerPrefix(tokens, longer), baseline, target, Batch, ownsCache: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (torch.Tensor stream in intact)
        {
            stream.Dispose();
        }

        if (ownsCache)
        {
            cache.Dispose();
        }
    }

    private double[] Measured(torch.Tensor x)
    {
        using torch.Tensor normed = decoder.FinalNorm(x); // [B*n, hidden]
        double[] f = target.Of(normed);
        decoder.RequireFinite<double>(f);
        return f;
    }

    /// <summary>The first layer whose suffix differs from the intact run; L where nothing is ablated.</summary>
    private int FirstChangedLayer(AblationMask mask)
    {
        DecoderShape shape = decoder.Shape;
        if (mask.Heads.Length != HeadMasks.Bytes(shape.TotalHeads))
        {
            throw new ArgumentException(
                $"a mask of {mask.Heads.Length} bytes for {shape.TotalHeads} heads",
                nameof(mask)
            );
        }

        return mask.HeadsOnly ? HeadMasks.FirstAblated(mask.Heads, shape.TotalHeads) / shape.Heads : 0;
    }

    /// <summary>The suffix of B masks from layer <paramref name="start"/> to the end.</summary>
    /// <param name="masks">B masks that all leave the layers before <paramref name="start"/> intact.</param>
    /// <param name="start">First layer computed.</param>
    /// <param name="streams">Receives what enters each layer, or null.</param>
    /// <returns>[B*n, hidden], what leaves the last layer at the last n positions.</returns>
    private torch.Tensor Run(IReadOnlyList<AblationMask> masks, int start, torch.Tensor[]? streams)
    {
        using var scope = torch.NewDisposeScope();
        long b = masks.Count,
            t = cache.Prompt.SuffixLength,
            hidden = decoder.Shape.Hidden;
        // [T, hidden]; after the last layer [n, hidden]
        torch.Tensor entering = start == 0 ? cache.SuffixEmbeddings : intact[start];
        // [B*T, hidden]
        torch.Tensor x = entering.expand(b, entering.shape[0], hidden).reshape(b * entering.shape[0], hidden);
        var pass = new DecoderPass(decoder, attention.Under(masks))
        {
            Start = start,
            Leaving = new LastTokens(target.Positions, t), // only their logits are read
            Entering = streams is null
                ? null
                : (layer, stream) => streams[layer] = stream.clone().DetachFromDisposeScope(),
        };
        return pass.Run(x).MoveToOuterDisposeScope(); // [B*n, hidden]
    }
}
