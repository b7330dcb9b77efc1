using Pipelines.Domain;
using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>Heads that one ranking of one sample needs for one threshold (paper, Fig. 5).</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Criterion">Criterion as the spec names it.</param>
/// <param name="Seed">Seed of a random order; 0 for the others.</param>
/// <param name="Quantity">What the threshold is set on.</param>
/// <param name="Threshold">The threshold.</param>
/// <param name="Heads">The smallest k that crosses it; NaN = no k does.</param>
public readonly record struct ThresholdRow(
    string SampleId,
    string Criterion,
    int Seed,
    ValidationQuantity Quantity,
    double Threshold,
    double Heads
);

/// <summary>
/// Heads that head attribution needs for one sample when masks ablate a share of the heads (paper, Fig. 6).
/// </summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Ablate">Share of heads that a mask ablates, p.</param>
/// <param name="FaithfulHeads">Smallest k above the faithfulness threshold; NaN = no k.</param>
/// <param name="CompleteHeads">Smallest k below the completeness threshold; NaN = no k.</param>
/// <param name="R2">Explained variance on the test masks of that share.</param>
public readonly record struct RatioRow(
    string SampleId,
    double Ablate,
    double FaithfulHeads,
    double CompleteHeads,
    double R2
);

/// <summary>Samples laid out by their coefficients (paper, Fig. 3E).</summary>
/// <param name="Points">One a sample.</param>
/// <param name="Method">How they were laid out, in words, e.g. <c>exact t-SNE, perplexity 30</c>.</param>
public sealed record SampleLayout(IReadOnlyList<LayoutPoint> Points, string Method);

/// <summary>A sample's place in the plane.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="File">File name of the picture.</param>
/// <param name="Category">Main object; empty = not known.</param>
/// <param name="SuperCategory">Its group; empty = not known.</param>
/// <param name="X">Across, without unit.</param>
/// <param name="Y">Upwards, without unit.</param>
/// <param name="Style">Style of the picture, DomainNet's domain; empty = the data have none.</param>
/// <param name="Beta">Its coefficients [N], which were laid out; null = not known.</param>
public readonly record struct LayoutPoint(
    string SampleId,
    string File,
    string Category,
    string SuperCategory,
    double X,
    double Y,
    string Style = "",
    IReadOnlyList<double>? Beta = null
);

/// <summary>Head vectors: beta of a head over samples, clustered (paper, Fig. 10).</summary>
/// <param name="Heads">Heads n = layer * H + head, in the order of the tree's things.</param>
/// <param name="Samples">The samples of a vector's entries.</param>
/// <param name="Vectors">[heads][samples].</param>
/// <param name="Tree">Clustering of the vectors.</param>
/// <param name="LeastBeta">A head is in it where some sample's beta is above this.</param>
/// <param name="Method">How they were clustered, in words, e.g. <c>average linkage of cosine distances</c>.</param>
/// <param name="Metric">How far apart two vectors are.</param>
public sealed record HeadVectors(
    IReadOnlyList<int> Heads,
    IReadOnlyList<HeadVectorSample> Samples,
    IReadOnlyList<double[]> Vectors,
    Dendrogram Tree,
    double LeastBeta,
    string Method,
    VectorDistance Metric = VectorDistance.Euclidean
);

/// <summary>A column of the head vectors.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Category">Main object; empty = not known.</param>
/// <param name="SuperCategory">Its group; empty = not known.</param>
public readonly record struct HeadVectorSample(string SampleId, string Category, string SuperCategory);

/// <summary>How alike beta is under another prompt (paper, Table 1).</summary>
/// <param name="Prompt">Name in the spec: default, p1 … p9; empty for a question of one's own.</param>
/// <param name="Text">The question.</param>
/// <param name="Cosines">Cosine of each sample's beta with its beta under the report's question; NaN = none.</param>
public sealed record PromptResult(string Prompt, string Text, IReadOnlyList<double> Cosines);

/// <summary>How alike beta is between styles of pictures (paper, Fig. 9).</summary>
/// <param name="Styles">The styles in the order of the spec.</param>
/// <param name="Cosines">Cosine of beta by styles and objects.</param>
/// <param name="Means">What a style has: the quantities and criteria in the order of the table
/// <c>style_means</c>.</param>
public sealed record StyleData(IReadOnlyList<string> Styles, StyleComparison Cosines, IReadOnlyList<StyleMean> Means);

/// <summary>A mean over the samples of a style.</summary>
/// <param name="Style">The style.</param>
/// <param name="Quantity"><c>r2</c>, <c>rho</c>, <c>heads_faithfulness</c> or <c>heads_completeness</c>.</param>
/// <param name="Criterion">What ranks the heads; null where nothing does.</param>
/// <param name="Mean">The mean.</param>
/// <param name="NotReached">Samples left out because no k crosses the threshold.</param>
public sealed record StyleMean(string Style, string Quantity, string? Criterion, Estimate Mean, int NotReached);
