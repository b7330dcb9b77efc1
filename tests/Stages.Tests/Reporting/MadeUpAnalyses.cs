using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;

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
        HeadVectorSample[] samples =
        [
            .. Enumerable
                .Range(0, perObject * objects.Length)
                .Select(i => new HeadVectorSample(
                    $"{i:D6}",
                    objects[i / perObject].Object,
                    objects[i / perObject].Super
                )),
        ];
        double[][] betas = Betas(samples, heads, random);
        int[] used = [.. Enumerable.Range(0, heads).Where(n => betas.Any(b => b[n] > 0.1))];
        double[][] vectors = [.. used.Select(n => betas.Select(b => b[n]).ToArray())];
        TSne layout = TSne.Of(betas);
        return data with
        {
            Samples =
            [
                .. data.Samples.Select(s =>
                    s with
                    {
                        ImageAttention = Attention(s, data.Model, random),
                        SingleHead = SingleHead(s, random),
                    }
                ),
            ],
            Thresholds = [.. Thresholds(data)],
            Ratios = [.. Ratios(data, random)],
            Styles = Styles(samples, betas),
            Layout = new SampleLayout(
                [
                    .. samples.Select(
                        (s, i) =>
                            new LayoutPoint(
                                s.SampleId,
                                $"{s.SampleId}.jpg",
                                s.Category,
                                s.SuperCategory,
                                layout.Points[i][0],
                                layout.Points[i][1],
                                StyleNames[i % 3],
                                betas[i]
                            )
                    ),
                ],
                $"Exact t-SNE, perplexity {layout.Perplexity:0.#}"
            ),
            HeadVectors =
                used.Length == 0
                    ? null
                    : new HeadVectors(
                        used,
                        samples,
                        vectors,
                        Linkage.Of(vectors, VectorDistance.Euclidean, ClusterLinkage.Average),
                        0.1,
                        "average linkage of Euclidean distances"
                    ),
            Prompts =
            [
                .. Enumerable
                    .Range(1, 9)
                    .Select(p => new PromptResult(
                        $"p{p}",
                        "Offer the primary object's name from the picture, restricted to a single word.",
                        [
                            .. Enumerable
                                .Range(0, 40)
                                .Select(_ => 1 - (0.1 * random.NextDouble() * random.NextDouble() * (1 + (p % 3)))),
                        ]
                    )),
            ],
        };
    }

    private static StyleData Styles(HeadVectorSample[] samples, double[][] betas)
    {
        StyleComparison cosines = StyleComparison.Of(
            [.. samples.Take(60).Select((s, i) => new StyledBeta(StyleNames[i % 3], s.Category, betas[i]))],
            StyleNames
        );
        string[] criteria = ["head-attribution", "causal", "attention", "random"];
        return new StyleData(
            StyleNames,
            cosines,
            [
                .. from style in Enumerable.Range(0, 3)
                from quantity in new[] { "heads_faithfulness", "heads_completeness" }
                from criterion in Enumerable.Range(0, criteria.Length)
                let mean = 5 + style + (20.0 * criterion)
                select new StyleMean(
                    StyleNames[style],
                    quantity,
                    criteria[criterion],
                    new Estimate(mean, 2, mean - 1, mean + 1.5, 20),
                    criterion == 3 ? 1 : 0
                ),
            ]
        );
    }

    private static double[][] Betas(HeadVectorSample[] samples, int heads, Random random)
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

    private static IEnumerable<ThresholdRow> Thresholds(ReportData data)
    {
        foreach (var scan in data.Validation.GroupBy(r => (r.SampleId, r.Criterion, r.Seed)))
        {
            ValidationRow[] rows = [.. scan.OrderBy(r => r.K)];
            for (int step = 5; step <= 9; step++)
            {
                double high = step / 10.0,
                    low = (10 - step) / 10.0;
                yield return new ThresholdRow(
                    scan.Key.SampleId,
                    scan.Key.Criterion,
                    scan.Key.Seed,
                    ValidationQuantity.Faithfulness,
                    high,
                    rows.Where(r => r.Faithfulness > high).Select(r => (double)r.K).DefaultIfEmpty(double.NaN).First()
                );
                yield return new ThresholdRow(
                    scan.Key.SampleId,
                    scan.Key.Criterion,
                    scan.Key.Seed,
                    ValidationQuantity.Completeness,
                    low,
                    rows.Where(r => r.Completeness < low).Select(r => (double)r.K).DefaultIfEmpty(double.NaN).First()
                );
            }
        }
    }

    private static IEnumerable<RatioRow> Ratios(ReportData data, Random random)
    {
        double all = data.Model.Layers * data.Model.Heads;
        return data.Samples.SelectMany(s =>
            Enumerable
                .Range(1, 7)
                .Select(eighth => new RatioRow(
                    s.SampleId,
                    eighth / 8.0,
                    Math.Ceiling(all * (0.1 + (0.25 / eighth)) * (0.8 + (0.4 * random.NextDouble()))),
                    random.NextDouble() < 0.05
                        ? double.NaN
                        : Math.Ceiling(all * (0.3 + (0.3 / eighth)) * (0.8 + (0.4 * random.NextDouble()))),
                    0.6 + (0.05 * eighth)
                ))
        );
    }
}
