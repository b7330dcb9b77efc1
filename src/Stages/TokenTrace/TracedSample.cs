using Pipelines.Models.Vision;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>The tokens of a sample.</summary>
internal sealed record TracedSample
{
    /// <summary>Id, as in the tables.</summary>
    public required string SampleId { get; init; }

    /// <summary>The model's answer.</summary>
    public required string Answer { get; init; }

    /// <summary>What was asked.</summary>
    public string Question { get; init; } = "";

    /// <summary>Tokens of the answer that were fed: so many of the last text tokens.</summary>
    public int Given { get; init; }

    /// <summary>Text tokens after the image, T.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>delta_i [T].</summary>
    public required IReadOnlyList<double> Delta { get; init; }

    /// <summary>u* [T].</summary>
    public required IReadOnlyList<bool> Important { get; init; }

    /// <summary>Heads in x*.</summary>
    public required int HeadsKept { get; init; }

    /// <summary>phi(x*, u*, 1) / phi(x*).</summary>
    public required double LogitKept { get; init; }

    /// <summary>w_j [P], those of the grid first, row by row.</summary>
    public IReadOnlyList<double> Attention { get; init; } = [];

    /// <summary>beta over image tokens [P] in the same order; empty where they are not attributed.</summary>
    public IReadOnlyList<double> Beta { get; init; } = [];

    /// <summary>Explained variance of the fit over image tokens on its test masks.</summary>
    public double R2 { get; init; } = double.NaN;

    /// <summary>Pearson correlation of beta and w over image tokens.</summary>
    public double AttentionRho { get; init; } = double.NaN;

    /// <summary>What the model sees under the tokens' grid, a PNG file; null where there is no grid.</summary>
    public byte[]? Seen { get; init; }

    /// <summary>The main object's box over it, in shares of its sides; null where there is none.</summary>
    public PictureRegion? Object { get; init; }

    /// <summary>Rows of the grid.</summary>
    public int Rows { get; init; }

    /// <summary>Columns of the grid.</summary>
    public int Columns { get; init; }

    /// <summary>The samples of a report that were traced, in seed order, each with its rows.</summary>
    public static IReadOnlyList<TracedSample> Of(ReportData data)
    {
        var traces = data.Tables.Rows<TokenTraceRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        var text = data.Tables.Rows<TextTokenRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        var image = data.Tables.Rows<ImageTokenRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        var asked = data.Tables.Rows<SampleRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        var measured = data.Tables.Rows<MeasuredRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        var fits = data.Tables.Rows<TokenFitRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        return
        [
            .. from sample in data.Samples
            from trace in traces[sample.SampleId]
            select Of(
                sample,
                trace,
                [.. text[sample.SampleId]],
                [.. image[sample.SampleId]],
                fits[sample.SampleId].FirstOrDefault()
            ) with
            {
                Question = asked[sample.SampleId].FirstOrDefault()?.Question ?? sample.Question ?? data.Question,
                Given = Fed(asked[sample.SampleId].FirstOrDefault(), measured[sample.SampleId].FirstOrDefault()),
            },
        ];
    }

    /// <summary>
    /// Tokens of the answer that end the text: those before the target and, of an answer that is measured whole, all
    /// but the last, which is never fed.
    /// </summary>
    private static int Fed(SampleRow? sample, MeasuredRow? measured) =>
        CountOf(sample?.GivenTokens) + Math.Max(0, CountOf(measured?.Sequence) - 1);

    /// <summary>Ids with blanks between.</summary>
    private static int CountOf(string? ids) => (ids ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;

    /// <summary>
    /// The tokens of the grid, row by row, then those that are in none: tiles follow each other in the prompt, and lie
    /// side by side in the picture.
    /// </summary>
    private static IEnumerable<ImageTokenRow> ByCell(ImageTokenRow[] image) =>
        image.OrderBy(t => t.Row is null).ThenBy(t => t.Row).ThenBy(t => t.Column);

    private static TracedSample Of(
        ReportSample sample,
        TokenTraceRow trace,
        TextTokenRow[] text,
        ImageTokenRow[] image,
        TokenFitRow? fit
    ) =>
        new()
        {
            SampleId = sample.SampleId,
            Answer = sample.Answer,
            Tokens = [.. text.Select(t => t.Token)],
            Delta = [.. text.Select(t => t.Delta)],
            Important = [.. text.Select(t => t.Important)],
            HeadsKept = trace.HeadsKept,
            LogitKept = trace.LogitKept,
            Attention = [.. ByCell(image).Select(t => t.WeightedAttention)],
            Beta = [.. ByCell(image).Select(t => t.Beta).OfType<double>()],
            R2 = Undefined.ToNaN(fit?.R2),
            AttentionRho = Undefined.ToNaN(fit?.RhoAttention),
            Seen = sample.Seen,
            Object = sample.Object,
            Rows = trace.GridRows,
            Columns = trace.GridColumns,
        };
}
