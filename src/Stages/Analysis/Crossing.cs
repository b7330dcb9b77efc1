using Pipelines.Domain;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// Where a validation curve first crosses a threshold. phi is not monotone in k: a curve is scanned from k = 0 upwards,
/// never bisected.
/// </summary>
internal static class Crossing
{
    /// <summary>
    /// Faithfulness crosses a threshold from below (paper: 0.8), completeness from above (paper: 0.2).
    /// </summary>
    /// <param name="quantity">Which curve.</param>
    /// <param name="phi">Its value.</param>
    /// <param name="threshold">Exclusive.</param>
    public static bool Is(ValidationQuantity quantity, double phi, double threshold) =>
        quantity == ValidationQuantity.Faithfulness ? phi > threshold : phi < threshold;

    /// <summary>The first place that crosses a threshold; null where none does.</summary>
    /// <param name="quantity">Which curve.</param>
    /// <param name="curve">Its places, k ascending.</param>
    /// <param name="threshold">Exclusive.</param>
    public static Bracket? First(
        ValidationQuantity quantity,
        IEnumerable<(int K, double Phi)> curve,
        double threshold
    )
    {
        int before = -1;
        foreach (var (k, phi) in curve)
        {
            if (Is(quantity, phi, threshold))
            {
                return new Bracket(before, k);
            }

            before = k;
        }

        return null;
    }
}

/// <summary>Two neighbouring places of a curve between which it crosses a threshold for the first time.</summary>
/// <param name="Before">The last place before the crossing; -1 where k = 0 crosses.</param>
/// <param name="First">The first place that crosses.</param>
internal readonly record struct Bracket(int Before, int First)
{
    /// <summary>A scan of every k left nothing between the two.</summary>
    public bool IsExact => First - Before == 1;
}
