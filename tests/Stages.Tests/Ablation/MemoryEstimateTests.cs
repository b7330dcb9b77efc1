using FluentAssertions;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Models;
using Pipelines.Stages.Tensors;
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
        MemoryEstimate half = MemoryEstimate.Of(0, shape, new Arithmetic(torch.CPU, torch.ScalarType.Float16, LinearChoice.Torch), prompt, 32);
        MemoryEstimate single = MemoryEstimate.Of(7, shape, new Arithmetic(torch.CPU, torch.ScalarType.Float32, LinearChoice.Packed), prompt, 32);
        half.Picture.Should().Be(301_989_888 + (5 * 524_288));
        single.Picture.Should().Be(2 * half.Picture);
        single.Baseline.Should().Be(4 * 301_989_888L, "as read in float32 and as laid out in float32");
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
}
