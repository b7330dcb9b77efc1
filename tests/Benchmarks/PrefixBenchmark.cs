using System.CommandLine;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary><c>prefix</c>: prefix and image tokens through a decoder layer, once a picture.</summary>
internal static class PrefixBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var sample = new SampleOptions();
        return Verb.Of(
            "prefix",
            "Prefix and image tokens of a picture through a decoder layer, beside libtorch in float32 and bfloat16.",
            sample.All,
            (parsed, setting) => Run(sample.Read(parsed), setting)
        );
    }

    private static Finding Run(SampleShape shape, Setting setting)
    {
        MadeUpSample.Use(setting.Threads);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        MadeUpSample deep = shape.Sample(shape.Layers),
            shallow = shape.Sample(1);
        FullPass[] peers =
        [
            new FullPass(shape.Model, torch.ScalarType.Float32),
            new FullPass(shape.Model, torch.ScalarType.BFloat16),
        ];
        int tokens = shape.Prompt.SuffixStart;
        Timing[] taken = Timing.Alternated(
            setting.Rounds,
            [
                () => Peak.Multiply(setting.Threads),
                () => RandomDecoder.Cache(deep.Decoder, shape.Prompt).Dispose(),
                () => RandomDecoder.Cache(shallow.Decoder, shape.Prompt).Dispose(),
                .. peers.Select(peer => (Action)(() => peer.Run(1, tokens))),
            ]
        );
        double peak = Peak.OfThread(taken[0], setting.Threads),
            operations = shape.OfLayer(p => p.PictureOperations);
        const string what = "a picture and layer";
        Row ours = new Row(what, "ours", shape.OfLayer(taken[1], taken[2])).At(
            operations,
            "GFLOP/s",
            setting.Threads,
            peak
        );
        return new Finding(
            $"prefix: {shape}, {tokens} tokens",
            [
                ours,
                .. peers.Select(
                    (peer, i) =>
                        new Row(what, peer.Name, taken[3 + i])
                            .At(operations, "GFLOP/s", setting.Threads, peak)
                            .Beside(ours)
                ),
            ]
        );
    }
}
