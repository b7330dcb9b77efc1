using Pipelines.Models.Families;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Memory at the peak of a stage, in bytes, from shapes alone: what is resident, as the system's own high-water mark of
/// the process counts it (VmHWM) - the process's anonymous memory, and pages of files while it works on them. Cache of
/// files that a job's cgroup is charged for beyond that is not counted: the system takes it back where memory is short.
/// A worker gives what it freed back to the system before it goes on to units of another kind, so a run needs the
/// largest of its stages' peaks, not their sum.
/// </summary>
/// <param name="Parts">What is held at the same time, the largest first.</param>
public sealed record StageMemory(IReadOnlyList<MemoryPart> Parts)
{
    /// <summary>
    /// The runtime and the program, at 70 to 110 MB before a model is loaded; and what the runtime's heap grows to
    /// before it is collected: measured on whole runs.
    /// </summary>
    private const long Program = 350L << 20;

    /// <summary>Resident pages of the program's files, libtorch's above all: measured, at 115 to 140 MB.</summary>
    private const long Libraries = 130L << 20;

    /// <summary>
    /// What a thread keeps for itself: a product's block of activations and a panel transposed or widened (0.7 MB),
    /// scores of an attention, its stack.
    /// </summary>
    private const long OfThread = 2L << 20;

    /// <summary>Bytes of a vocabulary entry in the tokenizer's tables: measured.</summary>
    private const long TokenizerEntry = 700;

    /// <summary>Blocks that malloc cannot join to what is asked next, over all that comes and goes.</summary>
    private const double Fragments = 1.25;

    /// <summary>All of it.</summary>
    public long Total => Parts.Sum(p => p.Bytes);

    /// <summary>The same with what threads have for themselves.</summary>
    /// <param name="threads">Arithmetic threads altogether.</param>
    public StageMemory WithThreads(int threads) => With(new MemoryPart("threads", threads * OfThread));

    /// <summary>The same with something more.</summary>
    public StageMemory With(MemoryPart part) => Of([.. Parts, part]);

    /// <summary>A stage that runs no model.</summary>
    /// <param name="features">Features of a fit: heads, or image tokens.</param>
    /// <param name="rows">Masks of a fit.</param>
    /// <param name="jobs">Fits at the same time.</param>
    public static StageMemory OfFits(long features, long rows, int jobs) =>
        Of(
            new MemoryPart("program", Program),
            new MemoryPart("the program's files", Libraries),
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

    /// <summary>The mean baseline while it is collected: sums in double, rounded a layer at a time.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    public static StageMemory OfBaseline(PassShape shape, long weights)
    {
        const int sum = sizeof(double);
        return Of([
            .. Common(shape, weights, 1),
            new MemoryPart("sums of the baseline", sum * NumbersOf(shape, shape.Image)),
            new MemoryPart("activations", PictureActivations(shape)),
        ]);
    }

    /// <summary>The stages that run masks.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    /// <param name="jobs">Samples at the same time.</param>
    /// <param name="meanBaseline">There is a mean baseline.</param>
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

    /// <summary><c>check</c>: passes over one sample, and the picture's own keys and values transposed.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    /// <param name="meanBaseline">There is a mean baseline.</param>
    public static StageMemory OfCheck(PassShape shape, long weights, bool meanBaseline) =>
        OfMasks(shape, weights, 1, meanBaseline, readsAttention: true)
            .With(
                new MemoryPart("baseline of a law", BaselineBytes(shape))
            );

    /// <summary>The stage of gradients.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="weights">Bytes of weights held.</param>
    /// <param name="jobs">Samples at the same time.</param>
    /// <param name="meanBaseline">There is a mean baseline.</param>
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
            new("the program's files", Libraries),
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
        mean ? [new MemoryPart("baseline", BaselineBytes(shape))] : [];

    private static long BaselineBytes(PassShape shape) =>
        MemoryEstimate.SizeOf(shape.Arithmetic.Compute) * NumbersOf(shape, shape.Image + KeyValueBlock.Padding);

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
