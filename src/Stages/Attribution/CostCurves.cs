using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Attribution;

/// <summary>What a way to beta gives at a cost.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Way"><see cref="CostCurves.ElasticNet"/>, <see cref="CostCurves.Gradient"/>,
/// <see cref="CostCurves.PlainGradient"/> or <see cref="CostCurves.Both"/>.</param>
/// <param name="Observations">Masks fitted, or gradients averaged.</param>
/// <param name="Passes">Cost: a mask is one pass, a gradient two (forward and backward).</param>
/// <param name="R2">On the held-out forward masks; null where undefined.</param>
/// <param name="Correlation">Pearson correlation of beta with that of the elastic net on all train masks; null where
/// undefined.</param>
[Table("gradient_cost")]
public sealed record CostPoint(
    [RowKey] string SampleId,
    [RowKey] string Way,
    [RowKey] int Observations,
    [Unit("passes of the model")] int Passes,
    double? R2,
    double? Correlation
);

/// <summary>
/// Held-out R^2 and correlation with the full elastic net against passes spent, for regression and for gradients.
/// </summary>
internal static class CostCurves
{
    /// <summary>The elastic net on the first train masks.</summary>
    public const string ElasticNet = "elastic-net";

    /// <summary>The first gradients, both ends alike.</summary>
    public const string Gradient = "gradient";

    /// <summary>The plain mean of the first gradients.</summary>
    public const string PlainGradient = "gradient, plain mean";

    /// <summary>
    /// All gradients, both ends alike, and an elastic net on what they leave of the first train masks.
    /// </summary>
    public const string Both = "gradient + elastic-net";

    /// <summary>A mask is one forward pass; a gradient a forward and a backward pass.</summary>
    private const int PassesOfGradient = 2;

    /// <summary>The points of one sample, each way by rising cost.</summary>
    /// <param name="data">Forward masks and phi.</param>
    /// <param name="split">Which train and which test, for all ways.</param>
    /// <param name="gradients">Gradient passes in order.</param>
    /// <param name="settings">The elastic net.</param>
    public static IReadOnlyList<CostPoint> Of(
        MaskDataset data,
        TrainTestSplit split,
        IReadOnlyList<GradientPart> gradients,
        ElasticNetSettings settings
    )
    {
        Observation[] all = [.. data.Observations()];
        Observation[] train = [.. all.Where((_, row) => split.Trains(row))],
            test = [.. all.Where((_, row) => !split.Trains(row))];
        double[] full = Fit(train, settings, data.Heads, o => o.Phi).Coefficients;
        CostPoint Point(string way, int observations, int passes, double[] beta, Func<byte[], double> predict) =>
            new(
                "",
                way,
                observations,
                passes,
                Undefined.ToNull(
                    Metrics.R2(Array.ConvertAll(test, o => o.Phi), Array.ConvertAll(test, o => predict(o.Heads)))
                ),
                Undefined.ToNull(Metrics.Pearson(beta, full))
            );

        var points = new List<CostPoint>();
        foreach (int m in Steps(10, train.Length))
        {
            ElasticNetFit fit = Fit(train[..m], settings, data.Heads, o => o.Phi);
            points.Add(Point(ElasticNet, m, m, fit.Coefficients, mask => fit.Predict(mask)));
        }

        int count = gradients.Sum(p => p.Phi.Length);
        foreach (
            var (way, average) in new[] { (Gradient, GradientAverage.BothEnds), (PlainGradient, GradientAverage.Masks) }
        )
        {
            foreach (int m in Steps(3, count))
            {
                var mean = ExpectedGradients.Of(gradients, data.Heads, average, m);
                points.Add(Point(way, m, PassesOfGradient * m, mean.Beta, mask => mean.Predict(mask)));
            }
        }

        var expected = ExpectedGradients.Of(gradients, data.Heads, GradientAverage.BothEnds);
        foreach (int m in Steps(30, train.Length))
        {
            ElasticNetFit rest = Fit(train[..m], settings, data.Heads, o => o.Phi - expected.Predict(o.Heads));
            points.Add(
                Point(
                    Both,
                    m,
                    (PassesOfGradient * count) + m,
                    [.. expected.Beta.Zip(rest.Coefficients, (g, w) => g + w)],
                    mask => expected.Predict(mask) + rest.Predict(mask)
                )
            );
        }

        return points;
    }

    /// <summary>1, 3, 10, 30, ... from <paramref name="least"/> on, and the last.</summary>
    private static IEnumerable<int> Steps(int least, int last)
    {
        for (long decade = 1; decade <= last; decade *= 10)
        {
            foreach (long step in new[] { decade, 3 * decade }.Where(s => s >= least && s < last))
            {
                yield return (int)step;
            }
        }

        yield return last;
    }

    private static ElasticNetFit Fit(
        Observation[] rows,
        ElasticNetSettings settings,
        int heads,
        Func<Observation, double> target
    ) =>
        Attribution.ElasticNet.Fit(
            MaskColumns.Of(rows.Select(o => o.Heads), heads),
            Array.ConvertAll(rows, o => target(o)),
            settings
        );
}
