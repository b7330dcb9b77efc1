using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

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
) : Stage
{
    /// <summary>The spec.</summary>
    public ClusterHeadsSpec Spec => spec;

    /// <inheritdoc/>
    public override string WorkUnit => "trees";

    /// <summary>How they are clustered, in words.</summary>
    private string Method =>
        $"{(spec.Linkage == ClusterLinkage.Ward ? "Ward" : "average")} linkage of "
        + $"{(spec.Distance == VectorDistance.Cosine ? "cosine" : "Euclidean")} distances";

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([artifacts.Once(this, nameof(Create), "", () => Create(artifacts, samples))])
            : new UnitList([], $"{forward.Name} is done", 1);

    /// <summary>The rows of the vectors.</summary>
    public IReadOnlyList<HeadVectorRow> Rows(Artifacts artifacts) =>
        artifacts.Rows<HeadVectorRow>(Units(artifacts).Known[0]);

    /// <summary>The merges.</summary>
    public IReadOnlyList<ClusterMerge> Merges(Artifacts artifacts) =>
        artifacts.Rows<ClusterMerge>(Units(artifacts).Known[0]);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<HeadVectorRow>(() => Rows(artifacts), () => Method),
            new PublishedTable<ClusterMerge>(() => Merges(artifacts)),
        ];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        int heads = Rows(artifacts).DistinctBy(r => (r.Layer, r.Head)).Count();
        return
        [
            new SummaryRow(
                Name,
                Invariant.Text($"{heads} of {context.Heads} heads have beta > {spec.LeastBeta} in some sample")
            ),
        ];
    }

    private Unit Create(Artifacts artifacts, IReadOnlyList<Sample> samples) =>
        Unit.Of(
            $"{samples.Count} samples",
            new ClusteredHeads(
                spec.LeastBeta,
                spec.Distance,
                spec.Linkage,
                context.Info.Heads,
                [.. samples.Select(s => attribution.UnitOf(artifacts, s))]
            )
        );
}

/// <summary>Head vectors and their tree.</summary>
/// <param name="LeastBeta">A head counts whose beta exceeds this in some sample.</param>
/// <param name="Distance">How far apart two vectors are.</param>
/// <param name="Linkage">How clusters are joined.</param>
/// <param name="HeadsPerLayer">H.</param>
/// <param name="Attribution">The fits, in order of the samples.</param>
[UnitKind("cluster-heads", 1, "trees")]
internal sealed record ClusteredHeads(
    double LeastBeta,
    VectorDistance Distance,
    ClusterLinkage Linkage,
    int HeadsPerLayer,
    IReadOnlyList<Unit> Attribution
) : IUnit<ClusteredHeads>
{
    /// <inheritdoc/>
    public static void Compute(ClusteredHeads unit, UnitRun run)
    {
        AttributionRow[][] fits = [.. unit.Attribution.Select(a => run.Rows<AttributionRow>(a).ToArray())];
        double[][] beta = [.. unit.Attribution.Select(run.Artifacts.Beta)]; // [samples][N]
        int all = beta.Length == 0 ? 0 : beta[0].Length;
        int[] heads = [.. Enumerable.Range(0, all).Where(n => beta.Any(b => b[n] > unit.LeastBeta))];
        double[][] vectors = [.. heads.Select(n => beta.Select(b => b[n]).ToArray())]; // [heads][samples]
        HeadVectorRow Entry(int h, int sample) =>
            new(
                heads[h] / unit.HeadsPerLayer,
                heads[h] % unit.HeadsPerLayer,
                fits[sample][0].SampleId,
                vectors[h][sample]
            );
        run.Write<HeadVectorRow>([
            .. heads.SelectMany((_, h) => Enumerable.Range(0, fits.Length).Select(sample => Entry(h, sample))),
        ]);
        run.Write<ClusterMerge>(Analysis.Linkage.Of(vectors, unit.Distance, unit.Linkage).Merges);
    }
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
