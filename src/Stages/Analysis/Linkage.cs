using Pipelines.Domain;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// Hierarchical clustering by the nearest-neighbour chain (Müllner 2011), step for step as SciPy's <c>linkage</c>, so
/// that equal distances are settled as there: a chain starts at the lowest cluster that is left; the nearest neighbour
/// is the chain's previous element unless another is strictly nearer, then the lowest; merges are sorted stably by
/// height. O(n^2) distances, O(n^2) steps on average.
/// </summary>
internal static class Linkage
{
    /// <summary>Clusters n things.</summary>
    /// <param name="distances">Condensed (<see cref="Distances"/>), finite, not below zero; not changed.</param>
    /// <param name="count">Things, n.</param>
    /// <param name="method">Distance of a merged cluster.</param>
    public static Dendrogram Of(ReadOnlySpan<double> distances, int count, ClusterLinkage method)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(distances.Length, Distances.PairCount(count));
        if (distances.ContainsAnyExceptInRange(0, double.MaxValue))
        {
            throw new ArgumentException("distances must be finite and not below zero", nameof(distances));
        }

        var chain = new NearestNeighbourChain(distances.ToArray(), count, method);
        ClusterMerge[] merges =
        [
            .. Enumerable.Range(0, Math.Max(0, count - 1)).Select(_ => chain.Next()).ToArray().OrderBy(m => m.Height),
        ]; // OrderBy is stable
        return new Dendrogram(count, Named(merges, count));
    }

    /// <summary>Clusters vectors.</summary>
    public static Dendrogram Of(IReadOnlyList<double[]> rows, VectorDistance metric, ClusterLinkage method) =>
        Of(Distances.Condensed(rows, metric), rows.Count, method);

    /// <summary>
    /// From slots of the chain to names of clusters: merge m makes cluster count + m; the smaller name stands left.
    /// </summary>
    private static ClusterMerge[] Named(ClusterMerge[] merges, int count)
    {
        int[] parent = [.. Enumerable.Range(0, Math.Max(count, (2 * count) - 1))];
        int Root(int cluster)
        {
            while (parent[cluster] != cluster)
            {
                cluster = parent[cluster] = parent[parent[cluster]];
            }

            return cluster;
        }

        var sizes = new int[parent.Length];
        Array.Fill(sizes, 1, 0, count);
        var named = new ClusterMerge[merges.Length];
        for (int m = 0; m < merges.Length; m++)
        {
            int one = Root(merges[m].Left),
                other = Root(merges[m].Right),
                made = count + m;
            parent[one] = parent[other] = made;
            sizes[made] = sizes[one] + sizes[other];
            named[m] = new ClusterMerge(Math.Min(one, other), Math.Max(one, other), merges[m].Height, sizes[made]);
        }

        return named;
    }

    /// <summary>The chain. A cluster lives in the slot of its higher member; a slot of size 0 is empty.</summary>
    private sealed class NearestNeighbourChain(double[] distances, int count, ClusterLinkage method)
    {
        private readonly int[] sizes = [.. Enumerable.Repeat(1, count)];
        private readonly List<int> chain = [];

        /// <summary>The next merge, by slots.</summary>
        public ClusterMerge Next()
        {
            if (chain.Count == 0)
            {
                chain.Add(Array.FindIndex(sizes, size => size > 0));
            }

            while (true)
            {
                int last = chain[^1],
                    previous = chain.Count > 1 ? chain[^2] : -1;
                var (nearest, height) = Nearest(last, previous);
                if (nearest == previous)
                {
                    chain.RemoveRange(chain.Count - 2, 2);
                    return Join(Math.Min(last, previous), Math.Max(last, previous), height);
                }

                chain.Add(nearest);
            }
        }

        private (int Slot, double Distance) Nearest(int slot, int previous)
        {
            int nearest = previous;
            double least = previous >= 0 ? distances[Distances.Pair(count, slot, previous)] : double.PositiveInfinity;
            for (int i = 0; i < count; i++)
            {
                if (
                    sizes[i] > 0
                    && i != slot
                    && distances[Distances.Pair(count, slot, i)] is var distance
                    && distance < least
                )
                {
                    (nearest, least) = (i, distance);
                }
            }

            return (nearest, least);
        }

        private ClusterMerge Join(int x, int y, double height)
        {
            int sizeX = sizes[x],
                sizeY = sizes[y];
            sizes[x] = 0;
            sizes[y] = sizeX + sizeY;
            for (int i = 0; i < count; i++)
            {
                if (sizes[i] > 0 && i != y)
                {
                    int pair = Distances.Pair(count, i, y);
                    distances[pair] = Joined(
                        distances[Distances.Pair(count, i, x)],
                        distances[pair],
                        height,
                        sizeX,
                        sizeY,
                        sizes[i]
                    );
                }
            }

            return new ClusterMerge(x, y, height, sizes[y]);
        }

        /// <summary>Lance and Williams: the distance of cluster i from the union of x and y.</summary>
        private double Joined(double fromX, double fromY, double between, int sizeX, int sizeY, int sizeI)
        {
            if (method == ClusterLinkage.Average)
            {
                return ((sizeX * fromX) + (sizeY * fromY)) / (sizeX + sizeY);
            }

            double share = 1.0 / (sizeX + sizeY + sizeI);
            double squared =
                ((sizeI + sizeX) * share * fromX * fromX)
                + ((sizeI + sizeY) * share * fromY * fromY)
                - (sizeI * share * between * between);
            return Math.Sqrt(Math.Max(0, squared));
        }
    }
}
