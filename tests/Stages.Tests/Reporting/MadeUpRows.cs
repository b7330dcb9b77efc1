using Pipelines.Stages.Attribution;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>Reports with other rows: tests say what they are about in samples, and a report holds tables.</summary>
internal static class MadeUpRows
{
    /// <summary>The report with rows in place of those of their type.</summary>
    public static ReportData With<TRow>(this ReportData data, IEnumerable<TRow> rows) =>
        data with
        {
            Tables = data.Tables.With(rows),
        };

    /// <summary>The report with every row of a table changed.</summary>
    public static ReportData Each<TRow>(this ReportData data, Func<TRow, TRow> change) =>
        data.With(data.Tables.Rows<TRow>().Select(change));

    /// <summary>The report with the settings of a stage.</summary>
    public static ReportData WithSettings(this ReportData data, object settings) =>
        data with
        {
            Tables = data.Tables.WithSettings(settings),
        };

    /// <summary>The report of samples, with the rows that say of them what they say.</summary>
    public static ReportData WithSamples(this ReportData data, IEnumerable<SampleResult> samples)
    {
        SampleResult[] all = [.. samples];
        int heads = data.Model.Heads;
        IEnumerable<RankingRow> Scores(string criterion, Func<SampleResult, IReadOnlyList<double>> of) =>
            all.SelectMany(s =>
                of(s)
                    .Select(
                        (score, n) =>
                            new RankingRow(s.SampleId, criterion, 0, n, n / heads, n % heads, Undefined.ToNull(score))
                    )
            );
        return (data with { Samples = all })
            .With(all.SelectMany(s => s.Beta.Select((b, n) => new AttributionRow(s.SampleId, n / heads, n % heads, b))))
            .With(all.Where(s => s.Beta.Count > 0).Select(Fit))
            .With(
                all.SelectMany(s =>
                    s.TestPhi.Select((phi, i) => new PredictionRow(s.SampleId, i, phi, s.TestPredicted[i]))
                )
            )
            .With(Scores("attention", s => s.ImageAttention).Concat(Scores("causal", s => s.SingleHead)));
    }

    /// <summary>The report with every sample changed.</summary>
    public static ReportData EachSample(this ReportData data, Func<SampleResult, SampleResult> change) =>
        data.WithSamples(SampleResult.Of(data).Select(change));

    /// <summary>The report with traced tokens; those of samples that it does not have are left out.</summary>
    public static ReportData WithTraces(this ReportData data, IEnumerable<TracedSample> traces)
    {
        var all = traces.ToDictionary(t => t.SampleId);
        return (
            data with
            {
                Samples =
                [
                    .. data.Samples.Select(s =>
                        s with
                        {
                            Seen = all.GetValueOrDefault(s.SampleId)?.Seen,
                            Object = all.GetValueOrDefault(s.SampleId)?.Object,
                        }
                    ),
                ],
            }
        )
            .With(
                all.Values.SelectMany(t =>
                    t.Tokens.Select((text, i) => new TextTokenRow(t.SampleId, i, i, text, t.Delta[i], t.Important[i]))
                )
            )
            .With(
                all.Values.Select(t => new TokenTraceRow(
                    t.SampleId,
                    t.HeadsKept,
                    0.8,
                    t.Important.Count(i => i),
                    0.8 * t.LogitKept,
                    t.LogitKept,
                    t.Rows,
                    t.Columns,
                    []
                ))
            )
            .With(
                all.Values.SelectMany(t =>
                    t.Attention.Select(
                        (w, j) =>
                            new ImageTokenRow(
                                t.SampleId,
                                j,
                                j < t.Rows * t.Columns ? j / t.Columns : null,
                                j < t.Rows * t.Columns ? j % t.Columns : null,
                                w,
                                t.Beta.Count > 0 ? t.Beta[j] : null
                            )
                    )
                )
            )
            .With(
                all.Values.Where(t => t.Beta.Count > 0)
                    .Select(t => new TokenFitRow(
                        t.SampleId,
                        "elastic-net",
                        Undefined.ToNull(t.R2),
                        null,
                        null,
                        9,
                        true,
                        80,
                        20,
                        Undefined.ToNull(t.AttentionRho)
                    ))
            );
    }

    /// <summary>The report with the tokens of every sample changed.</summary>
    public static ReportData EachTrace(this ReportData data, Func<TracedSample, TracedSample> change) =>
        data.WithTraces(TracedSample.Of(data).Select(change));

    /// <summary>The report without what token tracing found.</summary>
    public static ReportData WithoutTraces(this ReportData data) => data.WithTraces([]).With<ObjectShareRow>([]);

    /// <summary>The report of a run that asked and did no more.</summary>
    public static ReportData AnswersAlone(this ReportData data) =>
        (data with { Masks = 0 })
            .EachSample(s => s with { Beta = [], R2 = double.NaN, Rho = double.NaN, TestPhi = [], TestPredicted = [] })
            .With<ValidationRow>([])
            .With<LensRow>([])
            .With<CostPoint>([])
            .With<NonAdditiveRow>([])
            .With<SampleRow>([.. data.Rejected, .. data.Samples.Select(s => Kept(s, "right"))])
            .WithoutTraces();

    /// <summary>The row of a sample.</summary>
    public static SampleRow Kept(ReportSample sample, string verdict) =>
        new(
            sample.SampleId,
            sample.File,
            sample.Category.Length > 0 ? sample.Category : null,
            "",
            sample.Answer,
            verdict,
            null,
            null,
            null,
            null,
            null,
            null,
            SampleRow.Kept,
            null
        );

    /// <summary>The row of a picture that was left out.</summary>
    public static SampleRow Rejected(string id, string file, string answer, string reason) =>
        new(id, file, null, "", answer, null, null, null, null, null, null, null, SampleRow.Rejected, reason);

    private static FitRow Fit(SampleResult s) =>
        new(
            s.SampleId,
            "elastic-net",
            Undefined.ToNull(s.R2),
            Undefined.ToNull(s.Rho),
            null,
            null,
            null,
            9,
            null,
            true,
            80,
            20
        );
}
