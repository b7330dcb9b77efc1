using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Stages.Analysis;
using Xunit;

namespace Pipelines.Stages.Tests.Analysis;

public sealed class LayoutTests
{
    [Property(MaxTest = 60)]
    public void Eigenvectors_are_orthonormal_solve_A_v_equals_lambda_v_and_their_values_sum_to_the_trace(
        PositiveInt size,
        int seed,
        bool ties
    )
    {
        int n = 1 + (size.Get % 24);
        double[][] symmetric = Symmetric(n, seed, ties);

        (double Value, double[] Vector)[] found = LeadingEigenvectors.Of(
            [.. symmetric.Select(row => row.ToArray())],
            n
        );

        found.Select(f => f.Value).Should().BeInDescendingOrder();
        found.Sum(f => f.Value).Should().BeApproximately(Enumerable.Range(0, n).Sum(i => symmetric[i][i]), 1e-12 * n);
        for (int a = 0; a < n; a++)
        {
            double[] image = [.. symmetric.Select(row => Dot(row, found[a].Vector))];
            image
                .Zip(found[a].Vector, (x, v) => Math.Abs(x - (found[a].Value * v)))
                .Max()
                .Should()
                .BeLessThan(1e-11 * n);
            for (int b = 0; b <= a; b++)
            {
                Dot(found[a].Vector, found[b].Vector).Should().BeApproximately(a == b ? 1 : 0, 1e-10);
            }
        }
    }

    [Property(MaxTest = 40)]
    public void Both_ways_to_the_components_agree(int seed)
    {
        // the same vectors with features repeated: more features than vectors, the scores grow by the root of the
        // repeats
        double[][] tall = Made.Rows(9, 5, seed),
            wide = [.. tall.Select(row => Enumerable.Repeat(row, 4).SelectMany(r => r).ToArray())];

        Pca one = Pca.Of(tall),
            other = Pca.Of(wide);

        for (int c = 0; c < 2; c++)
        {
            double sign = Math.Sign(one.Scores[0][c] * other.Scores[0][c]);
            other
                .Scores.Select(s => sign * s[c] / 2)
                .Should()
                .Equal(one.Scores.Select(s => s[c]), (a, b) => Math.Abs(a - b) < 1e-9);
        }
    }

    [Fact]
    public void Vectors_that_do_not_vary_have_components_and_scores_of_zero()
    {
        Pca pca = Pca.Of([
            [1, 2, 3],
            [1, 2, 3],
            [1, 2, 3],
        ]);

        pca.Scores.SelectMany(s => s).Should().AllBeEquivalentTo(0.0);
        pca.Components.SelectMany(s => s).Should().AllBeEquivalentTo(0.0);
        Pca.Of([
                [1.0],
                [2],
                [4],
            ])
            .Scores.Select(s => s[1])
            .Should()
            .AllBeEquivalentTo(0.0, "one feature has one component");
    }

    [Property(MaxTest = 20)]
    public void The_gradient_equals_finite_differences_of_the_divergence_to_1e_6(int seed)
    {
        double[] affinities = TSneAffinities.Of(Made.Rows(9, 4, seed), 3),
            y = [.. Made.Rows(9, 2, seed + 1).SelectMany(p => p)],
            gradient = new double[18];
        TSneDescent.Gradient(affinities, 1, y, gradient);
        for (int i = 0; i < y.Length; i++)
        {
            const double step = 1e-6;
            double At(double offset)
            {
                double[] moved = [.. y];
                moved[i] += offset;
                return TSneDescent.Divergence(affinities, 1, moved);
            }

            gradient[i].Should().BeApproximately((At(step) - At(-step)) / (2 * step), 1e-6);
        }
    }

    [Fact]
    public void Each_vector_has_the_perplexity_that_was_asked_for()
    {
        // symmetric places, so that P is the conditional probability itself divided by n
        double[][] ring =
        [
            .. Enumerable.Range(0, 12).Select(i => new[] { Math.Cos(i * Math.PI / 6), Math.Sin(i * Math.PI / 6) }),
        ];

        double[] joint = TSneAffinities.Of(ring, 4);

        double entropy = -Enumerable
            .Range(1, 11)
            .Select(j => 12 * joint[Distances.Pair(12, 0, j)])
            .Sum(p => p * Math.Log(p));
        Math.Exp(entropy).Should().BeApproximately(4, 1e-9);
    }

    [Fact]
    public void Groups_stay_apart_and_every_run_gives_the_same_picture()
    {
        double[][] rows =
        [
            .. Made.Rows(40, 16, 3)
                .Select((row, i) => row.Select((v, f) => (0.3 * v) + (f % 4 == i % 4 ? 4 : 0)).ToArray()),
        ];

        TSne one = TSne.Of(rows),
            other = TSne.Of(rows);

        one.Points.Should().BeEquivalentTo(other.Points, o => o.WithStrictOrdering());
        one.Perplexity.Should().BeApproximately(40 / 3.0, 1e-12);
        for (int i = 0; i < rows.Length; i++)
        {
            int nearest = Enumerable
                .Range(0, rows.Length)
                .Where(j => j != i)
                .MinBy(j => Distances.SquaredEuclidean(one.Points[i], one.Points[j]));
            (nearest % 4).Should().Be(i % 4);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public void Few_or_equal_vectors_give_finite_places(int count)
    {
        TSne.Of(Made.Rows(count, 3, 1))
            .Points.Should()
            .HaveCount(count)
            .And.NotContain(p => p.Any(v => !double.IsFinite(v)));
        TSne.Of([.. Enumerable.Repeat(new double[3], count)])
            .Points.Should()
            .HaveCount(count)
            .And.NotContain(p => p.Any(v => !double.IsFinite(v)));
    }

    private static double[][] Symmetric(int n, int seed, bool ties)
    {
        double[][] rows = Made.Rows(n, n, seed);
        return ties
            ?
            [
                .. rows.Select(
                    (_, i) =>
                        rows.Select(
                                (_, j) =>
                                    i == j ? 2.0
                                    : (i + j) % 3 == 0 ? 1
                                    : 0
                            )
                            .ToArray()
                ),
            ]
            : [.. rows.Select((row, i) => row.Select((_, j) => rows[Math.Max(i, j)][Math.Min(i, j)]).ToArray())];
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
