using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Models;
using TorchSharp;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class SuffixForwardTests(ITestOutputHelper output)
{
    public static TheoryData<string, string, int, int, double> Arithmetics =>
        new()
        {
            { "packed", "float32", 4, 16, 1e-4 },
            { "packed", "float32", 2, 16, 1e-4 },
            { "packed", "float32", 1, 16, 1e-4 },
            { "packed", "float32", 2, 8, 1e-4 },
            { "packed", "float32", 2, 40, 1e-4 },
            { "torch", "float32", 2, 16, 1e-4 },
            { "torch", "float64", 1, 16, 1e-10 },
            { "torch", "bfloat16", 2, 16, 0.2 },
        };

    [Theory]
    [MemberData(nameof(Arithmetics))]
    public void Prefix_cached_f_equals_a_full_pass_for_every_baseline(
        string linear,
        string compute,
        int kvHeads,
        int headDim,
        double tolerance
    )
    {
        using var sample = new Sample(linear, compute, kvHeads, headDim: headDim);
        foreach (Baseline baseline in Sample.AllBaselines(sample.Mean))
        {
            using BaselineBlocks blocks = BaselineBlocks.Of(baseline, sample.Cache);
            using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
            AblationMask[] masks =
            [
                new(HeadMasks.Full(sample.Heads)),
                new(HeadMasks.None(sample.Heads)),
                new(HeadMasks.Without(sample.Heads, sample.Heads - 1)),
                .. sample.Masks(6).Select(heads => new AblationMask(heads)),
                .. sample.TokenMasks(12),
            ];
            double[] expected = [.. masks.Select(mask => sample.Naive.Logit(mask, blocks, sample.Target))];
            double worst = suffix.Logits(masks).Zip(expected, (a, b) => Math.Abs(a - b)).Max();
            output.WriteLine(
                $"{baseline.GetType().Name}: {worst:e1}, spread of f {expected.Max() - expected.Min():f3}"
            );
            worst.Should().BeLessThan(tolerance);
            (expected.Max() - expected.Min()).Should().BeGreaterThan(1e-2, "ablation must move the logit");
        }
    }

    [Theory]
    [InlineData(2, 16)]
    [InlineData(4, 16)]
    [InlineData(2, 8)] // features are padded to whole vectors
    [InlineData(4, 40)]
    public void With_the_packed_kernels_f_has_the_same_bits_whatever_batch_order_and_threads(int kvHeads, int headDim)
    {
        using var sample = new Sample("packed", kvHeads: kvHeads, headDim: headDim);
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        AblationMask[] masks =
        [
            .. sample.Masks(20, 0.2).Select(heads => new AblationMask(heads)),
            .. sample.TokenMasks(10),
        ];
        using var one = new SuffixForward(sample.Cache, blocks, sample.Target, batch: 1);
        double[] expected = one.Logits(masks);
        foreach (int batch in (int[])[2, 7, 32])
        {
            using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target, batch);
            suffix.Intact.Should().Be(one.Intact);
            suffix.Logits(masks).Should().Equal(expected);
            suffix.Logits([.. masks.Reverse()]).Should().Equal(expected.Reverse());
            suffix.Logits([.. masks.Skip(3).Take(5)]).Should().Equal(expected.Skip(3).Take(5));
            double[][] workers = new double[4][];
            Parallel.For(0, workers.Length, worker =>
            {
                int threads = PackedLinear.Threads;
                PackedLinear.Threads = 1 + (worker % 2);
                workers[worker] = suffix.Logits(masks);
                PackedLinear.Threads = threads;
            });
            workers.Should().OnlyContain(f => f.SequenceEqual(expected));
        }
    }

    [Fact]
    public void With_torch_phi_depends_on_the_batch_by_less_than_1e_5()
    {
        using var sample = new Sample("torch");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        byte[][] masks = [HeadMasks.None(sample.Heads), .. sample.Masks(31)];
        using var one = new SuffixForward(sample.Cache, blocks, sample.Target, batch: 1);
        using var many = new SuffixForward(sample.Cache, blocks, sample.Target, batch: 32);
        double worst = Phi(one, masks).Zip(Phi(many, masks), (a, b) => Math.Abs(a - b)).Max();
        output.WriteLine($"{worst:e1}");
        worst.Should().BeLessThan(1e-5);

        static double[] Phi(SuffixForward suffix, byte[][] masks)
        {
            double[] f = suffix.Logits(masks);
            return [.. f.Select(x => (x - f[0]) / (suffix.Intact - f[0]))];
        }
    }

    [Theory]
    [InlineData("packed")]
    [InlineData("torch")]
    public void A_mask_that_leaves_the_first_layers_intact_gives_what_a_full_start_gives(string linear)
    {
        using var sample = new Sample(linear);
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
        byte[] allText = HeadMasks.Full(sample.Cache.Prompt.SuffixLength); // token masks always start at layer 0
        for (int head = 0; head < sample.Heads; head++)
        {
            byte[] heads = HeadMasks.Without(sample.Heads, head);
            double late = suffix.Logits([heads])[0];
            late.Should().BeApproximately(suffix.Logits([new AblationMask(heads, allText)])[0], 1e-5);
        }

        suffix.Logits([HeadMasks.Full(sample.Heads)])[0].Should().Be(suffix.Intact);
    }

    [Fact]
    public void Phi_of_all_tokens_intact_is_phi_of_heads()
    {
        using var sample = new Sample("packed");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
        byte[][] masks = sample.Masks(8);
        double[] heads = suffix.Logits(masks);
        double[] tokens = suffix.Logits([
            .. masks.Select(x => new AblationMask(
                x,
                HeadMasks.Full(sample.Cache.Prompt.SuffixLength),
                HeadMasks.Full(sample.Cache.Prompt.ImageLength)
            )),
        ]);
        double[] none = suffix.Logits([
            new AblationMask(HeadMasks.Full(sample.Heads), HeadMasks.None(sample.Cache.Prompt.SuffixLength)),
            new AblationMask(HeadMasks.Full(sample.Heads), null, HeadMasks.None(sample.Cache.Prompt.ImageLength)),
        ]);
        double ablated = suffix.Logits([HeadMasks.None(sample.Heads)])[0];
        heads.Zip(tokens, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-5);
        none.Should().OnlyContain(f => Math.Abs(f - ablated) < 1e-5);
    }

    [Fact]
    public void The_intact_run_gives_the_logit_that_the_suffix_gives()
    {
        using var sample = new Sample("packed");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
        double expected = sample.Intact.Logits[sample.Intact.Target] - sample.Intact.Logits.Average(x => (double)x);
        suffix.Intact.Should().BeApproximately(expected, 1e-5);
        suffix
            .Intact.Should()
            .BeApproximately(
                sample.Naive.Logits(new AblationMask(HeadMasks.Full(sample.Heads)), blocks)[sample.Intact.Target]
                    - sample.Intact.Logits.Average(x => (double)x),
                1e-4
            );
    }

    [Fact]
    public void Prefix_and_image_tokens_are_never_touched()
    {
        using var sample = new Sample("torch");
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), sample.Cache);
        using torch.Tensor intact = sample.Naive.States(new AblationMask(HeadMasks.Full(sample.Heads)), blocks);
        using torch.Tensor ablated = sample.Naive.States(new AblationMask(HeadMasks.None(sample.Heads)), blocks);
        using torch.Tensor moved = (intact - ablated).abs().amax([1L]); // [tokens]
        float[] change = moved.data<float>().ToArray();
        change.Take(sample.Cache.Prompt.SuffixStart).Should().OnlyContain(x => x == 0);
        change.Skip(sample.Cache.Prompt.SuffixStart).Should().OnlyContain(x => x > 1e-4);
    }

    [Fact]
    public void The_greedy_answer_is_that_of_full_passes_over_ever_longer_prompts()
    {
        using var sample = new Sample("packed");
        using ImageFeatures features = sample.Model.Features(TinyLlava.Noise(1));
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), sample.Cache);
        var full = new AblationMask(HeadMasks.Full(sample.Heads));
        PromptTokens prompt = sample.Cache.Prompt;
        var expected = new List<int>();
        for (int i = 0; i < 5; i++)
        {
            using var naive = new NaiveForward(
                sample.Model,
                prompt with
                {
                    Ids = [.. prompt.Ids, .. expected],
                },
                features
            );
            float[] logits = naive.Logits(full, blocks);
            expected.Add(Array.IndexOf(logits, logits.Max()));
        }

        sample.Intact.Generate(5, new HashSet<int>()).Should().Equal(expected);
        sample
            .Intact.Generate(5, new HashSet<int> { expected[1] })
            .Should()
            .Equal(expected.Take(expected.IndexOf(expected[1]) + 1));
        sample.Intact.Generate(1, new HashSet<int>()).Should().Equal(expected.Take(1));
    }

    [Fact]
    public void Image_attention_is_a_share_of_attention()
    {
        using var sample = new Sample("packed");
        sample
            .Intact.ImageAttention()
            .Cast<double>()
            .Should()
            .OnlyContain(a => a > 0 && a < 1)
            .And.HaveCount(sample.Heads);
    }

    [Fact]
    public void A_mask_of_another_model_is_refused()
    {
        using var sample = new Sample("packed");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
        suffix.Invoking(s => s.Logits([new byte[9]])).Should().Throw<ArgumentException>();
    }
}
