using Pipelines.Models.Vision;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>
/// Made-up tokens that behave like those of LLaVA-1.5-7B: the picture reaches the role tokens and the last one; a
/// sparse set of image tokens carries it, and attention follows it with sinks of its own.
/// </summary>
internal static class MadeUpTokens
{
    private const int Side = 24;

    private static readonly string[] Text =
    [
        " ",
        "\n",
        "What",
        " is",
        " the",
        " main",
        " object",
        " in",
        " the",
        " image",
        "?",
        " Please",
        " answer",
        " with",
        " a",
        " single",
        " word",
        ".",
        " A",
        "SS",
        "IST",
        "ANT",
        ":",
    ];

    /// <summary>What the stage is told.</summary>
    public static TokenTraceSpec Settings { get; } =
        new()
        {
            Faithfulness = 0.8,
            Important = 0.05,
            Count = 10_000,
            Ablate = 0.75,
        };

    public static IReadOnlyList<TracedSample> Trace(IReadOnlyList<SampleResult> samples)
    {
        var random = new Random(11);
        return [.. samples.Select((s, i) => Traced(s, i, random))];
    }

    public static IReadOnlyList<LensRow> Lens(IReadOnlyList<SampleResult> samples, int headsPerLayer, string[] words)
    {
        var random = new Random(12);
        return
        [
            .. samples.SelectMany(s =>
                Findings
                    .Ranking(s.Beta)
                    .Take(5)
                    .SelectMany(
                        (n, rank) =>
                            Items(s, rank, words, random)
                                .Select(
                                    (item, i) =>
                                        new LensRow(
                                            s.SampleId,
                                            rank,
                                            n / headsPerLayer,
                                            n % headsPerLayer,
                                            s.Beta[n],
                                            i,
                                            i,
                                            item.Text,
                                            item.Logit,
                                            item.IsTarget
                                        )
                                )
                    )
            ),
        ];
    }

    private static (string Text, double Logit, bool IsTarget)[] Items(
        SampleResult sample,
        int rank,
        string[] words,
        Random random
    )
    {
        string[] other =
        [
            .. words
                .Where(w => w != sample.Answer)
                .Concat([" the", "\n", "▁", "<0xE4>", "unbelievably", "学"])
                .OrderBy(_ => random.Next()),
        ];
        string[] items =
        [
            .. (
                random.NextDouble() < 0.7 ? other.Take(rank).Append(sample.Answer).Concat(other.Skip(rank)) : other
            ).Take(10),
        ];
        return [.. items.Select((w, i) => (w, 9 - rank - (0.7 * i), w == sample.Answer))];
    }

    private static TracedSample Traced(SampleResult sample, int index, Random random)
    {
        double[] delta =
        [
            .. Text.Select(
                (_, i) =>
                    i switch
                    {
                        22 => 0.5 + (0.2 * random.NextDouble()),
                        18 or 20 => 0.05 + (0.15 * random.NextDouble()),
                        _ => 0.01 * (random.NextDouble() - 0.3),
                    }
            ),
        ];
        double[] beta = new double[Side * Side],
            attention = new double[Side * Side];
        for (int j = 0; j < beta.Length; j++)
        {
            double r = Math.Sqrt(Math.Pow((j / Side) - 12, 2) + Math.Pow((j % Side) - 12, 2)),
                inside = r < 6 ? 1 : 0.06;
            beta[j] =
                random.NextDouble() < 0.3 * inside ? 0.02 * random.NextDouble()
                : random.NextDouble() < 0.05 ? -0.003 * random.NextDouble()
                : 0;
            attention[j] =
                (0.003 * inside * random.NextDouble()) + (0.2 * beta[j]) + (random.NextDouble() < 0.01 ? 0.008 : 0);
        }

        return new TracedSample
        {
            SampleId = sample.SampleId,
            Answer = sample.Answer,
            Tokens = Text,
            Delta = delta,
            Important = [.. delta.Select(d => d > 0.05)],
            HeadsKept = 20 + index,
            LogitKept = 0.97 + (0.02 * random.NextDouble()),
            Attention = attention,
            Beta = beta,
            R2 = 0.7 + (0.2 * random.NextDouble()),
            AttentionRho = Pipelines.Stages.Analysis.Metrics.Pearson(beta, attention),
            Seen = MadeUpReport.Png(96, (byte)(40 + (20 * (index % 10))), 120, 60),
            Object = index % 4 == 3 ? null : new PictureRegion(0.25, 0.25, 0.75, 0.75),
            Rows = Side,
            Columns = Side,
        };
    }
}
