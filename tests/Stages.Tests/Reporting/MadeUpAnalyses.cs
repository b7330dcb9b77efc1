using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>
/// Made-up rows of the analyses, beside <see cref="MadeUpReport"/>: objects of a super-category use alike heads, some
/// heads serve all.
/// </summary>
internal static class MadeUpAnalyses
{
    private static readonly string[] StyleNames = ["real", "sketch", "clipart"];

    private static readonly (string Super, string[] Objects)[] Labels =
    [
        ("animal", ["dog", "cat", "horse", "bear", "zebra", "giraffe"]),
        ("vehicle", ["car", "bus", "train", "airplane"]),
        ("food", ["pizza", "banana", "donut"]),
        ("furniture", ["chair", "bed"]),
        ("electronic", ["laptop", "tv"]),
        ("indoor", ["clock", "vase"]),
        ("kitchen", ["cup", "bowl"]),
        ("outdoor", ["bench", "stop sign"]),
        ("sports", ["kite", "surfboard"]),
        ("accessory", ["umbrella"]),
        ("appliance", ["refrigerator"]),
        ("person", ["person"]),
    ];

    /// <summary>The report with every analysis.</summary>
    public static ReportData With(ReportData data, int perObject = 10)
    {
        var random = new Random(11);
        int heads = data.Model.Layers * data.Model.Heads;
        (string Super, string Object)[] objects = [.. Labels.SelectMany(l => l.Objects.Select(o => (l.Super, o)))];
        LaidOut[] samples =
        [
            .. Enumerable
                .Range(0, perObject * objects.Length)
                .Select(i => new LaidOut($"{i:D6}", objects[i / perObject].Object, objects[i / perObject].Super)),
        ];
        double[][] betas = Betas(samples, heads, random);
        int[] used = [.. Enumerable.Range(0, heads).Where(n => betas.Any(b => b[n] > 0.1))];
        TSne layout = TSne.Of(betas);
        return data.EachSample(s =>
                s with
                {
                    ImageAttention = Attention(s, data.Model, random),
                    SingleHead = SingleHead(s, random),
                }
            )
            .With(Thresholds(data))
            .With(Ratios(data, random))
            .WithStyles(samples, betas)
            .WithLayout(
                [
                    .. samples.Select(
                        (s, i) =>
                            new LayoutRow(
                                s.SampleId,
                                s.Category,
                                s.SuperCategory,
                                layout.Points[i][0],
                                layout.Points[i][1]
                            )
                    ),
                ],
                betas,
                Invariant.Text($"Exact t-SNE, perplexity {layout.Perplexity:0.#}")
            )
            .WithHeadVectors([.. used.Select(n => (n, betas.Select(b => b[n]).ToArray()))])
            .With(
                Enumerable
                    .Range(1, 9)
                    .SelectMany(p =>
                        Enumerable
                            .Range(0, 40)
                            .Select(i => new PromptSimilarityRow(
                                $"p{p}",
                                "",
                                $"{i}",
                                1 - (0.1 * random.NextDouble() * random.NextDouble() * (1 + (p % 3)))
                            ))
                    )
            )
            .WithSettings(new PromptSimilaritySpec { Prompts = [.. Enumerable.Range(1, 9).Select(p => $"p{p}")] });
    }

    /// <summary>The report with samples in the plane, and what was laid out.</summary>
    public static ReportData WithLayout(this ReportData data, LayoutRow[] rows, double[][] betas, string method) =>
        data with
        {
            Tables = data
                .Tables.With(rows)
                .WithNote<LayoutRow>(method)
                .WithBehind<LayoutRow, AttributionRow>(
                    rows.SelectMany(
                        (row, i) =>
                            betas[i]
                                .Select(
                                    (b, n) =>
                                        new AttributionRow(row.SampleId, n / data.Model.Heads, n % data.Model.Heads, b)
                                )
                    )
                ),
        };

    /// <summary>The report with head vectors over samples 000000, 000001, ..., and their tree.</summary>
    public static ReportData WithHeadVectors(this ReportData data, (int Head, double[] Vector)[] heads) =>
        data with
        {
            Tables = data
                .Tables.With(
                    heads.SelectMany(h =>
                        h.Vector.Select(
                            (b, i) =>
                                new HeadVectorRow(h.Head / data.Model.Heads, h.Head % data.Model.Heads, $"{i:D6}", b)
                        )
                    )
                )
                .With(
                    Linkage
                        .Of([.. heads.Select(h => h.Vector)], VectorDistance.Euclidean, ClusterLinkage.Average)
                        .Merges
                )
                .WithSettings(new ClusterHeadsSpec { LeastBeta = 0.1, Distance = VectorDistance.Euclidean })
                .WithNote<HeadVectorRow>("average linkage of Euclidean distances"),
        };

    /// <summary>The report with a comparison of styles.</summary>
    public static ReportData WithStyles(
        this ReportData data,
        StyleComparison compared,
        IEnumerable<StyleMeanRow> means
    ) =>
        data.With(compared.Pairs.Select(StylePairsRow.Of))
            .With(
                compared
                    .Relations.Select(r =>
                        StyleRelationRow.Of(
                            r.SameObject ? Likeness.Same : Likeness.Another,
                            r.SameStyle ? Likeness.Same : Likeness.Another,
                            r.Cosine
                        )
                    )
                    .Append(StyleRelationRow.Of(Likeness.Difference, Likeness.Difference, compared.ObjectOverStyle))
            )
            .With(means);

    private static ReportData WithStyles(this ReportData data, LaidOut[] samples, double[][] betas)
    {
        StyleComparison cosines = StyleComparison.Of(
            [.. samples.Take(60).Select((s, i) => new StyledBeta(StyleNames[i % 3], s.Category, betas[i]))],
            StyleNames
        );
        string[] criteria = ["head-attribution", "causal", "attention", "random"];
        return data.WithStyles(
            cosines,
            from style in Enumerable.Range(0, 3)
            from quantity in new[] { "heads_faithfulness", "heads_completeness" }
            from criterion in Enumerable.Range(0, criteria.Length)
            let mean = 5 + style + (20.0 * criterion)
            select StyleMeanRow.Of(
                StyleNames[style],
                quantity,
                criteria[criterion],
                new Estimate(mean, 2, mean - 1, mean + 1.5, 20),
                criterion == 3 ? 1 : 0
            )
        );
    }

    private static double[][] Betas(LaidOut[] samples, int heads, Random random)
    {
        double[] common =
        [
            .. Enumerable
                .Range(0, heads)
                .Select(_ => random.NextDouble() < 8.0 / heads ? 0.08 + (0.15 * random.NextDouble()) : 0),
        ];
        Dictionary<string, double[]> own = samples
            .SelectMany(s => new[] { s.Category, s.SuperCategory })
            .Distinct()
            .ToDictionary(
                name => name,
                _ =>
                    Enumerable
                        .Range(0, heads)
                        .Select(_ => random.NextDouble() < 4.0 / heads ? 0.18 * random.NextDouble() : 0)
                        .ToArray()
            );
        return
        [
            .. samples.Select(s =>
                Enumerable
                    .Range(0, heads)
                    .Select(n =>
                        (common[n] * (0.6 + (0.8 * random.NextDouble())))
                        + own[s.Category][n]
                        + own[s.SuperCategory][n]
                        + (0.02 * (random.NextDouble() - 0.5))
                    )
                    .ToArray()
            ),
        ];
    }

    private static double[] Attention(SampleResult sample, ModelCard model, Random random) =>
        [
            .. Enumerable
                .Range(0, sample.Beta.Count)
                .Select(n =>
                    n / model.Heads < model.Layers / 6.0
                        ? 0.3 + (0.4 * random.NextDouble())
                        : (0.25 * random.NextDouble() * random.NextDouble()) + (0.2 * Math.Max(0, sample.Beta[n]))
                ),
        ];

    private static double[] SingleHead(SampleResult sample, Random random) =>
        [.. sample.Beta.Select(b => (0.35 * b * random.NextDouble()) + (0.004 * (random.NextDouble() - 0.5)))];

    private static IEnumerable<NeededRow> Thresholds(ReportData data)
    {
        foreach (var scan in data.Tables.Rows<ValidationRow>().GroupBy(r => (r.SampleId, r.Criterion, r.Seed)))
        {
            ValidationRow[] rows = [.. scan.OrderBy(r => r.K)];
            for (int step = 5; step <= 9; step++)
            {
                double high = step / 10.0,
                    low = (10 - step) / 10.0;
                yield return new NeededRow(
                    scan.Key.SampleId,
                    scan.Key.Criterion,
                    scan.Key.Seed,
                    ValidationQuantity.Faithfulness,
                    high,
                    rows.Where(r => r.Faithfulness > high).Select(r => (int?)r.K).FirstOrDefault()
                );
                yield return new NeededRow(
                    scan.Key.SampleId,
                    scan.Key.Criterion,
                    scan.Key.Seed,
                    ValidationQuantity.Completeness,
                    low,
                    rows.Where(r => r.Completeness < low).Select(r => (int?)r.K).FirstOrDefault()
                );
            }
        }
    }

    private static IEnumerable<AblationRatioRow> Ratios(ReportData data, Random random)
    {
        double all = data.Model.Layers * data.Model.Heads;
        return data.Samples.SelectMany(s =>
            Enumerable
                .Range(1, 7)
                .Select(eighth => new AblationRatioRow(
                    s.SampleId,
                    eighth / 8.0,
                    (int)Math.Ceiling(all * (0.1 + (0.25 / eighth)) * (0.8 + (0.4 * random.NextDouble()))),
                    random.NextDouble() < 0.05
                        ? null
                        : (int)Math.Ceiling(all * (0.3 + (0.3 / eighth)) * (0.8 + (0.4 * random.NextDouble()))),
                    0.6 + (0.05 * eighth),
                    null
                ))
        );
    }

    /// <summary>A sample in the plane.</summary>
    private sealed record LaidOut(string SampleId, string Category, string SuperCategory);
}
