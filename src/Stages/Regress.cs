using Pipelines.Domain;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

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
) : SampleStage(context, forward)
{
    private const int Version = 1;
    private const string AttributionFile = "attribution.parquet",
        FitFile = "fit.parquet",
        PredictionsFile = "predictions.parquet";

    /// <inheritdoc/>
    public override string Kind => "regress";

    /// <inheritdoc/>
    public override string WorkUnit => "fits";

    /// <summary>The spec.</summary>
    public RegressSpec Spec => spec;

    /// <summary>The gradients; null for a trainer that reads none.</summary>
    public GradientPasses? Gradients => gradients;

    /// <summary>The trainer.</summary>
    public Trainer Trainer { get; } = TrainerOf(spec.Trainer);

    /// <summary>beta of a sample [N].</summary>
    public double[] Beta(Artifacts artifacts, Sample sample)
    {
        double[] beta = new double[Context.Heads];
        foreach (
            AttributionRow row in Tables.Of<AttributionRow>().Read(artifacts.File(UnitOf(sample), AttributionFile))
        )
        {
            beta[row.Layer * Context.Info.Heads + row.Head] = row.Beta;
        }

        return beta;
    }

    /// <summary>Quality of a sample's fit.</summary>
    public FitRow Fit(Artifacts artifacts, Sample sample) =>
        Tables.Of<FitRow>().Read(artifacts.File(UnitOf(sample), FitFile))[0];

    /// <summary>True and predicted phi of a sample's test masks.</summary>
    public IReadOnlyList<PredictionRow> Predictions(Artifacts artifacts, Sample sample) =>
        Tables.Of<PredictionRow>().Read(artifacts.File(UnitOf(sample), PredictionsFile));

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        var samples = Forward.Accepted(artifacts)!;
        PublishTable(
            folder,
            [.. Tables.Of<AttributionRow>().Rows(samples.Select(s => artifacts.File(UnitOf(s), AttributionFile)))]
        );
        PublishTable(folder, [.. samples.Select(s => Fit(artifacts, s))]);
        PublishTable(
            folder,
            [.. Tables.Of<PredictionRow>().Rows(samples.Select(s => artifacts.File(UnitOf(s), PredictionsFile)))]
        );
    }

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var fits = Forward.Accepted(artifacts)!.Select(s => Fit(artifacts, s)).ToList();
        return
        [
            new SummaryRow($"{Name}: R²", Spread(fits.Select(f => f.R2))),
            new SummaryRow($"{Name}: rho", Spread(fits.Select(f => f.Rho))),
            .. NotConverged(Convergence(artifacts)),
        ];
    }

    /// <summary>Whether the fits met their stopping rule.</summary>
    public Convergence Convergence(Artifacts artifacts) =>
        Reporting.Convergence.Of(
            Name,
            Forward.Accepted(artifacts)!.Select(s => Fit(artifacts, s)).Select(f => (f.Iterations, f.Converged))
        );

    /// <inheritdoc/>
    protected override Unit Create(Sample sample)
    {
        var masks = Forward.MaskShardsOf(sample);
        var passes = Forward.ShardsOf(sample);
        int seed = Context.Experiment.Seed,
            heads = Context.Heads,
            headsPerLayer = Context.Info.Heads;
        Trainer trainer = Trainer;
        double train = spec.Train;
        return new Unit(
            Kind,
            Version,
            sample.Id,
            [
                new KeyPart.Text("trainer", trainer.Name),
                .. TrainerParts(trainer),
                new KeyPart.Number("train", train),
                new KeyPart.Integer("seed", seed),
                new KeyPart.Integer("heads", heads),
                new KeyPart.Integer("heads_per_layer", headsPerLayer),
                new KeyPart.Inputs("masks", [.. masks.Select(m => m.Unit)]),
                new KeyPart.Inputs("forward", passes),
                .. gradients?.BetaParts(sample) ?? [],
            ],
            1,
            WorkUnit,
            run =>
            {
                HeadFit fit = HeadRegression.Fit(
                    trainer,
                    [.. masks.Select(m => SampleMasks.FileOf(run.Artifacts, m))],
                    [.. passes.Select(p => ForwardPasses.FileOf(run.Artifacts, p))],
                    heads,
                    seed,
                    train,
                    gradients?.Expected(run.Artifacts, sample)
                );
                Tables
                    .Of<AttributionRow>()
                    .Write(run.File(AttributionFile), [.. fit.ToAttributionRows(sample.Id, headsPerLayer)]);
                Tables.Of<FitRow>().Write(run.File(FitFile), [fit.ToFitRow(sample.Id, trainer)]);
                Tables.Of<PredictionRow>().Write(run.File(PredictionsFile), [.. fit.ToPredictionRows(sample.Id)]);
            }
        );
    }

    /// <summary>The trainer that a spec names.</summary>
    public static Trainer TrainerOf(TrainerSpec trainer) =>
        trainer switch
        {
            ElasticNetSpec s => new Trainer.ElasticNet(
                new ElasticNetSettings(s.Alpha, s.L1Ratio, s.MaxIterations, s.Tolerance)
            ),
            SdcaSpec s => new Trainer.Sdca(s.Alpha, s.L1Ratio, s.MaxIterations),
            LightGbmSpec s => new Trainer.LightGbm(s.Trees, s.Leaves),
            FastTreeSpec s => new Trainer.FastTree(s.Trees, s.Leaves),
            GradientSpec s => new Trainer.Gradient(
                s.Residual,
                new ElasticNetSettings(s.Alpha, s.L1Ratio, s.MaxIterations, s.Tolerance),
                s.Folds
            ),
            _ => throw new InvalidOperationException($"No trainer is made from {trainer.GetType().Name}."),
        };

    /// <summary>Key parts of a trainer's settings.</summary>
    public static IReadOnlyList<KeyPart> TrainerParts(Trainer trainer) =>
        trainer switch
        {
            Trainer.ElasticNet { Settings: var s } =>
            [
                new KeyPart.Number("alpha", s.Alpha),
                new KeyPart.Number("l1_ratio", s.L1Ratio),
                new KeyPart.Integer("max_iterations", s.MaxIterations),
                new KeyPart.Number("tolerance", s.Tolerance),
            ],
            Trainer.Sdca s =>
            [
                new KeyPart.Number("alpha", s.Alpha),
                new KeyPart.Number("l1_ratio", s.L1Ratio),
                new KeyPart.Integer("max_iterations", s.MaxIterations),
            ],
            Trainer.Gradient { Residual: GradientResidual.None } => [new KeyPart.Text("residual", "none")],
            Trainer.Gradient { Settings: var s } gradient =>
            [
                new KeyPart.Text("residual", gradient.Residual == GradientResidual.Auto ? "auto" : "elastic-net"),
                .. gradient.Residual == GradientResidual.Auto
                    ? (KeyPart[])[new KeyPart.Integer("folds", gradient.Folds)]
                    : [],
                new KeyPart.Number("alpha", s.Alpha),
                new KeyPart.Number("l1_ratio", s.L1Ratio),
                new KeyPart.Integer("max_iterations", s.MaxIterations),
                new KeyPart.Number("tolerance", s.Tolerance),
            ],
            Trainer.LightGbm s => [new KeyPart.Integer("trees", s.Trees), new KeyPart.Integer("leaves", s.Leaves)],
            Trainer.FastTree s => [new KeyPart.Integer("trees", s.Trees), new KeyPart.Integer("leaves", s.Leaves)],
            _ => throw new InvalidOperationException($"No key parts of {trainer.GetType().Name}."),
        };

    /// <summary>Mean and standard deviation over samples, as the paper's Table 2 gives them.</summary>
    public static string Spread(IEnumerable<double?> values)
    {
        Estimate mean = new Bootstrap().Of(values.OfType<double>());
        return mean.Count == 0 ? "undefined" : $"{Sentences.PlusMinus(mean)} (n = {Format.Count(mean.Count)})";
    }
}
