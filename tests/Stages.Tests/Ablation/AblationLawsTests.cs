using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Models;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

/// <summary>
/// The laws that <c>check</c> tries hold for a sound model, and what breaks head ablation breaks them.
/// </summary>
public sealed class AblationLawsTests
{
    [Theory]
    [InlineData("packed", "float32")]
    [InlineData("torch", "float32")]
    [InlineData("torch", "float64")]
    [InlineData("torch", "bfloat16")]
    public void A_sound_model_passes_with_every_baseline(string linear, string compute)
    {
        using var sample = new Sample(linear, compute);
        foreach (Baseline baseline in Sample.AllBaselines(sample.Mean))
        {
            using BaselineBlocks blocks = BaselineBlocks.Of(baseline, sample.Cache);
            Failures(sample, blocks, blocks).Should().BeEmpty(baseline.GetType().Name);
        }
    }

    [Theory]
    [InlineData("self_attn.o_proj")]
    [InlineData("self_attn.v_proj")]
    public void A_layer_whose_heads_write_nothing_fails_loudly_in_both_paths(string projection)
    {
        using var sample = new Sample("packed", change: tiny =>
        {
            tiny.Add(
                $"language_model.model.layers.1.{projection}.weight",
                0,
                projection == "self_attn.o_proj" ? 64 : 32,
                64
            );
            tiny.Save();
        });
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        var failures = Failures(sample, blocks, blocks);
        failures
            .Should()
            .Contain(f => f.What.Contains("acts in the plain pass") && f.Found.Contains("layer 1 changes nothing"));
        failures
            .Should()
            .Contain(f => f.What.Contains("acts in the fast path") && f.Found.Contains("layer 1 changes nothing"));
    }

    [Fact]
    public void A_fast_path_that_sees_another_baseline_fails()
    {
        using var sample = new Sample("packed");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache),
            zero = BaselineBlocks.Of(new Baseline.Zero(), sample.Cache);
        Failures(sample, fast: zero, naive: blocks)
            .Select(f => f.What)
            .Should()
            .Contain("all heads ablated = plain full pass")
            .And.NotContain("all heads intact = plain full pass");
    }

    [Fact]
    public void An_ablation_that_does_nothing_at_all_fails()
    {
        using var sample = new Sample("packed");
        using var own = new MeanKvAccumulator(sample.Shape, sample.Cache.Prompt.ImageLength, RopeOrder.After);
        own.Add(sample.Cache);
        using Baseline.Mean self = own.ToBaseline();
        using BaselineBlocks blocks = BaselineBlocks.Of(self, sample.Cache);
        Failures(sample, blocks, blocks).Select(f => f.What).Should().Contain("ablating everything moves the logit");
    }

    [Fact]
    public void A_cache_of_another_picture_fails()
    {
        using var sample = new Sample("packed");
        (PrefixCache other, NaiveForward naive) = sample.Of(TinyLlava.Noise(9), "What?");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var fast = new SuffixForward(other, blocks, sample.Target);
        new AblationLaws(other, sample.Naive, fast, blocks, sample.Target, 3)
            .Try()
            .Where(r => !r.Passed)
            .Select(r => r.What)
            .Should()
            .Contain("all heads intact = plain full pass");
        naive.Dispose();
        other.Dispose();
    }

    [Theory]
    [InlineData("", "from their mean")]
    [InlineData("one picture", "from their mean; one picture")]
    public void What_must_be_known_of_the_baseline_stands_beside_f_of_0(string note, string end)
    {
        using var sample = new Sample("packed");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var fast = new SuffixForward(sample.Cache, blocks, sample.Target);
        new AblationLaws(sample.Cache, sample.Naive, fast, blocks, sample.Target, 3, note)
            .Try()
            .Single(r => r.Found.Contains("f(0) = ", StringComparison.Ordinal))
            .Found.Should()
            .EndWith(end);
    }

    [Fact]
    public void Layer_effects_touch_the_suffix_and_nothing_before_it()
    {
        using var sample = new Sample("packed");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        var effects = sample.Naive.LayerEffects(blocks);
        effects.Select(e => e.Layer).Should().Equal(0, 1, 2);
        effects.Should().OnlyContain(e => e.Before == 0 && e.Suffix > 1e-3 && e.Scale > 0);
    }

    /// <summary>
    /// The last layer of small-gemma3 slides, and its window ends before the answer: what it does cannot come there,
    /// and is no defect.
    /// </summary>
    [GoldenFact]
    public void A_last_layer_whose_window_does_not_reach_the_image_need_not_move_the_answer()
    {
        using var golden = new GoldenCase(Golden.Case("small-gemma3"));
        using VisionLanguageModel model = VisionLanguageModel.Load(golden.ModelFolder, Arithmetic.Float32);
        using ImageFeatures features = model.Features(golden.Picture(0));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        using var naive = new NaiveForward(model, prompt, features);
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        OutputMeasure target = model.Measure(new Measured.Logit(golden.Target, LogitMean.Rows));
        using var fast = new SuffixForward(cache, blocks, target);
        CheckResult[] results = [.. new AblationLaws(cache, naive, fast, blocks, target, 3).Try()];

        results.Should().OnlyContain(r => r.Passed);
        results
            .Single(r => r.What == "every layer's ablation acts in the fast path")
            .Found.Should()
            .Contain("in 1 the window is too short for the way from the image to the answer");
    }

    private static List<CheckResult> Failures(Sample sample, BaselineBlocks fast, BaselineBlocks naive)
    {
        using var forward = new SuffixForward(sample.Cache, fast, sample.Target);
        return
        [
            .. new AblationLaws(sample.Cache, sample.Naive, forward, naive, sample.Target, 3)
                .Try()
                .Where(r => !r.Passed),
        ];
    }
}
