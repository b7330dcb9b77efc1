using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FluentAssertions;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Reporting.Explorer;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed partial class HtmlReportTests
{
    [Fact]
    public void Page_and_every_figure_are_written_and_the_same_data_give_the_same_bytes()
    {
        // Lies beside the tests so that a person can look at it; REPORT_PICTURES may name a folder of pictures to show.
        string folder = Path.Combine(AppContext.BaseDirectory, "made-up-report"),
            again = folder + "-again";
        ReportData data = MadeUpAnalyses.With(
            MadeUpReport.Of(pictures: Environment.GetEnvironmentVariable("REPORT_PICTURES"))
        );

        IReadOnlyList<string> files = HtmlReport.Write(data, folder);
        HtmlReport.Write(data, again);

        files
            .Should()
            .Contain([
                "report.html",
                "figures/fig3a-heads-needed.svg",
                "figures/fig3a-curves.csv",
                "figures/fig3c-head-frequency.svg",
                "figures/fig2-beta.svg",
                "figures/fig2-beta.pdf",
                "figures/fig2-beta.column.svg",
                "figures/fig2-beta.column.pdf",
                "figures/fig2-beta.txt",
                "figures/fig2-predicted-phi.svg",
                "figures/table2-fit.csv",
            ])
            .And.Contain([
                "figures/fig3d-beta-attention.svg",
                "figures/fig3e-tsne.svg",
                "figures/fig5-thresholds.csv",
                "figures/fig6-ablation-ratio.svg",
                "figures/fig7-single-head.svg",
                "figures/fig10-head-vectors.svg",
                "figures/table1-prompts.csv",
                "figures/fig-gradient-cost.svg",
                "figures/fig-non-additive.csv",
            ]);
        foreach (string file in files)
        {
            File.ReadAllBytes(Path.Combine(folder, file))
                .Should()
                .Equal(File.ReadAllBytes(Path.Combine(again, file)), file);
        }

        Directory.EnumerateFiles(folder, "*.part", SearchOption.AllDirectories).Should().BeEmpty();
    }

    [Fact]
    public void A_report_of_a_7B_run_with_200_samples_stays_small_and_quick()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "made-up-report-7b");
        ReportData few = MadeUpReport.Of(
            32,
            32,
            samples: 4,
            masks: 10_000,
            model: "llava-1.5-7b-hf",
            pictures: Environment.GetEnvironmentVariable("REPORT_PICTURES")
        );
        ReportData analysed = MadeUpAnalyses.With(few, perObject: 15);
        IReadOnlyList<SampleResult> samples = SampleResult.Of(analysed);
        ReportData data = analysed
            .WithSamples(
                Enumerable
                    .Range(0, 50)
                    .SelectMany(copy => samples.Select(s => s with { SampleId = $"{copy}-{s.SampleId}" }))
            )
            .With(
                Enumerable
                    .Range(0, 50)
                    .SelectMany(copy =>
                        few.Tables.Rows<ValidationRow>().Select(v => v with { SampleId = $"{copy}-{v.SampleId}" })
                    )
            )
            .WithTraces(TracedSample.Of(analysed).Select(t => t with { SampleId = $"0-{t.SampleId}" }))
            .Each<LensRow>(r => r with { SampleId = $"0-{r.SampleId}" });
        Figures.Of(Findings.Of(data)).Should().HaveCountGreaterThan(18);

        var watch = System.Diagnostics.Stopwatch.StartNew();
        HtmlReport.Write(data, folder);

        watch.Elapsed.Should().BeLessThan(TimeSpan.FromMinutes(10), "a few seconds where nothing else runs");
        new FileInfo(Path.Combine(folder, HtmlReport.PageName)).Length.Should().BeLessThan(12_000_000);
        Console.WriteLine($"7B report: {watch.Elapsed.TotalSeconds:0.0} s");
    }

    [Fact]
    public void Every_figure_is_well_formed_svg_at_both_widths_and_stays_inside_its_width()
    {
        foreach (
            ReportData made in new[]
            {
                MadeUpReport.Of(),
                MadeUpReport.Of(32, 32, samples: 3, masks: 200),
                MadeUpReport.Of(24, 14, samples: 1, masks: 50),
                MadeUpReport.Of(1, 1, samples: 2, masks: 50),
            }
        )
        {
            ReportData data = MadeUpAnalyses.With(made, perObject: 3);
            foreach (Figure figure in Figures.Of(Findings.Of(data)))
            {
                foreach (double width in new[] { Drawing.Wide, Drawing.Narrow })
                {
                    XDocument svg = XDocument.Parse(figure.Drawing.Draw(width, "x"));
                    double height = double.Parse(svg.Root!.Attribute("height")!.Value, CultureInfo.InvariantCulture);
                    height.Should().BeInRange(50, 2500, figure.Name);
                    foreach (XElement mark in svg.Descendants().Where(e => e.Attribute("x") is not null))
                    {
                        double.Parse(mark.Attribute("x")!.Value, CultureInfo.InvariantCulture)
                            .Should()
                            .BeInRange(0, width, "{0} at {1}: {2}", figure.Name, width, mark);
                    }
                }
            }
        }
    }

    [Fact]
    public void The_page_loads_nothing_and_its_ids_are_unique_and_its_anchors_exist()
    {
        string page = Page(MadeUpReport.Of());

        Count(page, "http://")
            .Should()
            .Be(Count(page, "xmlns=\"http://www.w3.org/2000/svg\""), "only the namespace of SVG is an address");
        page.Should().NotContain("https://").And.NotContain("<link").And.NotContain("@import");
        Count(page, "url(").Should().Be(Count(page, "url(data:font/ttf;base64,")).And.Be(2, "the font, in two weights");
        string[] ids = [.. Ids().Matches(page).Select(m => m.Groups[1].Value)];
        ids.Should().OnlyHaveUniqueItems();
        string[] anchors = [.. Anchors().Matches(page).Select(m => m.Groups[1].Value)];
        anchors.Should().NotBeEmpty().And.BeSubsetOf(ids, "without an explorer there is no place to walk to");
    }

    [Fact]
    public void A_card_leads_to_its_sample_where_there_is_an_explorer_and_has_a_name_without_an_answer()
    {
        ReportData data = MadeUpReport
            .Of(4, 6, samples: 3, masks: 40)
            .EachSample(s => s.SampleId == "000001" ? s with { Answer = " " } : s);
        Findings explored = Findings.Of(data),
            alone = Findings.Of(data.AnswersAlone());

        string leading = HtmlReport.Page(explored, [], ExplorerFiles.Of(explored)),
            still = HtmlReport.Page(alone, [], ExplorerFiles.Of(alone));

        leading
            .Should()
            .Contain("<b><a href=\"#sample=000000\">Dog</a></b>")
            .And.Contain("<b><a href=\"#sample=000001\">(empty)</a></b>");
        still.Should().NotContain("#sample=").And.Contain("<b>Dog</b>").And.Contain("<b>(empty)</b>");
    }

    [Fact]
    public void Text_from_models_files_and_specs_is_escaped()
    {
        const string evil = "<script>alert('1')</script>&\"\u0007\ud800";
        ReportData made = MadeUpAnalyses.With(MadeUpReport.Of(samples: 2, masks: 50), perObject: 2);
        ReportData data = (
            made with
            {
                Tables = made.Tables.WithNote<LayoutRow>(evil).WithNote<HeadVectorRow>(evil),
                Name = evil,
                Question = evil,
                Command = evil,
                Settings = [new(evil, evil, false, evil)],
                Links = [new(evil, "tables/a b#c.csv", evil)],
                Facts = [new(evil, evil)],
                Model = made.Model with { Name = evil, Family = evil, Path = evil, Arithmetic = evil },
            }
        )
            .EachSample(s =>
                s with
                {
                    Answer = evil,
                    File = evil,
                    Category = evil,
                    SuperCategory = evil,
                    Target = evil,
                }
            )
            .Each<LayoutRow>(p => p with { Object = evil, SuperCategory = evil })
            .Each<HeadVectorRow>(r => r with { SampleId = r.SampleId == "000000" ? r.SampleId : evil })
            .WithSettings(new PromptSimilaritySpec { Prompts = [evil] })
            .Each<PromptSimilarityRow>(p => p with { Prompt = evil, Question = evil })
            .Each<NeededRow>(t => t with { Criterion = evil })
            .With([MadeUpRows.Rejected(evil, evil, evil, evil)]);

        string page = Page(data);

        page.Should().NotContain("<script>alert").And.NotContain("\u0007").And.Contain("tables/a%20b%23c.csv");
        foreach (Figure figure in Figures.Of(Findings.Of(data)))
        {
            _ = XDocument.Parse(figure.Drawing.Draw(Drawing.Wide, "x"));
        }
    }

    [Fact]
    public void Numbers_do_not_follow_the_culture_of_the_machine()
    {
        ReportData data = MadeUpAnalyses.With(MadeUpReport.Of(samples: 3, masks: 50), perObject: 2);
        string invariant = Page(data);
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            Page(data).Should().Be(invariant);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Parts_that_a_run_does_not_have_are_left_out()
    {
        ReportData all = MadeUpReport.Of(samples: 3, masks: 50);
        ReportData answersOnly = all.AnswersAlone();
        ReportData nothing = (
            answersOnly with
            {
                Samples = [],
                Settings = [],
                Links = [],
                Facts = [],
            }
        ).With<SampleRow>([]);

        Figures.Of(Findings.Of(answersOnly)).Should().BeEmpty();
        Page(answersOnly)
            .Should()
            .NotContain("id=\"fit\"")
            .And.NotContain("id=\"validation\"")
            .And.Contain("id=\"samples\"");
        Page(nothing).Should().NotContain("NaN");
    }

    [Fact]
    public void Numbers_that_are_not_finite_show_as_a_dash()
    {
        ReportData made = MadeUpReport.Of(samples: 3, masks: 50);
        ReportData data = made.EachSample(s =>
                s with
                {
                    R2 = double.NaN,
                    Rho = double.NaN,
                    Intact = double.PositiveInfinity,
                    TestPhi = [.. s.TestPhi.Select(_ => double.NaN)],
                    Beta = [.. s.Beta.Select(_ => 0.0)],
                }
            )
            .Each<ValidationRow>(v => v with { Faithfulness = double.NaN, Completeness = double.NaN });

        Page(data).Should().NotContain("NaN").And.NotContain("∞").And.Contain("not reached");
    }

    [Fact]
    public void A_published_model_stands_beside_the_papers_numbers()
    {
        string page = Page(MadeUpReport.Of(samples: 3, masks: 50, model: "llava-1.5-7b-hf"));

        page.Should().Contain("LLaVA-1.5-7B, paper").And.Contain("0.82 ± 0.05").And.Contain("0.91 ± 0.03");
    }

    private static string Page(ReportData data)
    {
        Findings findings = Findings.Of(data);
        return HtmlReport.Page(findings, Figures.Of(findings));
    }

    private static int Count(string text, string part) => Regex.Count(text, Regex.Escape(part));

    [GeneratedRegex(" id=\"([^\"]+)\"")]
    private static partial Regex Ids();

    [GeneratedRegex(" href=\"#([^\"]+)\"")] // of links: style sheets have [href=...], too
    private static partial Regex Anchors();
}
