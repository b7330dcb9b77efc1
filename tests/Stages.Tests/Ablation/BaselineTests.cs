using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Models;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class BaselineTests
{
    [Fact]
    public void The_mean_of_one_picture_is_its_own_and_ablating_to_it_changes_nothing()
    {
        using var sample = new Sample("packed");
        using var sum = new MeanKvAccumulator(sample.Shape, sample.Cache.Prompt.ImageLength, RopeOrder.After);
        sum.Add(sample.Cache);
        using Baseline.Mean own = sum.ToBaseline();
        using BaselineBlocks blocks = BaselineBlocks.Of(own, sample.Cache);
        using var suffix = new SuffixForward(sample.Cache, blocks, sample.Target);
        suffix.Logits([HeadMasks.None(sample.Heads), .. sample.Masks(5)]).Should().AllBeEquivalentTo(suffix.Intact);
    }

    [Fact]
    public void Averaging_before_and_after_rotary_agree_to_1e_5_where_positions_are_fixed()
    {
        using var sample = new Sample("packed");
        using var before = new MeanKvAccumulator(sample.Shape, sample.Cache.Prompt.ImageLength, RopeOrder.Before);
        for (int seed = 2; seed < 5; seed++)
        {
            (PrefixCache cache, NaiveForward naive) = sample.Of(TinyLlava.Noise(seed), "What?");
            before.Add(cache);
            cache.Dispose();
            naive.Dispose();
        }

        before.Count.Should().Be(3);
        using Baseline.Mean unrotated = before.ToBaseline();
        using BaselineBlocks a = BaselineBlocks.Of(sample.Mean, sample.Cache),
            b = BaselineBlocks.Of(unrotated, sample.Cache);
        for (int layer = 0; layer < sample.Shape.Layers; layer++)
        {
            using torch.Tensor difference = (a.Image(layer)!.KeysTransposed - b.Image(layer)!.KeysTransposed).abs();
            difference.max().item<float>().Should().BeLessThan(1e-5f);
        }

        using torch.Tensor moved = (unrotated.Keys - sample.Mean.Keys).abs();
        moved.max().item<float>().Should().BeGreaterThan(0.1f, "un-rotated keys are other keys");
    }

    [Fact]
    public void A_baseline_file_gives_back_its_baseline_and_the_same_bytes()
    {
        using var sample = new Sample("packed");
        string path = Path.GetTempFileName();
        try
        {
            foreach (
                Baseline baseline in Sample
                    .AllBaselines(sample.Mean)
                    .Append(sample.Mean with { Average = RopeOrder.Before })
            )
            {
                byte[] bytes = Bytes(baseline);
                File.WriteAllBytes(path, bytes);
                using Baseline read = BaselineFile.Read(path);
                read.Should().BeOfType(baseline.GetType());
                read.ImageLength.Should().Be(baseline.ImageLength);
                (read as Baseline.Mean)?.Average.Should().Be(((Baseline.Mean)baseline).Average);
                Bytes(read).Should().Equal(bytes);
            }

            File.WriteAllBytes(path, Bytes(sample.Mean)[..^9]);
            FluentActions
                .Invoking(() => BaselineFile.Read(path))
                .Should()
                .Throw<InputException>()
                .WithMessage($"*{path}*");
        }
        finally
        {
            File.Delete(path);
        }

        static byte[] Bytes(Baseline baseline)
        {
            using var stream = new MemoryStream();
            BaselineFile.Write(baseline, stream);
            return stream.ToArray();
        }
    }

    [Fact]
    public void Another_pictures_keys_and_values_stand_in_for_the_images_without_a_copy_and_outlive_the_blocks()
    {
        using var sample = new Sample("packed");
        (PrefixCache other, NaiveForward naive) = sample.Of(TinyLlava.Noise(9), "Why?");
        BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Picture(other), sample.Cache),
            back = BaselineBlocks.Of(new Baseline.Picture(sample.Cache), other),
            self = BaselineBlocks.Of(new Baseline.Picture(sample.Cache), sample.Cache);
        blocks.Image(1).Should().BeSameAs(other.Image(1));
        back.Image(1).Should().BeSameAs(sample.Cache.Image(1));
        using (var suffix = new SuffixForward(sample.Cache, self, sample.Target))
        {
            suffix.Logits([HeadMasks.None(sample.Heads), .. sample.Masks(5)]).Should().AllBeEquivalentTo(suffix.Intact);
        }

        blocks.Dispose();
        back.Dispose();
        self.Dispose();
        using BaselineBlocks again = BaselineBlocks.Of(new Baseline.Picture(other), sample.Cache);
        using var forward = new SuffixForward(sample.Cache, again, sample.Target);
        forward.Logits([HeadMasks.None(sample.Heads)])[0].Should().NotBeApproximately(forward.Intact, 1e-2);
        naive.Dispose();
        other.Dispose();
    }

    [Fact]
    public void A_picture_of_another_model_or_of_other_positions_is_refused_with_the_reason()
    {
        using var sample = new Sample("packed");
        using var torchs = new Sample("torch");
        Refused(sample.Cache, torchs.Cache, "*another model's*");

        using ImageFeatures features = sample.Model.Features(TinyLlava.Noise(9));
        PromptTokens prompt = sample.Cache.Prompt;
        using PrefixCache later = PrefixCache.Compute(
            sample.Model,
            prompt with
            {
                Ids = [.. prompt.Ids.Take(1), .. prompt.Ids],
                ImageStart = prompt.ImageStart + 1,
            },
            features
        );
        Refused(sample.Cache, later, "*other positions*");

        using torch.Tensor nine = features.Features.narrow(0, 0, 9);
        PromptTokens shorter = prompt with
        {
            Ids = [.. prompt.Ids.Take(prompt.ImageStart + 9), .. prompt.SuffixIds],
            ImageLength = 9,
        };
        using PrefixCache few = PrefixCache.Compute(
            sample.Model.Decoder,
            shorter,
            TokenPositions.Sequential(shorter.Length),
            nine
        );
        Refused(sample.Cache, few, "*9 image tokens, this one 16*");
        new Baseline.Picture(sample.Cache).Unfit(sample.Cache).Should().BeNull();

        static void Refused(PrefixCache cache, PrefixCache other, string reason) =>
            FluentActions
                .Invoking(() => BaselineBlocks.Of(new Baseline.Picture(other), cache))
                .Should()
                .Throw<ArgumentException>()
                .WithMessage(reason);
    }

    [GoldenFact]
    public void A_picture_of_the_same_number_of_tokens_in_another_grid_is_refused_where_positions_follow_the_grid()
    {
        using var golden = new GoldenCase(Golden.Case("small-qwen2vl"));
        using VisionLanguageModel model = VisionLanguageModel.Load(
            golden.ModelFolder,
            Arithmetic.Float32,
            golden.Image
        );
        using ImageFeatures features = model.Features(golden.Picture(0));
        PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
        var turned = new ImageTokens(features.Tokens.Tokens, features.Tokens.Columns, features.Tokens.Rows);
        turned.Should().NotBe(features.Tokens, "a square would prove nothing");
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features),
            other = PrefixCache.Compute(model, prompt, features with { Tokens = turned });
        new Baseline.Picture(other).Unfit(cache).Should().Contain("grids differ");
    }

    [Fact]
    public void A_mean_over_another_number_of_image_tokens_is_refused()
    {
        using var sample = new Sample("packed");
        using var other = new Baseline.Mean(
            sample.Mean.Keys.narrow(2, 0, 9),
            sample.Mean.Values.narrow(2, 0, 9),
            RopeOrder.After
        );
        FluentActions.Invoking(() => BaselineBlocks.Of(other, sample.Cache)).Should().Throw<ArgumentException>();
    }
}
