using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FluentAssertions;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Reporting;
using Xunit;
using static Pipelines.Stages.Tests.Comparison.MadeUpRuns;

namespace Pipelines.Stages.Tests.Comparison;

/// <summary>The page of a comparison, its figures and sentences.</summary>
public sealed partial class ComparisonPageTests
{
    [Fact]
    public void The_page_loads_nothing_and_its_ids_are_unique_and_its_anchors_exist()
    {
        string page = ComparisonPage.Html(Alike());

        string[] ids = [.. Ids().Matches(page).Select(m => m.Groups[1].Value)];
        ids.Should().OnlyHaveUniqueItems();
        foreach (Match link in Links().Matches(page))
        {
            string address = link.Groups[1].Value;
            (
                address.StartsWith("data:text/csv", StringComparison.Ordinal)
                || (address[0] == '#' && ids.Contains(address[1..]))
            )
                .Should()
                .BeTrue(address);
        }

        page.Should().NotContain(" src=").And.NotContain("@import");
        page.Replace("url(data:font/ttf;base64,", "", StringComparison.Ordinal).Should().NotContain("url(");
        page.Should().Contain("<h3>Settings that differ</h3>").And.Contain("prompt").And.Contain("Only A has tokens.");
        ComparisonPage.Html(Alike()).Should().Be(page, "its bytes depend on the comparison only");
    }

    [Fact]
    public void Names_are_escaped()
    {
        string page = ComparisonPage.Html(Alike("<script>alert(1)</script>", "a&b\""));
        page.Should().NotContain("<script>alert").And.Contain("&lt;script&gt;").And.Contain("a&amp;b&quot;");
    }

    [Fact]
    public void Every_figure_is_well_formed_svg_at_both_widths_and_stays_inside_its_width()
    {
        RunComparison[] made =
        [
            Alike(),
            Unlike(),
            Alike("a run with a very long name: prompt=p1, count=10000, baseline=knockout", "b"),
        ];
        foreach (RunComparison runs in made)
        {
            IEnumerable<Figure> figures =
            [
                .. Figures.Of(new ComparedFits(runs, runs.Fits[0])),
                .. Figures.Of(new ComparedScans(runs, runs.Scans[0])),
            ];
            foreach (Figure figure in figures)
            {
                foreach (double width in new[] { Drawing.Wide, Drawing.Narrow })
                {
                    XDocument svg = XDocument.Parse(figure.Drawing.Draw(width, "x"));
                    foreach (XElement mark in svg.Descendants().Where(e => e.Attribute("x") is not null))
                    {
                        double.Parse(mark.Attribute("x")!.Value, CultureInfo.InvariantCulture)
                            .Should()
                            .BeInRange(0, width, "{0} at {1}: {2}", figure.Name, width, mark);
                    }
                }

                figure.Table.Rows.Should().NotBeEmpty().And.OnlyContain(r => r.Count == figure.Table.Columns.Count);
            }
        }
    }

    [Fact]
    public void A_run_against_itself_is_said_to_be_the_same()
    {
        FitResults fit = Fit(2, 2, ("s1", [1, 0, 0, 0], 0.8), ("s2", [0, 2, 0, 0], 0.6));
        ScanResults scan = Scan(
            4,
            ("s1", 0, [0, 0.5, 0.9, 1, 1], [1, 0.6, 0.3, 0.1, 0]),
            ("s2", 0, [0, 0.9, 0.9, 1, 1], [1, 0.1, 0.1, 0.1, 0])
        );
        RunComparison runs = Whole(fit, fit, scan, scan);

        ComparisonSentences
            .Headline(runs)
            .Should()
            .Contain(
                "β is the same in every sample; R² is the same in every sample. The number of heads that head "
                    + "attribution needs for faithfulness is the same in every sample."
            );
        ComparisonSentences.Beta(runs, runs.Fits[0]).Should().Contain("all 2 samples");
        ComparisonSentences.Curves(runs.Scans[0]).Should().Be("The mean curves are the same for every criterion.");
        ComparisonSentences
            .Needed(runs.Scans[0])
            .Should()
            .Contain("every criterion needs the same heads in every sample");
        ComparisonTable.Beta(runs.Fits[0])!.Rows[0][1].Should().Be("1.000");
    }

    [Fact]
    public void A_difference_is_told_with_its_interval_and_its_direction()
    {
        RunComparison runs = Alike();
        ComparisonSentences.Fit(runs.Fits[0]).Should().StartWith("R² differs by +0.150 in 2 samples, too few to tell");
        ComparisonSentences.Needed(runs.Scans[0]).Should().Contain("2 samples in common are too few to tell");
        (string, double[], double)[] Many(double shift) =>
            [
                .. Enumerable
                    .Range(0, 8)
                    .Select(i => ($"s{i}", new double[] { 1, i, 0, 0 }, 0.5 + shift + (shift * 0.1 * (i % 2)))),
            ];
        RunComparison eight = Whole(Fit(2, 2, Many(0)), Fit(2, 2, Many(0.1)), runs.Scans[0].A, runs.Scans[0].B);
        ComparisonSentences
            .Fit(eight.Fits[0])
            .Should()
            .MatchRegex("^R² is higher in B by 0\\.105\u00a0\\[0\\.10\\d,\u00a00\\.10\\d\\]; ρ is higher in B")
            .And.EndWith("(paired over 8 samples).");
        ComparisonSentences.Settings(runs).Should().Be("1 of 2 settings differs: prompt. Only A has tokens.");
    }

    [Fact]
    public void Other_models_are_said_to_be_others()
    {
        RunComparison runs = Unlike();
        ComparisonSentences.Headline(runs).Should().Contain("β cannot be compared");
        ComparisonSentences.Beta(runs, runs.Fits[0]).Should().Contain("A has 2 × 2 heads, B has 1 × 2");
        ComparisonPage.Html(runs).Should().Contain("cannot be compared").And.Contain("% of heads");
        RunCard elsewhere = Card("b", [("model.path", "/other")]);
        ComparisonSentences
            .Beta(runs with { Differences = SettingDifferences.Of(runs.A, elsewhere) }, Alike().Fits[0])
            .Should()
            .Contain("two checkpoints");
    }

    [Fact]
    public void Two_7B_runs_of_200_samples_are_compared_in_seconds_on_a_page_that_stays_small()
    {
        const int samples = 200,
            heads = 1024;
        var random = new Random(4);
        FitResults Fits() =>
            Fit(
                32,
                32,
                [
                    .. Enumerable
                        .Range(0, samples)
                        .Select(i =>
                            (
                                $"s{i}",
                                Enumerable
                                    .Range(0, heads)
                                    .Select(_ => random.NextDouble() * random.NextDouble() * 0.1)
                                    .ToArray(),
                                0.8 + (0.1 * random.NextDouble())
                            )
                        ),
                ]
            );
        ScanResults Scans() =>
            Scan(
                heads,
                [
                    .. Enumerable
                        .Range(0, samples)
                        .SelectMany(i =>
                            Enumerable
                                .Range(0, 5)
                                .Select(seed =>
                                    (
                                        $"s{i}",
                                        seed,
                                        Enumerable
                                            .Range(0, heads + 1)
                                            .Select(k => Math.Min(1, k / 100.0 * random.NextDouble()))
                                            .ToArray(),
                                        Enumerable.Range(0, heads + 1).Select(k => 1 - Math.Min(1, k / 200.0)).ToArray()
                                    )
                                )
                        ),
                ]
            );
        (FitResults fitA, FitResults fitB, ScanResults scanA, ScanResults scanB) = (Fits(), Fits(), Scans(), Scans());

        var watch = System.Diagnostics.Stopwatch.StartNew();
        string page = ComparisonPage.Html(Whole(fitA, fitB, scanA, scanB));

        watch.Elapsed.Should().BeLessThan(TimeSpan.FromMinutes(10), "a few seconds where nothing else runs");
        page.Length.Should().BeLessThan(2_000_000);
        Console.WriteLine($"7B comparison: {watch.Elapsed.TotalSeconds:0.0} s, {page.Length / 1000} kB");
    }

    [Theory]
    [InlineData(0.25, 2, "+0.25")]
    [InlineData(-0.25, 2, "\u22120.25")]
    [InlineData(0.001, 2, "0.00")]
    [InlineData(-0.001, 2, "0.00")]
    [InlineData(double.NaN, 2, "–")]
    public void A_sign_is_written_where_there_is_a_difference(double value, int decimals, string text) =>
        Format.Signed(value, decimals).Should().Be(text);

    internal static RunComparison Alike(string nameA = "one", string nameB = "two") =>
        Whole(
            Fit(2, 2, ("s1", [1, 0, 0, 0], 0.8), ("s2", [0, 2, 0, 0], 0.6)),
            Fit(2, 2, ("s1", [1, 1, 0, 0], 0.9), ("s2", [0, 2, 0, 0], 0.8)),
            Scan(
                4,
                ("s1", 0, [0, 0.5, 0.9, 1, 1], [1, 0.6, 0.3, 0.1, 0]),
                ("s2", 0, [0, 0.9, 0.9, 1, 1], [1, 0.1, 0.1, 0.1, 0])
            ),
            Scan(
                4,
                ("s1", 0, [0, 0.5, 0.7, 0.9, 1], [1, 0.6, 0.3, 0.3, 0]),
                ("s2", 0, [0, 0.9, 0.9, 1, 1], [1, 0.1, 0.1, 0.1, 0])
            ),
            nameA,
            nameB
        );

    internal static RunComparison Unlike() =>
        Whole(
            Fit(2, 2, ("s1", [1, 0, 0, 0], 0.8)),
            Fit(1, 2, ("s1", [1, 1], 0.9)),
            Scan(4, ("s1", 0, [0, 0.5, 0.9, 1, 1], [1, 0.6, 0.3, 0.1, 0])),
            Scan(2, ("s1", 0, [0, 0.5, 1], [1, 0.6, 0]))
        );

    [GeneratedRegex(" id=\"([^\"]+)\"")]
    private static partial Regex Ids();

    [GeneratedRegex(" href=\"([^\"]+)\"")]
    private static partial Regex Links();
}
