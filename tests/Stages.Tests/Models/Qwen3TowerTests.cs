using FluentAssertions;
using Pipelines.Models.Families.Qwen3Vl;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Tensors;
using Xunit;
using static TorchSharp.torch;

namespace Pipelines.Stages.Tests.Models;

/// <summary>Qwen3-VL's learned positions and DeepStack, by their definitions.</summary>
public sealed class Qwen3TowerTests : IDisposable
{
    private const int Hidden = 12;

    private static readonly Qwen3VisionShape Shape = new(
        Depth: 4,
        Width: 16,
        Heads: 2,
        Intermediate: 20,
        new QwenPatch(2, 2, 2),
        Positions: 5,
        DeepStack: [0, 1, 3],
        RotaryTheta: 10000
    );

    private readonly TemporaryFolder folder = new();
    private readonly Checkpoint checkpoint;
    private readonly Weights weights;

    public Qwen3TowerTests()
    {
        TorchNative.Touch();
        RandomTensors.Write(folder, Qwen3Vision.Expected("model.visual", Shape, Hidden));
        checkpoint = Checkpoint.Open(folder.Path);
        weights = Weights.Of(checkpoint, Arithmetic.Float64);
    }

    public void Dispose()
    {
        weights.Dispose();
        checkpoint.Dispose();
        folder.Dispose();
    }

    /// <summary>Grids smaller and larger than the table, of other proportions, and of one merged row.</summary>
    [Theory]
    [InlineData(5, 10, 14)]
    [InlineData(48, 28, 28)]
    [InlineData(6, 2, 40)]
    [InlineData(7, 4, 6)]
    [InlineData(1, 4, 4)]
    public void Positions_are_read_between_the_tables_nearest_four_corner_to_corner_to_1e_5(
        int side,
        int rows,
        int columns
    )
    {
        using var scope = NewDisposeScope();
        Tensor table = rand(side * side, 3, dtype: ScalarType.Float64, generator: new Generator(1));
        var geometry = new QwenGeometry(columns * 16, rows * 16, columns, rows, 2);
        double[,] entries = new double[side * side, 3];
        for (int i = 0; i < side * side; i++)
        {
            for (int k = 0; k < 3; k++)
            {
                entries[i, k] = table[i, k].item<double>();
            }
        }

        double[] expected =
        [
            .. geometry
                .MergeOrder()
                .SelectMany(at =>
                    Enumerable
                        .Range(0, 3)
                        .Select(k => Between(entries, side, Along(at.Row, rows), Along(at.Column, columns), k))
                ),
        ];
        double[] found = Qwen3Positions.Of(table, side, geometry).contiguous().data<double>().ToArray();
        found.Zip(expected, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-5);

        double Along(int i, int count) => (double)i * (side - 1) / (count - 1);
    }

    [Fact]
    public void The_corners_of_a_picture_have_the_tables_corners()
    {
        using var scope = NewDisposeScope();
        Tensor table = arange(25, dtype: ScalarType.Float64).view(25, 1);
        var geometry = new QwenGeometry(96, 64, 6, 4, 2);
        double[] found = Qwen3Positions.Of(table, 5, geometry).contiguous().data<double>().ToArray();
        (int Row, int Column)[] at = [.. geometry.MergeOrder()];
        found[Array.IndexOf(at, (0, 0))].Should().Be(0);
        found[Array.IndexOf(at, (0, 5))].Should().Be(4);
        found[Array.IndexOf(at, (3, 0))].Should().Be(20);
        found[Array.IndexOf(at, (3, 5))].Should().Be(24);
    }

    [Fact]
    public void Each_block_named_gives_features_by_its_own_merger_in_the_order_of_the_blocks()
    {
        using var scope = NewDisposeScope();
        var geometry = new QwenGeometry(12, 8, 6, 4, 2);
        Tensor pixels = randn(24, 24, dtype: ScalarType.Float64, generator: new Generator(3));
        IReadOnlyList<Tensor> Deep(params int[] blocks) =>
            new Qwen3Vision(weights.Sub("model.visual"), Shape with { DeepStack = blocks }, Hidden)
                .Forward(pixels, geometry)
                .DeepStack;

        IReadOnlyList<Tensor> all = Deep(0, 1, 3);
        all.Should().HaveCount(3).And.OnlyContain(t => t.shape[0] == 6 && t.shape[1] == Hidden);
        Same(all[0], all[1]).Should().BeFalse();
        IReadOnlyList<Tensor> reached = Deep(0, 9, 3);
        reached.Should().HaveCount(2, "the tower has no block 9");
        Same(reached[0], all[0]).Should().BeTrue();
        Same(reached[1], all[2]).Should().BeTrue();
        Same(Deep(1, 0)[1], all[1]).Should().BeFalse("block 1 is looked at by the first merger here");
        Same(Deep(1, 0)[0], all[0]).Should().BeFalse("block 0 comes first, by the second merger");
        Deep().Should().BeEmpty();
    }

    private static bool Same(Tensor a, Tensor b) => a.allclose(b, rtol: 1e-9, atol: 1e-9);

    /// <summary>Bilinear, edge entries repeated beyond the table.</summary>
    private static double Between(double[,] table, int side, double row, double column, int feature)
    {
        if (side == 1)
        {
            return table[0, feature];
        }

        int top = Math.Min((int)row, side - 2),
            left = Math.Min((int)column, side - 2);
        double down = row - top,
            right = column - left;
        double At(int r, int c) => table[(r * side) + c, feature];
        return ((1 - down) * (((1 - right) * At(top, left)) + (right * At(top, left + 1))))
            + (down * (((1 - right) * At(top + 1, left)) + (right * At(top + 1, left + 1))));
    }
}
