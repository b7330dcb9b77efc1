using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Lays samples out in the plane by beta (paper, Fig. 3E): exact t-SNE over the objects that have enough samples. One
/// unit, a pure function of beta and the labels.
/// </summary>
[StageOf<BetaLayoutSpec>]
public sealed class BetaLayout(StageContext context, BetaLayoutSpec spec, ForwardPasses forward, Regress attribution)
    : Stage(context)
{
    private const int Version = 1;
    private const string PointsFile = "layout.parquet",
        RunFile = "layout-run.parquet";

    private Unit? unit;

    /// <inheritdoc/>
    public override string Kind => "beta-layout";

    /// <inheritdoc/>
    public override string WorkUnit => "layouts";

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([unit ??= Create(samples)])
            : new UnitList([], $"{forward.Name} is done", 1);

    /// <summary>The samples in the plane.</summary>
    public IReadOnlyList<LayoutRow> Rows(Artifacts artifacts) =>
        Tables.Of<LayoutRow>().Read(artifacts.File(Units(artifacts).Known[0], PointsFile));

    /// <summary>Where the coefficients that are laid out come from.</summary>
    public Regress Attribution => attribution;

    /// <summary>How they were laid out, in words.</summary>
    public string Method(Artifacts artifacts)
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
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        PublishTable(folder, Rows(artifacts));
        PublishTable(folder, [Run(artifacts)]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        LayoutRunRow run = Run(artifacts);
        string found =
            run.Samples == 0
                ? $"no object has {spec.LeastSamples} samples (least_samples): nothing to lay out"
                : $"{run.Samples} samples of {run.Objects} objects";
        return [new SummaryRow(Name, found)];
    }

    private LayoutRunRow Run(Artifacts artifacts) =>
        Tables.Of<LayoutRunRow>().Read(artifacts.File(Units(artifacts).Known[0], RunFile))[0];

    private Unit Create(IReadOnlyList<Sample> samples)
    {
        Sample[] shown =
        [
            .. samples
                .GroupBy(s => s.Object, StringComparer.Ordinal)
                .Where(o => o.Count() >= spec.LeastSamples)
                .SelectMany(o => o.Take(spec.MostSamples)),
        ];
        int objects = shown.Select(s => s.Object).Distinct(StringComparer.Ordinal).Count();
        string labels = string.Join('\n', shown.Select(s => $"{s.Id}\t{s.Object}\t{s.Item.SuperCategory}"));
        KeyPart[] perplexity = spec.Perplexity is { } asked ? [new KeyPart.Number("perplexity", asked)] : [];
        return new Unit(
            Kind,
            Version,
            $"{shown.Length} samples",
            [
                new KeyPart.Digest("labels", $"{objects} objects", FileDigests.OfText(labels))
                {
                    Files = Context.LabelFiles,
                },
                .. perplexity,
                new KeyPart.Integer("steps", spec.Steps),
                new KeyPart.Inputs("attribution", [.. shown.Select(attribution.UnitOf)]),
            ],
            1,
            WorkUnit,
            run =>
            {
                double[][] beta = [.. shown.Select(s => attribution.Beta(run.Artifacts, s))];
                // A perplexity above the count of samples has no meaning
                double? fitting = spec.Perplexity is { } wanted && wanted < beta.Length ? wanted : null;
                TSne layout = TSne.Of(beta, new TSneSettings { Perplexity = fitting, Steps = spec.Steps });
                Tables
                    .Of<LayoutRow>()
                    .Write(
                        run.File(PointsFile),
                        [
                            .. shown.Select(
                                (s, i) =>
                                    new LayoutRow(
                                        s.Id,
                                        s.Object,
                                        s.Item.SuperCategory,
                                        layout.Points[i][0],
                                        layout.Points[i][1]
                                    )
                            ),
                        ]
                    );
                Tables
                    .Of<LayoutRunRow>()
                    .Write(
                        run.File(RunFile),
                        [
                            new LayoutRunRow(
                                shown.Length,
                                objects,
                                Undefined.ToNull(layout.Perplexity),
                                Undefined.ToNull(layout.Divergence),
                                layout.Steps
                            ),
                        ]
                    );
            }
        );
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
