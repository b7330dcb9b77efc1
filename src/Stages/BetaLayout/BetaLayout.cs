using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Lays samples out in the plane by beta (paper, Fig. 3E): exact t-SNE over the objects that have enough samples. One
/// unit, a pure function of beta and the labels.
/// </summary>
[StageOf<BetaLayoutSpec>]
public sealed class BetaLayout(StageContext context, BetaLayoutSpec spec, ForwardPasses forward, Regress attribution)
    : Stage
{
    /// <inheritdoc/>
    public override string WorkUnit => "layouts";

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([artifacts.Once(this, nameof(Create), "", () => Create(artifacts, samples))])
            : new UnitList([], $"{forward.Name} is done", 1);

    /// <summary>The samples in the plane.</summary>
    public IReadOnlyList<LayoutRow> Rows(Artifacts artifacts) => artifacts.Rows<LayoutRow>(Units(artifacts).Known[0]);

    /// <summary>beta that is laid out, which may be another stage's than the one that the report shows.</summary>
    internal override IEnumerable<(Type Row, PublishedTable Behind)> ReadWith(Artifacts artifacts) =>
        attribution
            .Published(artifacts)
            .Where(t => t.Row == typeof(AttributionRow))
            .Select(t => (typeof(LayoutRow), t));

    /// <summary>How they were laid out, in words.</summary>
    private string Method(Artifacts artifacts)
    {
        LayoutRunRow run = Run(artifacts);
        return run.Perplexity is null
            ? "The two first principal components: too few samples for t-SNE"
            : Invariant.Text(
                $"Exact t-SNE, perplexity {run.Perplexity:0.#}, {run.Steps} steps from the principal components, KL "
                    + $"divergence {run.Divergence:0.00}"
            );
    }

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<LayoutRow>(() => Rows(artifacts), () => Method(artifacts)),
            new PublishedTable<LayoutRunRow>(() => [Run(artifacts)]),
        ];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        LayoutRunRow run = Run(artifacts);
        string found =
            run.Samples == 0
                ? $"no object has {spec.LeastSamples} samples (least_samples): nothing to lay out"
                : $"{Format.Many(run.Samples, "sample")} of {Format.Many(run.Objects, "object")}";
        return [new SummaryRow(Name, found)];
    }

    private LayoutRunRow Run(Artifacts artifacts) => artifacts.Row<LayoutRunRow>(Units(artifacts).Known[0]);

    private Unit Create(Artifacts artifacts, IReadOnlyList<Sample> samples)
    {
        Sample[] shown =
        [
            .. samples
                .GroupBy(s => s.Object, StringComparer.Ordinal)
                .Where(o => o.Count() >= spec.LeastSamples)
                .SelectMany(o => o.Take(spec.MostSamples)),
        ];
        ObjectLabel[] labels = Array.ConvertAll(shown, s => new ObjectLabel(s.Id, s.Object, s.Item.SuperCategory));
        return Unit.Of(
            $"{shown.Length} samples",
            new LayoutOfSamples(
                new LabelSource<ObjectLabel>(
                    labels,
                    $"{LayoutOfSamples.Objects(labels)} objects",
                    l => $"{l.SampleId}\t{l.Object}\t{l.SuperCategory}",
                    context.LabelFiles
                ),
                spec.Perplexity,
                spec.Steps,
                [.. shown.Select(s => attribution.UnitOf(artifacts, s))]
            )
        );
    }

    /// <summary>What a sample shows.</summary>
    private sealed record ObjectLabel(string SampleId, string Object, string? SuperCategory);

    /// <summary>Samples in the plane by beta.</summary>
    /// <param name="Labels">The samples.</param>
    /// <param name="Perplexity">Effective number of neighbours; null = chosen by their number.</param>
    /// <param name="Steps">Steps of the descent.</param>
    /// <param name="Attribution">The fits, in order of the samples.</param>
    [UnitKind("beta-layout", 1, "layouts")]
    private sealed record LayoutOfSamples(
        LabelSource<ObjectLabel> Labels,
        double? Perplexity,
        int Steps,
        IReadOnlyList<Unit> Attribution
    ) : IUnit<LayoutOfSamples>
    {
        public static int Objects(IEnumerable<ObjectLabel> labels) =>
            labels.Select(l => l.Object).Distinct(StringComparer.Ordinal).Count();

        public static void Compute(LayoutOfSamples unit, UnitRun run)
        {
            double[][] beta = [.. unit.Attribution.Select(run.Artifacts.Beta)];
            // A perplexity above the count of samples has no meaning
            double? fitting = unit.Perplexity is { } wanted && wanted < beta.Length ? wanted : null;
            TSne layout = TSne.Of(beta, new TSneSettings { Perplexity = fitting, Steps = unit.Steps });
            LayoutRow Row(ObjectLabel label, int i) =>
                new(label.SampleId, label.Object, label.SuperCategory, layout.Points[i][0], layout.Points[i][1]);
            run.Write<LayoutRow>([.. unit.Labels.Labels.Select(Row)]);
            run.Write<LayoutRunRow>([
                new LayoutRunRow(
                    beta.Length,
                    Objects(unit.Labels.Labels),
                    Undefined.ToNull(layout.Perplexity),
                    Undefined.ToNull(layout.Divergence),
                    layout.Steps
                ),
            ]);
        }
    }

    /// <summary>How the samples were laid out.</summary>
    /// <param name="Samples">Samples laid out.</param>
    /// <param name="Objects">Objects that they show.</param>
    /// <param name="Perplexity">Effective number of neighbours; null where the samples stand at their principal
    /// components.</param>
    /// <param name="Divergence">Kullback-Leibler divergence at the end, in nats.</param>
    /// <param name="Steps">Steps of the descent.</param>
    [Table("layout_run")]
    private sealed record LayoutRunRow(int Samples, int Objects, double? Perplexity, double? Divergence, int Steps);
}

/// <summary>A sample's place in the plane.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Object">What it shows: its category, or the model's answer where there are no labels.</param>
/// <param name="SuperCategory">The object's group; null = not known.</param>
/// <param name="X">Across, without unit.</param>
/// <param name="Y">Upwards, without unit.</param>
[Table("layout")]
public sealed record LayoutRow([RowKey] string SampleId, string Object, string? SuperCategory, double X, double Y);
