using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>What a gradient costs, in masks: both over the same packed weights, alternated in one process.</summary>
internal static class GradientBenchmark
{
    public static void Run(string name, int layers, int rounds)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        bool isSmall = name == "1b";
        Decoder decoder = isSmall ? RandomDecoder.InternVl1B(layers, 64) : RandomDecoder.Llava7B(layers, 64, "auto");
        int image = isSmall ? 256 : 576;
        PromptTokens prompt = RandomDecoder.Prompt([], image);
        using PrefixCache cache = RandomDecoder.Cache(decoder, prompt);
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        OutputMeasure target = decoder.Unembedding.Measure(new Measured.Logit(3, LogitMean.Rows));
        using var suffix = new SuffixForward(cache, blocks, target);
        GatedForward gated = GatedForward.Of(cache, blocks, target);
        int heads = decoder.Shape.TotalHeads;
        byte[][] masks =
        [
            .. Enumerable.Range(0, 32).Select(i => HeadMasks.Draw(1, "b", i, heads, 0.75, MaskDraw.Exact)),
        ];
        double[][] points = [.. masks.Take(gated.Batch).Select(m => GatedForward.PointOf(m, heads))];
        double mask = double.MaxValue,
            gradient = double.MaxValue,
            forward = double.MaxValue;
        for (int round = 0; round <= rounds; round++)
        {
            double m = Time(() => suffix.Logits(masks)) / masks.Length,
                g = Time(() => gated.Gradients(points)) / points.Length,
                f = Time(() => gated.Logits(points)) / points.Length;
            if (round > 0)
            {
                (mask, gradient, forward) = (Math.Min(mask, m), Math.Min(gradient, g), Math.Min(forward, f));
            }
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}, {layers} layers, batch {suffix.Batch} masks, {gated.Batch} gradients: mask {mask:F1} ms, "
                    + $"gradient {gradient:F1} ms = {gradient / mask:F2} masks; its way forward {forward / mask:F2}"
            )
        );
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
