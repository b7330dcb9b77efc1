using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
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
