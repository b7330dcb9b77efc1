using FluentAssertions;
using Pipelines.Models.Families.Qwen25Vl;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Tensors;
using Xunit;
using static TorchSharp.torch;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// Qwen2.5-VL's windows, against a naive twin that keeps the patches where they are and masks what a window hides.
/// </summary>
public sealed class Qwen25WindowTests : IDisposable
{
    private const int Hidden = 12,
        Cells = 4; // image tokens a side of a window

    private static readonly Qwen25VisionShape Shape = new(
        Depth: 4,
        Width: 16,
        Heads: 2,
        Intermediate: 20,
        new QwenPatch(2, 2, 2),
        Cells,
        FullBlocks: [1, 3],
        RotaryTheta: 10000
    );

    private readonly TemporaryFolder folder = new();
    private readonly Checkpoint checkpoint;
    private readonly Weights weights;

    public Qwen25WindowTests()
    {
        TorchNative.Touch();
        RandomTensors.Write(folder, Qwen25Vision.Expected("visual", Shape, Hidden));
        checkpoint = Checkpoint.Open(folder.Path);
        weights = Weights.Of(checkpoint, Arithmetic.Float64);
    }

    public void Dispose()
    {
        weights.Dispose();
        checkpoint.Dispose();
        folder.Dispose();
    }

    /// <summary>
    /// Grids of patches, a token two by two: whole windows, smaller ones at the edges, less than one.
    /// </summary>
    [Theory]
    [InlineData(16, 16)]
    [InlineData(18, 22)]
    [InlineData(8, 26)]
    [InlineData(10, 2)]
    [InlineData(6, 4)]
    public void Windows_equal_masked_attention_over_the_whole_picture_to_1e_12(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        var geometry = new QwenGeometry(columns * 2, rows * 2, columns, rows, 2);
        Tensor pixels = Pixels(geometry);
        Tensor found = Tower(Shape).Forward(pixels, geometry);
        (found - Twin(pixels, geometry, Shape.FullBlocks)).abs().max().item<double>().Should().BeLessThan(1e-12);
    }

    [Fact]
    public void Windows_and_full_blocks_both_matter_where_a_picture_is_no_whole_number_of_windows()
    {
        using var scope = NewDisposeScope();
        var geometry = new QwenGeometry(44, 36, 22, 18, 2);
        Tensor pixels = Pixels(geometry);
        Tensor right = Twin(pixels, geometry, Shape.FullBlocks);
        double Moved(IReadOnlyList<int> full) =>
            (Tower(Shape with { FullBlocks = full }).Forward(pixels, geometry) - right).abs().max().item<double>();

        Moved([1, 3]).Should().BeLessThan(1e-12);
        Moved([0, 1, 2, 3]).Should().BeGreaterThan(0.01, "without windows");
        Moved([]).Should().BeGreaterThan(0.01, "without full blocks");
        Moved([0, 2]).Should().BeGreaterThan(0.01, "which blocks are full matters");
        (Tower(Shape with { WindowCells = 3 }).Forward(pixels, geometry) - right)
            .abs()
            .max()
            .item<double>()
            .Should()
            .BeGreaterThan(0.01, "the windows' side matters");
    }

    [Fact]
    public void Windows_at_the_edge_are_smaller_and_every_token_is_in_one()
    {
        Qwen25Windows windows = Qwen25Windows.Of(new QwenGeometry(308, 252, 22, 18, 2), Cells); // 9 x 11 tokens
        windows.Lengths.Should().Equal(16, 16, 12, 16, 16, 12, 4, 4, 3);
        windows.Tokens.Take(6).Should().Equal(0, 1, 2, 3, 11, 12);
        windows.Tokens.Order().Should().Equal(Enumerable.Range(0, 99));
        int[] places = windows.Places();
        windows.Tokens.Select(t => places[t]).Should().Equal(Enumerable.Range(0, 99), "they are put back");
        Qwen25Windows
            .Of(new QwenGeometry(448, 448, 32, 32, 2), Cells)
            .Lengths.Should()
            .Equal(Enumerable.Repeat(16, 16), "no empty window is left where whole ones fit");
    }

    private Qwen25Vision Tower(Qwen25VisionShape shape) => new(weights.Sub("visual"), shape, Hidden);

    private static Tensor Pixels(QwenGeometry geometry) =>
        randn(
            geometry.GridRows * geometry.GridColumns,
            3 * 2 * 2 * 2,
            dtype: ScalarType.Float64,
            generator: new Generator(3)
        );

    /// <summary>The tower in merge order throughout: x is never moved, a mask says who sees whom.</summary>
    private Tensor Twin(Tensor pixels, QwenGeometry geometry, IReadOnlyList<int> full)
    {
        (int Row, int Column)[] at = [.. geometry.MergeOrder()];
        long n = at.Length;
        (int, int)[] window = [.. at.Select(p => (p.Row / (2 * Cells), p.Column / (2 * Cells)))];
        Tensor same = tensor(
            [.. window.SelectMany(w => window.Select(other => w == other))],
            [n, n],
            dtype: ScalarType.Bool
        );
        int d = Shape.Width / Shape.Heads;
        Tensor frequencies = tensor(
            (double[])[.. Enumerable.Range(0, d / 4).Select(i => Math.Pow(10000, -4.0 * i / d))]
        );
        Tensor Turn(Func<(int Row, int Column), double> of) =>
            tensor((double[])[.. at.Select(of)]).unsqueeze(1) * frequencies;
        Tensor angles = cat([Turn(p => p.Row), Turn(p => p.Column)], 1);
        angles = cat([angles, angles], 1); // [n, d]
        Tensor Rotated(Tensor q) => (q * angles.cos()) + (cat([-q[.., (d / 2)..], q[.., ..(d / 2)]], 1) * angles.sin());

        Tensor x = pixels.mm(W("patch_embed.proj.weight").view(Shape.Width, -1).t());
        for (int block = 0; block < Shape.Depth; block++)
        {
            string b = $"blocks.{block}.";
            Tensor qkv = Linear(Norm(x, b + "norm1"), b + "attn.qkv");
            var heads = new List<Tensor>();
            for (int h = 0; h < Shape.Heads; h++)
            {
                Tensor Part(int which) => qkv.narrow(1, (which * Shape.Width) + (h * d), d);
                Tensor scores = Rotated(Part(0)).mm(Rotated(Part(1)).t()) / Math.Sqrt(d);
                if (!full.Contains(block))
                {
                    scores = scores.masked_fill(same.logical_not(), double.NegativeInfinity);
                }

                heads.Add(scores.softmax(1).mm(Part(2)));
            }

            x = x + Linear(cat(heads, 1), b + "attn.proj");
            Tensor y = Norm(x, b + "norm2"),
                gate = Linear(y, b + "mlp.gate_proj");
            x = x + Linear(gate * gate.sigmoid() * Linear(y, b + "mlp.up_proj"), b + "mlp.down_proj");
        }

        Tensor merged = Linear(Norm(x, "merger.ln_q").view(-1, 4 * Shape.Width), "merger.mlp.0");
        return Linear(nn.functional.gelu(merged), "merger.mlp.2");
    }

    private Tensor W(string name) => weights.Claim($"visual.{name}", -1, -1, -1, -1, -1);

    private Tensor Vector(string name) => weights.Claim($"visual.{name}", -1);

    private Tensor Linear(Tensor x, string name) =>
        x.mm(weights.Claim($"visual.{name}.weight", -1, -1).t()) + Vector($"{name}.bias");

    private Tensor Norm(Tensor x, string name) =>
        x / (x * x).mean([1], keepdim: true).add(1e-6).sqrt() * Vector($"{name}.weight");
}
