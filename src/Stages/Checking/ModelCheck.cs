using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Text;
using Pipelines.Spec;
using Pipelines.Stages.Data;

namespace Pipelines.Stages;

/// <summary>
/// Tries on the real checkpoint what head ablation rests on (<see cref="AblationLaws"/>), with the experiment's first
/// picture; the second serves as the baseline. Measures time and memory on the way.
/// </summary>
public sealed class ModelCheck : IDisposable
{
    private const string OnePicture = "baseline here: one picture, so f(0) is not the run's";
    private static readonly TimeSpan LeastTimed = TimeSpan.FromSeconds(0.5);

    private readonly StageContext context;
    private readonly DataItem picture;
    private readonly ImageFeatures features;
    private readonly PrefixCache prefix;
    private readonly IReadOnlyList<int> said;
    private readonly AnswerTarget measured;
    private readonly BaselineBlocks baseline;
    private PrefixCache? otherPicture; // where the baseline reads its keys and values
    private readonly SuffixForward forward;
    private readonly int questionLength;

    /// <summary>Loads the model and computes what the checks share.</summary>
    /// <exception cref="InputException">The model or a picture is of no use.</exception>
    public ModelCheck(StageContext context)
    {
        this.context = context;
        TorchNative.Touch();
        VisionLanguageModel model = context.Model;
        picture = Usable(context.Items)
            ?? throw new InputException(
                context.Pictures.Source,
                $"no picture can be used (for example: {context.Unusable(context.Items[0])}).",
                context.Image.KeepSizes ? "Set model.image.other_sizes to resize." : null
            );
        DataItem other = Usable(context.Pictures.Pictures.Where(p => p.Location != picture.Location)) ?? picture;
        using (context.BuildPrefix(picture))
        {
            // The first pass pays for pages and code; it is not what is measured.
        }

        long start = Stopwatch.GetTimestamp();
        features = model.Features(picture.Location.Decode());
        PromptTokens asked = model.Prompt(context.QuestionOf(picture), features.Tokens);
        prefix = PrefixCache.Compute(model, asked, features);
        SecondsPerPicture = Stopwatch.GetElapsedTime(start).TotalSeconds;
        using (IntactRun intact = IntactRun.Compute(prefix))
        {
            said = intact.Generate(AnswerTokens, model.EndTokens);
        }

        measured = model.TargetOf(said);
        if (measured.Position > 0)
        {
            prefix.Dispose();
            prefix = PrefixCache.Compute(model, asked.FollowedBy([.. said.Take(measured.Position)]), features);
        }

        questionLength = asked.Length;
        baseline = BlocksOf(other);
        Target = context.Measure(new Sample(picture, "", said[measured.Position], ""));
        forward = new SuffixForward(prefix, baseline, Target, context.Experiment.Engine.Batch);
        SecondsPerMask = TimeMasks();
        using var process = Process.GetCurrentProcess();
        // Before the plain passes of the checks, which runs do not need
        (HeldBytes, PeakBytes) = (OwnBytes(), process.PeakWorkingSet64);
    }

    /// <summary>Vision tower, and prefix and image tokens through the decoder, in seconds.</summary>
    public double SecondsPerPicture { get; }

    /// <summary>One mask in a full batch, in seconds.</summary>
    public double SecondsPerMask { get; }

    /// <summary>
    /// Memory that the process holds with model and sample ready, without pages of files, which the system can take
    /// back.
    /// </summary>
    public long HeldBytes { get; }

    /// <summary>The most it has held, loading and pages of files included.</summary>
    public long PeakBytes { get; }

    /// <summary>Measures the token's adjusted logit; the answer's first token's where none can be measured.</summary>
    private OutputMeasure Target { get; }

    /// <summary>The prompt token by token, the image's in one row; behind it what is given of the answer.</summary>
    public IReadOnlyList<PromptRow> Prompt()
    {
        PromptTokens prompt = prefix.Prompt;
        IEnumerable<PromptRow> Rows(int first, int count, string part) =>
            Enumerable
                .Range(first, count)
                .Select(i => new PromptRow(Whole(i), part, Whole(prompt.Ids[i]), TokenText(prompt.Ids[i])));
        string grid =
            features.Tokens.Rows > 0 ? Invariant.Text($", {features.Tokens.Rows} x {features.Tokens.Columns}") : "";
        IEnumerable<PromptRow> Image(TokenRun run, int before) =>
            [
                .. Rows(before, run.Start - before, "prefix"),
                new PromptRow(
                    $"{Whole(run.Start)}-{Whole(run.End - 1)}",
                    "image",
                    Whole(prompt.Ids[run.Start]),
                    $"{TokenText(prompt.Ids[run.Start])} x {Whole(run.Length)}{grid}"
                ),
            ];
        IReadOnlyList<TokenRun> runs = prompt.ImageRuns;
        return
        [
            .. runs.SelectMany((run, i) => Image(run, i == 0 ? 0 : runs[i - 1].End)),
            .. Rows(prompt.SuffixStart, questionLength - prompt.SuffixStart, "suffix"),
            .. Rows(questionLength, prompt.Length - questionLength, "given"),
        ];
    }

    /// <summary>Runs the checks one by one.</summary>
    public IEnumerable<CheckResult> Run()
    {
        VisionLanguageModel model = context.Model;
        PromptTokens prompt = prefix.Prompt;
        yield return new CheckResult(
            "tensors of the checkpoint",
            true,
            $"all {model.TensorCount} claimed or known to be unused"
        );
        int answered = model.TokensOf(Size.Width, Size.Height).Tokens;
        yield return new CheckResult(
            "image tokens follow from the picture's size",
            answered == prompt.ImageLength && features.Features.shape[0] == prompt.ImageLength,
            $"{prompt.ImageLength}: {ImageSettings.Describe(context.Image, context.Info.Family, context.ImageTokens)}"
        );
        yield return new CheckResult(
            "answer",
            true,
            $"'{Shown.Name(model.Answer(said))}' for "
                + $"{picture.File}{(picture.Category is { } category ? $" ({category})" : "")}"
        );
        yield return new CheckResult("measured token", true, MeasuredToken(model));
        using var naive = new NaiveForward(model, prompt, features);
        foreach (
            CheckResult result in new AblationLaws(
                prefix,
                naive,
                forward,
                baseline,
                Target,
                context.Experiment.Seed,
                BaselineSpec.Kind == BaselineKind.Mean ? OnePicture : ""
            ).Try()
        )
        {
            yield return result;
        }

        yield return new CheckResult(
            "time",
            true,
            Invariant.Text(
                $"{SecondsPerPicture:0.000} s a picture; {1 / SecondsPerMask:0.0} masks/s in batches of {forward.Batch}"
            )
        );
        yield return Memory(model, prompt);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        forward.Dispose();
        baseline.Dispose();
        otherPicture?.Dispose();
        prefix.Dispose();
        features.Dispose();
    }

    /// <summary>Longest answer, as the experiment asks for it.</summary>
    private int AnswerTokens =>
        (
            context.Experiment.Stages.Select(s => s.Spec).OfType<AnswerQuestionsSpec>().FirstOrDefault() ?? new()
        ).Answer.MostTokens(context.HasOwnQuestions);

    /// <summary>The measured token, and what is given before it.</summary>
    private string MeasuredToken(VisionLanguageModel model)
    {
        string token =
            $"{Whole(said[measured.Position])} '{Shown.Name(model.Tokenizer.TokenText(said[measured.Position]))}'";
        if (measured.Problem is { } problem)
        {
            return $"{problem}; the checks take the answer's first, {token}";
        }

        string piece = measured.IsPiece ? ", a piece of the word" : "";
        return measured.Position == 0
            ? $"{token}{piece}"
            : $"{token}{piece}, behind '{Shown.Name(model.TextOf(said.Take(measured.Position)))}', which is given";
    }

    private (int Width, int Height) Size => picture.Location.ReadSize();

    private DataItem? Usable(IEnumerable<DataItem> items) => items.FirstOrDefault(i => context.Unusable(i) is null);

    private CollectMeanKvSpec BaselineSpec =>
        context.Experiment.Stages.Select(s => s.Spec).OfType<CollectMeanKvSpec>().FirstOrDefault() ?? new();

    /// <summary>The experiment's kind of baseline; the mean is that of one picture.</summary>
    private BaselineBlocks BlocksOf(DataItem item)
    {
        CollectMeanKvSpec spec = BaselineSpec;
        if (spec.Kind is BaselineKind.Zero or BaselineKind.Knockout)
        {
            return BaselineBlocks.Of(
                spec.Kind == BaselineKind.Zero ? new Baseline.Zero() : new Baseline.Knockout(),
                prefix
            );
        }

        PrefixCache other = context.BuildPrefix(item);
        var picture = new Baseline.Picture(other);
        if (spec.Rope == RopeOrder.After && picture.Unfit(prefix) is null)
        {
            otherPicture = other; // the mean of one picture is the picture: no copy of gigabytes
            return BaselineBlocks.Of(picture, prefix);
        }

        using (other)
        {
            using var mean = new MeanKvAccumulator(other.Decoder.Shape, other.Prompt.ImageLength, spec.Rope);
            mean.Add(other);
            using Baseline.Mean one = mean.ToBaseline();
            return BaselineBlocks.Of(one, prefix);
        }
    }

    private double TimeMasks()
    {
        byte[][] masks =
        [
            .. Enumerable
                .Range(0, forward.Batch)
                .Select(i => HeadMasks.Draw(context.Experiment.Seed, "time", i, context.Heads, 0.75, MaskDraw.Exact)),
        ];
        forward.Logits(masks[..1]); // warms up
        long start = Stopwatch.GetTimestamp();
        int batches = 0;
        do
        {
            forward.Logits(masks);
            batches++;
        } while (Stopwatch.GetElapsedTime(start) < LeastTimed);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / (batches * masks.Length);
    }

    /// <summary>What passes of a run hold, by the shapes and as the system counted it up to here.</summary>
    private CheckResult Memory(VisionLanguageModel model, PromptTokens prompt)
    {
        if (context.Arithmetic.Device.type == TorchSharp.DeviceType.CUDA)
        {
            var onDevice = MemoryEstimate.Of(
                model.WeightBytes,
                model.Info.Decoder,
                context.Arithmetic,
                prompt,
                forward.Batch
            );
            return new CheckResult(
                "memory",
                true,
                Invariant.Text(
                    $"estimate {Gigabytes(onDevice.Total)} on the device, where it is not measured "
                        + $"({Gigabytes(onDevice.Weights)} weights, {Gigabytes(onDevice.Picture)} keys and values of a "
                        + $"picture, {Gigabytes(onDevice.Baseline)} baseline, {Gigabytes(onDevice.Activations)} "
                        + $"activations), without the vision tower's"
                )
            );
        }

        var shape = new PassShape(
            model.Info.Decoder,
            VisionShape.Read(model.Info, prompt.ImageLength),
            context.Arithmetic,
            prompt.PrefixLength,
            prompt.ImageLength,
            prompt.SuffixLength,
            forward.Batch
        );
        StageMemory passes = StageMemory
            .OfMasks(
                shape,
                model.WeightBytes,
                1,
                meanBaseline: BaselineSpec.Kind is not (BaselineKind.Zero or BaselineKind.Knockout),
                readsAttention: false
            )
            .WithThreads(Math.Max(1, PackedLinear.Threads));
        string parts = string.Join(", ", passes.Parts.Take(4).Select(p => $"{p.What} {Gigabytes(p.Bytes)}"));
        return new CheckResult(
            "memory",
            true,
            Invariant.Text(
                $"estimate {Gigabytes(passes.Total)} ({parts}); the high-water mark of loading and passes is "
                    + $"{Gigabytes(PeakBytes)}, and {Gigabytes(HeldBytes)} are held now, without pages of files"
            )
        );
    }

    /// <summary>Memory of the process without pages of files.</summary>
    private static long OwnBytes()
    {
        const string anonymous = "RssAnon:";
        if (
            OperatingSystem.IsLinux()
            && RegularFile
                .ReadAllLines("/proc/self/status")
                .FirstOrDefault(l => l.StartsWith(anonymous, StringComparison.Ordinal))
                is { } line
        )
        {
            return 1024
                * long.Parse(line.AsSpan(anonymous.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
        }

        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static string Gigabytes(long bytes) =>
        bytes < 100_000_000 ? Invariant.Text($"{bytes / 1e6:0.0} MB") : Invariant.Text($"{bytes / 1e9:0.00} GB");

    /// <summary>A token on one line.</summary>
    private string TokenText(int id) => Shown.Name(context.Model.Tokenizer.TokenText(id)).Replace(' ', '▁');

    private static string Whole(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A token of a prompt.</summary>
/// <param name="Position">Its position, or the image's first and last.</param>
/// <param name="Part">prefix, image, suffix, or given: of the answer, before the measured token.</param>
/// <param name="Id">Token id.</param>
/// <param name="Text">The token as text.</param>
public sealed record PromptRow(string Position, string Part, string Id, string Text);
