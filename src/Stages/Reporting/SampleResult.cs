using System.Diagnostics.CodeAnalysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>A sample with what the tables say of it.</summary>
internal sealed record SampleResult : ReportSample
{
    /// <summary>A sample without results.</summary>
    [SetsRequiredMembers]
    public SampleResult(ReportSample sample)
        : base(sample) { }

    /// <summary>Attribution coefficients [L * H], head n = layer * H + head; empty without a regression.</summary>
    public IReadOnlyList<double> Beta { get; init; } = [];

    /// <summary>
    /// Image attention weights of the intact run [L * H]: (1 / P_txt) sum of a_ij over text tokens i and image tokens
    /// j; empty where they were not taken.
    /// </summary>
    public IReadOnlyList<double> ImageAttention { get; init; } = [];

    /// <summary>Single-head ablation [L * H]: delta_n = 1 - phi(all heads but n); empty where it was not run.</summary>
    public IReadOnlyList<double> SingleHead { get; init; } = [];

    /// <summary>Explained variance on the test masks; NaN without a regression.</summary>
    public double R2 { get; init; } = double.NaN;

    /// <summary>
    /// Pearson correlation between true and predicted phi on the test masks; NaN without a regression.
    /// </summary>
    public double Rho { get; init; } = double.NaN;

    /// <summary>True phi of the test masks.</summary>
    public IReadOnlyList<double> TestPhi { get; init; } = [];

    /// <summary>Predicted phi of the test masks, same order.</summary>
    public IReadOnlyList<double> TestPredicted { get; init; } = [];

    /// <summary>The samples of a report, each with its rows.</summary>
    public static IReadOnlyList<SampleResult> Of(ReportData data)
    {
        var betas = data.Tables.Rows<AttributionRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        var fits = data.Tables.Rows<FitRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        var predictions = data.Tables.Rows<PredictionRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
        var scores = data.Tables.Rows<RankingRow>().ToLookup(r => (r.Criterion, r.SampleId));
        double[] Scores(string criterion, string sample) =>
            ByHead(data.Model, scores[(criterion, sample)].Select(r => (r.Layer, r.Head, Undefined.ToNaN(r.Score))));
        return
        [
            .. data.Samples.Select(s => new SampleResult(s)
            {
                Beta = ByHead(data.Model, betas[s.SampleId].Select(r => (r.Layer, r.Head, r.Beta))),
                ImageAttention = Scores(Criteria.Attention, s.SampleId),
                SingleHead = Scores(Criteria.Causal, s.SampleId),
                R2 = Undefined.ToNaN(fits[s.SampleId].FirstOrDefault()?.R2),
                Rho = Undefined.ToNaN(fits[s.SampleId].FirstOrDefault()?.Rho),
                TestPhi = [.. predictions[s.SampleId].Select(p => p.Phi)],
                TestPredicted = [.. predictions[s.SampleId].Select(p => p.Predicted)],
            }),
        ];
    }

    /// <summary>Values of heads as [L * H]; empty where there are none.</summary>
    public static double[] ByHead(ModelCard model, IEnumerable<(int Layer, int Head, double Value)> rows)
    {
        var values = new double[model.Layers * model.Heads];
        bool any = false;
        foreach (var (layer, head, value) in rows)
        {
            values[(layer * model.Heads) + head] = value;
            any = true;
        }

        return any ? values : [];
    }
}
