using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Models;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class GatedForwardTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("float64", 4, 1e-10)]
    [InlineData("float64", 2, 1e-10)]
    [InlineData("float64", 1, 1e-10)]
    [InlineData("float32", 2, 1e-4)]
    public void At_zeros_and_ones_the_gated_f_is_head_ablation_for_every_baseline(
        string compute,
        int kvHeads,
        double tolerance
    )
    {
        using var sample = new Sample("torch", compute, kvHeads);
        byte[][] masks = [HeadMasks.Full(sample.Heads), HeadMasks.None(sample.Heads), .. sample.Masks(12, 0.75)];
        double[][] points = [.. masks.Select(mask => GatedForward.PointOf(mask, sample.Heads))];
        foreach (Baseline baseline in Sample.AllBaselines(sample.Mean))
        {
            using BaselineBlocks blocks = BaselineBlocks.Of(baseline, sample.Cache);
            using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
            var gated = new GatedForward(sample.Cache, blocks, sample.Target);
            double[] expected = suffix.Logits(masks);
            Largest(gated.Logits(points), expected).Should().BeLessThan(tolerance, baseline.GetType().Name);
            Largest([.. gated.Gradients(points).Select(g => g.F)], expected)
                .Should()
                .BeLessThan(tolerance, baseline.GetType().Name);
            Largest(
                    [.. masks.Select(mask => sample.Naive.Logit(new AblationMask(mask), blocks, sample.Target))],
                    expected
                )
                .Should()
                .BeLessThan(tolerance, baseline.GetType().Name);
        }
    }

    [Fact]
    public void Gradients_equal_finite_differences_to_1e_6_for_every_baseline()
    {
        using var sample = new Sample("torch", "float64", kvHeads: 2);
        foreach (Baseline baseline in Sample.AllBaselines(sample.Mean))
        {
            using BaselineBlocks blocks = BaselineBlocks.Of(baseline, sample.Cache);
            double error = FiniteDifferences.Largest(
                new GatedForward(sample.Cache, blocks, sample.Target),
                sample.Heads
            );
            output.WriteLine($"{baseline.GetType().Name}: {error:e1}");
            error.Should().BeLessThan(1e-6);
        }
    }

    [Fact]
    public void A_gradient_does_not_depend_on_the_points_beside_it_beyond_rounding()
    {
        using var sample = new Sample("torch", "float64");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        double[][] points = [.. sample.Masks(7).Select(mask => GatedForward.PointOf(mask, sample.Heads))];
        var alone = new GatedForward(sample.Cache, blocks, sample.Target, batch: 1).Gradients(points);
        var together = new GatedForward(sample.Cache, blocks, sample.Target, batch: 4)
            .Gradients([.. points.Reverse()])
            .Reverse()
            .ToArray();
        alone
            .Zip(together, (a, b) => Math.Max(Math.Abs(a.F - b.F), Largest(a.Gradient, b.Gradient)))
            .Max()
            .Should()
            .BeLessThan(1e-11);
    }

    [Fact]
    public void A_baseline_equal_to_the_image_gives_no_gradient()
    {
        using var sample = new Sample("torch", "float64");
        using BaselineBlocks self = BaselineBlocks.Of(OwnKeysAndValues(sample), sample.Cache);
        var gated = new GatedForward(sample.Cache, self, sample.Target);
        gated
            .Gradients([GatedForward.PointOf(sample.Masks(1)[0], sample.Heads)])[0]
            .Gradient.Should()
            .OnlyContain(g => Math.Abs(g) < 1e-6);
    }

    [Fact]
    public void Gradients_over_the_packed_models_weights_are_those_of_a_model_of_its_own_to_the_bit_without_a_copy()
    {
        using var tiny = new TinyLlava();
        using VisionLanguageModel packed = tiny.Load("packed"),
            own = tiny.Load("torch");
        using VisionLanguageModel shared = VisionLanguageModel.Load(
            tiny.Folder,
            own.Decoder.Arithmetic,
            shared: packed
        );

        foreach (
            Measured what in (Measured[])
                [new Measured.Logit(5, LogitMean.Rows), new Measured.LogProbability(5), new Measured.Probability(5)]
        )
        {
            var (expected, values) = Gradients(own, what);
            var (found, sharedValues) = Gradients(shared, what);

            found.Should().Equal(expected, what.Kind.ToString());
            sharedValues.Should().Equal(values, what.Kind.ToString());
        }

        shared
            .WeightBytes.Should()
            .BeLessThan(own.WeightBytes / 4, "norms and embeddings are its own, linear layers are not");
    }

    private static (double[] Gradients, double[] Values) Gradients(VisionLanguageModel model, Measured what)
    {
        using ImageFeatures features = model.Features(TinyLlava.Noise(1));
        using PrefixCache cache = PrefixCache.Compute(model, model.Prompt("What?", features.Tokens), features);
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        int heads = model.Decoder.Shape.TotalHeads;
        byte[][] masks =
        [
            .. Enumerable.Range(0, 6).Select(i => HeadMasks.Draw(3, "shared", i, heads, 0.5, MaskDraw.Exact)),
        ];
        var found = new GatedForward(cache, blocks, model.Measure(what)).Gradients([
            .. masks.Select(mask => GatedForward.PointOf(mask, heads)),
        ]);
        return ([.. found.SelectMany(g => g.Gradient)], [.. found.Select(g => g.F)]);
    }

    [Fact]
    public void The_packed_model_is_refused()
    {
        using var sample = new Sample("packed");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        FluentActions
            .Invoking(() => new GatedForward(sample.Cache, blocks, sample.Target))
            .Should()
            .Throw<ArgumentException>()
            .WithMessage("*libtorch*");
    }

    [Fact]
    public void A_point_of_another_model_is_refused()
    {
        using var sample = new Sample("torch");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        new GatedForward(sample.Cache, blocks, sample.Target)
            .Invoking(g => g.Gradients([new double[3]]))
            .Should()
            .Throw<ArgumentException>();
    }

    private static double Largest(double[] found, double[] expected) =>
        found.Zip(expected, (a, b) => Math.Abs(a - b)).Max();

    /// <summary>A mean over the sample's own picture alone.</summary>
    private static Baseline.Mean OwnKeysAndValues(Sample sample)
    {
        using var sum = new MeanKvAccumulator(sample.Shape, sample.Cache.Prompt.ImageLength, RopeOrder.After);
        sum.Add(sample.Cache);
        return sum.ToBaseline();
    }
}

/// <summary>
/// Every golden case of every family: head ablation at the corners, finite differences in between. Run by the folder
/// that GOLDEN names.
/// </summary>
public sealed class GatedForwardGoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases() => [.. Golden.Cases().Select(Golden.NameOf)];

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Gradients_equal_finite_differences_of_the_gated_f_in_float64_to_1e_6(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel model = Load(golden);
        using PrefixCache cache = CacheOf(model, golden, 0);
        using BaselineBlocks blocks = MeanOf(model, golden, cache);
        var gated = new GatedForward(cache, blocks, model.Measure(new Measured.Logit(golden.Target, LogitMean.Rows)));

        double corners = gated
            .Logits([.. golden.Masks("masks").Select(mask => GatedForward.PointOf(mask, model.Info.TotalHeads))])
            .Zip(golden.Doubles("f_mean"), (f, expected) => Math.Abs(f - expected))
            .Max();
        double scale =
            gated.Logits([GatedForward.PointOf(HeadMasks.Full(model.Info.TotalHeads), model.Info.TotalHeads)])[0]
            - golden.Ablated;
        double differences = FiniteDifferences.Largest(gated, model.Info.TotalHeads) / Math.Max(1, Math.Abs(scale));
        output.WriteLine($"{name}, {model.Info.Family}: f at the masks {corners:e1}, gradients {differences:e1}");
        corners.Should().BeLessThan(1e-4);
        differences.Should().BeLessThan(1e-6);
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Gradients_of_every_f_equal_finite_differences_in_float64_to_1e_6(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel model = Load(golden);
        using ImageFeatures features = model.Features(golden.Picture(0));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        foreach (
            Measured what in (Measured[])
                [
                    new Measured.LogitDifference(golden.Target, golden.Target + 1),
                    new Measured.LogProbability(golden.Target),
                    new Measured.Probability(golden.Target),
                    new Measured.Sequence([golden.Target, golden.Generated[^1], golden.Target]),
                ]
        )
        {
            using PrefixCache cache = PrefixCache.Compute(model, prompt.FollowedBy(what.Given), features);
            using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
            var gated = new GatedForward(cache, blocks, model.Measure(what));
            double error = FiniteDifferences.Largest(gated, model.Info.TotalHeads, what is Measured.Probability);
            output.WriteLine($"{name}, {model.Info.Family}, {what.Kind}: {error:e1}");
            error.Should().BeLessThan(1e-6, what.Kind.ToString());
        }
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Gradients_equal_the_references_automatic_ones_to_1e_4(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        if (!golden.Has("df_gate"))
        {
            return; // the reference code of this case's decoder has no gates
        }

        using VisionLanguageModel model = Load(golden);
        using PrefixCache cache = CacheOf(model, golden, 0);
        using BaselineBlocks blocks = MeanOf(model, golden, cache);
        double[][] points = [.. golden.Doubles("gate_points").Chunk(model.Info.TotalHeads)];
        foreach (
            (string kind, Measured what) in ((string, Measured)[])
                [
                    ("", new Measured.Logit(golden.Target, LogitMean.Rows)),
                    ("_log_prob", new Measured.LogProbability(golden.Target)),
                ]
        )
        {
            var gated = new GatedForward(cache, blocks, model.Measure(what));
            double values = Largest(gated.Logits(points), golden.Doubles($"f_gate{kind}")),
                slopes = Largest(gated.Gradients(points).SelectMany(g => g.Gradient), golden.Doubles($"df_gate{kind}"));
            output.WriteLine($"{name}, {model.Info.Family}: f_gate{kind} {values:e1}, df_gate{kind} {slopes:e1}");
            values.Should().BeLessThan(1e-4, kind);
            slopes.Should().BeLessThan(1e-4, kind);
        }
    }

    private static double Largest(IEnumerable<double> found, double[] expected)
    {
        double[] values = [.. found];
        values.Length.Should().Be(expected.Length);
        return values.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
    }

    private static VisionLanguageModel Load(GoldenCase golden) =>
        VisionLanguageModel.Load(golden.ModelFolder, Arithmetic.Float64, golden.Image);

    /// <summary>The mean of the case's other pictures, in the place of the first one's keys and values.</summary>
    private static BaselineBlocks MeanOf(VisionLanguageModel model, GoldenCase golden, PrefixCache cache)
    {
        using var sum = new MeanKvAccumulator(model.Info.Decoder, cache.Prompt.ImageLength, RopeOrder.After);
        for (int i = 1; i < golden.Images.Length; i++)
        {
            using PrefixCache other = CacheOf(model, golden, i);
            sum.Add(other);
        }

        using Baseline.Mean mean = sum.ToBaseline();
        return BaselineBlocks.Of(mean, cache);
    }

    private static PrefixCache CacheOf(VisionLanguageModel model, GoldenCase golden, int image)
    {
        using ImageFeatures features = model.Features(golden.Picture(image));
        return PrefixCache.Compute(model, model.Tokenize(golden.Prompt, features.Tokens), features);
    }
}

/// <summary>Central differences of the gated f, of fourth order: its curvature does not show.</summary>
internal static class FiniteDifferences
{
    /// <summary>
    /// Largest difference between gradient and central difference, over all heads, at a point inside the cube and at a
    /// corner of it.
    /// </summary>
    /// <param name="gated">The passes.</param>
    /// <param name="heads">N.</param>
    /// <param name="relative">In units of f, as for a probability, which may be small.</param>
    public static double Largest(GatedForward gated, int heads, bool relative = false)
    {
        const double step = 1e-4;
        var random = new Random(5);
        double[] inside = [.. Enumerable.Range(0, heads).Select(_ => random.NextDouble())];
        double[] corner = GatedForward.PointOf(HeadMasks.Draw(5, "corner", 0, heads, 0.75, MaskDraw.Exact), heads);
        double worst = 0;
        foreach (double[] point in new[] { inside, corner })
        {
            (double value, double[] gradient) = gated.Gradients([point])[0];
            double scale = relative ? value : 1;
            double[] f = gated.Logits([
                .. Enumerable.Range(0, heads).SelectMany(n => Steps.Select(s => Moved(point, n, s * step))),
            ]);
            gradient.Any(g => Math.Abs(g) > 1e-3 * scale).Should().BeTrue("heads must move the logit");
            for (int n = 0; n < heads; n++)
            {
                double[] at = f[(4 * n)..(4 * (n + 1))];
                double slope = ((8 * (at[1] - at[0])) - (at[3] - at[2])) / (12 * step);
                worst = Math.Max(worst, Math.Abs(gradient[n] - slope) / scale);
            }
        }

        return worst;
    }

    private static readonly int[] Steps = [-1, 1, -2, 2];

    private static double[] Moved(double[] point, int head, double step)
    {
        double[] moved = [.. point];
        moved[head] += step;
        return moved;
    }
}
