using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Paper, C.5: "the head vectors form two major clusters", heads "that are consistently utilized across samples
/// (sample-agnostic heads)" and those "used in a sample-specific manner".
/// </summary>
[Claim(
    8,
    "head_clusters",
    "Some heads serve all samples, others only some",
    Paper = "§4.3, §C.5, Fig. 3C, 10",
    Number = "two clusters (drawn)",
    Rule = "> 0.5; > 0.5, < 0.5",
    Why = "two clusters of head vectors with a reasonable mean silhouette (above 0.5, Kaufman and Rousseeuw), of "
        + "which samples use the one by more than half and the other by less than half of its heads",
    Topic = "agnostic and specific heads",
    Needs = "cluster-heads",
    Figure = typeof(HeadVectorsFigure)
)]
internal sealed class AgnosticHeads : IClaim<Findings>
{
    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        findings.Rows<HeadVectorRow>().Count == 0 ? []
        // A tree without two clusters says nothing for the claim; that samples would have shown them is not known
        : HeadVectorsFigure.ClustersOf(findings) is not var (apart, often, seldom)
            ? [new Evidence(Estimate.None, Demand.MoreThan(Silhouette.Reasonable)) { Criterion = "no two clusters" }]
        :
        [
            new Evidence(apart, Demand.MoreThan(Silhouette.Reasonable)) { Criterion = "silhouette" },
            new Evidence(often, Demand.MoreThan(0.5)) { Criterion = "samples that use the one" },
            new Evidence(seldom, Demand.LessThan(0.5)) { Criterion = "samples that use the other" },
        ];
}
