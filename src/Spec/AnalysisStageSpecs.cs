using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>
/// Lays samples out in the plane by beta (paper, Fig. 3E): exact t-SNE from a PCA start, the same picture in every run.
/// Runs no pass.
/// </summary>
[Named("beta-layout")]
public sealed record BetaLayoutSpec : StageSpec
{
    /// <summary>Only objects with so many samples are laid out (paper: 10).</summary>
    [Between(1, 1_000_000)]
    public int LeastSamples { get; init; } = 10;

    /// <summary>Samples of an object at most, the first in seed order (paper: 15).</summary>
    [Between(1, 1_000_000)]
    public int MostSamples { get; init; } = 15;

    /// <summary>
    /// Effective count of neighbours, below that of the samples. Left out: 30, or a third of the samples where there
    /// are fewer than 90.
    /// </summary>
    [Between(1.001, 10_000)]
    public double? Perplexity { get; init; }

    /// <summary>Steps at most, the first 250 with exaggerated affinities.</summary>
    [Between(1, 1_000_000)]
    public int Steps { get; init; } = 1000;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [StageInput.Of<ForwardPassesSpec>("forward"), StageInput.Of<RegressSpec>("attribution")];
}

/// <summary>Clusters head vectors, beta of a head over samples (paper, Fig. 10). Runs no pass.</summary>
[Named("cluster-heads")]
public sealed record ClusterHeadsSpec : StageSpec
{
    /// <summary>A head takes part where its beta exceeds this in some sample (paper: 0.1).</summary>
    [Between(-1, 1)]
    public double LeastBeta { get; init; } = 0.1;

    /// <summary>Distance of two vectors (the paper does not say which).</summary>
    public VectorDistance Distance { get; init; } = VectorDistance.Euclidean;

    /// <summary>Distance of two clusters (the paper does not say which).</summary>
    public ClusterLinkage Linkage { get; init; } = ClusterLinkage.Average;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [StageInput.Of<ForwardPassesSpec>("forward"), StageInput.Of<RegressSpec>("attribution")];
}

/// <summary>
/// Compares beta between styles: of the same object and of another (paper, Fig. 9). For data of kind domainnet, whose
/// domains are the styles. Runs no pass.
/// </summary>
[Named("compare-styles")]
public sealed record CompareStylesSpec : StageSpec
{
    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [
            StageInput.Of<ForwardPassesSpec>("forward"),
            StageInput.Of<RegressSpec>("attribution"),
            StageInput.Of<ValidateSpec>("validation", optional: true),
        ];

    /// <inheritdoc/>
    public override string? ObjectionTo(DataSpec data) =>
        data switch
        {
            DomainNetData { Domains.Count: < 2 } =>
                "one style has no other to be compared with: name at least two under data.domains",
            DomainNetData => null,
            _ => $"the styles that are compared are the domains of data of kind {Spelling.Of(typeof(DomainNetData))}, "
                + $"and data is of kind {Spelling.Of(data.GetType())}",
        };
}
