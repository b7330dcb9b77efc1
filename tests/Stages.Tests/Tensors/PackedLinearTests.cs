using FluentAssertions;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

public sealed class PackedLinearTests : IDisposable
{
    public PackedLinearTests() => TorchNative.Touch();

    public void Dispose() => PackedLinear.Threads = 0;

    private static readonly torch.ScalarType[] StoredTypes =
    [
        torch.ScalarType.BFloat16,
        torch.ScalarType.Float16,
        torch.ScalarType.Float32,
    ];

    /// <summary>Kernels that this processor can run.</summary>
    public static TheoryData<int> Tiles
    {
        get
        {
            var tiles = new TheoryData<int>();
            foreach (PackedTile tile in Enum.GetValues<PackedTile>().Where(t => t >= PackedKernels.Best))
            {
                tiles.Add((int)tile);
            }

            return tiles;
        }
    }

    [Theory]
    [MemberData(nameof(Tiles))]
    public void The_product_equals_a_naive_loop_to_2e_6_of_the_sum_of_magnitudes(int tile)
    {
        using var scope = torch.NewDisposeScope();
        var random = new Random(1);
        foreach (
            (int outFeatures, int inFeatures) in new[]
            {
                (1, 1),
                (7, 3),
                (16, 16),
                (32, 384),
                (33, 385),
                (70, 128),
                (50, 1000),
            }
        )
        {
            foreach (torch.ScalarType type in StoredTypes)
            {
                torch.Tensor w = Normal(random, outFeatures, inFeatures).mul(0.05).to(type),
                    b = Normal(random, outFeatures).to(type);
                double[] weights = Doubles(w),
                    shift = Doubles(b);
                using var layer = new PackedLinear(w, b, (PackedTile)tile);
                foreach (int rows in Enumerable.Range(0, 16).Concat([23, 29, inFeatures == 385 ? 330 : 31]))
                {
                    torch.Tensor x = Normal(random, rows, inFeatures);
                    double[] inputs = Doubles(x),
                        outputs = Doubles(layer.Forward(x));
                    outputs.Length.Should().Be(rows * outFeatures);
                    double worst = 0; // relative to the sum of magnitudes
                    for (int r = 0; r < rows; r++)
                    {
                        for (int o = 0; o < outFeatures; o++)
                        {
                            double sum = shift[o],
                                magnitude = Math.Abs(shift[o]);
                            for (int i = 0; i < inFeatures; i++)
                            {
                                double product = inputs[r * inFeatures + i] * weights[o * inFeatures + i];
                                sum += product;
                                magnitude += Math.Abs(product);
                            }

                            worst = Math.Max(worst, Math.Abs(outputs[r * outFeatures + o] - sum) / magnitude);
                        }
                    }

                    worst.Should().BeLessThan(2e-6, $"{type} [{outFeatures}, {inFeatures}], {rows} rows");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Tiles))]
    public void Every_float16_and_bfloat16_is_widened_exactly(int tile)
    {
        using var scope = torch.NewDisposeScope();
        foreach (torch.ScalarType type in new[] { torch.ScalarType.Float16, torch.ScalarType.BFloat16 })
        {
            ushort[] finite =
            [
                .. Enumerable
                    .Range(0, 65536)
                    .Select(b => (ushort)b)
                    .Where(b =>
                        type == torch.ScalarType.Float16
                            ? Math.Abs((float)BitConverter.UInt16BitsToHalf(b)) < 128
                            : IsNormalBFloat16(b)
                    ),
            ];
            float[] expected =
            [
                .. finite.Select(b =>
                    type == torch.ScalarType.Float16
                        ? (float)BitConverter.UInt16BitsToHalf(b)
                        : BitConverter.UInt32BitsToSingle((uint)b << 16)
                ),
            ];
            torch.Tensor w = FromBits(finite, type); // [n, 1]
            using var layer = new PackedLinear(w, null, (PackedTile)tile);
            torch.Tensor y = layer.Forward(torch.ones(1, 1)); // [1, n]
            y.data<float>().ToArray().Should().Equal(expected);
        }
    }

    [Theory]
    [MemberData(nameof(Tiles))]
    public void Weights_laid_out_by_whole_vectors_are_the_stored_ones_bit_by_bit(int tile)
    {
        using var scope = torch.NewDisposeScope();
        foreach (torch.ScalarType type in new[] { torch.ScalarType.Float16, torch.ScalarType.BFloat16 })
        {
            // All numbers of the type, subnormals and zeros included; whole panels, a part of one, and a ragged end
            ushort[] bits =
            [
                .. Enumerable
                    .Range(0, 65536)
                    .Select(b => (ushort)b)
                    .Where(b =>
                        type == torch.ScalarType.Float16
                            ? Math.Abs((float)BitConverter.UInt16BitsToHalf(b)) < 128
                            : IsNormalBFloat16(b)
                    ),
            ];
            const int inFeatures = 75;
            ushort[] whole = bits[..(bits.Length / inFeatures * inFeatures)];
            torch.Tensor w = FromBits(whole, type).view(-1, inFeatures);
            using var layer = new PackedLinear(w, null, (PackedTile)tile);
            torch.Tensor y = layer.Forward(torch.eye(inFeatures)); // [in, out]
            torch
                .equal(y.t().contiguous(), w.to(torch.ScalarType.Float32))
                .all()
                .item<bool>()
                .Should()
                .BeTrue($"{type}");
        }
    }

    [Fact]
    public void A_matrix_of_one_float16_too_large_for_a_code_is_kept_exactly_wherever_it_stands()
    {
        using var scope = torch.NewDisposeScope();
        var random = new Random(5);
        foreach (int place in new[] { 0, 64 * 70 + 3, (130 * 70) - 1 })
        {
            torch.Tensor w = Normal(random, 130, 70).to(torch.ScalarType.Float16);
            w.view(-1)[place] = torch.tensor(200f, torch.ScalarType.Float16);
            using var layer = new PackedLinear(w, null);
            torch
                .equal(layer.Forward(torch.eye(70)).t().contiguous(), w.to(torch.ScalarType.Float32))
                .all()
                .item<bool>()
                .Should()
                .BeTrue();
        }
    }

    [Fact]
    public void Float16_weights_of_128_and_more_are_kept_exactly_too()
    {
        using var scope = torch.NewDisposeScope();
        float[] values = [65504, -128, 1e-7f, 0, -65504, 3];
        torch.Tensor w = torch.tensor(values).view(6, 1).to(torch.ScalarType.Float16);
        using var layer = new PackedLinear(w, null);
        layer
            .Forward(torch.ones(2, 1))
            .data<float>()
            .ToArray()
            .Should()
            .Equal([.. Enumerable.Repeat(values.Select(v => (float)(Half)v), 2).SelectMany(v => v)]);
    }

    [Fact]
    public void A_rows_bits_depend_neither_on_the_batch_nor_on_threads_nor_on_the_kernel()
    {
        using var scope = torch.NewDisposeScope();
        var random = new Random(2);
        foreach (torch.ScalarType type in StoredTypes)
        {
            torch.Tensor w = Normal(random, 150, 1100).to(type),
                b = Normal(random, 150).to(type),
                x = Normal(random, 700, 1100);
            using var layer = new PackedLinear(w, b);
            PackedLinear.Threads = 1;
            float[] whole = layer.Forward(x).data<float>().ToArray();
            foreach (int threads in new[] { 2, 3, 8 })
            {
                PackedLinear.Threads = threads;
                layer.Forward(x).data<float>().ToArray().Should().Equal(whole);
            }

            foreach (
                (int first, int rows) in new[] { (0, 1), (699, 1), (3, 2), (40, 23), (100, 322), (5, 333), (650, 50) }
            )
            {
                layer
                    .Forward(x.narrow(0, first, rows))
                    .data<float>()
                    .ToArray()
                    .Should()
                    .Equal(whole[(first * 150)..((first + rows) * 150)]);
            }

            foreach (PackedTile tile in Enum.GetValues<PackedTile>().Where(t => t > PackedKernels.Best))
            {
                using var other = new PackedLinear(w, b, tile);
                other.Forward(x).data<float>().ToArray().Should().Equal(whole);
            }
        }
    }

    [Fact]
    public void Workers_side_by_side_get_the_same_bits_as_one_alone()
    {
        using var scope = torch.NewDisposeScope();
        var random = new Random(3);
        using var layer = new PackedLinear(Normal(random, 96, 128).to(torch.ScalarType.Float16), null);
        torch.Tensor[] inputs = [.. Enumerable.Range(0, 8).Select(i => Normal(random, 50 + i, 128))];
        float[][] alone = [.. inputs.Select(x => layer.Forward(x).data<float>().ToArray())];
        var together = new float[8][];
        Parallel.For(
            0,
            8,
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            i =>
            {
                PackedLinear.Threads = 1;
                for (int repeat = 0; repeat < 20; repeat++)
                {
                    using torch.Tensor y = layer.Forward(inputs[i]);
                    together[i] = y.data<float>().ToArray();
                }

                PackedLinear.Threads = 0;
            }
        );
        together.Should().BeEquivalentTo(alone, o => o.WithStrictOrdering());
    }

    [Fact]
    public void Any_leading_axes_and_any_strides_are_taken()
    {
        using var scope = torch.NewDisposeScope();
        var random = new Random(4);
        torch.Tensor w = Normal(random, 5, 6),
            x = Normal(random, 3, 6, 4);
        using var layer = new PackedLinear(w, null);
        torch.Tensor y = layer.Forward(x.transpose(1, 2)); // [3, 4, 5]
        y.shape.Should().Equal(3, 4, 5);
        (y - torch.nn.functional.linear(x.transpose(1, 2), w)).abs().max().item<float>().Should().BeLessThan(1e-5f);
        layer.Forward(x[0].select(1, 0)).shape.Should().Equal(5);
    }

    [Fact]
    public void A_wrong_input_is_refused_before_any_memory_is_touched()
    {
        using var scope = torch.NewDisposeScope();
        using var layer = new PackedLinear(torch.ones(4, 3), null);
        layer
            .Invoking(l => l.Forward(torch.ones(2, 4)))
            .Should()
            .Throw<InvalidOperationException>()
            .WithMessage("*[..., 3]*[2, 4]*");
        layer
            .Invoking(l => l.Forward(torch.ones(2, 3, torch.ScalarType.Float64)))
            .Should()
            .Throw<InvalidOperationException>();
        layer
            .Invoking(l => l.Forward(torch.ones(2, 3, requires_grad: true)))
            .Should()
            .Throw<InvalidOperationException>()
            .WithMessage("*gradient*");
        layer.Dispose();
        layer.Invoking(l => l.Forward(torch.ones(2, 3))).Should().Throw<ObjectDisposedException>();
    }

    private static bool IsNormalBFloat16(ushort bits) =>
        (bits & 0x7F80) is not 0x7F80 and not 0 || (bits & 0x7FFF) == 0;

    private static unsafe torch.Tensor FromBits(ushort[] bits, torch.ScalarType type)
    {
        fixed (ushort* start = bits)
        {
            using torch.Tensor there = TorchNative.FromMemory((nint)start, type, [bits.Length, 1]);
            return there.clone();
        }
    }

    private static double[] Doubles(torch.Tensor x) =>
        x.numel() == 0 ? [] : x.to(torch.ScalarType.Float64).data<double>().ToArray();

    internal static torch.Tensor Normal(Random random, params long[] shape)
    {
        float[] values =
        [
            .. Enumerable
                .Range(0, (int)shape.Aggregate(1L, (a, b) => a * b))
                .Select(_ => (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)),
        ];
        return torch.tensor(values).view(shape);
    }
}
