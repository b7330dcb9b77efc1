using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// Answer tokens that are given before the measured one, on every golden case: they are suffix tokens as those of the
/// question are.
/// </summary>
public sealed class GoldenTargetTests
{
    private const double Tolerance = 2e-4;

    [GoldenTheory]
    [MemberData(nameof(GoldenModelTests.Cases), MemberType = typeof(GoldenModelTests))]
    public void Behind_given_tokens_the_intact_run_says_the_next_of_the_references_greedy_answer(
        string name,
        string linear
    )
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel model = Load(golden, linear);
        using ImageFeatures features = model.Features(golden.Picture(0));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        for (int given = 0; given < golden.Generated.Length; given++)
        {
            using PrefixCache cache = PrefixCache.Compute(
                model,
                prompt.FollowedBy([.. golden.Generated.Take(given)]),
                features
            );
            using IntactRun intact = IntactRun.Compute(cache);
            cache.Prompt.SuffixLength.Should().Be(prompt.SuffixLength + given);
            intact.Target.Should().Be(golden.Generated[given], $"{given} tokens are given");
        }
    }

    [GoldenTheory]
    [MemberData(nameof(GoldenModelTests.Cases), MemberType = typeof(GoldenModelTests))]
    public void Given_tokens_are_ablated_as_in_the_reference(string name, string linear)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        if (golden.Field("sequence_tokens") is not { } listed)
        {
            return; // the micro model's answers have one token
        }

        int[] sequence = [.. listed.EnumerateArray().Select(e => e.GetInt32())];
        using VisionLanguageModel model = Load(golden, linear);
        using ImageFeatures features = model.Features(golden.Picture(0));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        using Baseline.Mean mean = MeanOf(golden, model, prompt);
        AblationMask[] masks = [.. golden.Masks("masks").Select(heads => new AblationMask(heads))];
        double[] logProbabilities = new double[masks.Length];
        for (int given = 0; given < sequence.Length; given++)
        {
            PromptTokens longer = prompt.FollowedBy([.. sequence.Take(given)]);
            using PrefixCache cache = PrefixCache.Compute(model, longer, features);
            using BaselineBlocks blocks = BaselineBlocks.Of(mean, cache);
            using var naive = new NaiveForward(model, longer, features);
            using var suffix = new SuffixForward(
                cache,
                blocks,
                model.Measure(new Measured.Logit(sequence[given], LogitMean.Rows))
            );
            double[] fast = suffix.Logits(masks);
            for (int i = 0; i < masks.Length; i++)
            {
                double[] logits = [.. naive.Logits(masks[i], blocks).Select(l => (double)l)];
                logProbabilities[i] += LogProbability(logits, sequence[given]);
                fast[i]
                    .Should()
                    .BeApproximately(
                        logits[sequence[given]] - logits.Average(),
                        Tolerance,
                        $"{given} tokens are given under mask {i}"
                    );
            }
        }

        double[] expected = golden.Doubles("f_sequence");
        logProbabilities
            .Zip(expected, (a, b) => Math.Abs(a - b))
            .Max()
            .Should()
            .BeLessThanOrEqualTo(sequence.Length * Tolerance);
    }

    [GoldenTheory]
    [MemberData(nameof(GoldenModelTests.Cases), MemberType = typeof(GoldenModelTests))]
    public void Every_f_equals_the_naive_twin_under_head_and_token_masks(string name, string linear)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel model = Load(golden, linear);
        using ImageFeatures features = model.Features(golden.Picture(0)),
            others = model.Features(golden.Picture(1));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        using Baseline.Mean mean = MeanOf(golden, model, prompt);
        using PrefixCache other = PrefixCache.Compute(model, prompt, others);
        int image = golden.InputIds[golden.ImageStart]; // behind the prompt it is text
        Measured[] all =
        [
            new Measured.LogitDifference(golden.Target, golden.Generated[^1]),
            new Measured.LogProbability(golden.Target),
            new Measured.Probability(golden.Target),
            new Measured.Sequence([golden.Target, image, golden.Target, image]),
        ];
        foreach (var alike in all.GroupBy(what => what.Given.Count)) // read of the same passes
        {
            PromptTokens longer = prompt.FollowedBy(alike.First().Given);
            using PrefixCache cache = PrefixCache.Compute(model, longer, features);
            using var naive = new NaiveForward(model, longer, features);
            AblationMask[] masks =
            [
                .. golden.Masks("masks").Take(4).Select(heads => new AblationMask(heads)),
                .. golden
                    .Masks("pair_heads")
                    .Zip(golden.Masks("pair_image"))
                    .Select(
                        (m, i) =>
                            new AblationMask(
                                m.First,
                                HeadMasks.Draw(7, name, i, longer.SuffixLength, 0.3, MaskDraw.Bernoulli),
                                m.Second
                            )
                    )
                    .Take(3),
            ];
            foreach (Baseline baseline in (Baseline[])[mean, new Baseline.Knockout(), new Baseline.Picture(other)])
            {
                using var scope = torch.NewDisposeScope();
                using var noGradient = torch.no_grad();
                using BaselineBlocks blocks = BaselineBlocks.Of(baseline, cache);
                torch.Tensor[] states = [.. masks.Select(mask => naive.States(mask, blocks))];
                foreach (Measured what in alike)
                {
                    OutputMeasure target = model.Measure(what);
                    using var suffix = new SuffixForward(cache, blocks, target);
                    suffix
                        .Logits(masks)
                        .Zip(states, (f, last) => Math.Abs(f - naive.Logit(last, target)))
                        .Max()
                        .Should()
                        .BeLessThanOrEqualTo(1e-4, $"{what.Kind}, {baseline.GetType().Name}");
                }
            }
        }
    }

    [GoldenTheory]
    [MemberData(nameof(GoldenModelTests.Cases), MemberType = typeof(GoldenModelTests))]
    public void Log_probabilities_of_the_references_sequences_are_those_of_the_intact_pass(string name, string linear)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel model = Load(golden, linear);
        using ImageFeatures features = model.Features(golden.Picture(0));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        using IntactRun intact = IntactRun.Compute(cache);
        float[] logits = golden.Floats("logits");
        intact
            .LogProbabilities([golden.Target])[0]
            .Should()
            .BeApproximately(LogProbability([.. logits.Select(l => (double)l)], golden.Target), 1e-4);
        foreach (string listed in (string[])["generated", "sequence_tokens", "sequence_other_tokens"])
        {
            if (golden.Tokens(listed) is not { Length: > 0 } tokens)
            {
                continue;
            }

            var what = new Measured.Sequence(tokens);
            PromptTokens longer = prompt.FollowedBy(what.Given);
            using var naive = new NaiveForward(model, longer, features);
            using PrefixCache longerCache = PrefixCache.Compute(model, longer, features);
            using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), longerCache);
            var full = new AblationMask(HeadMasks.Full(model.Info.TotalHeads));
            intact
                .LogProbabilities(tokens)
                .Sum()
                .Should()
                .BeApproximately(naive.Logit(full, blocks, model.Measure(what)), 1e-4, listed);
        }
    }

    private static VisionLanguageModel Load(GoldenCase golden, string linear) =>
        VisionLanguageModel.Load(
            golden.ModelFolder,
            Arithmetic.Resolve("cpu", "float32", linear, ModelInfo.Read(golden.ModelFolder).Stored),
            golden.Image
        );

    private static Baseline.Mean MeanOf(GoldenCase golden, VisionLanguageModel model, PromptTokens prompt)
    {
        using var mean = new MeanKvAccumulator(model.Decoder.Shape, prompt.ImageLength, RopeOrder.After);
        for (int i = 1; i < golden.Images.Length; i++)
        {
            using ImageFeatures other = model.Features(golden.Picture(i));
            using PrefixCache cache = PrefixCache.Compute(model, prompt, other);
            mean.Add(cache);
        }

        return mean.ToBaseline();
    }

    private static double LogProbability(double[] logits, int token)
    {
        double most = logits.Max();
        return logits[token] - most - Math.Log(logits.Sum(l => Math.Exp(l - most)));
    }
}
