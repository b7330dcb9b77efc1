using System.Globalization;
using System.Xml.Linq;
using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class SvgTests
{
    [Fact]
    public void A_cell_of_the_heat_map_is_drawn_once_and_carries_its_value()
    {
        var values = new double[3, 4];
        values[2, 3] = -0.25;
        XDocument svg = XDocument.Parse(
            new Svg("a", 100, 100, "t", "d").Cells(values, 0, 0, 10, v => Palette.OfSigned(v, 0.25), "{v}").ToString()
        );

        svg.Descendants().Select(e => e.Attribute("d")?.Value ?? "").Sum(d => d.Count(c => c == 'M')).Should().Be(12);
        svg.Descendants()
            .Select(e => e.Attribute("data-cells")?.Value)
            .Single(v => v is not null)!
            .Split(' ')
            .Should()
            .HaveCount(12)
            .And.EndWith("-0.25");
    }

    [Fact]
    public void The_tip_of_a_cell_rounds_as_all_numbers_do_and_zero_has_no_sign()
    {
        double[,] values =
        {
            { -0.0001, 0.0125, double.NaN },
        };
        string svg = new Svg("a", 100, 100, "t", "d").Cells(values, 0, 0, 10, _ => Palette.Ink, "{v}").ToString();

        svg.Should().Contain("data-cells=\"0 0.013 –\"");
    }

    [Fact]
    public void Every_colour_has_a_light_and_a_dark_value_and_ramps_are_neutral_at_zero()
    {
        Palette.All.Select(i => i.Name).Should().OnlyHaveUniqueItems();
        Palette.All.Should().OnlyContain(i => i.Light.Length == 7 && i.Dark.Length == 7);
        Palette.OfSigned(0, 1).Should().Be(Palette.OfSigned(double.NaN, 1)).And.Be(Palette.OfSigned(1, 0));
        Palette.OfSigned(5, 1).Should().Be(Palette.OfSigned(1, 1));
    }

    [Theory]
    [InlineData("ink", "paper", 12)]
    [InlineData("muted", "paper", 4.5)]
    [InlineData("c1", "paper", 3)]
    [InlineData("c2", "paper", 3)]
    [InlineData("c3", "paper", 3)]
    [InlineData("c6", "paper", 3)]
    public void Text_and_marks_have_the_contrast_that_WCAG_asks_for_in_both_themes(
        string mark,
        string ground,
        double least
    )
    {
        Ink a = Palette.All.Single(i => i.Name == mark),
            b = Palette.All.Single(i => i.Name == ground);

        Contrast(a.Light, b.Light).Should().BeGreaterThanOrEqualTo(least);
        Contrast(a.Dark, b.Dark).Should().BeGreaterThanOrEqualTo(least);
    }

    [Property]
    public bool Ticks_lie_inside_the_scale_and_are_few(NormalFloat a, PositiveInt width, PositiveInt count)
    {
        double least = Math.Clamp(a.Get, -1e9, 1e9),
            range = width.Get / 100.0;
        int most = 2 + (count.Get % 12);
        IReadOnlyList<double> ticks = new Scale(least, least + range, 0, 100).Ticks(most);
        double slack = 1e-6 * (range + Math.Abs(least));
        return ticks.Count <= most + 2 && ticks.All(t => t >= least - slack && t <= least + range + slack);
    }

    [Theory]
    [InlineData(-0.0001, 2, "0.00")]
    [InlineData(-1.5, 1, "−1.5")]
    [InlineData(12345.0, 0, "12\u202f345")]
    [InlineData(double.NaN, 2, "–")]
    public void Numbers_are_written_for_people(double value, int decimals, string text) =>
        Format.Fixed(value, decimals).Should().Be(text);

    [Fact]
    public void The_CSV_of_a_figure_quotes_as_RFC_4180_asks_and_numbers_round_trip()
    {
        string csv = new FigureTable(
            ["a", "b"],
            [
                ["x,\"y\"\n", 0.1 + 0.2],
                [null, 3],
            ]
        ).ToCsv();

        csv.Should().Be("a,b\r\n\"x,\"\"y\"\"\n\",0.30000000000000004\r\n,3\r\n");
    }

    private static double Contrast(string a, string b)
    {
        double[] both = [Luminance(a), Luminance(b)];
        return (both.Max() + 0.05) / (both.Min() + 0.05);
    }

    private static double Luminance(string hex)
    {
        double Channel(int start)
        {
            double v = int.Parse(hex.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4);
        }

        return (0.2126 * Channel(1)) + (0.7152 * Channel(3)) + (0.0722 * Channel(5));
    }
}
