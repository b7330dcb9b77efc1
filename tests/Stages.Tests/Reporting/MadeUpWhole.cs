using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>
/// A small report that has every figure, and whose parts are of the same samples: what is approved is drawn from it.
/// </summary>
internal static class MadeUpWhole
{
    private static readonly string[] StyleNames = ["real", "sketch", "clipart"];

    private static readonly (string Super, string Object)[] Labels =
    [
        ("animal", "dog"),
        ("animal", "cat"),
        ("vehicle", "bus"),
        ("food", "pizza"),
    ];

    /// <summary>The report.</summary>
    public static ReportData Of()
    {
        ReportData made = MadeUpAnalyses.With(MadeUpReport.Of(4, 6, samples: 24, masks: 40), perObject: 1);
        SampleResult[] samples =
        [
            .. made.Samples.Select((s, i) => s with { Category = Labels[i % Labels.Length].Object }),
        ];
        double[][] betas = [.. samples.Select(s => s.Beta.ToArray())];
        TSne layout = TSne.Of(betas);
        int[] used = [.. Enumerable.Range(0, 24).Where(n => betas.Any(b => b[n] > 0.1))];
        double[][] vectors = [.. used.Select(n => betas.Select(b => b[n]).ToArray())];
        return made with
        {
            Samples = samples,
            Layout = new SampleLayout(
                [
                    .. samples.Select(
                        (s, i) =>
                            new LayoutPoint(
                                s.SampleId,
                                s.File,
                                s.Category,
                                Labels[i % Labels.Length].Super,
                                layout.Points[i][0],
                                layout.Points[i][1],
                                StyleNames[i % StyleNames.Length],
                                betas[i]
                            )
                    ),
                ],
                "Exact t-SNE, perplexity 7"
            ),
            HeadVectors = new HeadVectors(
                used,
                [
                    .. samples.Select(
                        (s, i) => new HeadVectorSample(s.SampleId, s.Category, Labels[i % Labels.Length].Super)
                    ),
                ],
                vectors,
                Linkage.Of(vectors, VectorDistance.Euclidean, ClusterLinkage.Average),
                0.1,
                "average linkage of Euclidean distances"
            ),
            Stability = [.. samples.SelectMany((s, i) => Halvings(s.SampleId, i))],
            Tokens = made.Tokens! with
            {
                Objects =
                [
                    .. samples.Select(
                        (s, i) =>
                            new ObjectOnTokens(
                                s.SampleId,
                                0.1 + (0.02 * i),
                                i == 3 ? double.NaN : 0.3 + (0.025 * i),
                                0.15 + (0.02 * (i % 7))
                            )
                    ),
                ],
            },
        };
    }

    private static IEnumerable<StabilityResult> Halvings(string sample, int i) =>
        from step in Enumerable.Range(0, 3)
        let share = 0.25 * (1 << step)
        select new StabilityResult(
            sample,
            share,
            (10 << step) + (i % 2),
            i == 5 ? double.NaN : 0.6 + (0.1 * step) + (0.002 * i),
            1 - (0.08 * (2 - step)),
            step == 0 ? double.NaN : 0.8 + (0.06 * step) + (0.001 * i),
            0.7 + (0.05 * step),
            0.82 + (0.03 * step)
        );
}
