using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Analysis;

/// <summary>
/// golden/stats/linkage.json: distances 1e-12, heights 1e-10 relative, children, sizes, leaves and flat clusters
/// exactly, from the distances of the file.
/// </summary>
public sealed class LinkageGoldenTests(ITestOutputHelper output)
{
    private double worstDistance,
        worstHeight;

    [GoldenFact("stats/linkage.json")]
    public void Trees_leaves_and_flat_clusters_equal_scipy()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Golden.Path("stats", "linkage.json")));
        using var scope = new AssertionScope();
        int cases = 0;
        foreach (JsonElement c in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            double[][] rows =
            [
                .. file
                    .RootElement.GetProperty("matrices")
                    .GetProperty(c.GetProperty("matrix").GetString()!)
                    .EnumerateArray()
                    .Select(Numbers),
            ];
            Check(c, rows);
            cases++;
        }

        cases.Should().BePositive();
        output.WriteLine(
            $"{cases} trees; largest errors: distance {worstDistance:g2} absolute, height {worstHeight:g2} relative"
        );
    }

    private void Check(JsonElement c, double[][] rows)
    {
        string name = c.GetProperty("name").GetString()!;
        double[] distances = Numbers(c.GetProperty("distances"));
        VectorDistance metric = Enum.Parse<VectorDistance>(c.GetProperty("metric").GetString()!, ignoreCase: true);
        ClusterLinkage method = Enum.Parse<ClusterLinkage>(c.GetProperty("method").GetString()!, ignoreCase: true);
        double[] own = Distances.Condensed(rows, metric);
        own.Should().HaveCount(distances.Length, name);
        worstDistance = Math.Max(worstDistance, own.Zip(distances, (a, b) => Math.Abs(a - b)).DefaultIfEmpty(0).Max());
        worstDistance.Should().BeLessThanOrEqualTo(1e-12, name);

        // scipy's pdist may leave a cosine distance a rounding below zero
        Dendrogram tree = Linkage.Of([.. distances.Select(d => Math.Max(0, d))], rows.Length, method);
        double[][] expected = [.. c.GetProperty("linkage").EnumerateArray().Select(Numbers)];
        tree.Merges.Select(m => (m.Left, m.Right, m.Size))
            .Should()
            .Equal(expected.Select(z => ((int)z[0], (int)z[1], (int)z[3])), name);
        worstHeight = Math.Max(
            worstHeight,
            tree.Merges.Zip(expected, (m, z) => Math.Abs(m.Height - z[2]) / Math.Max(Math.Abs(z[2]), 1e-300))
                .Where(double.IsFinite)
                .DefaultIfEmpty(0)
                .Max()
        );
        worstHeight.Should().BeLessThanOrEqualTo(1e-10, name);
        tree.Leaves().Should().Equal(c.GetProperty("leaves").EnumerateArray().Select(v => v.GetInt32()), name);
        foreach (JsonElement flat in c.GetProperty("fcluster").EnumerateArray())
        {
            double t = flat.GetProperty("t").GetDouble();
            string criterion = flat.GetProperty("criterion").GetString()!;
            int[] labels = criterion switch
            {
                "maxclust" => tree.Cut((int)t),
                "distance" => tree.CutAt(t),
                _ => throw new NotSupportedException(criterion),
            };
            labels
                .Should()
                .Equal(
                    flat.GetProperty("labels").EnumerateArray().Select(v => v.GetInt32()),
                    $"{name}, {criterion} {t}"
                );
        }
    }

    private static double[] Numbers(JsonElement values) => [.. values.EnumerateArray().Select(v => v.GetDouble())];
}
