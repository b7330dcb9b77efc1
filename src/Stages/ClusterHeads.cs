using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Head vectors: beta of a head over the samples, of heads that matter in some sample, clustered (paper, Fig. 10). One
/// unit, a pure function of beta.
/// </summary>
[StageOf<ClusterHeadsSpec>]
public sealed class ClusterHeads(
    StageContext context,
    ClusterHeadsSpec spec,
    ForwardPasses forward,
    Regress attribution
) : Stage(context)
{
    private const int Version = 1;
    private const string VectorsFile = "head-vectors.parquet",
        TreeFile = "head-tree.parquet";

    private Unit? unit;

    /// <summary>The spec.</summary>
    public ClusterHeadsSpec Spec => spec;

    /// <summary>H, by which a head's number is layer * H + head.</summary>
    public int HeadsPerLayer => Context.Info.Heads;

    /// <inheritdoc/>
    public override string Kind => "cluster-heads";

    /// <inheritdoc/>
    public override string WorkUnit => "trees";

    /// <summary>How far apart two vectors are.</summary>
    public VectorDistance Metric => spec.Distance;

    /// <summary>How they are clustered, in words.</summary>
    public string Method =>
        $"{(spec.Linkage == ClusterLinkage.Ward ? "Ward" : "average")} linkage of "
        + $"{(spec.Distance == VectorDistance.Cosine ? "cosine" : "Euclidean")} distances";

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([unit ??= Create(samples)])
            : new UnitList([], $"{forward.Name} is done", 1);

    /// <summary>The rows of the vectors.</summary>
    public IReadOnlyList<HeadVectorRow> Rows(Artifacts artifacts) =>
        Tables.Of<HeadVectorRow>().Read(artifacts.File(Units(artifacts).Known[0], VectorsFile));

    /// <summary>The merges.</summary>
    public IReadOnlyList<Merge> Merges(Artifacts artifacts) =>
        Tables.Of<Merge>().Read(artifacts.File(Units(artifacts).Known[0], TreeFile));

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        PublishTable(folder, Rows(artifacts));
        PublishTable(folder, Merges(artifacts));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        int heads = Rows(artifacts).DistinctBy(r => (r.Layer, r.Head)).Count();
        return
        [
            new SummaryRow(
                Name,
                Invariant.Text($"{heads} of {Context.Heads} heads have beta > {spec.LeastBeta} in some sample")
            ),
        ];
    }

    private Unit Create(IReadOnlyList<Sample> samples) =>
        new(
            Kind,
            Version,
            $"{samples.Count} samples",
            [
                new KeyPart.Number("least_beta", spec.LeastBeta),
                new KeyPart.Text("distance", Spelling.Of(spec.Distance)),
                new KeyPart.Text("linkage", Spelling.Of(spec.Linkage)),
                new KeyPart.Integer("heads_per_layer", Context.Info.Heads),
                new KeyPart.Inputs("attribution", [.. samples.Select(attribution.UnitOf)]),
            ],
            1,
            WorkUnit,
            run =>
            {
                double[][] beta = [.. samples.Select(s => attribution.Beta(run.Artifacts, s))]; // [samples][N]
                int[] heads = [.. Enumerable.Range(0, Context.Heads).Where(n => beta.Any(b => b[n] > spec.LeastBeta))];
                double[][] vectors = [.. heads.Select(n => beta.Select(b => b[n]).ToArray())]; // [heads][samples]
                Dendrogram tree = Linkage.Of(vectors, Metric, spec.Linkage);
                Tables
                    .Of<HeadVectorRow>()
                    .Write(
                        run.File(VectorsFile),
                        [
                            .. heads.SelectMany(
                                (n, h) =>
                                    samples.Select(
                                        (s, i) =>
                                            new HeadVectorRow(
                                                n / Context.Info.Heads,
                                                n % Context.Info.Heads,
                                                s.Id,
                                                vectors[h][i]
                                            )
                                    )
                            ),
                        ]
                    );
                Tables.Of<Merge>().Write(run.File(TreeFile), tree.Merges);
            }
        );
}

/// <summary>An entry of a head vector.</summary>
/// <param name="Layer">Layer.</param>
/// <param name="Head">Head in it.</param>
/// <param name="SampleId">Sample.</param>
/// <param name="Beta">Coefficient of the head in the sample.</param>
[Table("head_vectors")]
public sealed record HeadVectorRow(
    [RowKey] int Layer,
    [RowKey] int Head,
    [RowKey] string SampleId,
    [Unit("phi a head")] double Beta
);
