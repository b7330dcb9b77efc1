using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Models;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>
/// <c>gpu</c>: what the tests cannot run where there is no card. The golden cases and the laws of <c>check</c> on the
/// device; then the shape of LLaVA-1.5-7B with random weights, a few layers beside the CPU and all of them for speed.
/// </summary>
internal static class GpuBenchmark
{
    /// <summary>As GoldenModelTests.</summary>
    private const double GoldenTolerance = 1e-4;

    /// <summary>Of the largest value: sums of 11008 products in another order, in float32.</summary>
    private const double Agreement = 1e-3;

    /// <summary>Rows of the unembedding: few, so that what is measured is the layers.</summary>
    private const int Rows = 64;

    private static readonly JsonSerializerOptions Layout = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var device = new Option<string>("--device")
        {
            Description = "cuda or cuda:N; with cpu the same is run there, to try the verb itself.",
            HelpName = "DEVICE",
            DefaultValueFactory = _ => "cuda",
        };
        Option<int> layers = Verb.Number("--layers", "Decoder layers for speed; LLaVA-1.5-7B has 32.", 32),
            shallow = Verb.Number("--compared-layers", "Decoder layers that the CPU runs, too.", 2),
            masks = Verb.Number("--masks", "Masks that are timed.", 1024);
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command(
            "gpu",
            "Golden cases, check, masks and gradients on a CUDA card, and its agreement with the CPU. Exit code 1: "
                + "something does not agree; 2: there is no card."
        )
        {
            device,
            layers,
            shallow,
            masks,
            json,
        };
        command.SetAction(parsed =>
        {
            string on = parsed.GetValue(device)!;
            RequireCard(on);
            var card = Arithmetic.Resolve(on, "float32", "torch", torch.ScalarType.Float16);
            GpuResult[] results =
            [
                .. Golden(card),
                .. Compared(card, parsed.GetValue(shallow)),
                .. Timed(
                    card.Device.type == DeviceType.CUDA ? card with { Compute = torch.ScalarType.Float16 } : card,
                    parsed.GetValue(layers),
                    parsed.GetValue(masks)
                ),
            ];
            bool passed = Array.TrueForAll(results, r => r.Passed is not false);
            Console.WriteLine(
                parsed.GetValue(json)
                    ? JsonSerializer.Serialize(
                        new
                        {
                            Verb = "gpu",
                            Device = on,
                            Libtorch = TorchNative.InstalledVersion,
                            Passed = passed,
                            results,
                        },
                        Layout
                    )
                    : string.Join('\n', results.Select(r => r.ToString()))
            );
            return passed ? 0 : 1;
        });
        return command;
    }

    private static void RequireCard(string device)
    {
        TorchNative.Touch();
        if (device != "cpu" && !torch.cuda.is_available())
        {
            throw new InputException(
                "gpu",
                "libtorch sees no CUDA device here: nothing was run.",
                "Run it on a machine with an NVIDIA card, built with -p:Cuda=true or with LIBTORCH naming the torch "
                    + "folder of a PyTorch for CUDA."
            );
        }
    }

    /// <summary>The repository's golden cases, a small one of each family: f against PyTorch's, and the laws.</summary>
    private static IEnumerable<GpuResult> Golden(Arithmetic card)
    {
        foreach (
            string folder in Directory
                .EnumerateDirectories(Path.Combine(AppContext.BaseDirectory, "golden"))
                .Where(d => File.Exists(Path.Combine(d, "case.json")))
                .Order(StringComparer.Ordinal)
        )
        {
            using var golden = new GoldenCase(folder);
            using var model = VisionLanguageModel.Load(golden.ModelFolder, card, golden.Image);
            using ImageFeatures features = model.Features(golden.Picture(0));
            PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
            using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
            using Baseline.Mean mean = MeanOf(model, golden, prompt);
            OutputMeasure target = model.Measure(new Measured.Logit(golden.Target, LogitMean.Rows));
            double error = Largest(HostCopy.Doubles(features.Features)[0], golden.Floats("image_features"));
            foreach (
                (string tensor, Baseline baseline) in ((string, Baseline)[])
                    [("f_mean", mean), ("f_zero", new Baseline.Zero()), ("f_knockout", new Baseline.Knockout())]
            )
            {
                using BaselineBlocks blocks = BaselineBlocks.Of(baseline, cache);
                using var suffix = new SuffixForward(cache, blocks, target);
                error = Math.Max(error, Largest(suffix.Logits(golden.Masks("masks")), golden.Doubles(tensor)));
            }

            string name = Path.GetFileName(folder);
            yield return new GpuResult($"golden {name}", error, "largest error", error <= GoldenTolerance);
            using BaselineBlocks ofMean = BaselineBlocks.Of(mean, cache);
            using var fast = new SuffixForward(cache, ofMean, target);
            using var naive = new NaiveForward(model, prompt, features);
            CheckResult[] laws = [.. new AblationLaws(cache, naive, fast, ofMean, target, 1).Try()];
            CheckResult[] broken = [.. laws.Where(law => !law.Passed)];
            yield return new GpuResult(
                $"check {name}{string.Concat(broken.Select(b => $"; {b.What}: {b.Found}"))}",
                laws.Length - broken.Length,
                $"of {laws.Length} laws hold",
                broken.Length == 0
            );
        }
    }

    private static Baseline.Mean MeanOf(VisionLanguageModel model, GoldenCase golden, PromptTokens prompt)
    {
        using var sum = new MeanKvAccumulator(model.Info.Decoder, prompt.ImageLength, RopeOrder.After);
        for (int i = 1; i < golden.Images.Length; i++)
        {
            using ImageFeatures other = model.Features(golden.Picture(i));
            using PrefixCache cache = PrefixCache.Compute(model, prompt, other);
            sum.Add(cache);
        }

        return sum.ToBaseline();
    }

    /// <summary>The same few layers on the device and on the CPU, in float32 and in half as many bits.</summary>
    private static IEnumerable<GpuResult> Compared(Arithmetic card, int layers)
    {
        (double[] cpuF, double[] cpuSlopes) = Measured(Arithmetic.Float32, layers);
        foreach (
            Arithmetic arithmetic in (Arithmetic[])[card, card with { Compute = torch.ScalarType.BFloat16 }]
        )
        {
            (double[] f, double[] slopes) = Measured(arithmetic, layers);
            bool isJudged = arithmetic.Compute == torch.ScalarType.Float32; // what bfloat16 rounds is only told
            foreach (
                (string what, double[] found, double[] expected) in ((string, double[], double[])[])
                    [("f", f, cpuF), ("gradients", slopes, cpuSlopes)]
            )
            {
                double error = Largest(found, expected) / expected.Max(Math.Abs);
                yield return new GpuResult(
                    $"{what} of {layers} layers of LLaVA-1.5-7B, {arithmetic} beside cpu float32",
                    error,
                    "of the largest",
                    isJudged ? error <= Agreement : null
                );
            }
        }
    }

    private static (double[] F, double[] Slopes) Measured(Arithmetic arithmetic, int layers)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        torch.manual_seed(1); // drawn on the CPU: the same weights and picture for every device
        MadeUpSample sample = SampleOf(arithmetic, layers, torch.CPU);
        byte[][] masks = sample.Masks(8);
        using var suffix = new SuffixForward(sample.Cache, sample.Blocks, sample.Target);
        IReadOnlyList<GatedLogit> gates = GatedForward
            .Of(sample.Cache, sample.Blocks, sample.Target)
            .Gradients(sample.Points(masks.Take(4)));
        return (suffix.Logits(masks), [.. gates.SelectMany(g => g.Gradient)]);
    }

    private static IEnumerable<GpuResult> Timed(Arithmetic arithmetic, int layers, int count)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        string shape = $"{layers} layers of LLaVA-1.5-7B in {arithmetic}";
        long? before = DeviceMemory.Free(arithmetic.Device);
        MadeUpSample sample = SampleOf(arithmetic, layers, arithmetic.Device);
        yield return Taken("with weights and a picture", before, arithmetic);
        byte[][] masks = sample.Masks(count);
        using var suffix = new SuffixForward(sample.Cache, sample.Blocks, sample.Target);
        suffix.Logits([.. masks.Take(suffix.Batch)]); // libraries load their kernels
        long start = Stopwatch.GetTimestamp();
        suffix.Logits(masks);
        yield return new GpuResult(
            $"masks, {shape}, batch {suffix.Batch}",
            count / Stopwatch.GetElapsedTime(start).TotalSeconds,
            "a second"
        );
        yield return Taken("after masks", before, arithmetic);
        GatedForward gates = GatedForward.Of(sample.Cache, sample.Blocks, sample.Target);
        double[][] points = sample.Points(masks.Take(Math.Max(1, count / 8)));
        gates.Gradients([.. points.Take(gates.Batch)]);
        start = Stopwatch.GetTimestamp();
        gates.Gradients(points);
        yield return new GpuResult(
            $"gradients, {shape}, batch {gates.Batch}",
            points.Length / Stopwatch.GetElapsedTime(start).TotalSeconds,
            "a second"
        );
        yield return Taken("after gradients", before, arithmetic);
    }

    /// <summary>What is no longer free, the allocator's reserve included: what another program would miss.</summary>
    private static GpuResult Taken(string what, long? before, Arithmetic arithmetic) =>
        new(
            $"memory {what}",
            (before - DeviceMemory.Free(arithmetic.Device)) / (double)(1L << 30),
            "GB on the device"
        );

    private static MadeUpSample SampleOf(Arithmetic arithmetic, int layers, torch.Device madeOn) =>
        MadeUpSample.Of(
            RandomDecoder.Of(PublishedModel.Named("llava-1.5-7b-hf"), layers, Rows, arithmetic, madeOn),
            RandomDecoder.Prompt(576, 23, [])
        );

    private static double Largest(double[] found, double[] expected) =>
        found.Zip(expected, (a, b) => Math.Abs(a - b)).Max();

    private static double Largest(double[] found, float[] expected) =>
        Largest(found, [.. expected.Select(x => (double)x)]);

    /// <summary>One thing that was found.</summary>
    /// <param name="What">What was measured.</param>
    /// <param name="Value">How much; null where it cannot be known here.</param>
    /// <param name="Unit">Of what.</param>
    /// <param name="Passed">Whether that is right; null where nothing is judged.</param>
    private sealed record GpuResult(string What, double? Value, string Unit, bool? Passed = null)
    {
        /// <inheritdoc/>
        public override string ToString() =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{(Passed is { } passed ? passed ? "ok    " : "WRONG " : "      ")}{What}: {Text(Value)} {Unit}"
            );

        private static string Text(double? value) => value?.ToString("g4", CultureInfo.InvariantCulture) ?? "unknown";
    }
}
