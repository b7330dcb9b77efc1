using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting.Explorer;

/// <summary>Makes the parts of samples.</summary>
internal sealed class SampleParts
{
    /// <summary>Heads of a sample's x* that have their attention in its part: its strongest.</summary>
    private const int OwnHeads = 12;

    /// <summary>Heads that are the strongest on average; they have it in further samples.</summary>
    private const int StrongHeads = 64;

    /// <summary>
    /// Samples in which each of these has it, too, where it is in their x*: those with its largest beta.
    /// </summary>
    private const int SamplesOfHead = 4;

    private readonly Findings findings;
    private readonly ILookup<string, HeadAttentionRow> attention;
    private readonly ILookup<string, ImageTokenRow> image;
    private readonly ILookup<string, TextTokenRow> text;
    private readonly ILookup<string, LensRow> lens;
    private readonly ILookup<string, OrderScan> scans;
    private readonly Dictionary<string, TokenTraceRow> traces;
    private readonly ILookup<string, int> sought; // heads by the samples where they matter most

    /// <summary>The parts of a report's samples.</summary>
    public SampleParts(Findings findings)
    {
        this.findings = findings;
        attention = BySample(findings.Rows<HeadAttentionRow>(), r => r.SampleId);
        image = BySample(findings.Rows<ImageTokenRow>(), r => r.SampleId);
        text = BySample(findings.Rows<TextTokenRow>(), r => r.SampleId);
        lens = BySample(findings.Rows<LensRow>(), r => r.SampleId);
        scans = BySample(OrderScan.Of(findings.Rows<ValidationRow>(), findings.Rows<RefinedRow>()), s => s.SampleId);
        traces = findings.Rows<TokenTraceRow>().ToDictionary(r => r.SampleId, StringComparer.Ordinal);
        sought = Sought(findings);
    }

    /// <summary>The part of a sample.</summary>
    public SamplePart Of(SampleResult sample)
    {
        ImageTokenRow[] tokens = [.. image[sample.SampleId].OrderBy(t => t.Token)]; // row j is token j
        TokenCells? cells = traces.TryGetValue(sample.SampleId, out TokenTraceRow? trace)
            ? TokenCells.Of(trace.GridRows, trace.GridColumns, tokens)
            : null;
        HeadAttentionRow[] heads = cells is null ? [] : HeadsOf(sample);
        return new SamplePart(
            sample.Thumbnail is { Length: > 0 } picture ? SampleSection.DataAddress(picture) : null,
            cells?.Rows ?? 0,
            cells?.Columns ?? 0,
            trace?.GridRows ?? 0,
            trace?.GridColumns ?? 0,
            cells?.Side ?? 1,
            cells is null ? null : PackedColours.Of(cells.Values(j => tokens[j].WeightedAttention)),
            cells is null || tokens.Any(t => t.Beta is null)
                ? null
                : PackedColours.Of(cells.Values(j => tokens[j].Beta!.Value)),
            [.. heads.Select(NumberOf)],
            Convert.ToBase64String([
                .. heads.SelectMany(h => cells!.Values(j => h.Attention[j]).Select(v => (byte)Math.Round(v))),
            ]),
            [.. heads.Select(h => h.Step)],
            [
                .. text[sample.SampleId]
                    .OrderBy(t => t.Position)
                    .Select(t => new PartToken(t.Token, t.Delta, t.Important)),
            ],
            [.. lens[sample.SampleId].GroupBy(r => r.HeadRank).OrderBy(g => g.Key).Select(LensOf)],
            PartCurve.Of(scans[sample.SampleId], findings.HeadCount)
        );
    }

    private static ILookup<string, T> BySample<T>(IEnumerable<T> rows, Func<T, string> sample) =>
        rows.ToLookup(sample, StringComparer.Ordinal);

    private static ILookup<string, int> Sought(Findings findings)
    {
        IEnumerable<int> strong = findings.MeanBeta is { } mean
            ? Findings.Ranking([.. mean.Cast<double>()]).Take(StrongHeads)
            : [];
        IEnumerable<SampleResult> MatterMost(int n) =>
            findings.Fitted.OrderByDescending(s => s.Beta[n]).Take(SamplesOfHead);
        return strong
            .SelectMany(n => MatterMost(n).Select(s => (s.SampleId, Head: n)))
            .ToLookup(s => s.SampleId, s => s.Head, StringComparer.Ordinal);
    }

    private HeadAttentionRow[] HeadsOf(SampleResult sample)
    {
        HashSet<int> wanted = [.. sought[sample.SampleId]];
        return
        [
            .. attention[sample.SampleId]
                .OrderByDescending(h => sample.Beta.Count > 0 ? sample.Beta[NumberOf(h)] : 0)
                .Where((h, place) => place < OwnHeads || wanted.Contains(NumberOf(h))),
        ];
    }

    private PartLens LensOf(IGrouping<int, LensRow> rows)
    {
        LensRow[] items = [.. rows.OrderBy(r => r.ItemRank)];
        return new PartLens(
            (items[0].Layer * findings.Data.Model.Heads) + items[0].Head,
            [.. items.Select(r => r.Token)],
            Array.FindIndex(items, r => r.IsTarget)
        );
    }

    private int NumberOf(HeadAttentionRow row) => (row.Layer * findings.Data.Model.Heads) + row.Head;
}
