using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Attribution;

/// <summary>How far beta depends on which masks were drawn.</summary>
internal static class HalfSplit
{
    /// <summary>
    /// Pearson correlation of beta between the masks of even and of odd place; NaN where it is undefined (a beta of one
    /// value, fewer than two masks a half).
    /// </summary>
    /// <param name="data">Masks and phi of a sample.</param>
    /// <param name="settings">The elastic net.</param>
    public static double Correlation(MaskDataset data, ElasticNetSettings settings)
    {
        Observation[] all = [.. data.Observations()];
        if (all.Length < 4)
        {
            return double.NaN;
        }

        double[] Beta(int first)
        {
            Observation[] half = [.. all.Where((_, i) => i % 2 == first)];
            return ElasticNet
                .Fit(
                    MaskColumns.Of(half.Select(o => o.Heads), data.Heads),
                    Array.ConvertAll(half, o => o.Phi),
                    settings
                )
                .Coefficients;
        }

        return Metrics.Pearson(Beta(0), Beta(1));
    }
}
