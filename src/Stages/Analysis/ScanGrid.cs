namespace Pipelines.Stages.Analysis;

/// <summary>
/// Which numbers of heads k a scan on a grid measures, a function of N alone: all samples and orders of a model have
/// the same, so that a mean curve has every sample at each of them.
/// </summary>
internal static class ScanGrid
{
    /// <summary>Every k up to here is measured: curves are drawn over a logarithmic axis, and rise where k is
    /// small.</summary>
    public const int EveryUpTo = 32;

    /// <summary>
    /// Models with more heads are scanned on a grid where a spec does not say how: a full scan of 1024 heads costs 2050
    /// passes an order, more than a fit by gradients.
    /// </summary>
    public const int FullUpTo = 256;

    private const int StepsOfAll = 25; // a step is 4 % of N

    /// <summary>The distance of places beyond <see cref="EveryUpTo"/>: 4 % of N to the nearest head, at least
    /// one.</summary>
    /// <param name="heads">N.</param>
    public static int Step(int heads) => Math.Max(1, ((2 * heads) + StepsOfAll) / (2 * StepsOfAll));

    /// <summary>The places, ascending from 0; N is the last.</summary>
    /// <param name="heads">N.</param>
    public static IReadOnlyList<int> Places(int heads)
    {
        var places = new List<int>(Enumerable.Range(0, Math.Min(EveryUpTo, heads) + 1));
        for (int k = EveryUpTo + Step(heads); k < heads; k += Step(heads))
        {
            places.Add(k);
        }

        if (places[^1] < heads)
        {
            places.Add(heads);
        }

        return places;
    }
}
