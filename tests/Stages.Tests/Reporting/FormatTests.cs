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

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.0, "0")]
    [InlineData(0.8, "0.8")]
    [InlineData(0.15000000000000002, "0.15")]
    [InlineData(-2.5, "\u22122.5")]
    [InlineData(1500, "1500")]
    [InlineData(5e-5, "0.00005")]
    [InlineData(0.00015000000000000001, "0.00015")]
    [InlineData(-3.0000000000000004e-5, "\u22120.00003")]
    [InlineData(1e-17, "0")]
    public void Ticks_are_as_short_as_they_can_be_however_small_a_step(double value, string text) =>
        Format.Tick(value).Should().Be(text);

    [Theory]
    [InlineData("short", 5, "short")]
    [InlineData("longer", 5, "long…")]
    [InlineData("two words", 5, "two…")]
    [InlineData("ab\U0001F600cd", 4, "ab…")]
    [InlineData("\U0001F600cd", 2, "\U0001F600…")]
    [InlineData("abe\u0301fgh", 4, "ab…")]
    [InlineData("\U0001F468\u200d\U0001F469", 2, "\U0001F468\u200d\U0001F469")]
    public void Text_is_cut_between_letters(string text, int characters, string shown) =>
        Format.Cut(text, characters).Should().Be(shown);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.0041234, "0.00412")]
    [InlineData(0.31, "0.310")]
    [InlineData(9.326, "9.33")]
    [InlineData(37.65, "37.7")]
    [InlineData(417.4, "417")]
    [InlineData(29469.2, "29\u202f469")]
    public void Rates_have_three_digits(double perSecond, string text) => Format.Rate(perSecond).Should().Be(text);

    [Theory]
    [InlineData(-3, "0 s")]
    [InlineData(41.6, "42 s")]
    [InlineData(185, "3 min")]
    [InlineData(7500, "2 h 05 min")]
    [InlineData(273_600, "3 d 4 h")]
    [InlineData(double.PositiveInfinity, "115\u202f740 d 17 h")]
    public void Times_are_those_that_one_waits(double seconds, string text) =>
        Format.Duration(seconds).Should().Be(text);

    [Fact]
    public void What_is_no_number_is_an_empty_field_of_a_figures_table() => new FigureTable(
            ["a", "b", "c"],
            [
                [double.NaN, 1.5, double.PositiveInfinity],
            ]
        ).ToCsv().Should().Be("a,b,c\r\n,1.5,\r\n");

    [Theory]
    [InlineData(-0.0004, 3, "0")]
    [InlineData(-0.0, 3, "0")]
    [InlineData(0.0125, 3, "0.013")]
    [InlineData(-0.25, 3, "-0.25")]
    [InlineData(100, 0, "100")]
    [InlineData(120, 2, "120")]
    [InlineData(double.NaN, 3, "–")]
    public void Values_of_a_map_round_as_all_numbers_do_and_are_short(double value, int decimals, string text) =>
        Format.CellValue(value, decimals).Should().Be(text);

    [Theory]
    [InlineData(0, 3.0, 20.0, 1000.0)]
    [InlineData(0, 120.4, 3.25)]
    [InlineData(1, 37.65, 3.0)]
    [InlineData(2, 1.2, 0.001)]
    [InlineData(3, 0.98, 0.004)]
    [InlineData(5, 0.00821, double.NaN)]
    [InlineData(0)]
    public void Numbers_of_a_column_have_one_precision(int decimals, params double[] column) =>
        Format.DecimalsOf(column).Should().Be(decimals);

    [Fact]
    public void A_table_writes_every_column_with_its_own_precision()
    {
        string html = PageSections.Table(
            [("heads", true), ("beta", true)],
            [
                [37.65, 0.0123],
                [3.0, 0.5],
                [100L, null],
            ]
        );

        html.Should().Contain(">37.7<").And.Contain(">3.0<").And.Contain(">0.012<").And.Contain(">0.500<");
    }

    [Fact]
    public void Colours_end_at_the_99th_percentile_and_say_so_where_something_lies_beyond()
    {
        double[] values = [.. Enumerable.Range(1, 300).Select(i => i * 0.001), .. new[] { double.NaN, -9 }];
        var scale = SignedScale.Of(values);

        scale.Should().Be(new SignedScale(0.298, 3));
        scale.Words("|β|").Should().Contain("99th percentile of |β|").And.Contain("3 cells beyond");
        scale.InkOf(-9).Should().Be(scale.InkOf(-0.298));
        scale.Labels[0].Label.Should().StartWith("≤");
        SignedScale.Of(values.Take(99)).IsClipped.Should().BeFalse("of fewer than a hundred values it is the greatest");
        SignedScale.Of(values.Take(99)).Words("|β|").Should().BeEmpty();
        SignedScale.Of([0, 0, 0, .. Enumerable.Repeat(0.0, 200), 0.4]).Most.Should().Be(0.4, "a sparse map");
        SignedScale.Of([]).ShareOf(1).Should().Be(0);
    }

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
        Sentences.Interval(new Estimate(37.65, 1, 36.25, 38.35, 9)).Should().Be("37.7\u00a0[36.3,\u00a038.4]");
    }
}
