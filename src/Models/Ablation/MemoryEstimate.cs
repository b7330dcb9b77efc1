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
/// <param name="Baseline">The mean baseline, as read and as laid out.</param>
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
            perToken * prompt.ImageLength * (size + 4),
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

/// <summary>
/// Memory at the peak of a stage, in bytes, from shapes alone: what the process itself holds (anonymous memory). Pages
/// of mapped files are not counted: the system takes them back where memory is short.
/// What a stage's workers have freed goes back to the system before the next stage, so a run needs the largest of its
/// stages' peaks.
/// </summary>
/// <param name="Parts">What is held at the same time, the largest first.</param>
public sealed record StageMemory(IReadOnlyList<MemoryPart> Parts)
{
    /// <summary>
    /// The runtime, libtorch and the program, at 70 to 110 MB before a model is loaded; and what the runtime's heap
    /// grows to before it is collected: measured on whole runs.
    /// </summary>
    private const long Program = 350L << 20;

    /// <summary>Bytes of a vocabulary entry in the tokenizer's tables: measured.</summary>
    private const long TokenizerEntry = 700;

    /// <summary>Blocks that malloc cannot join to what is asked next, over all that comes and goes.</summary>
    private const double Fragments = 1.25;

    /// <summary>All of it.</summary>
    public long Total => Parts.Sum(p => p.Bytes);

    /// <summary>A stage that runs no model.</summary>
    /// <param name="features">Features of a fit: heads, or image tokens.</param>
    /// <param name="rows">Masks of a fit.</param>
    /// <param name="jobs">Fits at the same time.</param>
    public static StageMemory OfFits(long features, long rows, int jobs) =>
        Of(
            new MemoryPart("program", Program),
            new MemoryPart("fits", jobs * ((16 * features * features) + (rows * ((features / 4) + 64))))
        ); // Gram matrix and its work copy; bits twice, phi, predictions

    /// <summary>The stages that run the model over pictures, without masks: answers.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    /// <param name="jobs">Pictures at the same time.</param>
    public static StageMemory OfAnswers(PassShape shape, long weights, int jobs) =>
        Of([
            .. Common(shape, weights, jobs),
            new MemoryPart("attention to the image", jobs * ImageAttention(shape)),
            new MemoryPart("activations", jobs * PictureActivations(shape)),
        ]);

    /// <summary>The mean baseline while it is collected: sums in double, divided and rounded at the end.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    public static StageMemory OfBaseline(PassShape shape, long weights)
    {
        long numbers = NumbersOf(shape, shape.Image);
        return Of([
            .. Common(shape, weights, 1),
            new MemoryPart("sums of the baseline", (8 * numbers) + (4 * numbers) + (4 * numbers)),
            new MemoryPart("activations", PictureActivations(shape)),
        ]);
    }

    /// <summary>The stages that run masks.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    /// <param name="jobs">Samples at the same time.</param>
    /// <param name="meanBaseline">There is a mean baseline: as read and as laid out.</param>
    /// <param name="readsAttention">Attention to the image is looked at, too.</param>
    public static StageMemory OfMasks(
        PassShape shape,
        long weights,
        int jobs,
        bool meanBaseline,
        bool readsAttention
    ) =>
        Of([
            .. Common(shape, weights, jobs),
            .. Baseline(shape, meanBaseline),
            new MemoryPart("activations", jobs * Math.Max(PictureActivations(shape), MaskActivations(shape))),
            .. readsAttention
                ? (MemoryPart[])[new MemoryPart("attention to the image", jobs * ImageAttention(shape))]
                : [],
        ]);

    /// <summary>The stage of gradients.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    /// <param name="jobs">Samples at the same time.</param>
    /// <param name="meanBaseline">There is a mean baseline: as read and as laid out.</param>
    public static StageMemory OfGradients(PassShape shape, long weights, int jobs, bool meanBaseline)
    {
        LinearChoice linear = shape.Arithmetic.Linear;
        long kept =
            MemoryEstimate.SizeOf(shape.Arithmetic.Compute)
            * GatedForward.BatchOf(shape.Decoder, linear, shape.Prompt)
            * GatedForward.KeptNumbers(shape.Decoder, linear, shape.Prompt);
        return Of([
            .. Common(shape, weights, jobs),
            .. Baseline(shape, meanBaseline),
            new MemoryPart("kept for the way back", jobs * Math.Max(kept, PictureActivations(shape))),
        ]);
    }

    /// <summary>Numbers of keys and values of some tokens, all layers.</summary>
    public static long NumbersOf(PassShape shape, int tokens) =>
        2L * shape.Decoder.Layers * shape.Decoder.KvHeads * shape.Decoder.HeadDim * tokens;

    private static MemoryPart[] Common(PassShape shape, long weights, int jobs) =>
        [
            new("program", Program),
            new("tokenizer", TokenizerEntry * shape.Decoder.VocabularyRows),
            new("weights", weights),
            new(
                "keys and values of pictures",
                jobs
                    * MemoryEstimate.SizeOf(shape.Arithmetic.Compute)
                    * NumbersOf(shape, shape.Start + KeyValueBlock.Padding)
            ),
        ];

    private static MemoryPart[] Baseline(PassShape shape, bool mean) =>
        mean
            ?
            [
                new MemoryPart(
                    "baseline",
                    NumbersOf(shape, shape.Image) * (4 + MemoryEstimate.SizeOf(shape.Arithmetic.Compute))
                ),
            ]
            : [];

    private static long ImageAttention(PassShape shape) =>
        MemoryEstimate.SizeOf(shape.Arithmetic.Compute)
        * shape.Decoder.Layers
        * shape.Decoder.Heads
        * shape.Suffix
        * shape.Image;

    private static long MaskActivations(PassShape shape) =>
        WithFragments(
            MemoryEstimate.SizeOf(shape.Arithmetic.Compute)
                * MemoryEstimate.MaskNumbers(
                    shape.Decoder,
                    shape.Arithmetic,
                    shape.Suffix,
                    shape.Start + shape.Suffix,
                    shape.Masks
                )
        );

    /// <summary>
    /// The larger of the tower and the decoder's pass over prefix and image: one is over when the other begins.
    /// </summary>
    private static long PictureActivations(PassShape shape)
    {
        VisionShape vision = shape.Vision;
        // Each block's rows stay until the tower is through; inside a block there are some eight of them and the MLP's.
        long tower = vision.Rows * (((vision.Blocks + 10L) * vision.Hidden) + (3L * vision.Intermediate));
        return WithFragments(
            MemoryEstimate.SizeOf(shape.Arithmetic.Compute)
                * Math.Max(tower, shape.Start * MemoryEstimate.WidthsOf(shape.Decoder))
        );
    }

    private static long WithFragments(long bytes) => (long)(Fragments * bytes);

    private static StageMemory Of(params MemoryPart[] parts) =>
        new([.. parts.Where(p => p.Bytes > 0).OrderByDescending(p => p.Bytes)]);
}

/// <summary>One thing that takes memory.</summary>
/// <param name="What">For people.</param>
/// <param name="Bytes">Bytes.</param>
public sealed record MemoryPart(string What, long Bytes);
