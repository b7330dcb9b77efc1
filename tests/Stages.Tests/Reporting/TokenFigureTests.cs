using FluentAssertions;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class TokenFigureTests
{
    private static readonly string[] Names =
    [
        "fig4a-text-tokens",
        "fig4b-image-tokens",
        "fig4c-weighted-attention",
        "fig8-logit-lens",
    ];

    [Fact]
    public void A_run_without_token_stages_has_none_of_their_figures_nor_sections()
    {
        Findings findings = Findings.Of(MadeUpReport.Of(samples: 3, masks: 50).WithoutTraces().With<LensRow>([]));
        Figures.Of(findings).Select(f => f.Name).Should().NotContain(Names);
        LogitKeptTable.Of(findings).Should().BeNull();
        HtmlReport
            .Page(findings, Figures.Of(findings))
            .Should()
            .NotContain("id=\"tokens\"")
            .And.NotContain("id=\"lens\"");
    }

    [Fact]
    public void Without_image_tokens_the_text_tokens_are_shown_alone()
    {
        ReportData data = MadeUpReport.Of(samples: 3, masks: 50);
        data = data.EachTrace(s => s with { Beta = [], Seen = null });
        Figures
            .Of(Findings.Of(data))
            .Select(f => f.Name)
            .Should()
            .Contain(Names[0])
            .And.NotContain(Names[1])
            .And.NotContain(Names[2]);
    }

    [Fact]
    public void Tokens_outside_the_grid_are_in_the_correlation_but_not_in_the_map()
    {
        ReportData data = MadeUpReport.Of(samples: 2, masks: 50);
        data = data.EachTrace(s =>
            s with
            {
                Beta = [.. s.Beta, .. new double[600]],
                Attention = [.. s.Attention, .. new double[600]],
            }
        );
        var figures = Figures.Of(Findings.Of(data)).ToDictionary(f => f.Name);
        figures[Names[1]].Table.Rows.Should().HaveCount(2 * 576);
        figures[Names[1]].Drawing.Reading.Should().Contain("other 600 tokens");
        figures[Names[2]].Table.Rows.Should().HaveCount(2 * 1176);
    }

    [Theory]
    [InlineData(5, 5, 5)]
    [InlineData(30, 24, 12)]
    public void A_sample_is_shown_as_picture_with_its_object_framed_beta_and_weighted_attention(
        int samples,
        int wide,
        int narrow
    )
    {
        ReportData data = MadeUpReport.Of(samples: samples, masks: 50);
        Drawing figure = Figures.Of(Findings.Of(data)).Single(f => f.Name == Names[1]).Drawing;

        foreach (var (width, shown) in new[] { (Drawing.Wide, wide), (Drawing.Narrow, narrow) })
        {
            string drawn = figure.Draw(width, "x");
            drawn.Split("<image").Should().HaveCount(1 + shown);
            drawn.Split("<use").Should().HaveCount(1 + (3 * shown), "the picture, and below two maps");
            drawn.Split("data-cells").Should().HaveCount(1 + (2 * shown));
            drawn.Should().Contain("object framed").And.Contain(">w, ρ ").And.Contain(">β, R² ");
        }

        (figure.Reading.Contains("24 of 30 samples", StringComparison.Ordinal)).Should().Be(samples == 30);
        figure.Reading.Should().Contain("99th percentile of its |β| or |w|");
        figure.Table.Columns.Should().Contain("weighted_attention");
    }

    [Fact]
    public void Table_3_is_the_mean_over_samples_beside_the_papers()
    {
        ReportData data = MadeUpReport.Of(32, 32, samples: 3, masks: 50, model: "llava-1.5-7b-hf");
        FigureTable table = LogitKeptTable.Of(Findings.Of(data))!.Table;
        table.Rows.Should().HaveCount(2);
        ((double)table.Rows[0][2]!).Should().BeApproximately(TracedSample.Of(data).Average(s => s.LogitKept), 1e-12);
        table.Rows[1].Take(3).Should().Equal("LLaVA-1.5-7B", "paper", 0.98);
    }

    [Fact]
    public void The_sentences_follow_the_data()
    {
        ReportData data = MadeUpReport.Of(samples: 8, masks: 50);
        string TextTokens(ReportData of) => TextTokensFigure.Of(Findings.Of(of))!.Shows;
        string Lens(ReportData of) => LogitLensFigure.Of(Findings.Of(of))!.Shows;
        TextTokens(data)
            .Should()
            .Contain("“:” alone")
            .And.Contain("as in the paper, the picture reaches the last tokens");
        TextTokens(
                data.EachTrace(s => s with { Delta = [.. s.Delta.Reverse()], Important = [.. s.Important.Reverse()] })
            )
            .Should()
            .Contain("“␣” alone")
            .And.Contain("unlike in the paper");
        Lens(data.Each<LensRow>(r => r with { IsTarget = false }))
            .Should()
            .StartWith("In 0 of 8 samples")
            .And.Contain("0\u202f%\u00a0[0\u202f%,\u00a00\u202f%] of these heads name it")
            .And.Contain("fewer than half");
        Lens(data.With(data.Tables.Rows<LensRow>().Where(r => string.CompareOrdinal(r.SampleId, "000005") < 0)))
            .Should()
            .Contain("5 samples are too few to tell");
    }

    [Theory]
    [InlineData("\n", "⏎")]
    [InlineData("   ", "␣␣␣")]
    [InlineData("", "␣")]
    [InlineData(" word", " word")]
    public void Blanks_and_line_ends_are_made_visible(string token, string shown) =>
        TokenText.Shown(token).Should().Be(shown);
}
