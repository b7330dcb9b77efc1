using System.Runtime.Intrinsics;
using FluentAssertions;
using Pipelines.Models.Ablation;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

public sealed unsafe class AttentionKernelTests
{
    private readonly Random random = new(5);

    [Theory]
    [InlineData(8, 16, 16)]
    [InlineData(24, 7, 48)]
    [InlineData(16, 130, 80)]
    public void A_product_equals_the_naive_loop_to_1e_5(int rows, int depth, int columns)
    {
        float[] a = Values(rows * depth),
            b = Values(depth * columns),
            c = Values(rows * columns);
        float[] start = [.. c];
        foreach (bool add in (bool[])[false, true])
        {
            start.CopyTo(c, 0);
            fixed (
                float* pa = a,
                    pb = b,
                    pc = c
            )
            {
                AttentionKernel.Multiply(pa, depth, pb, columns, pc, columns, rows, depth, columns, add);
            }

            for (int i = 0; i < rows; i++)
            {
                for (int j = 0; j < columns; j++)
                {
                    double sum = add ? start[(i * columns) + j] : 0;
                    for (int k = 0; k < depth; k++)
                    {
                        sum += (double)a[(i * depth) + k] * b[(k * columns) + j];
                    }

                    c[(i * columns) + j].Should().BeApproximately((float)sum, 1e-5f * MathF.Sqrt(depth));
                }
            }
        }
    }

    [Fact]
    public void Exp_is_within_2e_7_relative_and_0_for_minus_infinity()
    {
        for (double x = -87.2; x <= 0; x += 0.01)
        {
            float found = RowKernels.Exp(Vector512.Create((float)x))[3];
            (found / Math.Exp((float)x)).Should().BeApproximately(1, 2e-7);
        }

        RowKernels.Exp(Vector512.Create(float.NegativeInfinity))[0].Should().Be(0);
        RowKernels.Exp(Vector512.Create(-100f))[0].Should().Be(0);
        RowKernels.Exp(Vector512<float>.Zero)[0].Should().Be(1);
    }

    [Fact]
    public void Exponentials_are_those_of_a_softmax()
    {
        float[] row = [.. Values(48).Select(x => x * 20)];
        row[7] = float.NegativeInfinity;
        double largest = row.Max();
        double[] expected = [.. row.Select(x => Math.Exp(x - largest))];
        float sum;
        fixed (float* p = row)
        {
            sum = AttentionKernel.Exponentials(p, 48);
        }

        sum.Should().BeApproximately((float)expected.Sum(), 1e-5f);
        row.Zip(expected, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-6);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(48)]
    public void Turning_equals_the_rotary_embedding_of_torch(int d)
    {
        TorchNative.Touch();
        using var scope = torch.NewDisposeScope();
        Rotary rotary = Rotary.Of(torch.tensor([3L, 11L, 250L]), d, 10000);
        float[] x = Values(3 * d),
            turned = new float[3 * d];
        float[] cos = rotary.Cos.data<float>().ToArray(),
            sin = rotary.Sin.data<float>().ToArray();
        fixed (
            float* px = x,
                pc = cos,
                ps = sin,
                pt = turned
        )
        {
            for (int i = 0; i < 3; i++)
            {
                AttentionKernel.Rotate(px + (i * d), pc + (i * d), ps + (i * d), d, 0.25f, pt + (i * d));
            }
        }

        float[] expected = (rotary.Apply(torch.tensor(x, [3, d])) * 0.25).data<float>().ToArray();
        turned.Zip(expected, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-6f);
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(5, 43)]
    [InlineData(3, 7)]
    public void Norm_and_gated_rows_equal_torch_to_1e_6_and_do_not_depend_on_the_batch(int rows, int columns)
    {
        TorchNative.Touch();
        using var scope = torch.NewDisposeScope();
        torch.Tensor x = torch.tensor(Values(rows * columns), [rows, columns]) * 4,
            y = torch.tensor(Values(rows * columns), [rows, columns]),
            weight = torch.tensor(Values(columns));
        torch.Tensor normed = RowKernels.RmsNorm(x, weight, 1e-5),
            gated = RowKernels.SwiGlu(x, y),
            gelu = RowKernels.GeGlu(x, y);
        Largest(normed - new RmsNorm(weight, 1e-5).Forward(x)).Should().BeLessThan(3e-6f);
        Largest(gated - (torch.nn.functional.silu(x) * y)).Should().BeLessThan(3e-6f);
        Largest(gelu - Activations.Gated(x, y, GateActivation.GeluTanh, LinearChoice.Torch)).Should().BeLessThan(3e-6f);
        torch.Tensor wide = x.to(torch.ScalarType.Float64);
        torch.Tensor u = (wide + (0.044715 * wide * wide * wide)) * Math.Sqrt(2 / Math.PI);
        Largest((gelu - (wide * (1 + u.tanh()) / 2 * y)).to(torch.ScalarType.Float32)).Should().BeLessThan(3e-6f);
        for (int i = 0; i < rows; i++)
        {
            torch.Tensor row = x.narrow(0, i, 1),
                other = y.narrow(0, i, 1);
            RowKernels
                .RmsNorm(row, weight, 1e-5)
                .data<float>()
                .ToArray()
                .Should()
                .Equal(normed.narrow(0, i, 1).data<float>().ToArray());
            RowKernels
                .SwiGlu(row, other)
                .data<float>()
                .ToArray()
                .Should()
                .Equal(gated.narrow(0, i, 1).data<float>().ToArray());
            RowKernels
                .GeGlu(row, other)
                .data<float>()
                .ToArray()
                .Should()
                .Equal(gelu.narrow(0, i, 1).data<float>().ToArray());
        }

        torch.Tensor extreme = torch.tensor((float[])[-1e4f, -90, 0, 90, 1e4f], [1, 5]);
        RowKernels.SwiGlu(extreme, torch.ones(1, 5)).data<float>().ToArray().Should().Equal(0, 0, 0, 90, 1e4f);
        RowKernels.GeGlu(extreme, torch.ones(1, 5)).data<float>().ToArray().Should().Equal(0, 0, 0, 90, 1e4f);
    }

    private static float Largest(torch.Tensor x) => x.abs().max().item<float>();

    private float[] Values(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)((2 * random.NextDouble()) - 1))];
}
