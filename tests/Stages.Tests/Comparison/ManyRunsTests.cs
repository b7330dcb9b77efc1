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
        table.Rows[1][5].Should().Be("+0.150, too few", "two samples tell no difference");
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
    public void Cosines_are_over_the_samples_that_both_have_as_between_two_runs()
    {
        FitResults a = MadeUpRuns.Fit(2, 1, ("s1", [1, 0], 0.8), ("s2", [0, 1], 0.8)),
            b = MadeUpRuns.Fit(2, 1, ("s1", [1, 0], 0.8), ("s3", [-1, 1], 0.8));
        RunComparison alike = ComparisonPageTests.Alike(),
            compared = MadeUpRuns.Whole(a, b, alike.Scans[0].A, alike.Scans[0].B);

        ManyRuns.Of([compared]).Cosine[0, 1].Should().Be(1).And.Be(compared.FirstFit!.Beta!.OfMeans.Cosine);
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
    public void Where_one_model_has_other_heads_all_that_are_needed_are_shares_and_the_column_says_so()
    {
        ComparisonTable counts = ManyRunsTable.Results(ManyRuns.Of([ComparisonPageTests.Alike()])),
            shares = ManyRunsTable.Results(ManyRuns.Of([ComparisonPageTests.Alike(), ComparisonPageTests.Unlike()]));

        counts.Columns[6].Title.Should().Be("heads, faithfulness");
        shares.Columns[6].Title.Should().Be("% of heads, faithfulness");
        for (int run = 0; run < 2; run++)
        {
            First(shares.Rows[run][6]).Should().BeApproximately(First(counts.Rows[run][6]) * 25, 1.3, "of 4 heads");
        }

        static double First(string cell) =>
            double.Parse(cell.Split(' ', '\u00a0')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void As_many_heads_in_another_shape_have_no_cosine()
    {
        var runs = ManyRuns.Of([Against((2, 1)), Against((1, 2))]);

        runs.Cosine[0, 1].Should().BeApproximately(1, 1e-12);
        runs.Cosine[0, 2].Should().Be(double.NaN);
        runs.Cosine[1, 2].Should().Be(double.NaN);
    }

    [Fact]
    public void Equal_runs_are_said_to_be_the_same()
    {
        var runs = ManyRuns.Of([Against((2, 1)), Against((2, 1))]);

        Figure figure = Figures.Of(runs).Should().ContainSingle().Subject;
        figure.Drawing.Shows.Should().Be("Mean β is the same in all of these runs.");
        figure.Drawing.Reading.Should().EndWith("runs up to 0.000.", "nothing is clipped");
    }

    [Theory]
    [InlineData(0.5, 1, "B gains most in layer 1 head 0 (0.50 to 1.00) and loses in no head.")]
    [InlineData(1, 0.5, "B loses most in layer 1 head 0 (1.00 to 0.50) and gains in no head.")]
    [InlineData(1, 1, "Mean β is the same in both runs.")]
    public void Where_no_head_gains_or_loses_none_is_named(double a, double b, string shows)
    {
        RunComparison runs = Against((2, 1), [0.25, a], [0.25, b]);

        Figures
            .Of(new ComparedFits(runs, runs.Fits[0]))
            .Single(f => f.Name == "beta-difference")
            .Drawing.Shows.Should()
            .Be(shows);
    }

    /// <summary>A run of two layers with one head each, against one of some shape.</summary>
    private static RunComparison Against((int Layers, int Heads) shape, double[]? a = null, double[]? b = null)
    {
        RunComparison alike = ComparisonPageTests.Alike();
        FitResults one = MadeUpRuns.Fit(2, 1, ("s1", a ?? [1, 0.5], 0.8)),
            other = MadeUpRuns.Fit(shape.Layers, shape.Heads, ("s1", b ?? [1, 0.5], 0.8));
        return MadeUpRuns.Whole(one, other, alike.Scans[0].A, alike.Scans[0].B);
    }
}
