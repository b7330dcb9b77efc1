using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>Attention of the heads of x*: every head has a place of its own in the picture.</summary>
internal sealed class MadeUpHeadAttention : IMadeUpRows
{
    public ReportTables AddTo(ReportTables tables, IReadOnlyList<SampleResult> samples)
    {
        int perLayer = tables.Rows<AttributionRow>().Max(r => r.Head) + 1;
        var betas = samples.ToDictionary(s => s.SampleId, s => s.Beta, StringComparer.Ordinal);
        var tokens = tables.Rows<ImageTokenRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        return tables.With(
            from trace in tables.Rows<TokenTraceRow>()
            let image = tokens[trace.SampleId].ToArray()
            from n in Findings.Ranking(betas[trace.SampleId]).Take(trace.HeadsKept)
            select HeadAttentionRow.Of(
                trace.SampleId,
                n / perLayer,
                n % perLayer,
                [.. image.Select(t => Near(t, n, trace.GridRows, trace.GridColumns))]
            )
        );
    }

    /// <summary>Falls off around the head's own place.</summary>
    private static double Near(ImageTokenRow token, int n, int rows, int columns)
    {
        int down = (token.Row ?? 0) - (n * 5 % Math.Max(1, rows)),
            right = (token.Column ?? 0) - (n * 7 % Math.Max(1, columns));
        return 0.2 / (1 + (down * down) + (right * right));
    }
}
