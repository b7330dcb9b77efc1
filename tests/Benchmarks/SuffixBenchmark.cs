using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>
/// Masks a second of a model folder on a picture: worker threads side by side, each single-threaded with masks of its
/// own; one worker uses all cores. CPU time is the figure to trust on a busy machine.
/// </summary>
internal static class SuffixBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var folder = new Argument<string>("MODEL") { Description = "A model folder." };
        var picture = new Argument<string>("PICTURE") { Description = "A picture file." };
        Option<int> workers = Verb.Number("--workers", "Worker threads.", Environment.ProcessorCount),
            masks = Verb.Number("--masks", "Masks of a worker and round.", 512);
        var batch = new Option<int>("--batch") { Description = "Masks computed together; 0 chooses.", HelpName = "N" };
        var linear = new Option<string>("--linear")
        {
            Description = "auto | torch | packed.",
            HelpName = "KIND",
            DefaultValueFactory = _ => "auto",
        };
        var command = new Command("suffix", "Masks a second of a model folder on a picture, by worker threads.")
        {
            folder,
            picture,
            workers,
            masks,
            batch,
            linear,
        };
        command.SetAction(parsed =>
            Run(
                parsed.GetRequiredValue(folder),
                parsed.GetRequiredValue(picture),
                parsed.GetValue(workers),
                parsed.GetValue(masks),
                parsed.GetValue(linear)!,
                parsed.GetValue(batch)
            )
        );
        return command;
    }

    private static void Run(string folder, string picture, int workers, int masks, string linear, int batch)
    {
        TorchNative.Touch();
        ModelInfo info = ModelInfo.Read(folder);
        using VisionLanguageModel model = VisionLanguageModel.Load(
            folder,
            Arithmetic.Resolve("cpu", "float32", linear, info.Stored)
        );
        using ImageFeatures features = model.Features(PictureDecoder.Decode(picture));
        PromptTokens prompt = model.Prompt(
            "What is the main object in the image? Please answer with a single word.",
            features.Tokens
        );
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        using IntactRun intact = IntactRun.Compute(cache);
        using var mean = new MeanKvAccumulator(info.Decoder, prompt.ImageLength, RopeOrder.After);
        mean.Add(cache);
        using Baseline.Mean baseline = mean.ToBaseline();
        using BaselineBlocks blocks = BaselineBlocks.Of(baseline, cache);
        OutputMeasure target = model.Measure(new Measured.Logit(intact.Target, LogitMean.Rows));
        using var suffix = new SuffixForward(cache, blocks, target, batch);
        Measure(info.Name, suffix, info.Decoder, prompt, workers, masks);
    }

    private static void Measure(
        string name,
        SuffixForward suffix,
        DecoderShape shape,
        PromptTokens prompt,
        int workers,
        int masks
    )
    {
        Console.WriteLine(
            $"{name}: N {shape.TotalHeads}, T {prompt.SuffixLength}, P {prompt.ImageLength}, batch {suffix.Batch}, "
                + $"{workers} workers"
        );
        for (int round = 0; round < 3; round++)
        {
            TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            Thread[] threads = [.. Enumerable.Range(0, workers).Select(worker => new Thread(() => Work(worker)))];
            foreach (Thread thread in threads)
            {
                thread.Start();
            }

            foreach (Thread thread in threads)
            {
                thread.Join();
            }

            double wall = watch.Elapsed.TotalSeconds;
            double used = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / (masks * workers);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {masks * workers / wall:F1} masks/s wall, {used:F3} ms CPU a mask = "
                        + $"{1000 * Environment.ProcessorCount / used:F1} masks/s on "
                        + $"{Environment.ProcessorCount} free cores"
                )
            );
        }

        void Work(int worker)
        {
            torch.set_num_threads(workers > 1 ? 1 : Environment.ProcessorCount);
            PackedLinear.Threads = workers > 1 ? 1 : Environment.ProcessorCount;
            suffix.Logits([
                .. Enumerable
                    .Range(0, masks)
                    .Select(i => HeadMasks.Draw(1, $"worker {worker}", i, shape.TotalHeads, 0.75, MaskDraw.Exact)),
            ]);
        }
    }
}
