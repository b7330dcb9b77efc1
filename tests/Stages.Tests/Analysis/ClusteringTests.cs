using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Xunit;

namespace Pipelines.Stages.Tests.Analysis;

public sealed class ClusteringTests
{
    [Property(MaxTest = 60)]
    public void Average_linkage_equals_the_naive_search_for_the_nearest_pair(PositiveInt size, int seed)
    {
        double[][] rows = Made.Rows(2 + (size.Get % 20), 3, seed);

        Dendrogram tree = Linkage.Of(rows, VectorDistance.Euclidean, ClusterLinkage.Average);

        tree.Merges.Select(m => m.Height).Should().Equal(NaiveAverage(rows), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Property(MaxTest = 60)]
    public void Wards_squared_heights_are_twice_the_growth_of_the_squares_within_clusters(PositiveInt size, int seed)
    {
        double[][] rows = Made.Rows(2 + (size.Get % 20), 4, seed);

        Dendrogram tree = Linkage.Of(rows, VectorDistance.Euclidean, ClusterLinkage.Ward);

        double total = rows.Sum(row => Distances.SquaredEuclidean(row, Centre(rows)));
        (tree.Merges.Sum(m => m.Height * m.Height) / 2).Should().BeApproximately(total, 1e-9 * total);
    }

    [Property(MaxTest = 60)]
    public void Heights_rise_leaves_are_a_permutation_and_cuts_nest(PositiveInt size, int seed, bool ward, bool ties)
    {
        double[][] rows = Made.Rows(1 + (size.Get % 25), 2, seed);
        rows = ties ? [.. rows.Select(row => row.Select(v => Math.Round(v)).ToArray())] : rows;

        Dendrogram tree = Linkage.Of(
            rows,
            VectorDistance.Euclidean,
            ward ? ClusterLinkage.Ward : ClusterLinkage.Average
        );

        tree.Merges.Select(m => m.Height).Should().BeInAscendingOrder();
        tree.Leaves().Should().BeEquivalentTo(Enumerable.Range(0, rows.Length));
        int[] before = tree.Cut(1);
        before.Should().AllBeEquivalentTo(1);
        for (int k = 2; k <= rows.Length; k++)
        {
            int[] labels = tree.Cut(k);
            labels
                .Distinct()
                .Should()
                .HaveCountLessThanOrEqualTo(k)
                .And.BeEquivalentTo(Enumerable.Range(1, labels.Max()));
            labels
                .Zip(before)
                .GroupBy(p => p.First, p => p.Second)
                .Should()
                .OnlyContain(g => g.Distinct().Count() == 1);
            before = labels;
        }
    }

    [Fact]
    public void One_thing_and_none_are_trees_without_merges()
    {
        Linkage
            .Of([], 1, ClusterLinkage.Ward)
            .Should()
            .BeEquivalentTo(new { Count = 1, Merges = Array.Empty<ClusterMerge>() });
        Linkage.Of([], 1, ClusterLinkage.Ward).Leaves().Should().Equal(0);
        Linkage.Of([], 1, ClusterLinkage.Ward).CutAt(1).Should().Equal(1);
        Linkage.Of([], 0, ClusterLinkage.Ward).Leaves().Should().BeEmpty();
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-1)]
    public void Distances_that_are_none_are_refused(double distance) =>
        ((Action)(() => Linkage.Of([1, distance, 2], 3, ClusterLinkage.Average))).Should().Throw<ArgumentException>();

    [Fact]
    public void A_long_chain_of_merges_needs_no_deep_recursion()
    {
        double[][] rows = [.. Enumerable.Range(0, 2000).Select(i => new[] { Math.Pow(1.01, i) })];

        Dendrogram tree = Linkage.Of(rows, VectorDistance.Euclidean, ClusterLinkage.Average);

        tree.Leaves().Should().HaveCount(2000);
        tree.Cut(3).Max().Should().Be(3);
    }

    private static double[] Centre(double[][] rows) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(f => rows.Average(row => row[f]))];

    private static List<double> NaiveAverage(double[][] rows)
    {
        var clusters = rows.Select(row => new List<double[]> { row }).ToList();
        var heights = new List<double>();
        while (clusters.Count > 1)
        {
            var (a, b, height) = (
                from i in Enumerable.Range(0, clusters.Count)
                from j in Enumerable.Range(i + 1, clusters.Count - i - 1)
                select (
                    i,
                    j,
                    d: clusters[i].Average(x => clusters[j].Average(y => Math.Sqrt(Distances.SquaredEuclidean(x, y))))
                )
            ).MinBy(p => p.d);
            clusters[a].AddRange(clusters[b]);
            clusters.RemoveAt(b);
            heights.Add(height);
        }

        return heights;
    }
}
