using System.Diagnostics;
using System.Globalization;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Models;
using Pipelines.Stages.Tensors;
using Pipelines.Stages.Vision;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>Masks a second of a model folder on a picture: worker threads side by side, each single-threaded with masks of its own. CPU time is the figure to trust on a busy machine.</summary>
internal static class SuffixBenchmark
{
    public static void Run(string folder, string picture, int workers, int masks, string linear, int batch)
    {
        TorchNative.Touch();
        ModelInfo info = ModelInfo.Read(folder);
        using VisionLanguageModel model = VisionLanguageModel.Load(folder, Arithmetic.Resolve("cpu", "float32", linear, info.Stored));
        using ImageFeatures features = model.Features(PictureDecoder.Decode(picture));
        PromptTokens prompt = model.Prompt("What is the main object in the image? Please answer with a single word.", features.Tokens.Tokens);
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        using IntactRun intact = IntactRun.Compute(cache);
        using var mean = new MeanKvAccumulator(info.Decoder, prompt.ImageLength, KeyAverage.AfterRotary);
        mean.Add(cache);
        using Baseline.Mean baseline = mean.ToBaseline();
        using BaselineBlocks blocks = BaselineBlocks.Of(baseline, cache);
        using var suffix = new SuffixForward(cache, blocks, model.Target(intact.Target, MeanOver.Rows), batch);
        Console.WriteLine($"{info.Name}: N {info.TotalHeads}, T {prompt.SuffixLength}, P {prompt.ImageLength}, batch {suffix.Batch}, {workers} workers, {linear}");
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
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {masks * workers / wall:F0} masks/s wall, {used:F3} ms CPU a mask = {workers * 1000 / used:F0} masks/s on {workers} free cores"));
        }

        void Work(int worker)
        {
            torch.set_num_threads(1);
            PackedLinear.Threads = 1;
            suffix.Logits([.. Enumerable.Range(0, masks).Select(i => HeadMasks.Draw(1, $"worker {worker}", i, info.TotalHeads, 0.75, MaskDrawing.Exact))]);
        }
    }
}
