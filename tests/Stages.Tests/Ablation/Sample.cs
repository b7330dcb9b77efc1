using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Models;

namespace Pipelines.Stages.Tests.Ablation;

/// <summary>A tiny model with one picture and question, and a mean baseline of three others.</summary>
internal sealed class Sample : IDisposable
{
    private readonly TinyLlava tiny;

    public Sample(
        string linear,
        string compute = "float32",
        int kvHeads = 2,
        string question = "What?",
        Action<TinyLlava>? change = null,
        int headDim = 16
    )
    {
        tiny = new TinyLlava(kvHeads: kvHeads, headDim: headDim);
        change?.Invoke(tiny);
        Model = tiny.Load(linear, compute);
        (Cache, Naive) = Of(TinyLlava.Noise(1), question);
        Intact = IntactRun.Compute(Cache);
        Target = Model.Measure(new Measured.Logit(Intact.Target, LogitMean.Rows));
        using var sum = new MeanKvAccumulator(Shape, Cache.Prompt.ImageLength, RopeOrder.After);
        for (int seed = 2; seed < 5; seed++)
        {
            (PrefixCache other, NaiveForward naive) = Of(TinyLlava.Noise(seed), question);
            sum.Add(other);
            other.Dispose();
            naive.Dispose();
        }

        Mean = sum.ToBaseline();
    }

    public VisionLanguageModel Model { get; }

    public DecoderShape Shape => Model.Decoder.Shape;

    public int Heads => Shape.TotalHeads;

    public PrefixCache Cache { get; }

    public NaiveForward Naive { get; }

    public IntactRun Intact { get; }

    public OutputMeasure Target { get; }

    public Baseline.Mean Mean { get; }

    public static Baseline[] AllBaselines(Baseline.Mean mean) => [mean, new Baseline.Zero(), new Baseline.Knockout()];

    public (PrefixCache Cache, NaiveForward Naive) Of(Picture picture, string question)
    {
        using ImageFeatures features = Model.Features(picture);
        PromptTokens prompt = Model.Prompt(question, features.Tokens);
        return (PrefixCache.Compute(Model, prompt, features), new NaiveForward(Model, prompt, features));
    }

    public byte[][] Masks(int count, double ablate = 0.5) =>
        [.. Enumerable.Range(0, count).Select(i => HeadMasks.Draw(3, "sample", i, Heads, ablate, MaskDraw.Exact))];

    public AblationMask[] TokenMasks(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new AblationMask(
                    HeadMasks.Draw(4, "heads", i, Heads, 0.3, MaskDraw.Bernoulli),
                    i % 3 == 0
                        ? null
                        : HeadMasks.Draw(4, "text", i, Cache.Prompt.SuffixLength, 0.3, MaskDraw.Bernoulli),
                    i % 4 == 0 ? null : HeadMasks.Draw(4, "image", i, Cache.Prompt.ImageLength, 0.5, MaskDraw.Bernoulli)
                )),
        ];

    public void Dispose()
    {
        Mean.Dispose();
        Intact.Dispose();
        Naive.Dispose();
        Cache.Dispose();
        Model.Dispose();
        tiny.Dispose();
    }
}
