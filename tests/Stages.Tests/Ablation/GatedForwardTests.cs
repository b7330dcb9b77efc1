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
            var gated = GatedForward.Of(sample.Cache, blocks, sample.Target);
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
                GatedForward.Of(sample.Cache, blocks, sample.Target),
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
        var alone = GatedForward.Of(sample.Cache, blocks, sample.Target, batch: 1).Gradients(points);
        var together = GatedForward
            .Of(sample.Cache, blocks, sample.Target, batch: 4)
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
        var gated = GatedForward.Of(sample.Cache, self, sample.Target);
        gated
            .Gradients([GatedForward.PointOf(sample.Masks(1)[0], sample.Heads)])[0]
            .Gradient.Should()
            .OnlyContain(g => Math.Abs(g) < 1e-6);
    }

    [Theory]
    [InlineData(4, 16)]
    [InlineData(2, 16)]
    [InlineData(1, 16)]
    [InlineData(2, 8)]
    [InlineData(1, 40)]
    public void The_way_back_over_packed_weights_is_autograds_inside_the_cube_and_at_its_corners(
        int kvHeads,
        int headDim
    )
    {
        using var packed = new Sample("packed", kvHeads: kvHeads, headDim: headDim);
        using var single = new Sample("torch", kvHeads: kvHeads, headDim: headDim);
        using var exact = new Sample("torch", "float64", kvHeads, headDim: headDim);
        double[][] points = Points(packed.Heads);
        foreach (int kind in Enumerable.Range(0, 3))
        {
            IReadOnlyList<GatedLogit> expected = Gradients(exact, kind, points),
                found = Gradients(packed, kind, points),
                rounded = Gradients(single, kind, points);
            double values = Largest([.. found.Select(g => g.F)], [.. expected.Select(g => g.F)]),
                slopes = found.Zip(expected, (a, b) => Largest(a.Gradient, b.Gradient)).Max(),
                rounding = rounded.Zip(expected, (a, b) => Largest(a.Gradient, b.Gradient)).Max();
            output.WriteLine($"baseline {kind}: f {values:e1}, slopes {slopes:e1}, autograd's own {rounding:e1}");
            values.Should().BeLessThan(1e-4);
            slopes.Should().BeLessThan(1e-4).And.BeLessThan(1e-5 + (3 * rounding));
        }
    }

    private static IReadOnlyList<GatedLogit> Gradients(Sample sample, int kind, double[][] points)
    {
        using BaselineBlocks blocks = BaselineBlocks.Of(Sample.AllBaselines(sample.Mean)[kind], sample.Cache);
        GatedForward gated = GatedForward.Of(sample.Cache, blocks, sample.Target);
        IReadOnlyList<GatedLogit> found = gated.Gradients(points);
        gated
            .Logits(points)
            .Zip(found, (f, g) => Math.Abs(f - g.F))
            .Max()
            .Should()
            .BeLessThan(1e-5, "f alone is the same pass");
        return found;
    }

    [Fact]
    public void A_points_bits_over_packed_weights_do_not_depend_on_the_points_beside_it_nor_on_threads()
    {
        using var sample = new Sample("packed", kvHeads: 2);
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        double[][] points = Points(sample.Heads);
        IReadOnlyList<GatedLogit> together = GatedForward.Of(sample.Cache, blocks, sample.Target).Gradients(points);
        int threads = PackedLinear.Threads;
        try
        {
            foreach ((int batch, int used) in new[] { (1, 1), (3, 2), (5, 4) })
            {
                PackedLinear.Threads = used;
                var others = GatedForward.Of(sample.Cache, blocks, sample.Target, batch).Gradients(points);
                others.Select(g => g.F).Should().Equal(together.Select(g => g.F));
                others.SelectMany(g => g.Gradient).Should().Equal(together.SelectMany(g => g.Gradient));
            }
        }
        finally
        {
            PackedLinear.Threads = threads;
        }
    }

    /// <summary>Corners, edges and the inside.</summary>
    private static double[][] Points(int heads)
    {
        var random = new Random(3);
        double[] Of(Func<double> gate) => [.. Enumerable.Range(0, heads).Select(_ => gate())];
        return
        [
            Of(() => 1),
            Of(() => 0),
            Of(() => random.Next(2)),
            Of(() => random.Next(3) / 2.0),
            Of(random.NextDouble),
            Of(random.NextDouble),
            Of(() => random.Next(2)),
        ];
    }

    [Fact]
    public void A_point_of_another_model_is_refused()
    {
        using var sample = new Sample("torch");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        GatedForward
            .Of(sample.Cache, blocks, sample.Target)
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
    private const int HeadsTried = 12;

    public static TheoryData<string> Cases() => [.. Golden.Cases().Select(Golden.NameOf)];

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Gradients_equal_finite_differences_of_the_gated_f_in_float64_to_1e_6(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel model = Load(golden);
        using PrefixCache cache = CacheOf(model, golden, 0);
        using BaselineBlocks blocks = MeanOf(model, golden, cache);
        var gated = GatedForward.Of(cache, blocks, model.Measure(new Measured.Logit(golden.Target, LogitMean.Rows)));

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
            var gated = GatedForward.Of(cache, blocks, model.Measure(what));
            // Every head is tried with the plain f: what differs between measures is behind the last layer
            double error = FiniteDifferences.Largest(
                gated,
                model.Info.TotalHeads,
                what is Measured.Probability,
                HeadsTried
            );
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

        foreach (Arithmetic arithmetic in (Arithmetic[])[Arithmetic.Float64, Arithmetic.Float32, Packed])
        {
            using VisionLanguageModel model = Load(golden, arithmetic);
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
                var gated = GatedForward.Of(cache, blocks, model.Measure(what));
                double values = Largest(gated.Logits(points), golden.Doubles($"f_gate{kind}")),
                    slopes = Largest(
                        gated.Gradients(points).SelectMany(g => g.Gradient),
                        golden.Doubles($"df_gate{kind}")
                    );
                output.WriteLine(
                    $"{name}, {model.Info.Family}, {arithmetic}: f_gate{kind} {values:e1}, df_gate{kind} {slopes:e1}"
                );
                values.Should().BeLessThan(1e-4, kind);
                slopes.Should().BeLessThan(1e-4, kind);
            }
        }
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void The_way_back_over_packed_weights_is_autograds_for_every_f(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel exact = Load(golden),
            packed = Load(golden, Packed);
        int heads = exact.Info.TotalHeads;
        var random = new Random(7);
        double[][] points =
        [
            [.. Enumerable.Range(0, heads).Select(_ => random.NextDouble())],
            GatedForward.PointOf(HeadMasks.Draw(7, name, 0, heads, 0.75, MaskDraw.Exact), heads),
        ];
        foreach (
            Measured what in (Measured[])
                [
                    new Measured.Logit(golden.Target, LogitMean.Rows),
                    new Measured.LogitDifference(golden.Target, golden.Target + 1),
                    new Measured.LogProbability(golden.Target),
                    new Measured.Probability(golden.Target),
                    new Measured.Sequence([golden.Target, golden.Generated[^1], golden.Target]),
                ]
        )
        {
            double[] found = Slopes(packed, golden, what, points),
                expected = Slopes(exact, golden, what, points);
            double error = Largest(found, expected),
                scale = expected.Max(Math.Abs);
            output.WriteLine($"{name}, {exact.Info.Family}, {what.Kind}: {error:e1} of {scale:g3}");
            // A probability may be small, and so its slopes
            error
                .Should()
                .BeLessThan(1e-4 * (what is Measured.Probability ? scale : Math.Max(scale, 1)), $"{what.Kind}");
        }
    }

    private static double[] Slopes(VisionLanguageModel model, GoldenCase golden, Measured what, double[][] points)
    {
        using ImageFeatures features = model.Features(golden.Picture(0));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        using PrefixCache cache = PrefixCache.Compute(model, prompt.FollowedBy(what.Given), features);
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        return [.. GatedForward.Of(cache, blocks, model.Measure(what)).Gradients(points).SelectMany(g => g.Gradient)];
    }

    private static Arithmetic Packed => Arithmetic.Float32 with { Linear = LinearChoice.Packed };

    private static double Largest(IEnumerable<double> found, double[] expected)
    {
        double[] values = [.. found];
        values.Length.Should().Be(expected.Length);
        return values.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
    }

    private static VisionLanguageModel Load(GoldenCase golden, Arithmetic? arithmetic = null) =>
        VisionLanguageModel.Load(golden.ModelFolder, arithmetic ?? Arithmetic.Float64, golden.Image);

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
    /// Largest difference between gradient and central difference, over heads, at a point inside the cube and at a
    /// corner of it.
    /// </summary>
    /// <param name="gated">The passes.</param>
    /// <param name="heads">N.</param>
    /// <param name="relative">In units of f, as for a probability, which may be small.</param>
    /// <param name="most">So many heads at most, drawn from all; else each.</param>
    public static double Largest(GatedForward gated, int heads, bool relative = false, int most = int.MaxValue)
    {
        const double step = 1e-4;
        var random = new Random(5);
        double[] inside = [.. Enumerable.Range(0, heads).Select(_ => random.NextDouble())];
        double[] corner = GatedForward.PointOf(HeadMasks.Draw(5, "corner", 0, heads, 0.75, MaskDraw.Exact), heads);
        int[] tried = [.. Enumerable.Range(0, heads)];
        if (most < heads)
        {
            random.Shuffle(tried);
            tried = tried[..most];
        }

        double worst = 0;
        foreach (double[] point in new[] { inside, corner })
        {
            (double value, double[] gradient) = gated.Gradients([point])[0];
            double scale = relative ? value : 1;
            double[] f = gated.Logits([.. tried.SelectMany(n => Steps.Select(s => Moved(point, n, s * step)))]);
            gradient.Any(g => Math.Abs(g) > 1e-3 * scale).Should().BeTrue("heads must move the logit");
            foreach (var (i, n) in tried.Index())
            {
                double[] at = f[(4 * i)..(4 * (i + 1))];
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
