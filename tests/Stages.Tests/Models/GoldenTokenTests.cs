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
/// Token-level ablation as the stage token-trace runs it, on every golden case: text tokens that never see the image
/// are counted to the prefix.
/// </summary>
public sealed class GoldenTokenTests(ITestOutputHelper output)
{
    [GoldenTheory]
    [MemberData(nameof(GoldenModelTests.Cases), MemberType = typeof(GoldenModelTests))]
    public void Passes_after_the_first_ablated_text_tokens_equal_the_references_f_pair_to_1e_4(
        string name,
        string linear
    )
    {
        using var golden = new GoldenCase(Golden.Case(name));
        ModelInfo info = ModelInfo.Read(golden.ModelFolder);
        using VisionLanguageModel model = VisionLanguageModel.Load(
            golden.ModelFolder,
            Arithmetic.Resolve("cpu", "float32", linear, info.Stored),
            golden.Image
        );
        using ImageFeatures features = model.Features(golden.Picture(0));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        using var mean = new MeanKvAccumulator(info.Decoder, prompt.ImageLength, RopeOrder.After);
        for (int i = 1; i < golden.Images.Length; i++)
        {
            using ImageFeatures other = model.Features(golden.Picture(i));
            using PrefixCache otherCache = PrefixCache.Compute(model, prompt, other);
            mean.Add(otherCache);
        }

        using Baseline.Mean baseline = mean.ToBaseline();
        using BaselineBlocks blocks = BaselineBlocks.Of(baseline, cache);
        OutputMeasure target = model.Measure(new Measured.Logit(golden.Target, LogitMean.Rows));
        using var suffix = new SuffixForward(cache, blocks, target);
        double[] expected = golden.Doubles("f_pair");
        byte[][] heads = golden.Masks("pair_heads"),
            text = golden.Masks("pair_text"),
            image = golden.Masks("pair_image");
        int t = prompt.SuffixLength,
            moved = 0;
        double worst = 0,
            worstOfWhole = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            int first = 0;
            while (first < t - 1 && !HeadMasks.IsIntact(text[i], first))
            {
                first++;
            }

            // As drawn; and, so that many tokens move, with the first half ablated, against the pass over all text
            // tokens.
            worst = Math.Max(worst, Math.Abs(After(suffix, heads[i], text[i], image[i], first) - expected[i]));
            byte[] late = HeadMasks.Of(
                t,
                Enumerable.Range(t / 2, t - (t / 2)).Where(j => HeadMasks.IsIntact(text[i], j))
            );
            worstOfWhole = Math.Max(
                worstOfWhole,
                Math.Abs(
                    After(suffix, heads[i], late, image[i], t / 2)
                        - suffix.Logits([new AblationMask(heads[i], late, image[i])])[0]
                )
            );
            moved += first;
        }

        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}, {info.Family}, {linear}: f_pair {worst:0.0e0} ({moved} tokens moved), half moved "
                    + $"{worstOfWhole:0.0e0}"
            )
        );
        worst.Should().BeLessThanOrEqualTo(1e-4);
        worstOfWhole.Should().BeLessThanOrEqualTo(1e-4);
    }

    [GoldenTheory]
    [MemberData(nameof(GoldenModelTests.Cases), MemberType = typeof(GoldenModelTests))]
    public void A_grid_over_the_picture_has_no_more_tokens_than_the_image(string name, string linear)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        ModelInfo info = ModelInfo.Read(golden.ModelFolder);
        using VisionLanguageModel model = VisionLanguageModel.Load(
            golden.ModelFolder,
            Arithmetic.Resolve("cpu", "float32", linear, info.Stored),
            golden.Image
        );
        TokenGrid? grid = model.GridOf(golden.Picture(0));
        (grid is not null).Should().Be(info.Family.TokenGrid != TokenGridKind.None);
        if (grid is not null)
        {
            (grid.Rows * grid.Columns).Should().BeInRange(1, golden.ImageLength);
            (grid.Seen.Width % grid.Columns).Should().Be(0, "a token is a whole patch");
            (grid.Seen.Height % grid.Rows).Should().Be(0);
        }
    }

    private static double After(SuffixForward suffix, byte[] heads, byte[] text, byte[] image, int first)
    {
        using SuffixForward after = suffix.After(first);
        int left = after.TextTokens;
        return after.Logits([
            new AblationMask(
                heads,
                HeadMasks.Of(left, Enumerable.Range(0, left).Where(j => HeadMasks.IsIntact(text, first + j))),
                image
            ),
        ])[0];
    }
}
