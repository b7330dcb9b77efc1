using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Models;
using TorchSharp;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Ablation;

/// <summary>Laws of all that f can be, on a tiny model.</summary>
public sealed class MeasuredTests(ITestOutputHelper output)
{
    private const string Head = "language_model.lm_head.weight";
    private const int PaddingRow = TinyLlava.Rows - 3;

    /// <summary>A value of every kind; the last sequence has the image's token inside and at its end.</summary>
    private static readonly Measured[] Kinds =
    [
        new Measured.Logit(17, LogitMean.Rows),
        new Measured.Logit(17, LogitMean.Tokens),
        new Measured.LogitDifference(17, 40),
        new Measured.LogProbability(17),
        new Measured.Probability(17),
        new Measured.Sequence([17]),
        new Measured.Sequence([17, 40, 17]),
        new Measured.Sequence([40, TinyLlava.ImageTokenId, 3, TinyLlava.ImageTokenId]),
    ];

    public static TheoryData<string, string, int, int, double> Arithmetics => SuffixForwardTests.Arithmetics;

    [Theory]
    [MemberData(nameof(Arithmetics))]
    public void Every_f_equals_a_full_pass_for_every_baseline(
        string linear,
        string compute,
        int kvHeads,
        int headDim,
        double tolerance
    )
    {
        using var sample = new Sample(linear, compute, kvHeads, headDim: headDim);
        foreach (Measured what in Kinds)
        {
            using var asked = new Asked(sample, what);
            foreach (Baseline baseline in (Baseline[])[.. Sample.AllBaselines(sample.Mean), asked.OtherPicture])
            {
                using BaselineBlocks blocks = BaselineBlocks.Of(baseline, asked.Cache);
                using var suffix = new SuffixForward(asked.Cache, blocks, asked.Target);
                AblationMask[] masks =
                [
                    new(HeadMasks.Full(sample.Heads)),
                    new(HeadMasks.None(sample.Heads)),
                    .. sample.Masks(5).Select(heads => new AblationMask(heads)),
                    .. asked.TokenMasks(6),
                ];
                double[] expected = [.. masks.Select(mask => asked.Naive.Logit(mask, blocks, asked.Target))];
                double worst = suffix.Logits(masks).Zip(expected, (a, b) => Math.Abs(a - b)).Max();
                output.WriteLine($"{Named(what)}, {baseline.GetType().Name}: {worst:e1}");
                worst.Should().BeLessThan(what.Scored.Count * tolerance, Named(what));
                expected.Distinct().Count().Should().BeGreaterThan(masks.Length / 2, "ablation must move f");
            }
        }
    }

    [Fact]
    public void With_the_packed_kernels_every_f_has_the_same_bits_whatever_batch_order_and_threads_beside_other_kinds()
    {
        using var sample = new Sample("packed");
        Asked[] all = [.. Kinds.Select(what => new Asked(sample, what))];
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        byte[][] masks = sample.Masks(20, 0.2);
        double[][] expected =
        [
            .. all.Select(asked =>
            {
                using var one = new SuffixForward(asked.Cache, blocks, asked.Target, batch: 1);
                return one.Logits(masks);
            }),
        ];
        foreach (int batch in (int[])[3, 32])
        {
            SuffixForward[] forwards =
            [
                .. all.Select(asked => new SuffixForward(asked.Cache, blocks, asked.Target, batch)),
            ];
            double[][] found = new double[4 * all.Length][];
            Parallel.For(0, found.Length, worker =>
            {
                int threads = PackedLinear.Threads;
                PackedLinear.Threads = 1 + (worker / all.Length % 2);
                SuffixForward forward = forwards[worker % all.Length];
                found[worker] =
                    worker % 3 == 0 ? [.. forward.Logits([.. masks.Reverse()]).Reverse()] : forward.Logits(masks);
                PackedLinear.Threads = threads;
            });
            for (int worker = 0; worker < found.Length; worker++)
            {
                found[worker].Should().Equal(expected[worker % all.Length], Named(Kinds[worker % all.Length]));
            }

            Array.ForEach(forwards, f => f.Dispose());
        }

        Array.ForEach(all, a => a.Dispose());
    }

    [Fact]
    public void Gradients_of_every_f_equal_finite_differences_to_1e_6()
    {
        using var sample = new Sample("torch", "float64");
        foreach (Measured what in Kinds)
        {
            using var asked = new Asked(sample, what);
            foreach (Baseline baseline in (Baseline[])[sample.Mean, new Baseline.Knockout(), asked.OtherPicture])
            {
                using BaselineBlocks blocks = BaselineBlocks.Of(baseline, asked.Cache);
                var gated = GatedForward.Of(asked.Cache, blocks, asked.Target);
                double error = FiniteDifferences.Largest(gated, sample.Heads, what is Measured.Probability);
                output.WriteLine($"{Named(what)}, {baseline.GetType().Name}: {error:e1}");
                error.Should().BeLessThan(1e-6, Named(what));
                byte[][] masks = sample.Masks(6);
                using var suffix = new SuffixForward(asked.Cache, blocks, asked.Target);
                gated
                    .Gradients([.. masks.Select(mask => GatedForward.PointOf(mask, sample.Heads))])
                    .Zip(suffix.Logits(masks), (g, f) => Math.Abs(g.F - f))
                    .Max()
                    .Should()
                    .BeLessThan(1e-10, "at zeros and ones gates are masks");
            }
        }
    }

    [Fact]
    public void Gradients_do_not_depend_on_the_points_beside_them_beyond_rounding()
    {
        using var sample = new Sample("torch", "float64");
        using var asked = new Asked(sample, new Measured.Sequence([17, 40, 17]));
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, asked.Cache);
        double[][] points = [.. sample.Masks(7).Select(mask => GatedForward.PointOf(mask, sample.Heads))];
        var alone = GatedForward.Of(asked.Cache, blocks, asked.Target, batch: 1).Gradients(points);
        var together = GatedForward.Of(asked.Cache, blocks, asked.Target, batch: 4).Gradients(points);
        alone
            .Zip(together, (a, b) =>
                a.Gradient.Append(a.F).Zip(b.Gradient.Append(b.F), (x, y) => Math.Abs(x - y)).Max()
            )
            .Max()
            .Should()
            .BeLessThan(1e-11);
    }

    [Theory]
    [InlineData("packed")]
    [InlineData("torch")]
    public void A_large_logit_in_a_row_without_a_token_lowers_every_log_probability_by_its_mass(string linear)
    {
        float[] towards = [];
        (double without, double padding) = LogProbabilities(0);
        (double with, double large) = LogProbabilities(1);
        large.Should().BeGreaterThan(padding + 1);
        Math.Exp(large).Should().BeGreaterThan(0.9, "the row has nearly all of the mass");
        // What is left to the others is shared as before
        (with - Math.Log(1 - Math.Exp(large)))
            .Should()
            .BeApproximately(without - Math.Log(1 - Math.Exp(padding)), 1e-3);

        (double Token, double Padding) LogProbabilities(int pass)
        {
            using var sample = new Sample(linear, change: tiny =>
            {
                if (pass > 0)
                {
                    tiny.SetRow(Head, PaddingRow, towards);
                }
            });
            using var scope = torch.NewDisposeScope();
            AblationMask full = new(HeadMasks.Full(sample.Heads));
            using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
            torch.Tensor h = sample.Model.Decoder.FinalNorm(sample.Naive.States(full, blocks));
            float[] last = h[h.shape[0] - 1].data<float>().ToArray();
            towards = [.. last.Select(x => 12 * x / last.Sum(y => y * y))]; // a logit of 12
            double Of(int token)
            {
                using var suffix = new SuffixForward(
                    sample.Cache,
                    blocks,
                    sample.Model.Measure(new Measured.LogProbability(token))
                );
                return suffix.Intact;
            }

            return (Of(17), Of(PaddingRow));
        }
    }

    [Theory]
    [InlineData("packed", "float32")]
    [InlineData("torch", "float32")]
    [InlineData("torch", "float64")]
    [InlineData("torch", "bfloat16")]
    public void Probabilities_of_all_rows_sum_to_1_and_are_the_exponentials_of_their_logarithms(
        string linear,
        string compute
    )
    {
        using var sample = new Sample(linear, compute);
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        double Of(Measured what)
        {
            using var suffix = new SuffixForward(sample.Cache, blocks, sample.Model.Measure(what));
            return suffix.Logits(sample.Masks(1))[0];
        }

        int[] rows = [.. Enumerable.Range(0, TinyLlava.Rows)];
        rows.Sum(row => Of(new Measured.Probability(row))).Should().BeApproximately(1, 1e-6);
        Of(new Measured.Probability(17)).Should().Be(Math.Exp(Of(new Measured.LogProbability(17))));
        Of(new Measured.Sequence([17])).Should().Be(Of(new Measured.LogProbability(17)));
        Of(new Measured.LogitDifference(17, 40))
            .Should()
            .BeApproximately(
                Of(new Measured.LogProbability(17)) - Of(new Measured.LogProbability(40)),
                compute == "bfloat16" ? 1e-3 : 1e-5,
                "the direction has the weights as stored, the log-probability as computed with"
            );
    }

    [Fact]
    public void A_row_that_is_not_finite_makes_a_log_probability_an_error_even_where_no_token_has_it()
    {
        foreach (float odd in (float[])[float.NaN, float.PositiveInfinity])
        {
            foreach (string linear in (string[])["packed", "torch"])
            {
                using var tiny = new TinyLlava();
                tiny.SetRow(Head, PaddingRow, [.. Enumerable.Repeat(odd, 64)]);
                using VisionLanguageModel model = tiny.Load(linear);
                using ImageFeatures features = model.Features(TinyLlava.Noise(1));
                using PrefixCache cache = PrefixCache.Compute(
                    model,
                    model.Prompt("What?", ImageTokens.OfCount(16)),
                    features
                );
                using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
                FluentActions
                    .Invoking(() => new SuffixForward(cache, blocks, model.Measure(new Measured.LogProbability(17))))
                    .Should()
                    .Throw<InputException>()
                    .WithMessage("*logit*");
            }
        }
    }

    [Fact]
    public void A_prompt_that_does_not_end_in_the_sequences_first_tokens_is_refused()
    {
        using var sample = new Sample("torch");
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        OutputMeasure target = sample.Model.Measure(new Measured.Sequence([17, 40]));
        var mask = new AblationMask(HeadMasks.Full(sample.Heads));
        (
            (Action[])
                [
                    () => new SuffixForward(sample.Cache, blocks, target).Dispose(),
                    () => _ = GatedForward.Of(sample.Cache, blocks, target),
                    () => sample.Naive.Logit(mask, blocks, target),
                ]
        )
            .Should()
            .AllSatisfy(a => a.Should().Throw<ArgumentException>().WithMessage("*1 tokens*"));
        sample
            .Model.Invoking(m => m.Measure(new Measured.Sequence([17, TinyLlava.Rows])))
            .Should()
            .Throw<ArgumentOutOfRangeException>();
        sample
            .Model.Invoking(m => m.Measure(new Measured.LogitDifference(17, -1)))
            .Should()
            .Throw<ArgumentOutOfRangeException>();
        sample.Model.Invoking(m => m.Measure(new Measured.Sequence([]))).Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData("packed")]
    [InlineData("torch")]
    public void Text_tokens_before_the_scored_ones_may_count_to_the_prefix_and_scored_ones_may_not(string linear)
    {
        using var sample = new Sample(linear);
        using var asked = new Asked(sample, new Measured.Sequence([17, 40, 17]));
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, asked.Cache);
        using var suffix = new SuffixForward(asked.Cache, blocks, asked.Target);
        int t = asked.Cache.Prompt.SuffixLength;
        suffix.MovableTokens.Should().Be(t - 3);
        byte[] heads = sample.Masks(1)[0];
        foreach (int moved in (int[])[1, t - 3])
        {
            using SuffixForward after = suffix.After(moved);
            byte[] text = HeadMasks.Of(t, Enumerable.Range(moved, t - moved));
            double whole = suffix.Logits([new AblationMask(heads, text)])[0];
            after.Logits([new AblationMask(heads, HeadMasks.Full(t - moved))])[0].Should().BeApproximately(whole, 1e-5);
            after.MovableTokens.Should().Be(t - 3 - moved);
        }

        suffix.Invoking(s => s.After(t - 2)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Theory]
    [InlineData("packed", "float32", 1e-5)]
    [InlineData("torch", "float64", 1e-12)]
    public void Log_probabilities_of_a_continuation_are_those_of_full_passes_over_ever_longer_prompts(
        string linear,
        string compute,
        double tolerance
    )
    {
        using var sample = new Sample(linear, compute);
        int[] tokens = [17, TinyLlava.ImageTokenId, 40, 3, TinyLlava.Rows - 1];
        IReadOnlyList<double> found = sample.Intact.LogProbabilities(tokens);
        var full = new AblationMask(HeadMasks.Full(sample.Heads));
        for (int i = 0; i < tokens.Length; i++)
        {
            using var asked = new Asked(sample, new Measured.LogProbability(tokens[i]), tokens[..i]);
            using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), asked.Cache);
            // The intact run rounds its logits to float32
            double expected = asked.Naive.Logit(full, blocks, asked.Target);
            found[i].Should().BeApproximately(expected, Math.Max(tolerance, 1e-6));
        }

        sample.Intact.LogProbabilities([]).Should().BeEmpty();
        sample.Intact.LogProbabilities([17]).Should().Equal(found[0]);
        sample.Intact.Invoking(i => i.LogProbabilities([TinyLlava.Rows])).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void The_share_of_tokens_is_that_of_the_whole_mass_and_a_token_counts_once()
    {
        using var sample = new Sample("packed");
        LogSoftmax all = sample.Intact.Probabilities;
        double sum = sample.Intact.Logits.Sum(l => Math.Exp(l));
        all.Of(17).Should().BeApproximately(Math.Log(Math.Exp(sample.Intact.Logits[17]) / sum), 1e-12);
        all.ShareOf([17, 40, 17]).Should().BeApproximately(Math.Exp(all.Of(17)) + Math.Exp(all.Of(40)), 1e-12);
        all.ShareOf(Enumerable.Range(0, TinyLlava.Rows)).Should().BeApproximately(1, 1e-12);
        all.Invoking(a => a.Of(TinyLlava.Rows)).Should().Throw<ArgumentOutOfRangeException>();
        new LogSoftmax([1000, 999]).Of(0).Should().BeApproximately(-Math.Log(1 + Math.Exp(-1)), 1e-12);
    }

    [Fact]
    public void The_laws_of_check_hold_for_every_f()
    {
        using var sample = new Sample("packed");
        foreach (Measured what in Kinds)
        {
            using var asked = new Asked(sample, what);
            using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, asked.Cache);
            using var forward = new SuffixForward(asked.Cache, blocks, asked.Target);
            new AblationLaws(asked.Cache, asked.Naive, forward, blocks, asked.Target, 3)
                .Try()
                .Where(r => !r.Passed)
                .Should()
                .BeEmpty(Named(what));
        }
    }

    [Fact]
    public void What_is_measured_is_equal_by_its_tokens()
    {
        foreach (Measured what in Kinds)
        {
            Kinds.Count(other => other == what).Should().Be(1);
        }

        var sequence = new Measured.Sequence([1, 2]);
        new Measured.Sequence([.. new List<int> { 1, 2 }]).Should().Be(sequence);
        new Measured.Sequence([.. new List<int> { 1, 2 }]).GetHashCode().Should().Be(sequence.GetHashCode());
        sequence.Given.Should().Equal(1);
        Kinds.Select(k => k.Kind).Distinct().Should().BeEquivalentTo(Enum.GetValues<TargetKind>());
    }

    private static string Named(Measured what) => $"{what.Kind} of {string.Join(' ', what.Scored)}";

    /// <summary>A sample with what f needs behind its prompt, and another picture behind the same text.</summary>
    private sealed class Asked : IDisposable
    {
        private readonly PrefixCache other;

        public Asked(Sample sample, Measured what, IReadOnlyList<int>? before = null)
        {
            Target = sample.Model.Measure(what);
            IReadOnlyList<int> given = [.. before ?? [], .. what.Given];
            using ImageFeatures features = sample.Model.Features(TinyLlava.Noise(1)),
                others = sample.Model.Features(TinyLlava.Noise(9));
            PromptTokens prompt = sample.Model.Prompt("What?", features.Tokens).FollowedBy(given);
            Cache = PrefixCache.Compute(sample.Model, prompt, features);
            Naive = new NaiveForward(sample.Model, prompt, features);
            other = PrefixCache.Compute(sample.Model, sample.Model.Prompt("Why?", ImageTokens.OfCount(16)), others);
            Heads = sample.Heads;
        }

        public OutputMeasure Target { get; }

        public PrefixCache Cache { get; }

        public NaiveForward Naive { get; }

        public Baseline OtherPicture => new Baseline.Picture(other);

        private int Heads { get; }

        public AblationMask[] TokenMasks(int count) =>
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(i => new AblationMask(
                        HeadMasks.Draw(4, "heads", i, Heads, 0.3, MaskDraw.Bernoulli),
                        HeadMasks.Draw(4, "text", i, Cache.Prompt.SuffixLength, 0.3, MaskDraw.Bernoulli),
                        HeadMasks.Draw(4, "image", i, Cache.Prompt.ImageLength, 0.5, MaskDraw.Bernoulli)
                    )),
            ];

        public void Dispose()
        {
            Naive.Dispose();
            Cache.Dispose();
            other.Dispose();
        }
    }
}
