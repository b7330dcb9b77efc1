using System.Globalization;
using FluentAssertions;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>That series are told apart by every eye, in both themes and in grey.</summary>
public sealed class PaletteTests
{
    private const double LeastDifference = 15, // CIEDE2000: clear at a glance for thin lines
        LeastLightness = 4.5, // CIELAB L*, in grey
        LeastContrast = 3; // WCAG 2, for graphics

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_series_differ_by_15_in_CIEDE2000_for_every_eye(bool dark)
    {
        foreach (var (eye, see) in ColourVision.All)
        {
            foreach (var (one, other) in Pairs())
            {
                ColourDifference
                    .Of(Seen(one, dark, see), Seen(other, dark, see))
                    .Should()
                    .BeGreaterThanOrEqualTo(LeastDifference, "{0} and {1}, {2}", one.Name, other.Name, eye);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_series_differ_in_grey_and_all_stand_out_from_the_ground(bool dark)
    {
        foreach (var (one, other) in Pairs())
        {
            Math.Abs(Seen(one, dark, c => c).L - Seen(other, dark, c => c).L)
                .Should()
                .BeGreaterThanOrEqualTo(LeastLightness, "{0} and {1}", one.Name, other.Name);
        }

        foreach (Ink ink in Palette.Series)
        {
            ColourVision
                .Contrast(Hex(ink, dark), Hex(Palette.Paper, dark))
                .Should()
                .BeGreaterThanOrEqualTo(LeastContrast, ink.Name);
        }
    }

    [Fact]
    public void A_series_has_a_form_and_dashes_of_its_own()
    {
        Palette.Series.Should().HaveCount(Palette.MostSeries);
        Palette.Series.Select(i => Palette.MarkOf(i).Shape).Should().OnlyHaveUniqueItems();
        Palette.Series.Select(Palette.DashesOf).Should().OnlyHaveUniqueItems();
    }

    [Theory] // Sharma, Wu and Dalal 2005, Table 1: L, a, b of both and the difference
    [InlineData("50 2.6772 -79.7751", "50 0 -82.7485", 2.0425)]
    [InlineData("50 3.1571 -77.2803", "50 0 -82.7485", 2.8615)]
    [InlineData("50 2.8361 -74.0200", "50 0 -82.7485", 3.4412)]
    [InlineData("50 -1.3802 -84.2814", "50 0 -82.7485", 1.0000)]
    [InlineData("50 -1.1848 -84.8006", "50 0 -82.7485", 1.0000)]
    [InlineData("50 -0.9009 -85.5211", "50 0 -82.7485", 1.0000)]
    [InlineData("50 0 0", "50 -1 2", 2.3669)]
    [InlineData("50 -1 2", "50 0 0", 2.3669)]
    [InlineData("50 2.4900 -0.0010", "50 -2.4900 0.0009", 7.1792)]
    [InlineData("50 2.4900 -0.0010", "50 -2.4900 0.0010", 7.1792)]
    [InlineData("50 2.4900 -0.0010", "50 -2.4900 0.0011", 7.2195)]
    [InlineData("50 2.4900 -0.0010", "50 -2.4900 0.0012", 7.2195)]
    [InlineData("50 -0.0010 2.4900", "50 0.0009 -2.4900", 4.8045)]
    [InlineData("50 -0.0010 2.4900", "50 0.0010 -2.4900", 4.8045)]
    [InlineData("50 -0.0010 2.4900", "50 0.0011 -2.4900", 4.7461)]
    [InlineData("50 2.5 0", "50 0 -2.5", 4.3065)]
    [InlineData("50 2.5 0", "73 25 -18", 27.1492)]
    [InlineData("50 2.5 0", "61 -5 29", 22.8977)]
    [InlineData("50 2.5 0", "56 -27 -3", 31.9030)]
    [InlineData("50 2.5 0", "58 24 15", 19.4535)]
    [InlineData("50 2.5 0", "50 3.1736 0.5854", 1.0000)]
    [InlineData("50 2.5 0", "50 3.2972 0", 1.0000)]
    [InlineData("50 2.5 0", "50 1.8634 0.5757", 1.0000)]
    [InlineData("50 2.5 0", "50 3.2592 0.3350", 1.0000)]
    [InlineData("60.2574 -34.0099 36.2677", "60.4626 -34.1751 39.4387", 1.2644)]
    [InlineData("63.0109 -31.0961 -5.8663", "62.8187 -29.7946 -4.0864", 1.2630)]
    [InlineData("61.2901 3.7196 -5.3901", "61.4292 2.2480 -4.9620", 1.8731)]
    [InlineData("35.0831 -44.1164 3.7933", "35.0232 -40.0716 1.5901", 1.8645)]
    [InlineData("22.7233 20.0904 -46.6940", "23.0331 14.9730 -42.5619", 2.0373)]
    [InlineData("36.4612 47.8580 18.3852", "36.2715 50.5065 21.2231", 1.4146)]
    [InlineData("90.8027 -2.0831 1.4410", "91.1528 -1.6435 0.0447", 1.4441)]
    [InlineData("90.9257 -0.5406 -0.9208", "88.6381 -0.8985 -0.7239", 1.5381)]
    [InlineData("6.7747 -0.2908 -2.4247", "5.8714 -0.0985 -2.2286", 0.6377)]
    [InlineData("2.0776 0.0795 -1.1350", "0.9033 -0.0636 -0.5514", 0.9082)]
    public void CIEDE2000_gives_the_published_differences(string one, string other, double difference) =>
        ColourDifference.Of(Parse(one), Parse(other)).Should().BeApproximately(difference, 5e-5);

    [Fact]
    public void Every_eye_sees_white_and_greys_as_they_are()
    {
        foreach (var (eye, see) in ColourVision.All)
        {
            double[] seen = see([0.5, 0.5, 0.5]);
            seen.Should().OnlyContain(v => Math.Abs(v - 0.5) < 1e-3, eye);
        }
    }

    private static IEnumerable<(Ink One, Ink Other)> Pairs() =>
        Palette.Series.SelectMany((one, i) => Palette.Series.Skip(i + 1).Select(other => (one, other)));

    private static string Hex(Ink ink, bool dark) => dark ? ink.Dark : ink.Light;

    private static Lab Seen(Ink ink, bool dark, Func<double[], double[]> see) =>
        ColourVision.LabOf(see(ColourVision.Linear(Hex(ink, dark))));

    private static Lab Parse(string text)
    {
        double[] v = [.. text.Split(' ').Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
        return new Lab(v[0], v[1], v[2]);
    }
}
