using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>
/// What each kind of f costs beside the adjusted logit, at LLaVA-7B's widths and vocabulary. One layer is run, and two:
/// what the second adds is that of each of the other 30. Kinds of one position have the same layers, so that they cost
/// more by what they cost more with one layer; a sequence has longer suffixes in all of them. CPU time, the kinds in
/// turn, the least of the rounds: the machine's speed drifts.
/// </summary>
internal static class TargetsBenchmark
{
    private const int Vocabulary = 32064;
    private const int Whole = 32; // layers

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        Option<int> masks = Verb.Number("--masks", "Masks a round, in one batch.", 32),
            rounds = Verb.Number("--rounds", "Rounds.", 3),
            threads = Verb.Number("--threads", "Threads.", Environment.ProcessorCount);
        var command = new Command(
            "targets",
            "What each kind of f costs beside the adjusted logit, at LLaVA-7B's widths."
        )
        {
            masks,
            rounds,
            threads,
        };
        command.SetAction(parsed =>
            Run(parsed.GetValue(masks), parsed.GetValue(rounds), parsed.GetValue(threads))
        );
        return command;
    }

    /// <summary>Prints a line a kind.</summary>
    private static void Run(int masks, int rounds, int threads)
    {
        MadeUpSample.Use(threads);
        (string Name, Measured What)[] kinds =
        [
            ("logit", new Measured.Logit(3, LogitMean.Rows)),
            ("difference", new Measured.LogitDifference(3, 4)),
            ("log-probability", new Measured.LogProbability(3)),
            ("probability", new Measured.Probability(3)),
            ("sequence of 3", new Measured.Sequence([3, 4, 5])),
        ];
        double[] one = Seconds(1, masks, rounds, kinds),
            two = Seconds(2, masks, rounds, kinds);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"V {Vocabulary}, T 23, P 576, {masks} masks a batch, {threads} threads; CPU ms a mask"
            )
        );
        Console.WriteLine("kind               1 layer  2 layers |  32 layers  of logit (extrapolated)");
        double logit = one[0] + ((Whole - 1) * (two[0] - one[0]));
        for (int k = 0; k < kinds.Length; k++)
        {
            double aLayer = kinds[k].What.Scored.Count > 1 ? two[k] - one[k] - (two[0] - one[0]) : 0,
                whole = logit + one[k] - one[0] + ((Whole - 1) * aLayer);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{kinds[k].Name,-16} {1000 * one[k],9:0.00} {1000 * two[k],9:0.00} | {1000 * whole,10:0.0} "
                        + $"{whole / logit,9:0.0000}"
                )
            );
        }
    }

    /// <summary>CPU seconds a mask, a kind.</summary>
    private static double[] Seconds(int layers, int masks, int rounds, (string Name, Measured What)[] kinds)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        Decoder decoder = RandomDecoder.Of(
            PublishedModel.Named("llava-1.5-7b-hf"),
            layers,
            Vocabulary,
            "packed"
        );
        PrefixCache[] caches =
        [
            .. kinds.Select(k => RandomDecoder.Cache(decoder, RandomDecoder.Prompt(576, 23, k.What.Given))),
        ];
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), caches[0]);
        SuffixForward[] forwards =
        [
            .. kinds.Select((k, i) => new SuffixForward(caches[i], blocks, decoder.Unembedding.Measure(k.What), masks)),
        ];
        int heads = decoder.Shape.TotalHeads;
        byte[][] drawn =
        [
            .. Enumerable.Range(0, masks).Select(i => HeadMasks.Draw(1, "targets", i, heads, 0.75, MaskDraw.Exact)),
        ];
        double[] least = [.. kinds.Select(_ => double.MaxValue)];
        for (int round = 0; round <= rounds; round++)
        {
            for (int k = 0; k < kinds.Length; k++)
            {
                TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
                forwards[k].Logits(drawn);
                double used = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds / masks;
                least[k] = round == 0 ? least[k] : Math.Min(least[k], used); // the first warms up
            }
        }

        Array.ForEach(forwards, f => f.Dispose());
        Array.ForEach(caches, c => c.Dispose());
        return least;
    }
}
