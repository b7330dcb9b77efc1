using System.Globalization;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

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
        ReportData data = Known();
        IReadOnlyList<SampleResult> samples = SampleResult.Of(data);
        return data with
        {
            Tables = typeof(MadeUpWhole)
                .Assembly.GetTypes()
                .Where(t => t.IsClass && t.IsAssignableTo(typeof(IMadeUpRows)))
                .OrderBy(t => t.Name, StringComparer.Ordinal)
                .Select(t => (IMadeUpRows)Activator.CreateInstance(t)!)
                .Aggregate(data.Tables, (tables, rows) => rows.AddTo(tables, samples)),
        };
    }

    private static ReportData Known()
    {
        ReportData made = MadeUpAnalyses.With(MadeUpReport.Of(4, 6, samples: 24, masks: 40), perObject: 1);
        ReportData data = made.EachSample(s =>
            s with
            {
                Category = LabelOf(s).Object,
                SuperCategory = LabelOf(s).Super,
                Style = StyleNames[Number(s) % StyleNames.Length],
            }
        );
        IReadOnlyList<SampleResult> samples = SampleResult.Of(data);
        double[][] betas = [.. samples.Select(s => s.Beta.ToArray())];
        TSne layout = TSne.Of(betas);
        int[] used = [.. Enumerable.Range(0, 24).Where(n => betas.Any(b => b[n] > 0.1))];
        return data.WithLayout(
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
                "Exact t-SNE, perplexity 7"
            )
            .WithHeadVectors([.. used.Select(n => (n, betas.Select(b => b[n]).ToArray()))])
            .With(samples.SelectMany((s, i) => Halvings(s.SampleId, i)))
            .With(
                samples.Select(
                    (s, i) =>
                        new ObjectShareRow(
                            s.SampleId,
                            0.1 + (0.02 * i),
                            i == 3 ? null : 0.3 + (0.025 * i),
                            0.15 + (0.02 * (i % 7))
                        )
                )
            );
    }

    private static int Number(ReportSample sample) => int.Parse(sample.SampleId, CultureInfo.InvariantCulture);

    private static (string Super, string Object) LabelOf(ReportSample sample) => Labels[Number(sample) % Labels.Length];

    private static IEnumerable<StabilityRow> Halvings(string sample, int i) =>
        from step in Enumerable.Range(0, 3)
        let share = 0.25 * (1 << step)
        select new StabilityRow(
            sample,
            share,
            (10 << step) + (i % 2),
            8 << step,
            i == 5 ? null : 0.6 + (0.1 * step) + (0.002 * i),
            null,
            1 - (0.08 * (2 - step)),
            step == 0 ? null : 0.8 + (0.06 * step) + (0.001 * i),
            0.7 + (0.05 * step),
            0.82 + (0.03 * step)
        );
}

/// <summary>Rows of an analysis that stand beside its test: what is approved is drawn from them, too.</summary>
internal interface IMadeUpRows
{
    /// <summary>The tables with the rows.</summary>
    /// <param name="tables">Those so far.</param>
    /// <param name="samples">The samples of the report.</param>
    ReportTables AddTo(ReportTables tables, IReadOnlyList<SampleResult> samples);
}
