using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Stages;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>
/// Random checkpoints of the published widths with few decoder layers and the whole tower, each in a process of its
/// own: seconds of tower and prefix, masks a second, what share of the machine's matrix product that is, peak memory.
/// </summary>
internal static class FamilyBenchmark
{
    private const int Masks = 64;
    private const string Question = "What is the main object in the image? Please answer with a single word.";

    /// <summary>One a family, and more of those that have several decoders or towers.</summary>
    private static readonly string[] OneAFamily =
    [
        "llava-1.5-7b-hf",
        "llava-v1.6-vicuna-7b-hf",
        "llava-v1.6-mistral-7b-hf",
        "llama3-llava-next-8b-hf",
        "llava-onevision-qwen2-0.5b-ov-hf",
        "InternVL2_5-1B",
        "InternVL2_5-2B",
        "InternVL3-2B",
        "InternVL3_5-1B",
        "InternVL3_5-1B-HF",
        "Qwen2-VL-2B-Instruct",
        "Qwen2.5-VL-3B-Instruct",
        "Qwen3-VL-2B-Instruct",
        "gemma-3-4b-it",
        "SmolVLM2-256M-Video-Instruct",
        "SmolVLM2-2.2B-Instruct",
        "Idefics3-8B-Llama3",
    ];

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var names = new Argument<string[]>("NAME")
        {
            Description = "Models of make-model's list (default: one a family).",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<int> layers = Verb.Number("--layers", "Decoder layers; the vision tower keeps its depth.", 2);
        var command = new Command(
            "families",
            "Tower, prefix, masks a second and peak memory of checkpoints of published widths, each in its own process."
        )
        {
            names,
            layers,
        };
        command.SetAction(parsed => Run(parsed.GetValue(names) ?? [], parsed.GetValue(layers)));
        return command;
    }

    /// <summary>The verb of one of these processes.</summary>
    public static Command BuildOne()
    {
        var folder = new Argument<string>("FOLDER") { Description = "A model folder." };
        var command = new Command("family", "One model folder of families, without its peak memory.") { folder };
        command.SetAction(parsed => RunOne(parsed.GetRequiredValue(folder)));
        return command;
    }

    /// <summary>Makes, measures and removes each model.</summary>
    private static int Run(IReadOnlyList<string> names, int layers)
    {
        string work = Directory.CreateTempSubdirectory("pipelines-families-").FullName;
        try
        {
            Console.WriteLine(
                $"{layers} decoder layers, whole tower, {Masks} masks, {Environment.ProcessorCount} threads; GEMM: "
                    + "4096 -> 11008 in float16, 736 rows, in the same process"
            );
            Console.WriteLine(
                $"{"model",-34}{"P",6}{"T",4}{"tower s",9}{"prefix s",9}{"masks/s",9}{"GFLOP/s",9}{"GEMM",7}"
                    + $"{"share",7}{"peak GB",9}{"whole GB",9}"
            );
            foreach (string name in names.Count > 0 ? names : OneAFamily)
            {
                string folder = Path.Combine(work, name);
                RandomModel.Plan(name, layers).Write(folder);
                double peak = Measured(folder);
                int missing = PublishedModel.Named(name).Layers - layers;
                double whole = peak + (missing * LayerBytes(folder));
                Console.WriteLine(Invariant($"{peak / 1e9,9:0.0}{whole / 1e9,9:0.0}"));
                Directory.Delete(folder, recursive: true);
            }

            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>Measures a model folder and prints all of its row but the peak.</summary>
    private static int RunOne(string folder)
    {
        TorchNative.Touch();
        ModelInfo info = ModelInfo.Read(folder);
        ImageChoice image = ImageSettings.Resolve(new ImageSpec(), info.Family, info.Family.PublishedFit(folder));
        Arithmetic arithmetic = Arithmetic.Resolve("cpu", "float32", "packed", info.Stored);
        PackedLinear.Threads = Environment.ProcessorCount;
        using VisionLanguageModel model = VisionLanguageModel.Load(folder, arithmetic, image);
        Picture picture = PictureDecoder.Decode(
            Directory.EnumerateFiles(Path.Combine("experiments", "quickstart", "images"), "*.jpg").Order().First()
        );
        using (model.Features(picture))
        {
            // pages and code of the first time are not what is measured
        }

        long start = Stopwatch.GetTimestamp();
        using ImageFeatures features = model.Features(picture);
        double tower = Stopwatch.GetElapsedTime(start).TotalSeconds;
        PromptTokens prompt = model.Prompt(Question, features.Tokens);
        start = Stopwatch.GetTimestamp();
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        double prefix = Stopwatch.GetElapsedTime(start).TotalSeconds;
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        using var suffix = new SuffixForward(cache, blocks, model.Measure(new Measured.Logit(3, LogitMean.Rows)));
        byte[][] masks =
        [
            .. Enumerable
                .Range(0, Masks)
                .Select(i => HeadMasks.Draw(1, "benchmark", i, info.TotalHeads, 0.75, MaskDraw.Exact)),
        ];
        double best = double.PositiveInfinity,
            gemm = 0;
        for (int round = 0; round < 3; round++)
        {
            gemm = Math.Max(gemm, Gemm());
            start = Stopwatch.GetTimestamp();
            suffix.Logits(masks);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds / Masks);
        }

        var shape = new PassShape(
            info.Decoder,
            VisionShape.Read(info, prompt.ImageLength),
            arithmetic,
            prompt.PrefixLength,
            prompt.ImageLength,
            prompt.SuffixLength
        );
        double rate = shape.MaskOperations / best;
        Console.Write(
            Invariant($"{info.Name,-34}{prompt.ImageLength,6}{prompt.SuffixLength,4}{tower,9:0.00}{prefix,9:0.00}")
                + Invariant($"{1 / best,9:0.0}{rate / 1e9,9:0}{gemm / 1e9,7:0}{rate / gemm,7:0.00}")
        );
        return 0;
    }

    /// <summary>
    /// What a further decoder layer takes: weights in 16 bit, keys and values of prefix and image in float32, and those
    /// of a mean baseline as read and as laid out.
    /// </summary>
    private static double LayerBytes(string folder)
    {
        ModelInfo info = ModelInfo.Read(folder);
        ImageChoice image = ImageSettings.Resolve(new ImageSpec(), info.Family, info.Family.PublishedFit(folder));
        int imageTokens = ImageTokenCounter.Read(info, image).TokensOf(448, 448).Tokens,
            prefix = info.Family.TokensBeforeImage;
        var shape = new PassShape(
            info.Decoder,
            VisionShape.Read(info, imageTokens),
            Arithmetic.Float32,
            prefix,
            imageTokens,
            1
        );
        double numbers = 2.0 * info.Decoder.KvHeads * info.Decoder.HeadDim;
        return (2.0 * shape.LayerParameters / info.Decoder.Layers)
            + (numbers * 4 * (prefix + imageTokens))
            + (numbers * 8 * imageTokens);
    }

    /// <summary>Operations a second of the largest product of a 7B decoder.</summary>
    private static double Gemm()
    {
        using var scope = torch.NewDisposeScope();
        const int inputs = 4096,
            outputs = 11008,
            rows = 32 * 23;
        using var linear = new PackedLinear(torch.randn(outputs, inputs).to(torch.ScalarType.Float16), null);
        torch.Tensor x = torch.randn(rows, inputs);
        linear.Forward(x);
        long start = Stopwatch.GetTimestamp();
        linear.Forward(x);
        return 2.0 * inputs * outputs * rows / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Runs <see cref="RunOne"/> in a process of its own.</summary>
    /// <returns>Its largest resident memory, bytes.</returns>
    private static double Measured(string folder)
    {
        var start = new ProcessStartInfo("dotnet");
        foreach (string argument in (string[])[typeof(FamilyBenchmark).Assembly.Location, "family", folder])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        long peak = 0;
        while (!process.WaitForExit(50))
        {
            process.Refresh();
            if (!process.HasExited)
            {
                peak = Math.Max(peak, process.PeakWorkingSet64);
            }
        }

        return process.ExitCode == 0
            ? peak
            : throw new InvalidOperationException($"{folder}: exit code {process.ExitCode}");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
