using FluentAssertions;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

public sealed class NormAndRotaryTests
{
    private readonly Random random = new(5);

    public NormAndRotaryTests() => TorchNative.Touch();

    [Fact]
    public void Rms_norm_equals_a_naive_loop_to_1e_6()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor x = PackedLinearTests.Normal(random, 3, 5, 16),
            weight = PackedLinearTests.Normal(random, 16);
        float[] inputs = Floats(x),
            scale = Floats(weight),
            outputs = Floats(new RmsNorm(weight, 1e-5).Forward(x));
        for (int row = 0; row < 15; row++)
        {
            double meanSquare = Enumerable
                .Range(0, 16)
                .Average(i => (double)inputs[row * 16 + i] * inputs[row * 16 + i]);
            for (int i = 0; i < 16; i++)
            {
                outputs[row * 16 + i]
                    .Should()
                    .BeApproximately((float)(inputs[row * 16 + i] / Math.Sqrt(meanSquare + 1e-5) * scale[i]), 1e-6f);
            }
        }
    }

    [Fact]
    public void Layer_norm_equals_a_naive_loop_to_1e_6()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor x = PackedLinearTests.Normal(random, 4, 16),
            weight = PackedLinearTests.Normal(random, 16),
            bias = PackedLinearTests.Normal(random, 16);
        float[] inputs = Floats(x),
            scale = Floats(weight),
            shift = Floats(bias),
            outputs = Floats(new LayerNorm(weight, bias, 1e-6).Forward(x));
        for (int row = 0; row < 4; row++)
        {
            double mean = Enumerable.Range(0, 16).Average(i => (double)inputs[row * 16 + i]);
            double variance = Enumerable.Range(0, 16).Average(i => Math.Pow(inputs[row * 16 + i] - mean, 2));
            for (int i = 0; i < 16; i++)
            {
                outputs[row * 16 + i]
                    .Should()
                    .BeApproximately(
                        (float)((inputs[row * 16 + i] - mean) / Math.Sqrt(variance + 1e-6) * scale[i] + shift[i]),
                        2e-6f
                    );
            }
        }
    }

    [Fact]
    public void Norms_keep_the_type_of_their_input()
    {
        using var scope = torch.NewDisposeScope();
        foreach (
            torch.ScalarType type in new[]
            {
                torch.ScalarType.BFloat16,
                torch.ScalarType.Float32,
                torch.ScalarType.Float64,
            }
        )
        {
            torch.Tensor x = PackedLinearTests.Normal(random, 2, 8).to(type),
                weight = torch.ones(8, type),
                bias = torch.zeros(8, type);
            new RmsNorm(weight, 1e-5).Forward(x).dtype.Should().Be(type);
            new LayerNorm(weight, bias, 1e-5).Forward(x).dtype.Should().Be(type);
        }
    }

    [Fact]
    public void Activations_equal_their_formulas_to_1e_6()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor x = torch.linspace(-6, 6, 101),
            up = torch.linspace(1, 2, 101);
        float[] inputs = Floats(x),
            factors = Floats(up);
        float[] quick = Floats(Activations.QuickGelu(x)),
            exact = Floats(Activations.Gelu(x)),
            tanh = Floats(Activations.GeluTanh(x)),
            product = Floats(Activations.Gated(x, up, GateActivation.Silu, LinearChoice.Torch));
        for (int i = 0; i < inputs.Length; i++)
        {
            double v = inputs[i];
            quick[i].Should().BeApproximately((float)(v / (1 + Math.Exp(-1.702 * v))), 1e-6f);
            exact[i].Should().BeApproximately((float)(v * NormalDistribution(v)), 2e-6f);
            double inner = Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v));
            tanh[i].Should().BeApproximately((float)(v * (1 + Math.Tanh(inner)) / 2), 1e-6f);
            product[i].Should().BeApproximately((float)(v / (1 + Math.Exp(-v)) * factors[i]), 2e-6f);
        }

        Floats(x).Should().Equal(inputs, "the input is not written to");
    }

    [Fact]
    public void Log_softmax_rows_equal_the_formula_to_1e_6_whatever_the_width_and_rows_do_not_touch()
    {
        using var scope = torch.NewDisposeScope();
        foreach (int columns in (int[])[1, 15, 16, 17, 31, 32, 47, 1000])
        {
            foreach (float scale in (float[])[0.01f, 3, 80])
            {
                torch.Tensor x = PackedLinearTests.Normal(random, 5, columns).mul(scale);
                float[] values = Floats(x);
                int[] elements = [.. Enumerable.Range(0, 5).Select(row => row * 7 % columns)];
                double[] logs = RowKernels.LogSoftmax(x, elements);
                for (int row = 0; row < 5; row++)
                {
                    double[] own = [.. values.Skip(row * columns).Take(columns).Select(v => (double)v)];
                    double most = own.Max();
                    logs[row]
                        .Should()
                        .BeApproximately(
                            own[elements[row]] - most - Math.Log(own.Sum(v => Math.Exp(v - most))),
                            1e-6,
                            $"{columns} columns of scale {scale}"
                        );
                    RowKernels.LogSoftmax(x.narrow(0, row, 1), [elements[row]]).Should().Equal(logs[row]);
                }
            }
        }
    }

    [Fact]
    public void A_log_softmax_beside_a_value_that_is_not_finite_is_not_a_number()
    {
        using var scope = torch.NewDisposeScope();
        foreach (float odd in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            foreach (int at in (int[])[3, 33])
            {
                float[] values = new float[2 * 35];
                values[at] = odd;
                double[] logs = RowKernels.LogSoftmax(torch.tensor(values, [2, 35]), [0, 0]);
                logs[0].Should().Be(double.NaN);
                logs[1].Should().BeApproximately(-Math.Log(35), 1e-6);
            }
        }
    }

    [Fact]
    public void Rotary_turns_pairs_i_and_i_plus_half_by_position_times_frequency_and_back()
    {
        using var scope = torch.NewDisposeScope();
        long[] positions = [0, 1, 7, 600];
        using Rotary rotary = Rotary.Of(torch.tensor(positions), 8, 10000);
        torch.Tensor x = PackedLinearTests.Normal(random, 2, 4, 8),
            y = rotary.Apply(x);
        float[] inputs = Floats(x),
            outputs = Floats(y);
        for (int head = 0; head < 2; head++)
        {
            for (int t = 0; t < 4; t++)
            {
                for (int i = 0; i < 4; i++)
                {
                    double angle = positions[t] * Math.Pow(10000, -2.0 * i / 8);
                    int at = (head * 4 + t) * 8 + i;
                    outputs[at]
                        .Should()
                        .BeApproximately(
                            (float)(inputs[at] * Math.Cos(angle) - inputs[at + 4] * Math.Sin(angle)),
                            1e-4f
                        );
                    outputs[at + 4]
                        .Should()
                        .BeApproximately(
                            (float)(inputs[at + 4] * Math.Cos(angle) + inputs[at] * Math.Sin(angle)),
                            1e-4f
                        );
                }
            }
        }

        (rotary.Invert(y) - x).abs().max().item<float>().Should().BeLessThan(1e-6f);
        Floats(rotary.Slice(2, 2).Apply(x.narrow(1, 2, 2))).Should().Equal(Floats(y.narrow(1, 2, 2)));
    }

    [Fact]
    public void Sections_take_their_positions_from_their_own_axis()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor axes = torch.tensor(
            new long[,]
            {
                { 3, 4 },
                { 5, 9 },
                { 6, 2 },
            }
        );
        using Rotary sections = Rotary.OfSections(axes, [2, 3, 3], 16, 1e6);
        for (int axis = 0; axis < 3; axis++)
        {
            using Rotary single = Rotary.Of(axes[axis], 16, 1e6);
            (int first, int count) = axis switch
            {
                0 => (0, 2),
                1 => (2, 3),
                _ => (5, 3),
            };
            foreach (int half in new[] { 0, 8 })
            {
                Floats(sections.Cos.narrow(1, half + first, count))
                    .Should()
                    .Equal(Floats(single.Cos.narrow(1, half + first, count)));
                Floats(sections.Sin.narrow(1, half + first, count))
                    .Should()
                    .Equal(Floats(single.Sin.narrow(1, half + first, count)));
            }
        }

        Floats(Rotary.OfSections(axes[0].expand(3, 2), [2, 3, 3], 16, 1e6).Cos)
            .Should()
            .Equal(Floats(Rotary.Of(axes[0], 16, 1e6).Cos));
        FluentActions.Invoking(() => Rotary.OfSections(axes, [2, 3], 16, 1e6)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void A_grid_turns_one_quarter_by_row_and_one_by_column()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor rows = torch.tensor(new long[] { 0, 2 }),
            columns = torch.tensor(new long[] { 5, 1 });
        using Rotary grid = Rotary.OfGrid(rows, columns, 8, 10000);
        float[] cos = Floats(grid.Cos);
        foreach (int t in new[] { 0, 1 })
        {
            double[] angles =
            [
                .. new[] { rows, columns }.SelectMany(axis =>
                    new[] { 1.0, 0.01 }.Select(f => axis[t].item<long>() * f)
                ),
            ];
            for (int i = 0; i < 8; i++)
            {
                cos[t * 8 + i].Should().BeApproximately((float)Math.Cos(angles[i % 4]), 1e-6f);
            }
        }
    }

    private static float[] Floats(torch.Tensor x) => x.contiguous().data<float>().ToArray();

    /// <summary>By Simpson's rule on the density: good to 1e-9 here.</summary>
    /// <summary>The branches of transformers' rope_type llama3, one by one.</summary>
    [Fact]
    public void Slow_frequencies_are_divided_fast_ones_stay_and_those_between_go_over()
    {
        var scaling = new Llama3Scaling(8, 1, 4, 8192);
        for (int i = 0; i < 64; i++)
        {
            double frequency = Math.Pow(500000, -2.0 * i / 128),
                wave = 2 * Math.PI / frequency,
                smooth = ((8192 / wave) - 1) / (4 - 1);
            double expected =
                wave > 8192 ? frequency / 8
                : wave < 8192 / 4.0 ? frequency
                : ((1 - smooth) * frequency / 8) + (smooth * frequency);
            scaling.Of(frequency).Should().BeApproximately(expected, 1e-15 * frequency + 1e-18);
        }
    }

    [Fact]
    public void Interleaved_sections_give_each_frequency_the_axis_of_its_turn_and_what_is_left_to_the_first()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor positions = torch.tensor(new long[] { 5, 7, 11 }, [3, 1]);
        int[] sections = [4, 2, 2]; // of d/2 = 8: rows at 1, 4, columns at 2, 5
        Rotary found = Rotary.OfSections(positions, sections, 16, 30, interleaved: true);
        long[] expected = [5, 7, 11, 5, 7, 11, 5, 5];
        for (int j = 0; j < 8; j++)
        {
            double angle = expected[j] * Math.Pow(30, -2.0 * j / 16);
            found.Cos[0, j].item<float>().Should().BeApproximately((float)Math.Cos(angle), 2e-6f, $"frequency {j}");
            found.Sin[0, j + 8].item<float>().Should().BeApproximately((float)Math.Sin(angle), 2e-6f);
        }
    }

    private static double NormalDistribution(double x)
    {
        const int steps = 2000;
        double h = x / steps,
            sum = 0;
        for (int i = 0; i <= steps; i++)
        {
            sum +=
                (
                    i == 0 || i == steps ? 1
                    : i % 2 == 1 ? 4
                    : 2
                ) * Math.Exp(-(i * h) * (i * h) / 2);
        }

        return 0.5 + sum * h / 3 / Math.Sqrt(2 * Math.PI);
    }
}
