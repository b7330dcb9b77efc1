using System.CommandLine;
using System.Globalization;
using Pipelines.Models.Making;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary><c>gemm</c>: the linear layers of a shape, ours in each stored type, forward and back, and
/// libtorch's.</summary>
internal static class GemmBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var model = new Option<string>("--model")
        {
            Description = "A model of make-model's list, whose widths are used.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "llava-1.5-7b-hf",
        };
        var rows = new Option<int[]>("--rows")
        {
            Description = "Rows multiplied; 736 are 32 masks of 23 tokens.",
            HelpName = "N",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [23, 736],
        };
        return Verb.Of(
            "gemm",
            "Matrix products: packed weights in float16, bfloat16 and float32, forward and back, beside libtorch in "
                + "float32 and bfloat16.",
            [model, rows],
            (parsed, setting) =>
                Run(PublishedModel.Named(parsed.GetValue(model)!), parsed.GetValue(rows)!, setting)
        );
    }

    private static Finding Run(PublishedModel model, int[] rows, Setting setting)
    {
        MadeUpSample.Use(setting.Threads);
        using var noGradient = torch.no_grad();
        (string Name, int Outputs, int Inputs)[] layers =
        [
            ("q", model.QueryWidth, model.Hidden),
            ("up", model.Intermediate, model.Hidden),
            ("down", model.Hidden, model.Intermediate),
        ];
        var found = new List<Row>();
        foreach ((string name, int outputs, int inputs) in layers)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor stored = RandomDecoder.Weight(outputs, inputs),
                wide = stored.to(torch.ScalarType.Float32),
                narrow = stored.to(torch.ScalarType.BFloat16);
            using PackedLinear half = new(stored, null),
                brain = new(narrow, null),
                single = new(wide, null);
            foreach (int count in rows)
            {
                torch.Tensor x = torch.randn(count, inputs),
                    slope = torch.randn(count, outputs),
                    x16 = x.to(torch.ScalarType.BFloat16);
                (string Way, Func<torch.Tensor> Product)[] ways =
                [
                    ("ours float16", () => half.Forward(x)),
                    ("ours bfloat16", () => brain.Forward(x)),
                    ("ours float32", () => single.Forward(x)),
                    ("libtorch float32", () => torch.nn.functional.linear(x, wide)),
                    ("libtorch bfloat16", () => torch.nn.functional.linear(x16, narrow)),
                    ("ours float16, back", () => half.Backward(slope)),
                    ("libtorch float32, back", () => slope.mm(wide)),
                ];
                Timing[] taken = Timing.Alternated(
                    setting.Rounds,
                    [
                        () => Peak.Multiply(setting.Threads),
                        .. ways.Select(way => (Action)(() => way.Product().Dispose())),
                    ]
                );
                double peak = Peak.OfThread(taken[0], setting.Threads),
                    operations = 2.0 * count * outputs * inputs;
                string what = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} {inputs} -> {outputs}, {count} rows"
                );
                Row[] all =
                [
                    .. ways.Select(
                        (way, i) =>
                            new Row(what, way.Way, taken[i + 1]).At(operations, "GFLOP/s", setting.Threads, peak)
                    ),
                ];
                // What ours is: float16, as most checkpoints are stored, in the same direction
                found.AddRange(all.Select((row, i) => i is 0 or 5 ? row : row.Beside(all[i < 5 ? 0 : 5])));
            }
        }

        return new Finding($"gemm: layers of {model.Name}", found);
    }
}
