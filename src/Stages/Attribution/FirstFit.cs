using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Attribution;

/// <summary>beta from the first observations of a way, measured on masks that no way has seen.</summary>
/// <param name="Beta">[N].</param>
/// <param name="Intercept">b.</param>
/// <param name="R2">Of b + x . beta on the held-out masks; NaN where undefined.</param>
/// <param name="Iterations">Sweeps of the elastic net; of gradients, those averaged.</param>
/// <param name="Converged">The elastic net's stopping rule was met; true for gradients.</param>
internal sealed record FirstFit(double[] Beta, double Intercept, double R2, int Iterations, bool Converged)
{
    /// <summary>The elastic net on the first train masks, in the order in which they were drawn.</summary>
    /// <param name="data">Forward masks and phi.</param>
    /// <param name="split">Which of them train; the others are held out.</param>
    /// <param name="count">Train masks that are fitted; not more than there are.</param>
    /// <param name="settings">The elastic net.</param>
    public static FirstFit OfMasks(MaskDataset data, TrainTestSplit split, int count, ElasticNetSettings settings)
    {
        ElasticNetFit fit = Net(Train(data, split, count), settings, data.Heads);
        double r2 = HeldOut(data, split, mask => fit.Predict(mask));
        return new FirstFit(fit.Coefficients, fit.Intercept, r2, fit.Iterations, fit.Converged);
    }

    /// <summary>
    /// Expected gradients over the first passes. b is theirs as well (the mean over the same passes of phi - x . beta):
    /// no forward mask, trained on or held out, is looked at.
    /// </summary>
    /// <param name="data">Forward masks and phi.</param>
    /// <param name="split">Which of them are held out.</param>
    /// <param name="gradients">Gradient passes in order.</param>
    /// <param name="count">Passes averaged; not more than there are.</param>
    /// <param name="average">How.</param>
    public static FirstFit OfGradients(
        MaskDataset data,
        TrainTestSplit split,
        IEnumerable<GradientPart> gradients,
        int count,
        GradientAverage average
    )
    {
        var mean = ExpectedGradients.Of(gradients, data.Heads, average, count);
        double r2 = HeldOut(data, split, mask => mean.Predict(mask));
        return new FirstFit(mean.Beta, mean.Intercept, r2, mean.Passes, Converged: true);
    }

    /// <summary>The first train masks.</summary>
    /// <inheritdoc cref="OfMasks"/>
    public static Observation[] Train(MaskDataset data, TrainTestSplit split, int count) =>
        [.. data.Observations().Where((_, row) => split.Trains(row)).Take(count)];

    /// <summary>The elastic net on some observations.</summary>
    public static ElasticNetFit Net(Observation[] rows, ElasticNetSettings settings, int heads) =>
        ElasticNet.Fit(
            MaskColumns.Of(rows.Select(o => o.Heads), heads),
            Array.ConvertAll(rows, o => o.Phi),
            settings
        );

    private static double HeldOut(MaskDataset data, TrainTestSplit split, Func<byte[], double> predict)
    {
        Observation[] test = [.. data.Observations().Where((_, row) => !split.Trains(row))];
        return Metrics.R2(Array.ConvertAll(test, o => o.Phi), Array.ConvertAll(test, o => predict(o.Heads)));
    }
}
