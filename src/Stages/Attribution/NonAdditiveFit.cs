using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.LightGbm;
using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Attribution;

/// <summary>LightGBM's settings for what the elastic net leaves.</summary>
/// <param name="Trees">Boosting iterations at most.</param>
/// <param name="Leaves">Leaves a tree.</param>
/// <param name="LearningRate">Share of a tree that is added.</param>
/// <param name="Folds">Of the cross-validation that picks the number of trees.</param>
internal sealed record ResidualTrees(int Trees = 200, int Leaves = 4, double LearningRate = 0.05, int Folds = 5);

/// <summary>
/// How much of phi is not additive in the heads: trees fitted to the elastic net's residual on the train masks. How
/// many of them help is asked of cross-validation there, so that noise adds none; R^2 gained is measured on the test
/// masks.
/// </summary>
/// <param name="Linear">R^2 of the elastic net on the test masks.</param>
/// <param name="WithTrees">R^2 of elastic net and trees together.</param>
/// <param name="Trees">Trees used; 0 where none help.</param>
/// <param name="TestRows">Test masks.</param>
internal sealed record NonAdditiveFit(double Linear, double WithTrees, int Trees, int TestRows)
{
    /// <summary>Fits both.</summary>
    /// <param name="data">Masks and phi of a sample.</param>
    /// <param name="split">Train and test masks.</param>
    /// <param name="settings">The elastic net.</param>
    /// <param name="trees">The trees.</param>
    /// <param name="seed">Seed of the experiment.</param>
    public static NonAdditiveFit Of(
        MaskDataset data,
        TrainTestSplit split,
        ElasticNetSettings settings,
        ResidualTrees trees,
        int seed
    )
    {
        var ml = new MLContext(seed);
        var linear = new ElasticNetTrainer(ml, settings).Train(MaskDataView.Train(data, split)).Fit;
        var residual = MaskDataView.Train(data, split, o => o.Phi - linear.Predict(o.Heads));
        Observation[] test = [.. MaskDataView.Test(data, split).Observations()];
        double[] phi = Array.ConvertAll(test, o => o.Phi),
            additive = Array.ConvertAll(test, o => linear.Predict(o.Heads));
        double r2 = Metrics.R2(phi, additive);
        int best = split.TrainRows < 20 * trees.Folds ? 0 : BestCount(ml, residual, trees, seed);
        if (best == 0)
        {
            return new NonAdditiveFit(r2, r2, 0, test.Length);
        }

        var ensemble = Trainer(ml, trees with { Trees = best }, seed).Fit(residual).Model.TrainedTreeEnsemble;
        double[] both = [.. test.Select((o, i) => additive[i] + TreeEffects.Predict(ensemble, o.Heads))];
        return new NonAdditiveFit(r2, Metrics.R2(phi, both), best, test.Length);
    }

    /// <summary>
    /// The number of trees whose squared error on masks left out is least, pooled over the folds of ML.NET's
    /// cross-validation; of equal ones the smallest.
    /// </summary>
    private static int BestCount(MLContext ml, MaskDataView residual, ResidualTrees trees, int seed)
    {
        double[] squared = new double[trees.Trees + 1]; // by number of trees
        foreach (
            var fold in ml.Regression.CrossValidate(
                residual,
                Trainer(ml, trees, seed),
                trees.Folds,
                MaskDataView.Label,
                seed: seed
            )
        )
        {
            var ensemble = ((RegressionPredictionTransformer<LightGbmRegressionModelParameters>)fold.Model)
                .Model
                .TrainedTreeEnsemble;
            foreach (
                var (left, features) in fold
                    .ScoredHoldOutSet.GetColumn<float>(MaskDataView.Label)
                    .Zip(fold.ScoredHoldOutSet.GetColumn<float[]>(MaskDataView.Features))
            )
            {
                double said = ensemble.Bias;
                squared[0] += (double)left * left;
                for (int t = 0; t < trees.Trees; t++)
                {
                    said +=
                        t < ensemble.Trees.Count
                            ? ensemble.TreeWeights[t] * TreeEffects.Value(ensemble.Trees[t], features)
                            : 0;
                    squared[t + 1] += (left - said) * (left - said);
                }
            }
        }

        return Array.IndexOf(squared, squared.Min());
    }

    private static LightGbmRegressionTrainer Trainer(MLContext ml, ResidualTrees trees, int seed) =>
        LightGbmLibrary.Trainer(
            ml,
            new LightGbmRegressionTrainer.Options
            {
                FeatureColumnName = MaskDataView.Features,
                LabelColumnName = MaskDataView.Label,
                NumberOfIterations = trees.Trees,
                NumberOfLeaves = trees.Leaves,
                LearningRate = trees.LearningRate,
                NumberOfThreads = 1,
                Deterministic = true,
                Seed = seed,
            }
        );
}
