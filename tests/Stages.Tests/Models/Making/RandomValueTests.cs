using System.Runtime.InteropServices;
using FluentAssertions;
using Pipelines.Models.Making;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Models.Making;

public sealed class RandomValueTests
{
    [Theory]
    [InlineData(torch.ScalarType.Float16)]
    [InlineData(torch.ScalarType.BFloat16)]
    public void Values_have_the_planned_mean_and_deviation_within_one_percent(torch.ScalarType stored)
    {
        float[] values = Values(new PlannedTensor("w", [1000, 200], 0.25, 0.5), stored, seed: 1);
        double mean = values.Average(),
            deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        mean.Should().BeApproximately(0.25, 0.005);
        deviation.Should().BeApproximately(0.5, 0.005);
        values.Min().Should().BeGreaterThan(0.25f - 0.8702f);
        values.Max().Should().BeLessThan(0.25f + 0.8702f);
    }

    [Fact]
    public void A_tensor_depends_on_seed_and_name_alone()
    {
        byte[] one = Bytes(new PlannedTensor("a", [777], 0, 1), torch.ScalarType.BFloat16, seed: 3);
        Bytes(new PlannedTensor("a", [777], 0, 1), torch.ScalarType.BFloat16, seed: 3).Should().Equal(one);
        Bytes(new PlannedTensor("a", [3_000_001], 0, 1), torch.ScalarType.BFloat16, seed: 3)
            .Should()
            .HaveCount(6_000_002)
            .And.StartWith(one);
        Bytes(new PlannedTensor("a", [777], 0, 1), torch.ScalarType.BFloat16, seed: 4).Should().NotEqual(one);
        Bytes(new PlannedTensor("b", [777], 0, 1), torch.ScalarType.BFloat16, seed: 3).Should().NotEqual(one);
    }

    [Fact]
    public void Chunks_of_a_large_tensor_do_not_repeat()
    {
        float[] values = Values(new PlannedTensor("w", [1 << 21], 0, 1), torch.ScalarType.BFloat16, seed: 0);
        double correlation = Enumerable.Range(0, 1 << 20).Average(i => (double)values[i] * values[i + (1 << 20)]);
        correlation.Should().BeApproximately(0, 0.005);
    }

    /// <summary>Seed 0 of these tensors for good: a changed generator would change every made model.</summary>
    [Fact]
    public void The_generator_stays_as_it_is() =>
        Convert
            .ToHexString(Bytes(new PlannedTensor("w", [8], 0, 1), torch.ScalarType.Float16, seed: 0))
            .Should()
            .Be("413163B97D3D32BDC1AFE4391C3BCB3E");

    private static byte[] Bytes(PlannedTensor tensor, torch.ScalarType stored, int seed)
    {
        using var stream = new MemoryStream();
        RandomValues.Write(tensor, stored, seed, stream);
        return stream.ToArray();
    }

    private static float[] Values(PlannedTensor tensor, torch.ScalarType stored, int seed) =>
        [
            .. MemoryMarshal
                .Cast<byte, ushort>(Bytes(tensor, stored, seed))
                .ToArray()
                .Select(b =>
                    stored == torch.ScalarType.Float16
                        ? (float)BitConverter.UInt16BitsToHalf(b)
                        : BitConverter.UInt32BitsToSingle((uint)b << 16)
                ),
        ];
}
