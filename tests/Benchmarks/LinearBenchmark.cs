using System.Diagnostics;
using System.Globalization;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>
/// GFLOP/s of the linear layers, ours and libtorch's, side by side in one run (the machine's speed drifts between
/// runs).
/// </summary>
internal static class LinearBenchmark
{
    private static readonly (string Name, int OutFeatures, int InFeatures)[] Layers =
    [
        ("7B mlp up", 11008, 4096),
        ("7B mlp down", 4096, 11008),
        ("7B q", 4096, 4096),
        ("micro q", 128, 128),
        ("micro up", 352, 128),
    ];

    public static void Run(int threads)
    {
        TorchNative.Touch();
        torch.set_num_threads(threads);
        Console.WriteLine($"{threads} threads, {PackedKernels.Best}; GFLOP/s, best of several");
        Console.WriteLine(
            $"{"layer",-12} {"rows",5} | {"torch f32",10} {"torch bf16",10} | {"packed bf16",11} "
                + $"{"packed f16",10} {"packed f32",10} | pack f16 GB/s"
        );
        using var noGradient = torch.no_grad();
        foreach ((string name, int outFeatures, int inFeatures) in Layers)
        {
            using torch.Tensor wide = torch.randn(outFeatures, inFeatures) * 0.02f;
            using torch.Tensor bf16 = wide.to(torch.ScalarType.BFloat16);
            using torch.Tensor f16 = wide.to(torch.ScalarType.Float16);
            using var torch32 = new TorchLinear(wide.alias(), null);
            using var torch16 = new TorchLinear(bf16.alias(), null);
            using var packedBf16 = new PackedLinear(bf16, null);
            using var packedF32 = new PackedLinear(wide, null);
            long start = Stopwatch.GetTimestamp();
            using var packedF16 = new PackedLinear(f16, null);
            double packing = 2.0 * outFeatures * inFeatures / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
            foreach (int rows in new[] { 1, 23, 92, 736, 1408 })
            {
                using torch.Tensor x = torch.randn(rows, inFeatures);
                using torch.Tensor x16 = x.to(torch.ScalarType.BFloat16);
                double work = 2.0 * rows * outFeatures * inFeatures / 1e9;
                string Rate(ILinear layer, torch.Tensor input) =>
                    (work / Best(layer, input)).ToString("F0", CultureInfo.InvariantCulture);
                Console.WriteLine(
                    $"{name,-12} {rows,5} | {Rate(torch32, x),10} {Rate(torch16, x16),10} | "
                        + $"{Rate(packedBf16, x),11} {Rate(packedF16, x),10} {Rate(packedF32, x),10} | {packing:F1}"
                );
            }
        }
    }

    private static double Best(ILinear layer, torch.Tensor x)
    {
        double best = double.MaxValue;
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < 3 || (Stopwatch.GetElapsedTime(begin).TotalSeconds < 0.4 && i < 2000); i++)
        {
            long start = Stopwatch.GetTimestamp();
            using torch.Tensor y = layer.Forward(x);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
