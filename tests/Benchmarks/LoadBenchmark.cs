using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>
/// How fast weights become panels: our packing, a loop over words and a plain copy in turns, in one process; and
/// seconds until a model is ready.
/// </summary>
internal static unsafe class LoadBenchmark
{
    private const int OutFeatures = 11008;
    private const int InFeatures = 4096;
    private const int Rounds = 5;

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var folder = new Argument<string?>("folder")
        {
            Description = "A model folder that is loaded, too.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("load", "How fast weights become panels, and a model is ready.") { folder };
        command.SetAction(parsed => Run(parsed.GetValue(folder)));
        return command;
    }

    /// <summary>Prints the speeds, and loads a model.</summary>
    /// <param name="folder">A model folder, or null.</param>
    private static int Run(string? folder)
    {
        TorchNative.Touch();
        using torch.Tensor weight = (torch.randn(OutFeatures, InFeatures) * 0.02f).to(torch.ScalarType.Float16);
        nuint bytes = (nuint)weight.numel() * sizeof(ushort);
        byte* target = (byte*)NativeMemory.AlignedAlloc(bytes, 64);
        double packed = 0,
            words = 0,
            copied = 0;
        for (int round = 0; round < Rounds; round++)
        {
            packed = Math.Max(packed, Rate(bytes, () => new PackedWeights(weight, PackedKernels.Best).Dispose()));
            words = Math.Max(words, Rate(bytes, () => ByWords((ushort*)TorchNative.Pointer(weight), (uint*)target)));
            copied = Math.Max(
                copied,
                Rate(bytes, () => NativeMemory.Copy((void*)TorchNative.Pointer(weight), target, bytes))
            );
        }

        NativeMemory.AlignedFree(target);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"[{OutFeatures}, {InFeatures}] float16, best of {Rounds}: packed {packed:0.0} GB/s on all threads, "
                    + $"new memory included; word by word {words:0.0} GB/s on one; plain copy {copied:0.0} GB/s on one"
            )
        );
        if (folder is not null)
        {
            long start = Stopwatch.GetTimestamp();
            using var model = VisionLanguageModel.Load(
                folder,
                Arithmetic.Float32 with
                {
                    Linear = LinearChoice.Packed,
                }
            );
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{folder}: ready after {seconds:0.0} s, {model.WeightBytes / 1e9:0.00} GB of weights, "
                        + $"{model.WeightBytes / seconds / 1e9:0.00} GB/s"
                )
            );
        }

        return 0;
    }

    private static double Rate(nuint bytes, Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return bytes / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
    }

    /// <summary>The layout of 32 columns, one word after the other.</summary>
    private static void ByWords(ushort* source, uint* target)
    {
        const int half = 16,
            columns = 2 * half;
        for (int panel = 0; panel < OutFeatures / columns; panel++)
        {
            for (int j = 0; j < half; j++)
            {
                ushort* low = source + (((nint)(panel * columns) + j) * InFeatures);
                ushort* high = low + ((nint)half * InFeatures);
                for (int i = 0; i < InFeatures; i++)
                {
                    target[(((nint)panel * InFeatures) + i) * half + j] =
                        Float16Weights.Encode(low[i]) | ((uint)Float16Weights.Encode(high[i]) << 16);
                }
            }
        }
    }
}
