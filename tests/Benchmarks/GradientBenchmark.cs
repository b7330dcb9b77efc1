using System.CommandLine;
using System.Globalization;
using Pipelines.Models.Ablation;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary><c>gradient</c>: what a gradient costs, in masks and beside libtorch's autograd.</summary>
internal static class GradientBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var sample = new SampleOptions();
        Option<int> masks = Verb.Number("--masks", "Masks a round.", 32);
        return Verb.Of(
            "gradient",
            "A gradient over packed weights, beside libtorch's autograd over float32 copies, and a mask of the same "
                + "shape.",
            [.. sample.All, masks],
            (parsed, setting) => Run(sample.Read(parsed), parsed.GetValue(masks), setting)
        );
    }

    private static Finding Run(SampleShape shape, int count, Setting setting)
    {
        MadeUpSample.Use(setting.Threads);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        Depth deep = Depth.Of(shape, shape.Layers, count),
            shallow = Depth.Of(shape, 1, count);
        Timing[] taken = Timing.Alternated(
            setting.Rounds,
            [() => Peak.Multiply(setting.Threads), .. deep.Works, .. shallow.Works]
        );
        double peak = Peak.OfThread(taken[0], setting.Threads);
        Row Of(string what, string way, int work, double operations) =>
            new Row(
                what,
                way,
                shape.OfLayer(taken[1 + work].Over(deep.Counts[work]), taken[4 + work].Over(shallow.Counts[work]))
            ).At(operations, "GFLOP/s", setting.Threads, peak);
        double operations = shape.OfLayer(p => p.GradientOperations);
        Row mask = Of("a mask and layer", "ours", 0, shape.OfLayer(p => p.MaskOperations)),
            ours = Of("a gradient and layer", "ours", 1, operations);
        return new Finding(
            $"gradient: {shape}, batch {deep.Counts[1]}, autograd's {deep.Counts[2]}",
            [mask, ours, Of("a gradient and layer", "libtorch float32, autograd", 2, operations).Beside(ours)],
            string.Create(
                CultureInfo.InvariantCulture,
                $"A gradient costs {ours.CpuMilliseconds / mask.CpuMilliseconds:0.00} masks."
            )
        );
    }

    /// <summary>Masks, our gradients and autograd's on some layers.</summary>
    /// <param name="Works">Each once.</param>
    /// <param name="Counts">Masks or gradients in each.</param>
    private sealed record Depth(Action[] Works, int[] Counts)
    {
        public static Depth Of(SampleShape shape, int layers, int count)
        {
            MadeUpSample packed = shape.Sample(layers),
                wide = shape.Sample(layers, "torch");
            var forward = new SuffixForward(packed.Cache, packed.Blocks, packed.Target);
            GatedForward ours = GatedForward.Of(packed.Cache, packed.Blocks, packed.Target),
                autograd = GatedForward.Of(wide.Cache, wide.Blocks, wide.Target);
            byte[][] masks = packed.Masks(count);
            double[][] oursAt = packed.Points(masks.Take(ours.Batch)),
                autogradAt = packed.Points(masks.Take(autograd.Batch));
            return new Depth(
                [
                    () => forward.Logits(masks),
                    () => ours.Gradients(oursAt),
                    () => autograd.Gradients(autogradAt),
                ],
                [count, oursAt.Length, autogradAt.Length]
            );
        }
    }
}
