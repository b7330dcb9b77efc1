using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Stages.Tests.Models;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class ReproducibilityTests
{
    [Fact]
    public void With_the_packed_kernels_everything_has_the_same_bits_whatever_the_number_of_threads()
    {
        using var tiny = new TinyLlava(layers: 4, heads: 6, kvHeads: 3);
        using VisionLanguageModel model = tiny.Load();
        float[][] runs =
        [
            .. new[] { 1, 2, 3, 5 }.Select(threads =>
                OnThread(() =>
                {
                    torch.set_num_threads(threads);
                    return Everything(model);
                })
            ),
        ];
        runs.Should().OnlyContain(run => run.SequenceEqual(runs[0]));
    }

    private static float[] Everything(VisionLanguageModel model)
    {
        using ImageFeatures features = model.Features(TinyLlava.Noise(5));
        PromptTokens prompt = model.Prompt("What is in the picture? Say it in a word.", features.Tokens);
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        using IntactRun run = IntactRun.Compute(cache);
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        OutputMeasure target = model.Measure(new Measured.Logit(run.Target, LogitMean.Tokens));
        using var suffix = new SuffixForward(cache, blocks, target);
        int layers = model.Info.Layers,
            heads = model.Info.TotalHeads;
        return
        [
            .. features.Features.data<float>().ToArray(),
            .. Enumerable
                .Range(0, layers)
                .SelectMany(layer => cache.Image(layer).KeysTransposed.data<float>().ToArray()),
            .. Enumerable.Range(0, layers).SelectMany(layer => cache.Image(layer).Values.data<float>().ToArray()),
            .. run.Logits,
            .. run.ImageAttention().Cast<double>().Select(a => (float)a),
            .. suffix
                .Logits([.. Enumerable.Range(0, 10).Select(i => HeadMasks.Draw(1, "a", i, heads, 0.5, MaskDraw.Exact))])
                .Select(f => (float)f),
        ];
    }

    private static T OnThread<T>(Func<T> work)
    {
        T? result = default;
        var thread = new Thread(() => result = work());
        int before = torch.get_num_threads();
        thread.Start();
        thread.Join();
        torch.set_num_threads(before); // what new threads start with
        return result!;
    }
}
