using FluentAssertions;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class StabilityFigureTests
{
    private static Drawing? Of(params StabilityRow[] rows) =>
        StabilityFigure.Of(Findings.Of(MadeUpReport.Of(samples: 4).With(rows)));

    /// <summary>Two samples at half and all of their masks.</summary>
    private static StabilityRow[] Rows(double before, double after, double cosine, int masks = 1000) =>
        [
            .. new[] { "a", "b" }.SelectMany(
                (id, i) =>
                    new[]
                    {
                        Row(id, 0.5, (masks / 2) + (100 * i), before + (0.001 * i), cosine, 0.9, 0.8, 0.889),
                        Row(id, 1, masks + (200 * i), after + (0.001 * i), 1, cosine, 0.9, 0.947),
                    }
            ),
        ];

    private static StabilityRow Row(string sample, double share, int masks, params double[] found) =>
        new(
            sample,
            share,
            masks,
            masks,
            Undefined.ToNull(found[0]),
            null,
            Undefined.ToNull(found[1]),
            Undefined.ToNull(found[2]),
            Undefined.ToNull(found[3]),
            Undefined.ToNull(found[4])
        );

    [Theory]
    [InlineData(0.80, 0.805, 0.99, "raised R² by 0.005\u00a0[0.005,\u00a00.005]", "more masks would change little.")]
    [InlineData(0.80, 0.84, 0.95, "raised R² by 0.040", "more masks would still sharpen β a little.")]
    [InlineData(0.60, 0.80, 0.80, "raised R² by 0.200", "the masks were too few; raise their count.")]
    [InlineData(0.80, 0.798, 0.99, "lowered R² by 0.002", "more masks would change little.")]
    public void The_sentence_says_what_the_last_doubling_changed_and_whether_that_was_enough(
        double before,
        double after,
        double cosine,
        string gain,
        string verdict
    )
    {
        Drawing figure = Of(Rows(before, after, cosine))!;
        figure
            .Shows.Should()
            .Contain(gain)
            .And.Contain(verdict)
            .And.Contain("Doubling the masks from 550 to 1\u202f100")
            .And.Contain("0.947");
        figure.Reading.Should().Contain("n = 2").And.Contain("different numbers of masks");
        figure.Table.Rows.Should().HaveCount(2);
    }

    [Fact]
    public void Without_a_halving_it_says_so_and_without_rows_there_is_no_figure()
    {
        Of().Should().BeNull();
        Of(Row("a", 1, 60, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN))!
            .Shows.Should()
            .StartWith("The masks were not halved");
        Of([.. Rows(0.1, 0.2, double.NaN)])!.Shows.Should().StartWith("The masks were not halved");
    }

    [Fact]
    public void It_draws_at_both_widths_whatever_is_undefined()
    {
        foreach (
            StabilityRow[] rows in new[]
            {
                Rows(0.8, 0.81, 0.99),
                Rows(double.NaN, -3, double.NaN),
                [Row("a", 1, 2, 0, 0, 0, 0, 0)],
            }
        )
        {
            foreach (double width in new[] { Drawing.Wide, Drawing.Narrow })
            {
                Of(rows)!.Draw(width, "x").Should().NotContain("NaN").And.NotContain("Infinity");
            }
        }
    }
}
