using Microsoft.ML;
using Microsoft.ML.Data;
using Pipelines.Domain;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// Head attribution from expected gradients, measured on held-out forward masks like every other trainer. The sum of
/// gradients and residual is linear again: one beta, one intercept.
/// </summary>
internal static class GradientRegression
{
    private const string Score = "Score";

    /// <summary>Fits the residual where asked for or of use, predicts the test masks and evaluates.</summary>
    /// <param name="trainer">Settings.</param>
    /// <param name="data">Forward masks and their phi.</param>
    /// <param name="split">Which of them train the residual.</param>
    /// <param name="gradients">Expected gradients of the sample.</param>
    /// <param name="seed">Seed of the experiment: the folds.</param>
    public static HeadFit Fit(
        Trainer.Gradient trainer,
        MaskDataset data,
        TrainTestSplit split,
        ExpectedGradients gradients,
        int seed
    )
    {
        var ml = new MLContext(seed);
        var residual = MaskDataView.Train(data, split, o => o.Phi - gradients.Predict(o.Heads));
        var test = MaskDataView.Test(data, split);
        bool mended = trainer.Residual switch
        {
            GradientResidual.None => false,
            GradientResidual.ElasticNet => true,
            GradientResidual.Auto => Helps(ml, trainer, residual, split.TrainRows, seed),
            _ => throw new ArgumentOutOfRangeException(nameof(trainer), trainer, "no such choice"),
        };
        ElasticNetFit? rest = mended ? new ElasticNetTrainer(ml, trainer.Settings).Train(residual).Fit : null;
        double[] beta = rest is null ? gradients.Beta : [.. gradients.Beta.Zip(rest.Coefficients, (g, w) => g + w)];
        var model = new ExpectedGradients(beta, gradients.Intercept + (rest?.Intercept ?? 0), gradients.Passes);
        var transformer = ElasticNetTrainer.LinearModel(ml, model.Beta, model.Intercept, test.Schema);
        HeadFit result = HeadRegression.Result(
            ml,
            residual,
            test,
            transformer,
            model.Beta,
            model.Intercept,
            o => model.Predict(o.Heads)
        );
        return rest is null
            ? result with
            {
                Iterations = gradients.Passes,
                TrainRows = gradients.Passes,
            }
            : result with
            {
                Iterations = rest.Iterations,
                DualGap = rest.DualGap,
                Converged = rest.Converged,
                Fitted = "gradient + elastic-net",
            };
    }

    /// <summary>
    /// Whether the residual's elastic net predicts train masks that it has not seen better than the gradients alone do:
    /// squared errors pooled over the folds of ML.NET's cross-validation.
    /// </summary>
    private static bool Helps(MLContext ml, Trainer.Gradient trainer, MaskDataView residual, int rows, int seed)
    {
        if (rows < 10 * trainer.Folds)
        {
            return false; // too few to tell
        }

        double with = 0,
            without = 0;
        foreach (
            var fold in ml.Regression.CrossValidate(
                residual,
                new ElasticNetTrainer(ml, trainer.Settings),
                trainer.Folds,
                MaskDataView.Label,
                seed: seed
            )
        )
        {
            foreach (
                var (left, said) in fold
                    .ScoredHoldOutSet.GetColumn<float>(MaskDataView.Label)
                    .Zip(fold.ScoredHoldOutSet.GetColumn<float>(Score))
            )
            {
                without += (double)left * left;
                with += ((double)left - said) * ((double)left - said);
            }
        }

        return with < without;
    }
}
