using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Xunit;

namespace Pipelines.Stages.Tests.Attribution;

public sealed class HalfSplitTests
{
    [Fact]
    public void It_is_the_correlation_of_two_fits_to_every_other_mask()
    {
        using var sample = new MadeUpSample(501, 40);
        double[] Beta(int first)
        {
            int[] rows = [.. Enumerable.Range(0, 501).Where(i => i % 2 == first)];
            return ElasticNet
                .Fit(
                    MaskColumns.Of(rows.Select(i => sample.Masks[i]), 40),
                    [.. rows.Select(i => sample.Phi[i])],
                    new ElasticNetSettings()
                )
                .Coefficients;
        }

        HalfSplit
            .Correlation(sample.Open(), new ElasticNetSettings())
            .Should()
            .Be(Metrics.Pearson(Beta(0), Beta(1)))
            .And.BeGreaterThan(0.9);
    }

    [Fact]
    public void Noise_lowers_it_and_where_beta_says_nothing_it_is_undefined()
    {
        using MadeUpSample clear = new(400, 40, noise: 0),
            noisy = new(400, 40, noise: 1),
            constant = new(40, 8, phiOf: _ => 1),
            few = new(3, 8);
        HalfSplit
            .Correlation(clear.Open(), new ElasticNetSettings())
            .Should()
            .BeGreaterThan(HalfSplit.Correlation(noisy.Open(), new ElasticNetSettings()));
        HalfSplit.Correlation(constant.Open(), new ElasticNetSettings()).Should().Be(double.NaN);
        HalfSplit.Correlation(few.Open(), new ElasticNetSettings()).Should().Be(double.NaN);
    }

    [Property(MaxTest = 200)]
    public void Steps_rise_by_a_quarter_in_whole_shards_from_the_least_to_the_most(
        PositiveInt least,
        NonNegativeInt more,
        PositiveInt shardSize
    )
    {
        int first = 8 + least.Get,
            most = first + (more.Get * 37),
            shard = 1 + (shardSize.Get % 300);
        var steps = EnoughMasks.StepsOf(first, most, shard);
        steps.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        steps[0].Should().BeInRange(first, Math.Min(most, first + shard - 1));
        steps[^1].Should().Be(most);
        steps.SkipLast(1).Where(s => s % shard != 0).Should().BeEmpty();
        for (int i = 1; i < steps.Count; i++)
        {
            (steps[i] - steps[i - 1]).Should().BeLessThanOrEqualTo(Math.Max(1, steps[i - 1] / 4) + shard - 1);
        }
    }

    [Theory]
    [InlineData(500, 10_000, 250, "500 750 1000 1250 1750 2250 3000 3750 4750 6000 7500 9500 10000")]
    [InlineData(100, 100, 250, "100")]
    [InlineData(8, 30, 1, "8 10 12 15 18 22 27 30")]
    public void Steps_are_these(int least, int most, int shard, string steps) =>
        string.Join(' ', EnoughMasks.StepsOf(least, most, shard)).Should().Be(steps);

    [Property(MaxTest = 100)]
    public void Another_most_changes_no_step_below_it(PositiveInt least, PositiveInt more)
    {
        int first = 8 + least.Get,
            most = first + more.Get;
        EnoughMasks
            .StepsOf(first, most, 10)
            .SkipLast(1)
            .Should()
            .Equal(EnoughMasks.StepsOf(first, most + 5000, 10).TakeWhile(s => s < most));
    }
}
