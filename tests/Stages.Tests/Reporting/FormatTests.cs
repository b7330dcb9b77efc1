using FluentAssertions;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>One rounding for all that a person reads.</summary>
public sealed class FormatTests
{
    [Theory]
    // 753 / 20: its binary fraction lies below the half, the number that a table shows does not
    [InlineData(37.65, 1, "37.7")]
    [InlineData(-37.65, 1, "\u221237.7")]
    [InlineData(0.125, 2, "0.13")]
    [InlineData(0.135, 2, "0.14")]
    [InlineData(2.675, 2, "2.68")]
    [InlineData(0.5, 0, "1")]
    [InlineData(1.5, 0, "2")]
    [InlineData(2.5, 0, "3")]
    [InlineData(-0.04, 1, "0.0")]
    [InlineData(1234.5, 0, "1\u202f235")]
    [InlineData(1e20, 1, "100\u202f000\u202f000\u202f000\u202f000\u202f000\u202f000.0")]
    [InlineData(double.NaN, 1, "–")]
    public void Halves_of_the_number_that_a_table_shows_go_away_from_zero(double value, int decimals, string text) =>
        Format.Fixed(value, decimals).Should().Be(text);

    [Fact]
    public void A_sum_in_another_order_reads_the_same()
    {
        double[] heads = [.. Enumerable.Range(0, 20).Select(i => i < 13 ? 37 : 38.857142857142854)];

        Format.MeanHeads(heads.Sum() / 20).Should().Be(Format.MeanHeads(heads.Reverse().Sum() / 20));
        Format.MeanHeads(0.1 + 0.2 - 0.25).Should().Be("0.1", "0.05 and a rounding error above it");
        Format.MeanHeads(0.35 - 0.3).Should().Be("0.1", "0.05 and a rounding error below it");
    }

    [Fact]
    public void Every_kind_of_number_rounds_by_the_same_rule()
    {
        Format.MeanHeads(37.65).Should().Be("37.7");
        Format.Heads(37.65).Should().Be("37.7");
        Format.Score(0.835).Should().Be("0.84");
        Format.Percent(0.625).Should().Be("63\u202f%");
        Format.Beta(0.0125).Should().Be("0.013");
        Sentences.PlusMinus(new Estimate(0.835, 0.125, 0.8, 0.9, 9)).Should().Be("0.84\u00a0±\u00a00.13");
        Sentences.Interval(new Estimate(37.65, 1, 36.25, 38.35, 9)).Should().Be("37.7\u00a0[36.3, 38.4]");
    }
}
