using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting.Explorer;

/// <summary>What the explorer knows of all samples and heads before it looks at one: small, and read at once.</summary>
/// <param name="Layers">L.</param>
/// <param name="Heads">H.</param>
/// <param name="Faithfulness">The threshold that x* exceeds.</param>
/// <param name="Completeness">The threshold of completeness.</param>
/// <param name="Measured">What f is, in sentences.</param>
/// <param name="Criteria">Rankings that were compared.</param>
/// <param name="Samples">In seed order.</param>
/// <param name="Mean">Mean of beta over samples [N], null without a regression.</param>
/// <param name="Low">Lower end of its 95 % interval; null where samples are too few for one.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Ranking">Heads by descending mean; empty without a regression.</param>
/// <param name="Share">Share of the samples whose x* contains a head [N]; null where there is no x*.</param>
/// <param name="Beta">beta of every sample [N]; null where a sample has none.</param>
/// <param name="Alone">1 - phi with that head alone ablated, mean over the samples in which it was run [N]; null where
/// there are none.</param>
/// <param name="Attention">Image attention weight, likewise.</param>
/// <param name="Scripts">Scripts beside the page that hold samples, in order.</param>
internal sealed record ExplorerIndex(
    int Layers,
    int Heads,
    double Faithfulness,
    double Completeness,
    string Measured,
    IReadOnlyList<ExplorerCriterion> Criteria,
    IReadOnlyList<ExplorerSample> Samples,
    string? Mean,
    string? Low,
    string? High,
    IReadOnlyList<int> Ranking,
    string? Share,
    IReadOnlyList<string?> Beta,
    string? Alone,
    string? Attention,
    IReadOnlyList<string> Scripts
)
{
    /// <summary>Of a report.</summary>
    /// <param name="findings">What is known.</param>
    /// <param name="scriptOf">Number of the script that holds a sample; null = the page does.</param>
    /// <param name="scripts">The scripts.</param>
    public static ExplorerIndex Of(Findings findings, Func<int, int?> scriptOf, IReadOnlyList<string> scripts)
    {
        ReportData data = findings.Data;
        Estimate[] means = findings.MeanBeta is null
            ? []
            :
            [
                .. Enumerable
                    .Range(0, findings.HeadCount)
                    .Select(n => findings.Mean(findings.Fitted.Select(s => s.Beta[n]))),
            ];
        string? OfMeans(Func<Estimate, double> value) => means.Length == 0 ? null : Packed.Of([.. means.Select(value)]);
        string? OfInterval(Func<Estimate, double> value) => means.All(m => m.HasInterval) ? OfMeans(value) : null;
        bool IsOfHeads(IReadOnlyList<double> values) => values.Count == findings.HeadCount;
        string? MeanOf(Func<SampleResult, IReadOnlyList<double>> scores)
        {
            IReadOnlyList<double>[] known = [.. findings.Samples.Select(scores).Where(IsOfHeads)];
            return known.Length == 0
                ? null
                : Packed.Of([.. Enumerable.Range(0, findings.HeadCount).Select(n => known.Average(s => s[n]))]);
        }

        return new ExplorerIndex(
            data.Model.Layers,
            data.Model.Heads,
            data.FaithfulnessThreshold,
            data.CompletenessThreshold,
            data.Measured,
            [.. findings.Criteria.Select(c => new ExplorerCriterion(c.Criterion, c.Title, c.Ink.Name))],
            [.. findings.Samples.Select((s, i) => ExplorerSample.Of(findings, s, scriptOf(i)))],
            OfMeans(m => m.Mean),
            OfInterval(m => m.Low),
            OfInterval(m => m.High),
            [.. Findings.Ranking([.. means.Select(m => m.Mean)])],
            findings.Frequency is { } share ? Packed.Of([.. share.Cast<double>()]) : null,
            [.. findings.Samples.Select(s => IsOfHeads(s.Beta) ? Packed.Of([.. s.Beta]) : null)],
            MeanOf(s => s.SingleHead),
            MeanOf(s => s.ImageAttention),
            scripts
        );
    }
}

/// <summary>A ranking of heads.</summary>
/// <param name="Name">As in the tables.</param>
/// <param name="Title">For people.</param>
/// <param name="Ink">Name of its colour.</param>
internal sealed record ExplorerCriterion(string Name, string Title, string Ink);

/// <summary>A sample in lists.</summary>
/// <param name="Id">As in the tables.</param>
/// <param name="File">File name of the picture.</param>
/// <param name="Object">What it shows: its category, or the answer where there are no labels.</param>
/// <param name="Group">The category's group; empty = not known.</param>
/// <param name="Style">Of the picture; empty = none.</param>
/// <param name="Question">What was asked.</param>
/// <param name="Answer">The model's answer.</param>
/// <param name="Target">The target token.</param>
/// <param name="Against">The counter-answer's token; null = none.</param>
/// <param name="Intact">f(1).</param>
/// <param name="Ablated">f(0).</param>
/// <param name="R2">Of the fit; null = undefined.</param>
/// <param name="Rho">Likewise.</param>
/// <param name="Needed">Heads in x*, the faithful set in the order of beta; null where none is faithful.</param>
/// <param name="Selected">These heads, as the tables rank them; empty where none is faithful.</param>
/// <param name="Script">Number of the script beside the page that holds the rest; null = the page does.</param>
internal sealed record ExplorerSample(
    string Id,
    string File,
    string Object,
    string Group,
    string Style,
    string Question,
    string Answer,
    string Target,
    string? Against,
    double? Intact,
    double? Ablated,
    double? R2,
    double? Rho,
    double? Needed,
    IReadOnlyList<int> Selected,
    int? Script
)
{
    /// <summary>Of a sample.</summary>
    public static ExplorerSample Of(Findings findings, SampleResult sample, int? script)
    {
        double? needed =
            findings.Criterion(Reporting.Criteria.HeadAttribution) is { } criterion
            && criterion.Faithful.BySample.TryGetValue(sample.SampleId, out double heads)
                ? heads
                : null;
        return new ExplorerSample(
            sample.SampleId,
            sample.File,
            ObjectOf(sample),
            sample.SuperCategory,
            sample.Style,
            sample.Question ?? findings.Data.Question,
            sample.Answer,
            sample.Target,
            sample.Against,
            Undefined.ToNull(sample.Intact),
            Undefined.ToNull(sample.Ablated),
            Undefined.ToNull(sample.R2),
            Undefined.ToNull(sample.Rho),
            needed,
            [.. Findings.Ranking(sample.Beta).Take((int)(needed ?? 0))],
            script
        );
    }

    /// <summary>No address can name nothing.</summary>
    private static string ObjectOf(SampleResult sample) =>
        new[] { sample.Category, sample.Answer }.FirstOrDefault(t => !string.IsNullOrWhiteSpace(t)) ?? "(none)";
}
