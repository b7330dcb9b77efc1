using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Attribution;

/// <summary>What the first masks of a sample give. NaN = undefined.</summary>
/// <param name="Share">Share of the sample's masks.</param>
/// <param name="Masks">So many, the first ones.</param>
/// <param name="TrainMasks">Those of them that train.</param>
/// <param name="R2">Of beta fitted to these, on the held-out masks of all.</param>
/// <param name="Rho">Pearson correlation of true and predicted phi there.</param>
/// <param name="CosineAll">Cosine of beta with that of all train masks.</param>
/// <param name="CosineHalf">Cosine of beta with that of the first half of these masks: what doubling changed.</param>
/// <param name="HalfSplit">Pearson correlation of beta between two disjoint halves of these train masks, every other
/// one.</param>
public sealed record StabilityPoint(
    double Share,
    int Masks,
    int TrainMasks,
    double R2,
    double Rho,
    double CosineAll,
    double CosineHalf,
    double HalfSplit
)
{
    /// <summary>
    /// What the correlation of the halves says of beta fitted to them all, against as many other masks (Spearman 1910,
    /// Brown 1910): 2r / (1 + r); 0 where the halves have nothing in common.
    /// </summary>
    public double SpearmanBrown => Math.Max(0, 2 * HalfSplit / (1 + HalfSplit)); // NaN stays NaN
}

/// <summary>How beta and its quality settle as masks are added.</summary>
internal static class MaskStability
{
    /// <summary>Train masks that a point needs: two in each half.</summary>
    public const int LeastTrainMasks = 4;

    /// <summary>
    /// The points of one sample, by rising share; shares that hold fewer than <see cref="LeastTrainMasks"/> are left
    /// out.
    /// </summary>
    /// <param name="trainer">What fits; not <see cref="Trainer.Gradient"/>.</param>
    /// <param name="data">All masks and phi.</param>
    /// <param name="split">Which train and which test, whatever the share.</param>
    /// <param name="shares">Of all masks, above 0 up to 1.</param>
    /// <param name="seed">Seed of the experiment.</param>
    public static IReadOnlyList<StabilityPoint> Of(
        Trainer trainer,
        MaskDataset data,
        TrainTestSplit split,
        IEnumerable<double> shares,
        int seed
    )
    {
        Observation[] all = [.. data.Observations()];
        MaskDataView test = MaskDataView.Of([.. all.Where((_, row) => !split.Trains(row))], data.Heads);
        Observation[] First(int masks) => [.. all.Take(masks).Where((_, row) => split.Trains(row))];
        HeadFit Fit(IReadOnlyCollection<Observation> train) =>
            HeadRegression.Fit(trainer, MaskDataView.Of(train, data.Heads), test, data.Heads, seed);

        var fits = new Dictionary<int, HeadFit>(); // by masks
        HeadFit FitFirst(int masks) =>
            fits.TryGetValue(masks, out HeadFit? fit) ? fit : fits[masks] = Fit(First(masks));
        var points = new List<StabilityPoint>();
        foreach (double share in shares.Order())
        {
            int masks = MasksOf(share, data.Rows),
                half = MasksOf(share / 2, data.Rows);
            Observation[] train = First(masks);
            if (train.Length < LeastTrainMasks)
            {
                continue;
            }

            HeadFit fit = FitFirst(masks);
            points.Add(
                new StabilityPoint(
                    share,
                    masks,
                    train.Length,
                    fit.R2,
                    fit.Rho,
                    Metrics.Cosine(fit.Beta, FitFirst(data.Rows).Beta),
                    First(half).Length == 0 ? double.NaN : Metrics.Cosine(fit.Beta, FitFirst(half).Beta),
                    Metrics.Pearson(Fit(EveryOther(train, 0)).Beta, Fit(EveryOther(train, 1)).Beta)
                )
            );
        }

        return points;
    }

    private static int MasksOf(double share, int masks) =>
        (int)Math.Round(share * masks, MidpointRounding.AwayFromZero);

    private static Observation[] EveryOther(Observation[] rows, int first) => [.. rows.Where((_, i) => i % 2 == first)];
}
