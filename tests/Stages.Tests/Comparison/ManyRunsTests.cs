using FluentAssertions;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Comparison;

public sealed class ManyRunsTests
{
    private static readonly ManyRuns Three = ManyRuns.Of([
        ComparisonPageTests.Alike("one", "two"),
        ComparisonPageTests.Alike("one", "three"),
    ]);

    [Fact]
    public void Every_run_has_a_row_with_what_it_differs_in_from_the_first()
    {
        ComparisonTable table = ManyRunsTable.Results(Three);

        table.Rows.Select(r => r[1]).Should().Equal("one", "two", "three");
        table.Rows.Select(r => (r[2], r[3])).Should().Equal(("2", ""), ("2", "2"), ("2", "2"));
        table.Rows[0][5].Should().BeEmpty();
        table.Rows[1][5].Should().StartWith("+0.150");
        table.Rows.Should().OnlyContain(r => r.Count == table.Columns.Count);
    }

    [Fact]
    public void Cosines_are_those_of_the_mean_betas()
    {
        // Means of A are (.5, 1, 0, 0), of the others (.5, 1.5, 0, 0)
        double expected = ((0.5 * 0.5) + (1 * 1.5)) / Math.Sqrt((0.25 + 1) * (0.25 + 2.25));

        Three.Cosine[0, 1].Should().BeApproximately(expected, 1e-12);
        Three.Cosine[1, 2].Should().BeApproximately(1, 1e-12);
        Three.Cosine[2, 0].Should().Be(Three.Cosine[0, 2]);
    }

    [Fact]
    public void Settings_have_a_column_a_run()
    {
        ComparisonTable settings = ManyRunsTable.Settings(Three)!;

        settings.Columns.Select(c => c.Title).Should().Equal("setting", "A", "B", "C");
        settings
            .Rows.Should()
            .ContainSingle(r => r[0] == "prompt" && r[1] == "default" && r[2] == "p1" && r[3] == "p1");
    }

    [Fact]
    public void The_page_has_a_map_a_run_less_the_first_and_loads_nothing()
    {
        string page = ManyRunsPage.Html(Three);

        page.Should().Contain("B − A").And.Contain("C − A").And.NotContain(" src=");
        Figure figure = Figures.Of(Three).Should().ContainSingle().Subject;
        figure.Table.Rows.Should().HaveCount(2 * 4);
        figure.Table.Rows[1].Should().Equal("B − A", 0, 1, 0.5);
    }

    [Fact]
    public void Models_with_other_heads_have_no_cosine_and_no_map()
    {
        var unlike = ManyRuns.Of([ComparisonPageTests.Unlike(), ComparisonPageTests.Unlike()]);

        unlike.Cosine[0, 1].Should().Be(double.NaN);
        Figures.Of(unlike).Should().BeEmpty();
        ManyRunsPage.Html(unlike).Should().Contain("R²");
    }

    [Fact]
    public void A_scale_is_cut_at_a_percentile_unless_all_below_it_are_zero()
    {
        BetaDifferences
            .Most([
                [.. Enumerable.Range(1, 200).Select(i => (double)i)],
            ])
            .Should()
            .Be(198);
        BetaDifferences
            .Most([
                [.. Enumerable.Repeat(0.0, 199), 5],
            ])
            .Should()
            .Be(5);
        BetaDifferences
            .Most([
                [],
            ])
            .Should()
            .Be(0);
    }
}
