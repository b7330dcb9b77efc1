namespace Pipelines.Stages.Analysis;

/// <summary>
/// How clearly two clusters lie apart (Rousseeuw 1987): of a thing, (b - a) / max(a, b) with its mean distance a to
/// the others of its own cluster and b to the other cluster; 1 = far apart, 0 = not apart.
/// </summary>
internal static class Silhouette
{
    /// <summary>
    /// Above this the structure is reasonable; below it is weak and may be made by the clustering itself, as that of
    /// points spread evenly is (Kaufman and Rousseeuw 1990).
    /// </summary>
    public const double Reasonable = 0.5;

    /// <summary>One a thing of the two clusters, in order; things of neither are left out.</summary>
    /// <param name="distances">Of every pair, condensed (<see cref="Distances"/>).</param>
    /// <param name="cluster">1 or 2 of every thing; anything else = neither. Each has two things at least.</param>
    public static double[] OfTwo(double[] distances, IReadOnlyList<int> cluster)
    {
        int[] members = [.. Enumerable.Range(0, cluster.Count).Where(i => cluster[i] is 1 or 2)];
        return
        [
            .. members.Select(i =>
            {
                double own = members
                    .Where(j => j != i && cluster[j] == cluster[i])
                    .Average(j => distances[Distances.Pair(cluster.Count, i, j)]);
                double other = members
                    .Where(j => cluster[j] != cluster[i])
                    .Average(j => distances[Distances.Pair(cluster.Count, i, j)]);
                double most = Math.Max(own, other);
                return most > 0 ? (other - own) / most : 0;
            }),
        ];
    }
}
