using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// A merge of two clusters, as SciPy's linkage matrix has it: a cluster below n is the thing of that place, from n on
/// the union of merge (number - n).
/// </summary>
/// <param name="Left">The smaller name.</param>
/// <param name="Right">The greater name.</param>
/// <param name="Height">Distance of the two.</param>
/// <param name="Size">Things in the union.</param>
[Table("head_tree")]
public sealed record ClusterMerge([RowKey] int Left, [RowKey] int Right, double Height, int Size);

/// <summary>
/// A tree of clusters: n - 1 merges of n things, heights ascending. The order of leaves and the numbers of flat
/// clusters are SciPy's (<c>dendrogram</c>, <c>fcluster</c>).
/// </summary>
/// <param name="Count">Things, n.</param>
/// <param name="Merges">n - 1 of them.</param>
public sealed record Dendrogram(int Count, IReadOnlyList<ClusterMerge> Merges)
{
    /// <summary>The things from left to right: left child first.</summary>
    public int[] Leaves()
    {
        var leaves = new List<int>(Count);
        var open = new Stack<int>();
        if (Count > 0)
        {
            open.Push(Count + Merges.Count - 1); // the root
        }

        while (open.TryPop(out int cluster))
        {
            if (cluster < Count)
            {
                leaves.Add(cluster);
                continue;
            }

            open.Push(Merges[cluster - Count].Right);
            open.Push(Merges[cluster - Count].Left);
        }

        return [.. leaves];
    }

    /// <summary>Flat clusters: those whose merges all lie at or below a height.</summary>
    /// <param name="height">Where the tree is cut.</param>
    /// <returns>
    /// A number from 1 for each thing. Clusters are numbered as the tree is walked, the merges of a cluster before its
    /// single things.
    /// </returns>
    public int[] CutAt(double height)
    {
        var labels = new int[Count];
        int clusters = 0;
        if (Merges.Count == 0)
        {
            Array.Fill(labels, 1);
            return labels;
        }

        var open = new Stack<(int Merge, int Cluster, bool Walked)>(); // Cluster: 0 while above the cut
        open.Push((Merges.Count - 1, 0, false));
        while (open.TryPop(out var at))
        {
            ClusterMerge merge = Merges[at.Merge];
            if (at.Walked)
            {
                foreach (int child in new[] { merge.Left, merge.Right }.Where(c => c < Count))
                {
                    labels[child] = at.Cluster > 0 ? at.Cluster : ++clusters;
                }

                continue;
            }

            int cluster = at.Cluster > 0 || merge.Height > height ? at.Cluster : ++clusters;
            open.Push((at.Merge, cluster, true));
            if (merge.Right >= Count)
            {
                open.Push((merge.Right - Count, cluster, false));
            }

            if (merge.Left >= Count)
            {
                open.Push((merge.Left - Count, cluster, false));
            }
        }

        return labels;
    }

    /// <summary>
    /// At most so many flat clusters: the lowest cut that gives no more. Merges of one height are taken together, so
    /// there may be fewer.
    /// </summary>
    /// <param name="clusters">At least 1.</param>
    /// <returns>A number from 1 for each thing.</returns>
    public int[] Cut(int clusters)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clusters, 1);
        return clusters >= Count ? [.. Enumerable.Range(1, Count)] : CutAt(Merges[Count - 1 - clusters].Height);
    }
}
