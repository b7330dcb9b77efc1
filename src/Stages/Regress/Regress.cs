using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Fits phi from the masks, sample by sample: beta, and R^2 and rho on the test split (paper, eq. 1 and Table 2).
/// </summary>
[StageOf<RegressSpec>]
public sealed class Regress(
    StageContext context,
    RegressSpec spec,
    ForwardPasses forward,
    GradientPasses? gradients = null
) : SampleStage(forward)
{
    /// <inheritdoc/>
    public override string WorkUnit => "fits";

    /// <summary>The spec.</summary>
    public RegressSpec Spec => spec;

    /// <summary>What fits beta: the spec's, or the one that the model's size asks for.</summary>
    public TrainerSpec Trainer => BySize.Trainer(spec.Trainer, context.Heads, gradients is not null);

    /// <summary>The gradients; null for a trainer that reads none.</summary>
    public GradientPasses? Gradients => Trainer is GradientSpec ? gradients : null;

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> ChosenSettings =>
        spec.Trainer is AutoTrainerSpec
            ?
            [
                new SummaryRow(
                    $"{Name}: trainer",
                    $"{Spelling.Of(Trainer.GetType())} ({BySize.WhyTrainer(context.Heads, gradients is not null)})"
                ),
            ]
            : [];

    /// <summary>beta of a sample [N].</summary>
    public double[] Beta(Artifacts artifacts, Sample sample) => artifacts.Beta(UnitOf(artifacts, sample));

    /// <summary>Quality of a sample's fit.</summary>
    public FitRow Fit(Artifacts artifacts, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        return artifacts.Row<FitRow>(UnitOf(artifacts, sample));
    }

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<AttributionRow>(() => Rows<AttributionRow>(artifacts)),
            new PublishedTable<FitRow>(() => Rows<FitRow>(artifacts)),
            new PublishedTable<PredictionRow>(() => Rows<PredictionRow>(artifacts)),
        ];

    /// <inheritdoc/>
    public override IEnumerable<PublishedFile> PublishedFiles(Artifacts artifacts) =>
        HeadScores.Files(
            () => [.. Forward.Accepted(artifacts)!.Select(s => Beta(artifacts, s))],
            context.Heads,
            context.Info.Heads
        );

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var fits = Forward.Accepted(artifacts)!.Select(s => Fit(artifacts, s)).ToList();
        return
        [
            .. ChosenSettings,
            new SummaryRow($"{Name}: R²", Spread(fits.Select(f => f.R2))),
            new SummaryRow($"{Name}: rho", Spread(fits.Select(f => f.Rho))),
            .. NotConverged(artifacts),
        ];
    }

    /// <summary>Whether the fits met their stopping rule.</summary>
    public override Convergence Convergence(Artifacts artifacts) =>
        Reporting.Convergence.Of(
            Name,
            Forward.Accepted(artifacts)!.Select(s => Fit(artifacts, s)).Select(f => (f.Iterations, f.Converged))
        );

    /// <summary>Units of the passes that a sample's fit reads, gradients among them where it does.</summary>
    internal IEnumerable<Unit> PassUnits(Artifacts artifacts, Sample sample) =>
        [.. Forward.ShardsOf(artifacts, sample), .. Gradients?.ShardsOf(artifacts, sample) ?? []];

    /// <inheritdoc/>
    protected override Unit Create(Artifacts artifacts, Sample sample) =>
        Unit.Of(
            sample.Id,
            new FitOfSample(
                sample.Id,
                TrainerSettings.Of(Trainer),
                spec.Train,
                context.Experiment.Seed,
                context.Heads,
                context.Info.Heads,
                Forward.MasksOf(artifacts, sample),
                Forward.ShardsOf(artifacts, sample),
                Gradients?.Of(artifacts, sample)
            )
        );

    /// <summary>Mean and standard deviation over samples, as the paper's Table 2 gives them.</summary>
    public static string Spread(IEnumerable<double?> values)
    {
        Estimate mean = new Bootstrap().Of(values.OfType<double>());
        return mean.Count == 0 ? "undefined" : $"{Sentences.PlusMinus(mean)} (n = {Format.Count(mean.Count)})";
    }
}

/// <summary>beta of a sample's heads.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Trainer">How beta is fitted.</param>
/// <param name="Train">Share of the masks that train; the others test.</param>
/// <param name="Seed">Of the split.</param>
/// <param name="Heads">N.</param>
/// <param name="HeadsPerLayer">H.</param>
/// <param name="Masks">Units of the masks, in order.</param>
/// <param name="Forward">Units of the passes over them.</param>
/// <param name="Gradients">The sample's gradients, for a trainer that reads them.</param>
[UnitKind("regress", 1, "fits")]
internal sealed record FitOfSample(
    string Sample,
    TrainerSettings Trainer,
    double Train,
    int Seed,
    int Heads,
    int HeadsPerLayer,
    IReadOnlyList<Unit> Masks,
    IReadOnlyList<Unit> Forward,
    GradientsOfSample? Gradients
) : IUnit<FitOfSample>
{
    /// <inheritdoc/>
    public static void Compute(FitOfSample unit, UnitRun run)
    {
        Trainer trainer = unit.Trainer.ToTrainer();
        HeadFit fit = HeadRegression.Fit(
            trainer,
            [.. unit.Masks.Select(run.Artifacts.File<MaskRow>)],
            [.. unit.Forward.Select(run.Artifacts.File<ForwardRow>)],
            unit.Heads,
            unit.Seed,
            unit.Train,
            unit.Gradients?.Expected(run.Artifacts, unit.Heads)
        );
        run.Write<AttributionRow>([.. fit.ToAttributionRows(unit.Sample, unit.HeadsPerLayer)]);
        run.Write<FitRow>([fit.ToFitRow(unit.Sample, trainer)]);
        run.Write<PredictionRow>([.. fit.ToPredictionRows(unit.Sample)]);
    }
}
