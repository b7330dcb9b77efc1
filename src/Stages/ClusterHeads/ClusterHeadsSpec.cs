using Pipelines.Domain;
using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>Clusters head vectors, beta of a head over samples (paper, Fig. 10). Runs no pass.</summary>
[Named("cluster-heads")]
[ReportedAs("head_vectors")]
public sealed record ClusterHeadsSpec : AnalysisSpec<ClusterHeads>
{
    /// <summary>A head takes part where its beta exceeds this in some sample (paper: 0.1).</summary>
    [Between(-1, 1)]
    public double LeastBeta { get; init; } = 0.1;

    /// <summary>Distance of two vectors (the paper does not say which).</summary>
    public VectorDistance Distance { get; init; } = VectorDistance.Euclidean;

    /// <summary>Distance of two clusters (the paper does not say which).</summary>
    public ClusterLinkage Linkage { get; init; } = ClusterLinkage.Average;
}
