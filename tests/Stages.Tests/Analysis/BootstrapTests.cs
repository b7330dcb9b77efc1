using FluentAssertions;
using Pipelines.Stages.Analysis;
using Xunit;

namespace Pipelines.Stages.Tests.Analysis;

public sealed class BootstrapTests
{
    [Fact]
    public void The_interval_of_a_mean_is_close_to_two_standard_errors()
    {
        double[] values = [.. Made.Rows(400, 1, 5).Select(row => row[0])];

        Estimate found = new Bootstrap().Of(values);

        double error = found.Deviation / Math.Sqrt(400);
        found.Low.Should().BeApproximately(found.Mean - (1.96 * error), 0.25 * error);
        found.High.Should().BeApproximately(found.Mean + (1.96 * error), 0.25 * error);
    }

    [Fact]
    public void A_mean_given_as_a_statistic_has_the_same_interval()
    {
        double[] values = [.. Made.Rows(30, 1, 6).Select(row => row[0])];
        Estimate found = new Bootstrap().Of(values);

        var (low, high) = new Bootstrap().Interval(
            30,
            drawn =>
            {
                double sum = 0;
                foreach (int i in drawn)
                {
                    sum += values[i];
                }

                return sum / 30;
            }
        );

        (low, high).Should().Be((found.Low, found.High));
    }

    [Fact]
    public void One_value_or_none_has_no_interval()
    {
        new Bootstrap().Of([]).Should().Be(Estimate.None);
        new Bootstrap().Of([2, double.NaN]).Should().Be(new Estimate(2, double.NaN, double.NaN, double.NaN, 1));
        new Bootstrap().Interval(5, _ => double.NaN).Should().Be((double.NaN, double.NaN));
    }

    [Fact]
    public void Similar_vectors_have_cosine_near_one_and_zero_vectors_none()
    {
        Similarity found = Similarity.Of(
            [
                [1, 0],
                [1, 1],
                [0, 0],
            ],
            [
                [2, 0],
                [1, 0],
                [1, 1],
            ]
        );

        found
            .Each.Should()
            .Equal(
                [1, Math.Sqrt(0.5), double.NaN],
                (a, b) => Math.Abs(a - b) < 1e-15 || (double.IsNaN(a) && double.IsNaN(b))
            );
        found.Over.Count.Should().Be(2);
        found.Over.Mean.Should().BeApproximately((1 + Math.Sqrt(0.5)) / 2, 1e-15);
    }
}
