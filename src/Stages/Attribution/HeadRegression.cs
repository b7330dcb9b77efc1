using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.FastTree;
using Microsoft.ML.Trainers.LightGbm;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// Head attribution of one sample (paper): beta, and how well it predicts masks it has not seen. NaN = undefined.
/// </summary>
/// <param name="Beta">Effect on phi of every head, [N].</param>
/// <param name="Intercept">b; NaN for trees.</param>
/// <param name="Iterations">Sweeps done; passes allowed (SDCA); trees.</param>
/// <param name="DualGap">Of the elastic net, divided by the train rows; NaN for other trainers.</param>
/// <param name="Converged">The stopping rule was met (elastic net); true for other trainers, which run a fixed
/// length.</param>
/// <param name="R2">On the test rows, in double precision.</param>
/// <param name="Rho">Pearson correlation on the test rows.</param>
/// <param name="Evaluated">ML.NET's metrics on the test rows (float): R^2 as a cross-check (NaN for a constant phi),
/// MAE, RMSE.</param>
/// <param name="TrainRows">Observations fitted.</param>
/// <param name="TestMaskIndex">Held-out masks in file order, [test rows].</param>
/// <param name="TestPhi">Their phi.</param>
/// <param name="TestPredicted">The prediction.</param>
internal sealed record HeadFit(
    double[] Beta,
    double Intercept,
    int Iterations,
    double DualGap,
    bool Converged,
    double R2,
    double Rho,
    Evaluated Evaluated,
    int TrainRows,
    int[] TestMaskIndex,
    double[] TestPhi,
    double[] TestPredicted
)
{
    /// <summary>What was fitted, where the trainer had a choice; null = what the trainer's name says.</summary>
    public string? Fitted { get; init; }

    /// <summary>The row of the table fits.</summary>
    /// <param name="sampleId">The sample.</param>
    /// <param name="trainer">What made the fit.</param>
    public FitRow ToFitRow(string sampleId, Trainer trainer) =>
        new(
            sampleId,
            Fitted ?? trainer.Name,
            Undefined.ToNull(R2),
            Undefined.ToNull(Rho),
            Undefined.ToNull(Evaluated.Mae),
            Undefined.ToNull(Evaluated.Rmse),
            Undefined.ToNull(Intercept),
            Iterations,
            Undefined.ToNull(DualGap),
            Converged,
            TrainRows,
            TestPhi.Length
        );

    /// <summary>The rows of the table attribution.</summary>
    /// <param name="sampleId">The sample.</param>
    /// <param name="headsPerLayer">H: head n is head n % H of layer n / H.</param>
    public IEnumerable<AttributionRow> ToAttributionRows(string sampleId, int headsPerLayer) =>
        Beta.Select((beta, n) => new AttributionRow(sampleId, n / headsPerLayer, n % headsPerLayer, beta));

    /// <summary>The rows of the table predictions.</summary>
    /// <param name="sampleId">The sample.</param>
    public IEnumerable<PredictionRow> ToPredictionRows(string sampleId) =>
        TestPhi.Select((phi, i) => new PredictionRow(sampleId, TestMaskIndex[i], phi, TestPredicted[i]));
}

/// <summary>Metrics of ML.NET's <c>Regression.Evaluate</c>.</summary>
/// <param name="R2">Coefficient of determination.</param>
/// <param name="Mae">Mean absolute error.</param>
/// <param name="Rmse">Root mean squared error.</param>
internal sealed record Evaluated(double R2, double Mae, double Rmse);

/// <summary>
/// Fits phi from the masks of one sample. The result is a pure function of the arguments: trainers run on one thread
/// with a context of their own, so that samples may be fitted side by side.
/// </summary>
internal static class HeadRegression
{
    private const string Score = "Score";

    /// <summary>Splits, fits, predicts and evaluates.</summary>
    /// <param name="trainer">The regression.</param>
    /// <param name="maskParts">Parts of the table masks, in order.</param>
    /// <param name="forwardParts">Parts of the table forward, the same masks in the same order.</param>
    /// <param name="heads">N.</param>
    /// <param name="seed">Seed of the experiment: the split, and the trainers that draw.</param>
    /// <param name="trainShare">Share of the masks that train; the rest tests.</param>
    /// <param name="gradients">The sample's expected gradients; only <see cref="Trainer.Gradient"/> reads them, and
    /// needs them.</param>
    /// <exception cref="InputException">Part files are damaged, do not belong together, hold fewer than two masks or a
    /// phi that is not finite.</exception>
    public static HeadFit Fit(
        Trainer trainer,
        IReadOnlyList<string> maskParts,
        IReadOnlyList<string> forwardParts,
        int heads,
        int seed,
        double trainShare,
        ExpectedGradients? gradients = null
    )
    {
        var data = MaskDataset.Open(maskParts, forwardParts, heads);
        if (data.Rows < 2)
        {
            throw new InputException(
                maskParts.Count > 0 ? maskParts[0] : "masks",
                $"holds {data.Rows} masks; a regression needs at least 2.",
                "Raise the count of the stage sample-masks."
            );
        }

        var split = TrainTestSplit.Of(data.Rows, trainShare, seed);
        return trainer is Trainer.Gradient gradient
            ? GradientRegression.Fit(
                gradient,
                data,
                split,
                gradients ?? throw new ArgumentNullException(nameof(gradients)),
                seed
            )
            : Fit(trainer, MaskDataView.Train(data, split), MaskDataView.Test(data, split), heads, seed);
    }

    /// <summary>Fits one part of the masks and measures on another.</summary>
    /// <param name="trainer">The regression; <see cref="Trainer.Gradient"/> takes more than masks and is
    /// refused.</param>
    /// <param name="train">Observations that are fitted.</param>
    /// <param name="test">Observations held out.</param>
    /// <param name="heads">N.</param>
    /// <param name="seed">Seed of the experiment, for trainers that draw.</param>
    public static HeadFit Fit(Trainer trainer, MaskDataView train, MaskDataView test, int heads, int seed)
    {
        var ml = new MLContext(seed);
        return trainer switch
        {
            Trainer.ElasticNet elasticNet => FitElasticNet(ml, elasticNet, train, test),
            Trainer.Sdca sdca => FitSdca(ml, sdca, train, test),
            Trainer.LightGbm lightGbm => FitTrees(
                ml,
                LightGbmTrainer(ml, lightGbm, seed),
                m => m.TrainedTreeEnsemble,
                lightGbm.Trees,
                train,
                test,
                heads
            ),
            Trainer.FastTree fastTree => FitTrees(
                ml,
                FastTreeTrainer(ml, fastTree),
                m => m.TrainedTreeEnsemble,
                fastTree.Trees,
                train,
                test,
                heads
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(trainer), trainer, "no such trainer"),
        };
    }

    private static HeadFit FitElasticNet(
        MLContext ml,
        Trainer.ElasticNet trainer,
        MaskDataView train,
        MaskDataView test
    )
    {
        var trained = new ElasticNetTrainer(ml, trainer.Settings).Train(train);
        var fit = trained.Fit;
        var result = Result(
            ml,
            train,
            test,
            trained.Transformer,
            fit.Coefficients,
            fit.Intercept,
            o => fit.Predict(o.Heads)
        );
        return result with { Iterations = fit.Iterations, DualGap = fit.DualGap, Converged = fit.Converged };
    }

    private static HeadFit FitSdca(MLContext ml, Trainer.Sdca trainer, MaskDataView train, MaskDataView test)
    {
        // ML.NET minimises the mean squared error (no half) + L2/2 ||w||^2, with an l1 penalty relative to the l2 one.
        var transformer = ml
            .Regression.Trainers.Sdca(
                new SdcaRegressionTrainer.Options
                {
                    FeatureColumnName = MaskDataView.Features,
                    LabelColumnName = MaskDataView.Label,
                    L2Regularization = (float)(2 * trainer.Alpha * (1 - trainer.L1Ratio)),
                    L1Regularization = (float)(trainer.L1Ratio / (1 - trainer.L1Ratio)),
                    BiasLearningRate = 1,
                    ConvergenceCheckFrequency = -1,
                    MaximumNumberOfIterations = trainer.MaxIterations,
                    NumberOfThreads = 1, // more threads race
                }
            )
            // A thousand passes; the cache can be shuffled, too
            .Fit(ml.Data.Cache(train, MaskDataView.Features, MaskDataView.Label));
        double[] beta = [.. transformer.Model.Weights.Select(w => (double)w)];
        return Result(ml, train, test, transformer, beta, transformer.Model.Bias, null) with
        {
            Iterations = trainer.MaxIterations,
        };
    }

    private static HeadFit FitTrees<TModel>(
        MLContext ml,
        ITrainerEstimator<RegressionPredictionTransformer<TModel>, TModel> estimator,
        Func<TModel, RegressionTreeEnsemble> ensemble,
        int trees,
        MaskDataView train,
        MaskDataView test,
        int heads
    )
        where TModel : class
    {
        var transformer = estimator.Fit(train);
        double[] beta = TreeEffects.Of(ensemble(transformer.Model), train.Observations().Select(o => o.Heads), heads);
        return Result(ml, train, test, transformer, beta, double.NaN, null) with { Iterations = trees };
    }

    private static LightGbmRegressionTrainer LightGbmTrainer(MLContext ml, Trainer.LightGbm trainer, int seed) =>
        LightGbmLibrary.Trainer(
            ml,
            new LightGbmRegressionTrainer.Options
            {
                FeatureColumnName = MaskDataView.Features,
                LabelColumnName = MaskDataView.Label,
                NumberOfIterations = trainer.Trees,
                NumberOfLeaves = trainer.Leaves,
                NumberOfThreads = 1,
                Deterministic = true,
                Seed = seed,
            }
        );

    private static FastTreeRegressionTrainer FastTreeTrainer(MLContext ml, Trainer.FastTree trainer) =>
        ml.Regression.Trainers.FastTree(
            new FastTreeRegressionTrainer.Options
            {
                FeatureColumnName = MaskDataView.Features,
                LabelColumnName = MaskDataView.Label,
                NumberOfTrees = trainer.Trees,
                NumberOfLeaves = trainer.Leaves,
                NumberOfThreads = 1,
            }
        );

    /// <summary>
    /// Predicts the held-out rows (in double where <paramref name="predict"/> is given, else by the model's float
    /// score) and measures.
    /// </summary>
    internal static HeadFit Result(
        MLContext ml,
        MaskDataView train,
        MaskDataView test,
        ITransformer transformer,
        double[] beta,
        double intercept,
        Func<Observation, double>? predict
    )
    {
        var scored = transformer.Transform(test);
        var observations = test.Observations().ToArray();
        double[] phi = Array.ConvertAll(observations, o => o.Phi);
        double[] predicted = predict is null
            ? [.. scored.GetColumn<float>(Score).Select(s => (double)s)]
            : Array.ConvertAll(observations, o => predict(o));
        var metrics = ml.Regression.Evaluate(scored, MaskDataView.Label, Score);
        return new HeadFit(
            beta,
            intercept,
            0,
            double.NaN,
            true,
            Metrics.R2(phi, predicted),
            Metrics.Pearson(phi, predicted),
            new Evaluated(metrics.RSquared, metrics.MeanAbsoluteError, metrics.RootMeanSquaredError),
            (int)train.GetRowCount()!.Value,
            Array.ConvertAll(observations, o => o.MaskIndex),
            phi,
            predicted
        );
    }
}
