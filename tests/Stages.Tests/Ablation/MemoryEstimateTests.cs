using FluentAssertions;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Models;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class MemoryEstimateTests
{
    [Fact]
    public void Keys_and_values_of_a_picture_are_those_of_the_published_table()
    {
        // models.md, section 0: LLaVA-1.5-7B holds 524,288 bytes a token in 16 bit, 301,989,888 for 576 image tokens
        TorchNative.Touch();
        var shape = new DecoderShape(32, 32, 32, 128, 4096, 11008, 32064, 1e-5, 1e4, null, false, false);
        var prompt = new PromptTokens("", [.. Enumerable.Repeat(1, 5 + 576 + 23)], 5, 576);
        MemoryEstimate half = MemoryEstimate.Of(
            0,
            shape,
            new Arithmetic(torch.CPU, torch.ScalarType.Float16, LinearChoice.Torch),
            prompt,
            32
        );
        MemoryEstimate single = MemoryEstimate.Of(
            7,
            shape,
            new Arithmetic(torch.CPU, torch.ScalarType.Float32, LinearChoice.Packed),
            prompt,
            32
        );
        half.Picture.Should().Be(301_989_888 + (5 * 524_288));
        single.Picture.Should().Be(2 * half.Picture);
        single.Baseline.Should().Be(2 * 301_989_888L, "in float32, once");
        single.Activations.Should().BeInRange(100_000_000, 1_000_000_000);
        single.Total.Should().Be(7 + single.Picture + single.Baseline + single.Activations);
    }

    [Fact]
    public void Held_weights_are_the_copies_that_were_made()
    {
        using var sample = new Sample("packed");
        long tensors = new FileInfo(Path.Combine(sample.Model.Info.Folder, "model.safetensors")).Length;
        sample.Model.WeightBytes.Should().BeInRange(tensors / 2, tensors);
    }

    public static TheoryData<string> Cases => [.. Golden.Cases()];

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Weights_told_by_the_headers_are_those_that_loading_holds(string folder)
    {
        using var golden = new Models.GoldenCase(folder);
        TorchNative.Touch();
        ModelInfo info = ModelInfo.Read(golden.ModelFolder);
        foreach (
            Arithmetic arithmetic in new[]
            {
                Arithmetic.Float32 with
                {
                    Linear = LinearChoice.Packed,
                },
                Arithmetic.Float32,
                Arithmetic.Float64,
            }
        )
        {
            using var model = VisionLanguageModel.Load(golden.ModelFolder, arithmetic, golden.Image);
            int blocks = VisionShape.Read(info, golden.ImageLength).Blocks;
            long told = HeldWeights.Read(info, arithmetic, blocks).Held;
            // Biases of linear layers are not in the model's own count
            ((double)told).Should().BeInRange(0.98 * model.WeightBytes, 1.1 * model.WeightBytes, "{0}", arithmetic);
        }
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Rows_of_the_tower_are_those_of_the_pixels(string folder)
    {
        using var golden = new Models.GoldenCase(folder);
        TorchNative.Touch();
        using var model = VisionLanguageModel.Load(golden.ModelFolder, Arithmetic.Float32, golden.Image);
        Pixels pixels = model.Preprocess(golden.Picture(0));
        VisionShape shape = VisionShape.Read(model.Info, golden.ImageLength);
        if (Known.IsQwen(model.Info.Family))
        {
            shape.Rows.Should().Be(pixels.Shape[0], "patches");
        }
        else if (model.Info.Family == Known.LlavaOnevision)
        {
            // a grid that is shrunk has the tokens of fewer tiles than were seen
            shape.Tiles.Should().BeInRange(2, pixels.Shape[0] + 2);
        }
        else
        {
            shape
                .Tiles.Should()
                .BeInRange(
                    pixels.Shape[0],
                    pixels.Shape[0] + 2,
                    "tiles and the thumbnail; LLaVA-NeXT's are counted from its tokens"
                );
        }
    }

    [Fact]
    public void A_stage_needs_more_with_more_at_a_time_and_gradients_widen_a_product()
    {
        TorchNative.Touch();
        PassShape shape = SevenBillion();
        long weights = 14_000_000_000;
        StageMemory one = StageMemory.OfMasks(shape, weights, 1, meanBaseline: true, readsAttention: false),
            two = StageMemory.OfMasks(shape, weights, 2, meanBaseline: true, readsAttention: false);
        one.Total.Should().BeInRange(15_500_000_000, 16_500_000_000);
        one.WithThreads(64).Total.Should().BeGreaterThan(one.Total);
        (two.Total - one.Total)
            .Should()
            .BeInRange(600_000_000, 2_000_000_000, "keys and values of a picture, and activations");
        one.Parts[0].Should().Be(new MemoryPart("weights", weights));
        StageMemory
            .OfMasks(shape, weights, 1, meanBaseline: false, readsAttention: false)
            .Total.Should()
            .BeLessThan(one.Total - 600_000_000);
        StageMemory
            .OfGradients(
                shape with
                {
                    Arithmetic = shape.Arithmetic with { Linear = LinearChoice.Torch },
                },
                weights,
                1,
                meanBaseline: true
            )
            .Total.Should()
            .BeGreaterThan(weights + (4L * shape.Decoder.Hidden * shape.Decoder.Intermediate));
        StageMemory
            .OfBaseline(shape, weights)
            .Total.Should()
            .BeInRange(weights + (8 * 151_000_000L), 16_700_000_000, "sums in double");
        StageMemory
            .OfCheck(shape, weights, meanBaseline: true)
            .Total.Should()
            .BeGreaterThan(one.Total + 600_000_000, "a law turns keys and values round");
    }

    [Fact]
    public void A_mask_of_the_7B_model_costs_what_the_readme_says_of_it()
    {
        TorchNative.Touch();
        PassShape shape = SevenBillion();
        (shape.LayerParameters / 1e9).Should().BeApproximately(6.48, 0.01);
        (10_000 * shape.MaskOperations / 200e9 / 3600)
            .Should()
            .BeApproximately(4.2, 0.2, "hours for 10,000 masks at 200 GFLOP/s");
        shape
            .PictureOperations.Should()
            .BeGreaterThan(20 * shape.MaskOperations, "581 tokens instead of 23, and the tower");
    }

    private static PassShape SevenBillion() =>
        new(
            new DecoderShape(32, 32, 32, 128, 4096, 11008, 32064, 1e-5, 1e4, null, false, false),
            new VisionShape(23, 1024, 4096, 1, 577),
            new Arithmetic(torch.CPU, torch.ScalarType.Float32, LinearChoice.Packed),
            5,
            576,
            23
        );
}
