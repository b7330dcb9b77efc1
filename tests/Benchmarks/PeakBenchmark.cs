using System.CommandLine;

namespace Pipelines.Benchmarks;

/// <summary><c>peak</c>: the limits that the other verbs' percentages are of.</summary>
internal static class PeakBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Build() =>
        Verb.Of(
            "peak",
            "The machine's limits: multiply-adds in registers, and reading 1 GB of memory; on one thread and on all.",
            [],
            (_, setting) => Run(setting)
        );

    private static Finding Run(Setting setting)
    {
        using var memory = new Peak.Memory();
        int all = setting.Threads;
        Timing[] taken = Timing.Alternated(
            setting.Rounds,
            () => Peak.Multiply(1),
            () => Peak.Multiply(all),
            () => memory.Read(1),
            () => memory.Read(all)
        );
        double fma = Peak.OfThread(taken[0], 1),
            bytes = Peak.BytesOfThread(taken[2]);
        return new Finding(
            "peak: percentages are of one thread alone",
            [
                new Row("float32 multiply-adds", "1 thread", taken[0]).At(Peak.Operations, "GFLOP/s", 1, fma),
                new Row("float32 multiply-adds", $"{all} threads", taken[1]).At(
                    Peak.Operations * all,
                    "GFLOP/s",
                    all,
                    fma
                ),
                new Row("reading memory", "1 thread", taken[2]).At(Peak.Memory.Bytes, "GB/s", 1, bytes),
                new Row("reading memory", $"{all} threads", taken[3]).At(Peak.Memory.Bytes, "GB/s", all, bytes),
            ]
        );
    }
}
