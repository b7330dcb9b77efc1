using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Spec;
using Pipelines.Stages;
using Pipelines.Stages.Data;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Planning;

/// <summary>
/// What the units of an experiment cost: time, memory, bytes and files. Time is that of stored units of the same sort,
/// on the same model; where none was timed, it follows from shapes and a speed measured now.
/// </summary>
internal sealed class PlanCosts
{
    /// <summary>Pictures whose sizes are looked at where each keeps its own.</summary>
    private const int PicturesMeasured = 32;

    /// <summary>Tokens of an answer: one word and the end.</summary>
    private const int AnswerTokens = 3;

    /// <summary>Masks that are timed together, at most.</summary>
    private const int MasksOfABatch = 32;

    /// <summary>Tokens that templates put behind the question.</summary>
    private const int TemplateSuffix = 6;

    private readonly Pipeline pipeline;
    private readonly Reasons reasons;
    private readonly int jobs;
    private readonly int threads;
    private readonly PassTimes? passes;
    private readonly Lazy<PassShape> shape;
    private readonly Lazy<HeldWeights> weights;
    private readonly Lazy<PassSpeed> speed;
    private readonly Lazy<IReadOnlyDictionary<string, string>> decisive;

    /// <summary>Costs of a pipeline's units.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="reasons">Knows the stored units and their times.</param>
    /// <param name="jobs">Units computed at the same time.</param>
    /// <param name="threads">Arithmetic threads altogether.</param>
    /// <param name="passes">What passes of the model itself took, if it was tried; null: they follow from
    /// shapes.</param>
    public PlanCosts(Pipeline pipeline, Reasons reasons, int jobs, int threads, PassTimes? passes = null)
    {
        (this.pipeline, this.reasons, this.passes) = (pipeline, reasons, passes);
        (this.jobs, this.threads) = (jobs, threads);
        shape = new(() => ReadShape(pipeline.Context));
        weights = new(() =>
            HeldWeights.Read(pipeline.Context.Info, pipeline.Context.Arithmetic, shape.Value.Vision.Blocks)
        );
        speed = new(() => PassSpeed.Measure(shape.Value, Math.Max(1, threads / jobs)));
        decisive = new(() =>
            pipeline
                .Context.Source.Parts.Where(p => p.Name is Reasons.ModelWeights or ModelSource.ArithmeticPart)
                .Append(new KeyPart.Integer("heads", pipeline.Context.Heads))
                .ToDictionary(p => p.Name, Fingerprint.Of, StringComparer.Ordinal)
        );
    }

    /// <summary>The speed that was measured; null where all times are those of stored units.</summary>
    public PassSpeed? Measured => speed.IsValueCreated ? speed.Value : null;

    /// <summary>Seconds by the clock, and whether stored units were timed.</summary>
    public (double Seconds, bool IsTimed) TimeOf(PlannedWork work)
    {
        if (work.Units == 0)
        {
            return (0, true);
        }

        double? timed = reasons.SecondsPerWork(work.Kind, work.Class, decisive.Value);
        double seconds = timed is { } each ? each * Math.Max(work.Work, work.Units) : FromShapes(work);
        return (seconds / Math.Clamp(work.Units, 1, jobs), timed is not null);
    }

    /// <summary>Seconds a piece of work, as stored units of a kind and class took; null where none was timed.</summary>
    public double? TimedSeconds(string kind, string @class) => reasons.SecondsPerWork(kind, @class, decisive.Value);

    /// <summary>Seconds to load the model, where something needs it.</summary>
    public double LoadingSeconds(IEnumerable<PlannedWork> work) =>
        NeedsModel(work) ? weights.Value.Files / LoadedPerSecond : 0;

    /// <summary>Whether something of it runs the model.</summary>
    public static bool NeedsModel(IEnumerable<PlannedWork> work) =>
        work.Any(w => w.Units > 0 && (w.Preparations > 0 || RunsPictures(w.Kind)));

    /// <summary>Bytes of the files of weights.</summary>
    public long ModelFiles => weights.Value.Files;

    /// <summary>Bytes and files that units leave in the store and in the run's folder.</summary>
    public (long Bytes, long Files) SizeOf(PlannedWork work)
    {
        var (each, files) = OfUnit(work);
        return ((long)(work.Units * (each + ManifestBytes)), work.Units * (files + 1));
    }

    /// <summary>
    /// The stage that needs most memory among those with something to do, and what it needs; null where none runs.
    /// </summary>
    public (string Stage, StageMemory Memory)? Peak(IReadOnlyDictionary<string, IReadOnlyList<PlannedWork>> byStage) =>
        Peak(byStage, jobs);

    /// <inheritdoc cref="Peak(IReadOnlyDictionary{string, IReadOnlyList{PlannedWork}})"/>
    /// <param name="byStage">Work by the stage's name.</param>
    /// <param name="atATime">Units computed at the same time.</param>
    /// <param name="withoutGradients">Leave out what computes gradients.</param>
    /// <param name="batch">Masks computed together; null = as the experiment says.</param>
    public (string Stage, StageMemory Memory)? Peak(
        IReadOnlyDictionary<string, IReadOnlyList<PlannedWork>> byStage,
        int atATime,
        bool withoutGradients = false,
        int? batch = null
    )
    {
        (string Stage, StageMemory Memory)? peak = null;
        foreach (
            Stage stage in pipeline.Stages.Where(s =>
                byStage.TryGetValue(s.Name, out var work) && work.Any(w => w.Units > 0)
            )
        )
        {
            foreach (
                string kind in byStage[stage.Name]
                    .Where(w => w.Units > 0)
                    .Select(w => w.Kind)
                    .Distinct(StringComparer.Ordinal)
            )
            {
                if (withoutGradients && (kind is GradientKind or PlannedWork.Seconds))
                {
                    continue;
                }

                StageMemory memory = MemoryOf(kind, atATime, batch);
                if (peak is null || memory.Total > peak.Value.Memory.Total)
                {
                    peak = (stage.Name, memory);
                }
            }
        }

        return peak;
    }

    /// <summary>Masks computed together.</summary>
    public int Batch => shape.Value.Masks;

    /// <summary>What <c>check</c> needs.</summary>
    public StageMemory MemoryOfCheck =>
        StageMemory.OfCheck(shape.Value, weights.Value.Held, HasMeanBaseline).WithThreads(threads);

    private bool HasMeanBaseline =>
        pipeline.Experiment.Stages.Any(n => n.Spec is CollectMeanKvSpec { Kind: BaselineKind.Mean });

    /// <summary>Bytes that are read, packed and written in a second: measured from the system's cache.</summary>
    private const double LoadedPerSecond = 1e9;

    private const string GradientKind = "gradient-passes";

    /// <summary>Readable form of a unit's key, and its checksums.</summary>
    private const long ManifestBytes = 2600;

    private static bool RunsPictures(string kind) => kind is "answer-questions" or "collect-mean-kv";

    /// <summary>What units of a kind need while they are computed.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="atATime">Units computed at the same time; null = as the session has it.</param>
    /// <param name="batch">Masks computed together; null = as the experiment says.</param>
    public StageMemory MemoryOf(string kind, int? atATime = null, int? batch = null)
    {
        bool mean = HasMeanBaseline;
        int units = atATime ?? jobs;
        if (!RunsModel(kind))
        {
            return StageMemory.OfFits(Math.Max(pipeline.Context.Heads, TokenCount), MasksOfASample, units);
        }

        PassShape s = batch is { } masks ? shape.Value with { Batch = masks } : shape.Value;
        long held = weights.Value.Held;
        StageMemory memory = kind switch
        {
            "answer-questions" => StageMemory.OfAnswers(s, held, units),
            "collect-mean-kv" => StageMemory.OfBaseline(s, held),
            "forward-passes" => StageMemory.OfMasks(s, held, units, mean, readsAttention: false),
            GradientKind or PlannedWork.Seconds => StageMemory.OfGradients(s, held, units, mean),
            _ => StageMemory.OfMasks(s, held, units, mean, readsAttention: true),
        };
        return memory.WithThreads(threads);
    }

    private static bool RunsModel(string kind) =>
        RunsPictures(kind)
        || kind
            is "forward-passes"
                or "validate"
                or "token-trace"
                or "logit-lens"
                or GradientKind
                or PlannedWork.Seconds;

    /// <summary>All questions about a picture share what is computed of it.</summary>
    private double PicturesPerQuestion =>
        pipeline.Context is { HasOwnQuestions: true, Items.Count: > 0 } context
            ? (double)context.Items.DistinctBy(i => i.File).Count() / context.Items.Count
            : 1;

    private long TokenCount => pipeline.Stages.OfType<TokenTrace>().Any(t => t.TracesImage) ? shape.Value.Image : 0;

    private int MasksOfASample => pipeline.Stages.OfType<SampleMasks>().Select(m => m.Most).DefaultIfEmpty(0).Max();

    private double FromShapes(PlannedWork work)
    {
        PassSpeed at = speed.Value;
        PassShape s = shape.Value;
        double picture = passes?.SecondsPerPicture ?? at.OfPicture(s),
            mask = passes?.SecondsPerMask ?? at.OfMask(s);
        double prepared = work.Preparations * (picture + at.OfAnswer(s, 0, 1));
        return prepared
            + work.Kind switch
            {
                "answer-questions" => work.Work
                    * ((picture * PicturesPerQuestion) + at.OfAnswer(s, weights.Value.Held, AnswerTokens)),
                "collect-mean-kv" => work.Work * picture,
                "sample-masks" => work.Work * pipeline.Context.Heads * 1e-7,
                "forward-passes" or "validate" => work.Work * mask,
                "token-trace" => work.Class switch
                {
                    "text tokens" => work.Units * (s.Suffix + 2) * mask,
                    "image fit" => work.Units * Fit(s.Image, MasksOfASample),
                    // text tokens before the first important one are computed once: some of them, as a rule most
                    _ => work.Work * mask / 2,
                },
                "logit-lens" => work.Units * 5 * s.HeadOperations / at.OperationsPerSecond,
                GradientKind => work.Work * (at.OfGradient(s) - at.OfMask(s) + mask),
                // a batch of masks, and one of gradients: fewer, and each costs more
                PlannedWork.Seconds => work.Work * 2 * MasksOfABatch * mask,
                "regress" or "half-split" => work.Units * Fit(pipeline.Context.Heads, MasksOfASample),
                "stability" or "gradient-cost" or "non-additive" => work.Units
                    * 5
                    * Fit(pipeline.Context.Heads, MasksOfASample),
                "report" => 1 + (0.02 * SamplesExpected),
                _ => work.Units * 0.1,
            };
    }

    /// <summary>
    /// Seconds of an elastic net: the Gram matrix by AND and popcount, measured at 40 to 90 ms for 8000 masks of 1024
    /// heads.
    /// </summary>
    private static double Fit(long features, long masks) =>
        0.01 + (0.08 * features / 1024 * features / 1024 * masks / 8000) + (2e-6 * masks);

    private int SamplesExpected =>
        pipeline.Stages.OfType<AnswerQuestions>().Select(a => a.MostSamples).DefaultIfEmpty(0).Max();

    /// <summary>
    /// Bytes of a unit's files and their number, from its tables' columns; a report's from what reports of the
    /// quickstart and of 200 samples have.
    /// </summary>
    private (double Bytes, int Files) OfUnit(PlannedWork work)
    {
        double each = work.Units == 0 ? 0 : (double)work.Work / work.Units,
            heads = pipeline.Context.Heads;
        return work.Kind switch
        {
            "answer-questions" => (1000, 1),
            "collect-mean-kv" => (4.0 * StageMemory.NumbersOf(shape.Value, shape.Value.Image), 1),
            "sample-masks" => (600 + (each * ((heads / 8) + 6)), 1),
            "forward-passes" => work.Class == "ends" ? (950, 1) : (700 + (20 * each), 1),
            "validate" => (2500 + (12 * each) + (20 * heads), 2),
            "token-trace" => work.Class switch
            {
                "image masks" => (1500 + (each * ((shape.Value.Image / 8) + 26)), 2),
                "image fit" => (2000 + (24.0 * shape.Value.Image), 2),
                _ => (12_000 + (20.0 * shape.Value.Image), 4),
            },
            "logit-lens" => (2500, 1),
            GradientKind => (1500 + (each * ((4 * heads) + (heads / 8) + 24)), 1),
            "regress" => (3000 + (3.2 * MasksOfASample) + (16 * heads), 3),
            "report" => (800_000 + (SamplesExpected * (40_000 + (60 * heads))), 100),
            _ => (4000, 2),
        };
    }

    /// <summary>Sizes of the passes; the question by the folder's own tokenizer.</summary>
    private static PassShape ReadShape(StageContext context)
    {
        int image = ImageTokens(context);
        HubTokenizer tokenizer = context.Engine.Tokenizer(context.Info.Folder);
        int question = context.HasOwnQuestions
            ? context
                .Items.Take(PicturesMeasured)
                .Select(item => tokenizer.Encode(context.QuestionOf(item)).Count)
                .DefaultIfEmpty(0)
                .Max()
            : tokenizer.Encode(context.Question).Count;
        return new PassShape(
            context.Info.Decoder,
            VisionShape.Read(context.Info, image),
            context.Arithmetic,
            context.Info.Family.TokensBeforeImage,
            image,
            question + TemplateSuffix,
            context.Experiment.Engine.Batch
        );
    }

    /// <summary>Image tokens of a picture: of all where they have one number, else the most among the first.</summary>
    private static int ImageTokens(StageContext context)
    {
        if (context.Image.Square is { } side)
        {
            return context.ImageTokens.TokensOf(side, side).Tokens;
        }

        return context
            .Items.Take(PicturesMeasured)
            .Select(item => TokensOf(context, item))
            .DefaultIfEmpty(context.ImageTokens.TokensOf(336, 336).Tokens)
            .Max();
    }

    private static int TokensOf(StageContext context, DataItem item)
    {
        try
        {
            (int width, int height) = item.Location.ReadSize();
            return context.ImageTokens.TokensOf(width, height).Tokens;
        }
        catch (InputException)
        {
            return 0; // what is wrong with it is said where it is asked about
        }
    }
}

/// <summary>What passes of a model took when it was tried.</summary>
/// <param name="SecondsPerPicture">Vision tower, and prefix and image tokens through the decoder.</param>
/// <param name="SecondsPerMask">One mask in a full batch.</param>
internal sealed record PassTimes(double SecondsPerPicture, double SecondsPerMask);
