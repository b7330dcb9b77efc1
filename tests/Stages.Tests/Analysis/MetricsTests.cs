using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Xunit;

namespace Pipelines.Stages.Tests.Analysis;

public sealed class MetricsTests
{
    [Property]
    public void Pearson_is_symmetric_bounded_and_unchanged_by_rising_lines(int seed, byte length)
    {
        var (a, b) = Pair(seed, length + 3);
        double rho = Metrics.Pearson(a, b);
        rho.Should().BeInRange(-1, 1);
        Metrics.Pearson(b, a).Should().BeApproximately(rho, 1e-14);
        Metrics.Pearson([.. a.Select(v => (3 * v) + 5)], b).Should().BeApproximately(rho, 1e-10);
        Metrics.Pearson([.. a.Select(v => -v)], b).Should().BeApproximately(-rho, 1e-14);
        Metrics.Pearson(a, a).Should().BeApproximately(1, 1e-14);
    }

    [Property]
    public void R2_is_1_for_the_truth_0_for_its_mean_and_the_squared_rho_for_the_fitted_line(int seed, byte length)
    {
        var (truth, x) = Pair(seed, length + 3);
        Metrics.R2(truth, truth).Should().Be(1);
        Metrics.R2(truth, [.. truth.Select(_ => Metrics.Mean(truth))]).Should().BeApproximately(0, 1e-12);
        var (t, m) = (Moments.Of(truth), Moments.Of(x));
        double rho = Metrics.Pearson(truth, x),
            slope = rho * t.StdPopulation / m.StdPopulation;
        Metrics
            .R2(truth, [.. x.Select(v => t.Mean + (slope * (v - m.Mean)))])
            .Should()
            .BeApproximately(rho * rho, 1e-10);
    }

    [Property]
    public void Percentiles_rise_from_the_least_to_the_largest_value(int seed, byte length)
    {
        var (values, _) = Pair(seed, length + 1);
        double[] results = Metrics.Percentiles(values, 0, 10, 50, 90, 100);
        results.Should().BeInAscendingOrder();
        (results[0], results[^1]).Should().Be((values.Min(), values.Max()));
    }

    [Fact]
    public void A_vector_agrees_with_itself_to_the_last_digit()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var (values, _) = Pair(seed, 64);
            (Metrics.Cosine(values, values), Metrics.Pearson(values, values)).Should().Be((1, 1));
        }
    }

    [Fact]
    public void What_is_undefined_is_NaN()
    {
        Metrics.Pearson([1, 1, 1], [1, 2, 3]).Should().Be(double.NaN);
        Metrics.Pearson([], []).Should().Be(double.NaN);
        Metrics.Cosine([0, 0], [1, 2]).Should().Be(double.NaN);
        Metrics.R2([1], [1]).Should().Be(double.NaN);
        Metrics.Mean([]).Should().Be(double.NaN);
        Moments.Of([1]).StdSample.Should().Be(double.NaN);
        Moments.Of([]).Mean.Should().Be(double.NaN);
    }

    private static (double[] A, double[] B) Pair(int seed, int length)
    {
        var random = SplitMix64.FromState((ulong)seed);
        double Uniform() => (random.Next() >> 11) * Math.Pow(2, -53);
        double[] a = [.. Enumerable.Range(0, length).Select(_ => Uniform() - 0.3)];
        return (a, [.. a.Select(v => v + Uniform())]);
    }

    [Fact]
    public void Spearman_is_that_of_scipy_with_ties_at_their_mean_rank()
    {
        // scipy.stats.spearmanr
        Metrics
            .Spearman([0, 0, 0, 0.2, -0.1, 0.5], [1, 2, 0, 3, 0, 4])
            .Should()
            .BeApproximately(0.8932596002688613, 1e-12);
        Metrics.Spearman([1, 2, 3], [10, 100, 1000]).Should().Be(1);
        Metrics.Spearman([1, 1, 1], [1, 2, 3]).Should().Be(double.NaN);
    }
}
