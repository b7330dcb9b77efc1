using System.Globalization;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// Every golden case of every family, step by step, with both kinds of linear layers. Run by the folder that GOLDEN
/// names.
/// </summary>
public sealed class GoldenModelTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (string folder in Golden.Cases())
        {
            foreach (string linear in (string[])["torch", "packed"])
            {
                data.Add(Golden.NameOf(folder), linear);
            }
        }

        return data;
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Keys_and_values_of_the_image_are_the_same_bits_whatever_is_asked(string name, string linear)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        ModelInfo info = ModelInfo.Read(golden.ModelFolder);
        using VisionLanguageModel model = VisionLanguageModel.Load(
            golden.ModelFolder,
            Arithmetic.Resolve("cpu", "float32", linear, info.Stored),
            golden.Image
        );
        using ImageFeatures features = model.Features(golden.Picture(0));
        (float[] Keys, float[] Values) Of(string question)
        {
            using PrefixCache cache = PrefixCache.Compute(model, model.Prompt(question, features.Tokens), features);
            return (PerLayer(cache, block => block.KeysByToken()), PerLayer(cache, block => block.Values));
        }

        var (keys, values) = Of(golden.Question);
        foreach (string prompt in (string[])["default", "p5"])
        {
            var (otherKeys, otherValues) = Of(Pipelines.Spec.Prompts.Resolve(prompt));
            otherKeys.AsSpan().SequenceEqual(keys).Should().BeTrue();
            otherValues.AsSpan().SequenceEqual(values).Should().BeTrue();
        }
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void A_model_equals_the_reference_to_1e_4(string name, string linear)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        var worst = new Worst();
        ModelInfo info = ModelInfo.Read(golden.ModelFolder);
        using VisionLanguageModel model = VisionLanguageModel.Load(
            golden.ModelFolder,
            Arithmetic.Resolve("cpu", "float32", linear, info.Stored),
            golden.Image
        );

        // picture and prompt
        worst.Add("pixel_values", model.Preprocess(golden.Picture(0)).Values, golden.Floats("pixel_values"));
        using ImageFeatures features = model.Features(golden.Picture(0));
        worst.Add("image_features", Values(features.Features), golden.Floats("image_features"));
        if (golden.Has("deepstack_features"))
        {
            worst.Add(
                "deepstack_features",
                [.. features.DeepStack.SelectMany(Values)],
                golden.Floats("deepstack_features")
            );
        }

        features.Tokens.Should().Be(model.TokensOf(golden.Picture(0).Width, golden.Picture(0).Height));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        prompt.Ids.Should().Equal(golden.InputIds);
        prompt.ImageStart.Should().Be(golden.ImageStart);
        prompt.ImageLength.Should().Be(golden.ImageLength);
        golden.Prompt.Should().EndWith(model.PromptText(golden.Question));
        if (golden.Field("rope_positions") is { } positions)
        {
            model
                .Positions(prompt, features.Tokens)
                .Axes.Should()
                .BeEquivalentTo(
                    positions.EnumerateArray().Select(axis => axis.EnumerateArray().Select(e => e.GetInt64())),
                    o => o.WithStrictOrdering()
                );
        }

        // the intact run
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        worst.Add("keys", PerLayer(cache, block => block.KeysByToken()), golden.Floats("keys"));
        worst.Add("values", PerLayer(cache, block => block.Values), golden.Floats("values"));
        using IntactRun intact = IntactRun.Compute(cache);
        worst.Add("logits", [.. intact.Logits], golden.Floats("logits"));
        worst.Add(
            "image_attention",
            [.. intact.ImageAttention().Cast<double>().Select(a => (float)a)],
            golden.Floats("image_attention")
        );
        intact.Target.Should().Be(golden.Target);
        intact.Generate(golden.Generated.Length, model.EndTokens).Should().Equal(golden.Generated);
        if (golden.Field("answer") is { } answer)
        {
            model.Answer(golden.Generated).Should().Be(answer.GetString()!.Trim());
        }

        // baselines
        using var mean = new MeanKvAccumulator(info.Decoder, prompt.ImageLength, RopeOrder.After);
        for (int i = 1; i < golden.Images.Length; i++)
        {
            using ImageFeatures other = model.Features(golden.Picture(i));
            using PrefixCache otherCache = PrefixCache.Compute(model, prompt, other);
            mean.Add(otherCache);
        }

        using Baseline.Mean meanKv = mean.ToBaseline();
        worst.Add("mean_keys", Values(meanKv.Keys), golden.Floats("mean_keys"));
        worst.Add("mean_values", Values(meanKv.Values), golden.Floats("mean_values"));

        // ablated logits
        OutputMeasure target = model.Measure(new Measured.Logit(golden.Target, LogitMean.Rows));
        foreach (
            (string tensor, Baseline baseline) in ((string, Baseline)[])
                [("f_mean", meanKv), ("f_zero", new Baseline.Zero()), ("f_knockout", new Baseline.Knockout())]
        )
        {
            using BaselineBlocks blocks = BaselineBlocks.Of(baseline, cache);
            using var suffix = new SuffixForward(cache, blocks, target);
            worst.Add(tensor, suffix.Logits(golden.Masks("masks")), golden.Doubles(tensor));
            if (ReferenceEquals(baseline, meanKv))
            {
                worst.Add("f_intact", [suffix.Intact], [golden.Intact]);
                worst.Add("f_ablated", suffix.Logits([HeadMasks.None(info.TotalHeads)]), [golden.Ablated]);
                AblationMask[] pairs =
                [
                    .. golden
                        .Masks("pair_heads")
                        .Zip(golden.Masks("pair_text"), golden.Masks("pair_image"))
                        .Select(m => new AblationMask(m.First, m.Second, m.Third)),
                ];
                worst.Add("f_pair", suffix.Logits(pairs), golden.Doubles("f_pair"));
            }
        }

        if (golden.Has("f_difference")) // the micro model's answers have one token, and its figures no other kinds
        {
            AddOtherKinds(worst, golden, model, features, meanKv);
        }

        output.WriteLine($"{name}, {info.Family}, {linear}: largest error {worst}");
        worst.Errors.Should().OnlyContain(e => e.Value <= Tolerance);
    }

    /// <summary>All that f can be besides the adjusted logit, and another picture in the place of the mean.</summary>
    private static void AddOtherKinds(
        Worst worst,
        GoldenCase golden,
        VisionLanguageModel model,
        ImageFeatures features,
        Baseline.Mean mean
    )
    {
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        double[] Of(Measured what, Func<PrefixCache, BaselineBlocks> baseline)
        {
            using PrefixCache cache = PrefixCache.Compute(model, prompt.FollowedBy(what.Given), features);
            using BaselineBlocks blocks = baseline(cache);
            using var suffix = new SuffixForward(cache, blocks, model.Measure(what));
            return suffix.Logits(golden.Masks("masks"));
        }

        foreach (
            (string tensor, Measured what) in ((string, Measured)[])
                [
                    (
                        "f_difference",
                        new Measured.LogitDifference(golden.Target, golden.Field("counter_token")!.Value.GetInt32())
                    ),
                    ("f_log_prob", new Measured.LogProbability(golden.Target)),
                    ("f_sequence", new Measured.Sequence(golden.Tokens("sequence_tokens"))),
                    ("f_sequence_other", new Measured.Sequence(golden.Tokens("sequence_other_tokens"))),
                ]
        )
        {
            worst.Add(tensor, Of(what, cache => BaselineBlocks.Of(mean, cache)), golden.Doubles(tensor));
        }

        double[] probabilities = Of(new Measured.Probability(golden.Target), cache => BaselineBlocks.Of(mean, cache));
        worst.Add("exp(f_log_prob)", probabilities, [.. golden.Doubles("f_log_prob").Select(Math.Exp)]);

        using ImageFeatures other = model.Features(golden.Picture(1));
        using PrefixCache otherCache = PrefixCache.Compute(model, prompt, other);
        worst.Add(
            "f_counterfactual",
            Of(new Measured.Logit(golden.Target, LogitMean.Rows), cache =>
                BaselineBlocks.Of(new Baseline.Picture(otherCache), cache)
            ),
            golden.Doubles("f_counterfactual")
        );
    }

    private static float[] Values(TorchSharp.torch.Tensor tensor) => tensor.contiguous().data<float>().ToArray();

    private static float[] PerLayer(PrefixCache cache, Func<KeyValueBlock, TorchSharp.torch.Tensor> part) =>
        [.. Enumerable.Range(0, cache.Decoder.Shape.Layers).SelectMany(layer => Values(part(cache.Image(layer))))];

    /// <summary>Largest absolute difference of each quantity.</summary>
    private sealed class Worst
    {
        public Dictionary<string, double> Errors { get; } = [];

        public void Add(string quantity, float[] found, float[] expected) =>
            Add(quantity, [.. found.Select(x => (double)x)], [.. expected.Select(x => (double)x)]);

        public void Add(string quantity, double[] found, double[] expected)
        {
            found.Length.Should().Be(expected.Length, quantity);
            double largest = found.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
            Errors[quantity] = double.IsNaN(largest) ? double.PositiveInfinity : largest;
        }

        public override string ToString() =>
            string.Join(
                ", ",
                Errors.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Key} {e.Value:0.0e0}"))
            );
    }
}
