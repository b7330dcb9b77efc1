using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>
/// What it saves that a pass starts at the first layer with an ablated head: all heads of a decoder of a model's
/// layers, one by one (the causal criterion), against the same with head 0 of layer 0 ablated, too, so that every pass
/// starts there. Its time grows with the square of the layers: eight of a small model take half a minute. Both
/// alternate in one process; the ratio is of the medians of their CPU time, which other work on the machine disturbs
/// least.
/// </summary>
internal static class SingleHeadBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var model = new Option<string>("--model")
        {
            Description = "A model of make-model's list; its shape is used, with random weights.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "InternVL2_5-1B",
        };
        Option<int> layers = Verb.Number("--layers", "Decoder layers.", 8),
            rounds = Verb.Number("--rounds", "Rounds; medians are shown.", 1);
        var command = new Command(
            "single-head",
            "What it saves that a pass with one ablated head starts at the head's layer (the causal criterion)."
        )
        {
            model,
            layers,
            rounds,
        };
        command.SetAction(parsed =>
            Run(PublishedModel.Named(parsed.GetValue(model)!), parsed.GetValue(layers), parsed.GetValue(rounds))
        );
        return command;
    }

    private static void Run(PublishedModel model, int layers, int rounds)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        Decoder decoder = RandomDecoder.Of(model, layers, 64, "auto");
        using PrefixCache cache = RandomDecoder.Cache(decoder, RandomDecoder.Prompt(576, 23, []));
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        OutputMeasure target = decoder.Unembedding.Measure(new Measured.Logit(3, LogitMean.Rows));
        using var suffix = new SuffixForward(cache, blocks, target);
        torch.set_num_threads(1);
        PackedLinear.Threads = 1;
        int heads = decoder.Shape.TotalHeads;
        byte[][] fromItsLayer = [.. Enumerable.Range(0, heads).Select(n => HeadMasks.Without(heads, n))],
            fromTheFirst = [.. Enumerable.Range(0, heads).Select(n => HeadMasks.Without(heads, 0, n))];
        var seconds = new List<(double Own, double First)>();
        for (int round = 0; round < rounds; round++)
        {
            seconds.Add((Seconds(suffix, fromItsLayer), Seconds(suffix, fromTheFirst)));
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {seconds[^1].Own:F2} s of CPU from the head's layer, {seconds[^1].First:F2} s from the first"
                )
            );
        }

        double own = Median(seconds.Select(s => s.Own)),
            first = Median(seconds.Select(s => s.First));
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{heads} heads in {layers} layers, batch {suffix.Batch}: {first / own:F2}x "
                    + $"({100 * (1 - (own / first)):F0} % saved); by layers that are run "
                    + $"{2.0 * layers / (layers + 1):F2}x"
            )
        );
    }

    private static double Seconds(SuffixForward suffix, byte[][] masks)
    {
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        suffix.Logits(masks);
        return (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
