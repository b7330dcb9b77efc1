using System.CommandLine;
using Pipelines.Models.Ablation;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary><c>answer</c>: a further token of an answer through a decoder layer; each reads all weights.</summary>
internal static class AnswerBenchmark
{
    private const int Tokens = 9; // the first needs no pass of its own

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var sample = new SampleOptions();
        return Verb.Of(
            "answer",
            "A token of an answer through a decoder layer, beside one row through libtorch's layer in float32 and "
                + "bfloat16 without the tokens before it; the limit is reading memory.",
            sample.All,
            (parsed, setting) => Run(sample.Read(parsed), setting)
        );
    }

    private static Finding Run(SampleShape shape, Setting setting)
    {
        MadeUpSample.Use(setting.Threads);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        MadeUpSample sample = shape.Sample(shape.Layers);
        using IntactRun intact = IntactRun.Compute(sample.Cache);
        FullPass[] peers =
        [
            new FullPass(shape.Model, torch.ScalarType.Float32),
            new FullPass(shape.Model, torch.ScalarType.BFloat16),
        ];
        using var memory = new Peak.Memory();
        Timing[] taken = Timing.Alternated(
            setting.Rounds,
            [
                () => memory.Read(setting.Threads),
                () => intact.Generate(Tokens, new HashSet<int>()),
                .. peers.Select(peer => (Action)(() => peer.Run(1, 1))),
            ]
        );
        double most = Peak.BytesOfThread(taken[0]);
        const string what = "a token and layer";
        Row Of(string way, Timing time, long bytes) =>
            new Row(what, way, time).At(bytes, "GB/s", setting.Threads, most);
        long stored = peers[1].Bytes; // two bytes a weight, as packed
        Row ours = Of("ours", taken[1].Over((Tokens - 1) * shape.Layers), stored);
        return new Finding(
            $"answer: {shape}",
            [ours, .. peers.Select((peer, i) => Of(peer.Name, taken[2 + i], peer.Bytes).Beside(ours))]
        );
    }
}
