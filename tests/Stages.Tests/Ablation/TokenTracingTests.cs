using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Stages.Analysis;
using TorchSharp;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class TokenTracingTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("packed", "float32", 2, 1e-4)]
    [InlineData("packed", "float32", 4, 1e-4)]
    [InlineData("torch", "float32", 1, 1e-4)]
    [InlineData("torch", "float64", 2, 1e-10)]
    public void Passes_after_text_tokens_without_the_image_equal_full_passes_for_every_baseline(
        string linear,
        string compute,
        int kvHeads,
        double tolerance
    )
    {
        using var sample = new Sample(linear, compute, kvHeads, question: "What is the main object?");
        int t = sample.Cache.Prompt.SuffixLength,
            p = sample.Cache.Prompt.ImageLength;
        foreach (Baseline baseline in Sample.AllBaselines(sample.Mean))
        {
            using BaselineBlocks blocks = BaselineBlocks.Of(baseline, sample.Cache);
            using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
            foreach (int first in (int[])[0, 1, t / 2, t - 1])
            {
                using SuffixForward after = suffix.After(first);
                double worst = 0;
                for (int i = 0; i < 6; i++)
                {
                    byte[] heads = HeadMasks.Draw(5, "heads", i, sample.Heads, 0.3, MaskDraw.Bernoulli);
                    byte[] image = HeadMasks.Draw(5, "image", i, p, 0.75, MaskDraw.Exact);
                    byte[] rest = HeadMasks.Draw(5, "text", i, t - first, 0.3, MaskDraw.Bernoulli);
                    byte[] whole = HeadMasks.Of(
                        t,
                        Enumerable.Range(first, t - first).Where(j => HeadMasks.IsIntact(rest, j - first))
                    );
                    double found = after.Logits([new AblationMask(heads, rest, image)])[0];
                    worst = Math.Max(
                        worst,
                        Math.Abs(found - suffix.Logits([new AblationMask(heads, whole, image)])[0])
                    );
                    worst = Math.Max(
                        worst,
                        Math.Abs(
                            found - sample.Naive.Logit(new AblationMask(heads, whole, image), blocks, sample.Target)
                        )
                    );
                }

                output.WriteLine($"{baseline.GetType().Name}, {first} of {t} tokens: {worst:e1}");
                worst.Should().BeLessThan(tolerance);
            }
        }
    }

    [Fact]
    public void Passes_after_text_tokens_have_the_same_bits_whatever_the_batch()
    {
        using var sample = new Sample("packed");
        int t = sample.Cache.Prompt.SuffixLength;
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        AblationMask[] masks = [.. sample.TokenMasks(20).Select(m => m with { Text = null })];
        double[][] found =
        [
            .. ((int[])[1, 3, 20]).Select(batch =>
            {
                using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target, batch);
                using SuffixForward after = suffix.After(t - 1);
                return after.Logits(masks);
            }),
        ];
        found[1].Should().Equal(found[0]);
        found[2].Should().Equal(found[0]);
    }

    [Fact]
    public void All_text_tokens_must_not_go_to_the_prefix()
    {
        using var sample = new Sample("packed");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
        Action all = () => suffix.After(sample.Cache.Prompt.SuffixLength);
        all.Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Delta_of_nothing_removed_is_0_and_all_text_tokens_keep_phi_and_none_gives_f_of_0()
    {
        using var sample = new Sample("packed");
        int t = sample.Cache.Prompt.SuffixLength;
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
        byte[] x = sample.Masks(1)[0];
        double[] f = suffix.Logits(
            (AblationMask[])
                [
                    new(x),
                    new(x, HeadMasks.Full(t)),
                    new(x, HeadMasks.Full(t), HeadMasks.Full(sample.Cache.Prompt.ImageLength)),
                    new(x, HeadMasks.None(t)),
                    new(HeadMasks.None(sample.Heads)),
                ]
        );
        f[1].Should().BeApproximately(f[0], 1e-5);
        f[2].Should().BeApproximately(f[0], 1e-5);
        f[3].Should().BeApproximately(f[4], 1e-5);
    }

    [Fact]
    public void Weighted_attention_with_all_weights_1_sums_to_the_image_attention_of_all_heads()
    {
        using var sample = new Sample("packed");
        int t = sample.Cache.Prompt.SuffixLength;
        double[] ones = [.. Enumerable.Repeat(1.0, Math.Max(sample.Heads, t))];
        double[] w = WeightedAttention.Of(
            sample.Intact,
            ones[..sample.Heads],
            HeadMasks.Full(sample.Heads),
            ones[..t],
            HeadMasks.Full(t)
        );
        w.Sum().Should().BeApproximately(t * sample.Intact.ImageAttention().Cast<double>().Sum(), 1e-5);
        w.Should().HaveCount(sample.Cache.Prompt.ImageLength);
    }

    [Fact]
    public void Weighted_attention_is_linear_and_leaves_out_heads_and_tokens_that_are_not_kept()
    {
        using var sample = new Sample("packed");
        int t = sample.Cache.Prompt.SuffixLength,
            last = t - 1,
            n = sample.Heads - 2;
        double[] beta = [.. Enumerable.Range(0, sample.Heads).Select(i => i - 3.0)],
            delta = [.. Enumerable.Range(0, t).Select(i => 0.5 + i)];
        double[] w = WeightedAttention.Of(
            sample.Intact,
            beta,
            HeadMasks.Of(sample.Heads, [n]),
            delta,
            HeadMasks.Of(t, [last])
        );
        using torch.Tensor row = sample
            .Intact.Attention(n / sample.Shape.Heads)[n % sample.Shape.Heads][last]
            .to(torch.ScalarType.Float64);
        double[] expected = [.. row.data<double>().ToArray().Select(a => beta[n] * delta[last] * a)];
        w.Zip(expected, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-12);
    }

    [Fact]
    public void Weighted_attention_is_the_sum_of_what_its_heads_look_at_weighted_by_beta()
    {
        using var sample = new Sample("packed");
        int t = sample.Cache.Prompt.SuffixLength;
        double[] beta = [.. Enumerable.Range(0, sample.Heads).Select(i => i - 3.0)],
            delta = [.. Enumerable.Range(0, t).Select(i => 0.5 + i)];
        byte[] heads = HeadMasks.Of(sample.Heads, [0, 2, sample.Heads - 1]),
            important = HeadMasks.Of(t, [1, t - 1]);

        var ofHeads = WeightedAttention.OfHeads(sample.Intact, heads, delta, important);

        ofHeads.Select(h => h.Head).Should().Equal(0, 2, sample.Heads - 1);
        double[] w = WeightedAttention.Of(sample.Intact, beta, heads, delta, important);
        for (int j = 0; j < w.Length; j++)
        {
            ofHeads.Sum(h => beta[h.Head] * h.Attention[j]).Should().BeApproximately(w[j], 1e-12);
        }
    }

    [Theory]
    [InlineData("packed")]
    [InlineData("torch")]
    public void What_a_head_writes_is_its_slice_of_the_output_matrix_and_all_heads_together_write_what_attention_adds(
        string linear
    )
    {
        using var sample = new Sample(linear);
        using var scope = torch.NewDisposeScope();
        DecoderShape shape = sample.Shape;
        var everything = Enumerable.Range(0, (int)sample.Model.Decoder.Unembedding.Rows).ToArray();
        for (int n = 0; n < sample.Heads; n++)
        {
            int layer = n / shape.Heads,
                head = n % shape.Heads;
            torch.Tensor eye = torch.eye(shape.Heads * shape.HeadDim); // columns of W_O by applying it to unit vectors
            torch.Tensor columns = sample
                .Model.Decoder.Layers[layer]
                .Output.Forward(eye)
                .narrow(0, head * shape.HeadDim, shape.HeadDim); // [d, hidden]
            torch.Tensor written = sample.Intact.LastHeads(layer)[head].unsqueeze(0).mm(columns); // [1, hidden]
            float[] logits = sample.Model.Decoder.Logits(written).data<float>().ToArray();
            var top = HeadLens.Top(sample.Cache, sample.Intact, [n], imageOnly: false, 5)[0];
            top.Select(i => i.Logit).Should().BeInDescendingOrder();
            top.Max(i => Math.Abs(i.Logit - logits[i.Token])).Should().BeLessThan(1e-3);
            top[^1]
                .Logit.Should()
                .BeGreaterThanOrEqualTo(everything.Where(v => top.All(i => i.Token != v)).Max(v => logits[v]) - 1e-3);
        }
    }

    [Fact]
    public void What_a_head_reads_from_the_image_is_the_attention_weighted_sum_of_the_images_values()
    {
        using var sample = new Sample("packed", kvHeads: 2);
        DecoderShape shape = sample.Shape;
        int t = sample.Cache.Prompt.SuffixLength;
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            using torch.Tensor read = sample.Intact.LastHeadsFromImage(layer); // [H, d]
            for (int head = 0; head < shape.Heads; head++)
            {
                using torch.Tensor weights = sample.Intact.Attention(layer)[head][t - 1].unsqueeze(0); // [1, P]
                using torch.Tensor expected = weights.mm(sample.Cache.Image(layer).Values[head / shape.Group]);
                using torch.Tensor apart = (read[head] - expected[0]).abs().max();
                apart.item<float>().Should().BeLessThan(1e-5f);
            }
        }
    }
}
