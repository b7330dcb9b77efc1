using FluentAssertions;
using Pipelines.Models.Vision;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Data;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Analysis;

/// <summary>Object and background (paper, 5.2), computed by hand.</summary>
public sealed class ObjectShareTests
{
    private static readonly PictureRegion?[] Grid = [.. PictureRegion.Whole.Cells(2, 2).Select(r => (PictureRegion?)r)];

    /// <summary>The whole upper left token and the upper half of the one below it.</summary>
    private static readonly PictureRegion Box = new(0, 0, 0.5, 0.75);

    [Fact]
    public void Tokens_count_by_the_part_that_the_object_covers_and_only_what_is_positive()
    {
        ObjectShare share = ObjectShare.Of(Grid, Box, beta: [2, 1, 3, -5], attention: [1, 1, 2, 0])!;

        share.Area.Should().Be(0.375, "(1 + 0 + 1/2 + 0) / 4");
        share.Beta.Should().BeApproximately(3.5 / 6, 1e-15, "(2 + 3/2) / (2 + 1 + 3)");
        share.Attention.Should().Be(0.5, "(1 + 2/2) / 4");
    }

    [Fact]
    public void A_token_without_a_place_counts_for_nothing()
    {
        ObjectShare share = ObjectShare.Of([.. Grid, null], Box, [2, 1, 3, -5, 100], [1, 1, 2, 0, 100])!;

        share.Should().Be(ObjectShare.Of(Grid, Box, [2, 1, 3, -5], [1, 1, 2, 0]));
    }

    [Fact]
    public void Scores_spread_evenly_give_the_area()
    {
        PictureRegion?[] cells = [.. PictureRegion.Whole.Cells(7, 5).Select(r => (PictureRegion?)r)];
        ObjectShare share = ObjectShare.Of(
            cells,
            new PictureRegion(0.13, 0.2, 0.61, 0.77),
            [.. cells.Select(_ => 0.3)],
            [.. cells.Select(_ => 2.0)]
        )!;

        share.Area.Should().BeApproximately(0.48 * 0.57, 1e-12);
        share.Beta!.Value.Should().BeApproximately(share.Area, 1e-12);
        share.Attention!.Value.Should().BeApproximately(share.Area, 1e-12);
    }

    [Fact]
    public void Without_positive_scores_there_is_no_share_and_outside_the_tokens_no_object()
    {
        ObjectShare.Of(Grid, Box, [], [-1, 0, -2, 0]).Should().Be(new ObjectShare(0.375, null, null));
        ObjectShare
            .Of([new PictureRegion(0.25, 0, 0.75, 1)], new PictureRegion(0, 0, 0.2, 1), [1], [1])
            .Should()
            .BeNull("the crop cuts the object off");
        ObjectShare.Of([null, null], Box, [1, 1], [1, 1]).Should().BeNull();
    }

    [Fact]
    public void A_box_is_cut_at_the_edges_and_belongs_to_pictures_of_its_shape()
    {
        ObjectBox
            .Of(-10, 5, 30, 100, width: 40, height: 20)
            .Should()
            .Be(new ObjectBox(new PictureRegion(0, 0.25, 0.5, 1), 40, 20));
        ObjectBox.Of(50, 5, 30, 10, width: 40, height: 20).Should().BeNull("it lies beside the picture");
        ObjectBox.Of(5, 5, 0, 10, width: 40, height: 20).Should().BeNull("it has no width");
        ObjectBox box = ObjectBox.Of(0, 0, 10, 10, width: 640, height: 427)!;
        box.Fits(640, 427).Should().BeTrue();
        box.Fits(320, 213).Should().BeTrue("half of it, rounded");
        box.Fits(427, 640).Should().BeFalse("it was turned since");
    }

    [Theory]
    [InlineData(
        0.2,
        0.5,
        12,
        "20\u202f%",
        "of the positive β lies on it, less than its share",
        "Most of β lies in the background"
    )]
    [InlineData(
        0.8,
        0.5,
        12,
        "80\u202f%",
        "of the positive β lies on it, more than its share",
        "as the paper finds by eye"
    )]
    [InlineData(
        0.8,
        0.5,
        3,
        "80\u202f%",
        "3 samples are too few to tell that from its share",
        "3 samples are too few to tell"
    )]
    public void The_sentence_holds_the_object_against_its_area(
        double beta,
        double attention,
        int samples,
        string share,
        string told,
        string paper
    )
    {
        ReportData made = MadeUpReport.Of(samples: 3, masks: 50);
        ReportData data = made.With(
            Enumerable
                .Range(0, samples)
                .Select(i => new ObjectShareRow(
                    $"{i}",
                    0.34 + (0.001 * i),
                    beta + (0.002 * (i % 2)) - 0.001,
                    attention
                ))
        );
        Findings findings = Findings.Of(data);

        Drawing figure = ObjectShareFigure.Of(findings)!;

        figure.Shows.Should().Contain(share[..2]).And.Contain("[").And.Contain(told).And.Contain(paper);
        figure.Table.Rows.Should().HaveCount(samples);
        KeyNumbers
            .Of(findings)
            .Where(n => n.Quantity.Contains("object", StringComparison.Ordinal))
            .Select(n => n.Quantity)
            .Should()
            .Equal("object_area", "beta_on_object", "attention_on_object");
        HtmlReport.Page(findings, Figures.Of(findings)).Should().Contain("id=\"fig-object-share\"");
    }

    [Fact]
    public void Without_boxes_there_is_no_figure_and_no_number()
    {
        Findings findings = Findings.Of(MadeUpReport.Of(samples: 3, masks: 50));

        ObjectShareFigure.Of(findings).Should().BeNull();
        KeyNumbers
            .Of(findings)
            .Select(n => n.Quantity)
            .Should()
            .NotContain(q => q.Contains("object", StringComparison.Ordinal));
        HtmlReport
            .Page(findings, Figures.Of(findings))
            .Should()
            .NotContain("object-share")
            .And.NotContain("Object or background");
    }

    [Fact]
    public void Samples_without_beta_are_drawn_by_their_attention_alone()
    {
        ReportData made = MadeUpReport.Of(samples: 3, masks: 50);
        ReportData data = made.With(
            Enumerable.Range(0, 8).Select(i => new ObjectShareRow($"{i}", 0.3, null, 0.4 + (0.01 * i)))
        );

        Drawing figure = ObjectShareFigure.Of(Findings.Of(data))!;

        figure.Shows.Should().Contain("of the weighted attention lies on it, more than its share").And.NotContain("β");
        foreach (double width in new[] { Drawing.Wide, Drawing.Narrow })
        {
            figure.Draw(width, "x").Should().NotContain("NaN");
        }
    }
}
