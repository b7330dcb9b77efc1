using System.CommandLine;
using Pipelines.Models.Ablation;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary><c>forward</c>: what a mask costs a decoder layer, beside a plain pass over the whole prompt.</summary>
internal static class ForwardBenchmark
{
    private static readonly int[] Batches = [1, 2, 4];

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var sample = new SampleOptions();
        Option<int> masks = Verb.Number("--masks", "Masks a round.", 32);
        return Verb.Of(
            "forward",
            "A mask through a decoder layer: suffix only, over packed weights, beside a plain pass over all tokens by "
                + "libtorch in float32 and bfloat16, each at its best batch.",
            [.. sample.All, masks],
            (parsed, setting) => Run(sample.Read(parsed), parsed.GetValue(masks), setting)
        );
    }

    private static Finding Run(SampleShape shape, int count, Setting setting)
    {
        MadeUpSample.Use(setting.Threads);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        MadeUpSample deep = shape.Sample(shape.Layers),
            shallow = shape.Sample(1);
        using var deepPass = new SuffixForward(deep.Cache, deep.Blocks, deep.Target);
        using var shallowPass = new SuffixForward(shallow.Cache, shallow.Blocks, shallow.Target);
        byte[][] deepMasks = deep.Masks(count),
            shallowMasks = shallow.Masks(count);
        FullPass[] peers =
        [
            new FullPass(shape.Model, torch.ScalarType.Float32),
            new FullPass(shape.Model, torch.ScalarType.BFloat16),
        ];
        int tokens = shape.Prompt.Length;
        Timing[] taken = Timing.Alternated(
            setting.Rounds,
            [
                () => Peak.Multiply(setting.Threads),
                () => deepPass.Logits(deepMasks),
                () => shallowPass.Logits(shallowMasks),
                .. peers.SelectMany(peer => Batches.Select(batch => (Action)(() => peer.Run(batch, tokens)))),
            ]
        );
        double peak = Peak.OfThread(taken[0], setting.Threads);
        string what = "a mask and layer";
        Row ours = new Row(what, "ours", shape.OfLayer(taken[1], taken[2]).Over(count)).At(
            shape.OfLayer(p => p.MaskOperations),
            "GFLOP/s",
            setting.Threads,
            peak
        );
        double plain = shape.OfLayer(p => p.PictureOperations) * tokens / shape.Pass(1).Start;
        IEnumerable<Row> others = peers.Select(
            (peer, i) =>
            {
                var (batch, time) = Batches
                    .Select((b, j) => (b, taken[3 + (i * Batches.Length) + j].Over(b)))
                    .MinBy(t => t.Item2.CpuSeconds);
                return new Row(what, $"{peer.Name}, all tokens, batch {batch}", time)
                    .At(plain, "GFLOP/s", setting.Threads, peak)
                    .Beside(ours);
            }
        );
        return new Finding(
            $"forward: {shape}, {count} masks in batches of up to {deepPass.Batch}",
            [ours, .. others],
            "The limit is float32 multiply-adds; processors with units for bfloat16 can pass it there."
        );
    }
}
