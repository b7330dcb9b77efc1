using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>What a report tells an overview of a head.</summary>
/// <param name="Layer">Layer.</param>
/// <param name="Head">Head in the layer.</param>
/// <param name="Share">Share of the samples whose x* contains it; null without validation.</param>
/// <param name="Beta">Mean of its beta over samples; null without a regression.</param>
/// <param name="Attention">Mean of its image attention weight over samples; null where it was not taken.</param>
[Table("overview_heads")]
internal sealed record OverviewHeadRow(
    [RowKey] int Layer,
    [RowKey] int Head,
    double? Share,
    [Unit("phi a head")] double? Beta,
    double? Attention
)
{
    /// <summary>Of every head; empty where nothing is known of any.</summary>
    public static IReadOnlyList<OverviewHeadRow> Of(Findings findings)
    {
        int perLayer = findings.Data.Model.Heads;
        SampleResult[] seen = [.. findings.Fitted.Where(s => s.ImageAttention.Count == findings.HeadCount)];
        return findings.Frequency is null && findings.MeanBeta is null
            ? []
            :
            [
                .. Enumerable
                    .Range(0, findings.HeadCount)
                    .Select(n => new OverviewHeadRow(
                        n / perLayer,
                        n % perLayer,
                        findings.Frequency?[n / perLayer, n % perLayer],
                        findings.MeanBeta?[n / perLayer, n % perLayer],
                        seen.Length == 0 ? null : seen.Average(s => s.ImageAttention[n])
                    )),
            ];
    }
}

/// <summary>
/// What a report tells an overview of a text token, or of a role where samples are not asked the same.
/// </summary>
/// <param name="Place">0 = the first after the picture.</param>
/// <param name="Token">Its text, or the role.</param>
/// <param name="Delta">Mean of delta over samples.</param>
/// <param name="Low95">Lower end of its 95 % interval over samples.</param>
/// <param name="High95">Its upper end.</param>
/// <param name="Important">Share of the samples in which its delta passes the threshold.</param>
[Table("overview_tokens")]
internal sealed record OverviewTokenRow(
    [RowKey] int Place,
    string Token,
    double? Delta,
    double? Low95,
    double? High95,
    double? Important
)
{
    /// <summary>Of every token; empty without token tracing.</summary>
    public static IReadOnlyList<OverviewTokenRow> Of(Findings findings)
    {
        if (findings.Tokens is not { } tokens)
        {
            return [];
        }

        var rows = tokens.Roles is { } roles
            ? roles.Rows.Select(r => (r.Token ?? Words(r), r.Delta, r.Importance))
            : tokens.Tokens.Select((t, i) => (t, tokens.Delta[i], tokens.Importance[i]));
        return
        [
            .. rows.Select(
                (r, i) =>
                    new OverviewTokenRow(
                        i,
                        r.Item1,
                        Undefined.ToNull(r.Item2.Mean),
                        Undefined.ToNull(r.Item2.Low),
                        Undefined.ToNull(r.Item2.High),
                        Undefined.ToNull(r.Item3.Mean)
                    )
            ),
        ];
    }

    /// <summary>How a role is written that stands for tokens of the answer, which were fed behind the last.</summary>
    public static string Given { get; } = Words(TextRole.Given);

    private static string Words(RoleRow row) =>
        Words(row.Role) + (row.Position is { } place ? $" {Format.Tick(place)}" : "");

    private static string Words(TextRole role) => role.ToString().ToLowerInvariant();
}

/// <summary>Where a report lays a sample out.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Category">Main object.</param>
/// <param name="Group">Its super-category, or the object where the data have none.</param>
/// <param name="X">Across, without unit.</param>
/// <param name="Y">Upwards, without unit.</param>
[Table("overview_points")]
internal sealed record OverviewPointRow([RowKey] string SampleId, string Category, string Group, double X, double Y)
{
    /// <summary>Of every sample; empty without a layout.</summary>
    public static IReadOnlyList<OverviewPointRow> Of(Findings findings)
    {
        IReadOnlyList<LayoutPoint> points = LayoutPoint.Of(findings);
        bool bySuper = points.Any(p => p.SuperCategory.Length > 0);
        return
        [
            .. points.Select(p => new OverviewPointRow(
                p.SampleId,
                p.Category,
                (bySuper ? p.SuperCategory : p.Category) is { Length: > 0 } known ? known : "not known",
                p.X,
                p.Y
            )),
        ];
    }
}

/// <summary>What a report tells an overview beside its numbers: the parts of Fig. 12 to 15.</summary>
/// <param name="Heads">One a head.</param>
/// <param name="Tokens">One a text token.</param>
/// <param name="Points">One a sample.</param>
internal sealed record OverviewParts(
    IReadOnlyList<OverviewHeadRow> Heads,
    IReadOnlyList<OverviewTokenRow> Tokens,
    IReadOnlyList<OverviewPointRow> Points
)
{
    /// <summary>Nothing.</summary>
    public static readonly OverviewParts None = new([], [], []);

    /// <summary>Of a report.</summary>
    public static OverviewParts Of(Findings findings) =>
        new(OverviewHeadRow.Of(findings), OverviewTokenRow.Of(findings), OverviewPointRow.Of(findings));
}
