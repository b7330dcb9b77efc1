namespace Pipelines.Stages.Attribution;

/// <summary>
/// Heads needed: the first crossing of a validation curve. phi is not monotone in k, so the whole curve is scanned,
/// never bisected.
/// </summary>
internal static class Thresholds
{
    /// <summary>
    /// Smallest k whose faithfulness is above the threshold (paper: 0.8), or null where the curve never crosses.
    /// </summary>
    /// <param name="curve">Values for k = 0, 1, ... as far as scanned.</param>
    /// <param name="threshold">Exclusive.</param>
    public static int? FirstAbove(IReadOnlyList<double> curve, double threshold) => First(curve, v => v > threshold);

    /// <summary>
    /// Smallest k whose completeness is below the threshold (paper: 0.2), or null where the curve never crosses.
    /// </summary>
    /// <inheritdoc cref="FirstAbove"/>
    public static int? FirstBelow(IReadOnlyList<double> curve, double threshold) => First(curve, v => v < threshold);

    private static int? First(IReadOnlyList<double> curve, Func<double, bool> crossed)
    {
        for (int k = 0; k < curve.Count; k++)
        {
            if (crossed(curve[k]))
            {
                return k;
            }
        }

        return null;
    }
}
