using FluentAssertions;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>Figures over several experiments: small multiples by family and size, each study once.</summary>
public sealed class OverviewFigureTests
{
    [Theory]
    [InlineData(new[] { 13.0, 20, 30, 45, 60, 80 }, "it grows with the model, as the paper finds")]
    [InlineData(new[] { 13.0, 60, 20, 55, 30, 45 }, "the models do not tell whether it grows with the model")]
    [InlineData(new[] { 13.0, 12, 11, 10, 9, 8 }, "it does not grow with the model, unlike in the paper")]
    [InlineData(new[] { 13.0, 80 }, "too few models to tell whether it grows")]
    public void Heads_needed_against_size_have_the_verdict_of_the_claim(double[] complete, string verdict)
    {
        OverviewData data = Data([.. complete.Select((c, i) => Sized($"model {i}", 64 * (i + 1), 3, c))]);
        Drawing figure = OverviewSizesFigure.Of(data)!;

        figure
            .Shows.Should()
            .Contain(verdict)
            .And.Contain("of 64 heads (4.7 and 20.3 %)")
            .And.Contain($"{complete.Length} models")
            .And.Contain("\u03c1 = ");
        figure.Reading.Should().Contain("faithfulness > 0.8").And.Contain("completeness < 0.2");
        figure
            .Draw(Drawing.Wide, "x")
            .Should()
            .Contain(">heads needed<")
            .And.Contain("% of the model")
            .And.Contain(">model 0<")
            .And.Contain(">model 1<");
        OverviewSizesFigure.Of(Data(Sized("a", 64, 3, 13), Sized("b", 64, 3, 13))).Should().BeNull("one size");
    }

    [Fact]
    public void A_study_that_is_listed_twice_counts_once_and_models_stand_by_family_and_size()
    {
        OverviewExperiment large = Sized("large", 400, 3, 13),
            small = Sized("small", 64, 3, 13),
            other = Sized("other", 900, 3, 13) with { Family = "A" };

        Data(large, small, large, other).BySize.Select(e => e.Name).Should().Equal("other", "small", "large");
    }

    [Fact]
    public void Thresholds_are_named_and_so_is_that_they_differ()
    {
        OverviewExperiment one = Sized("one", 64, 3, 13),
            two = Sized("two", 400, 3, 13) with { FaithfulnessThreshold = 0.9 };

        Data(one, one).Threshold("faithfulness", ">", e => e.FaithfulnessThreshold).Should().Be("faithfulness > 0.8");
        Data(one, two)
            .Threshold("faithfulness", ">", e => e.FaithfulnessThreshold)
            .Should()
            .Be("faithfulness > 0.8 or 0.9, as each experiment says");
    }

    [Fact]
    public void Every_experiment_with_its_parts_has_a_panel_at_both_widths()
    {
        OverviewData data = Data([
            .. Enumerable
                .Range(0, 7)
                .Select(i =>
                {
                    ReportData made = MadeUpReport.Of(3 + i, 4, samples: 3, masks: 50);
                    return Sized($"model {i}", 12 + (4 * i), 3, 5) with
                    {
                        Parts = OverviewParts.Of(Findings.Of(MadeUpAnalyses.With(made, perObject: 1))),
                    };
                }),
        ]);
        Figure[] figures = [.. Figures.Of(data)];

        figures
            .Select(f => f.Name)
            .Should()
            .Contain([
                "fig3b-model-size",
                "fig12-head-frequency",
                "fig13-tsne",
                "fig14-beta-attention",
                "fig15-text-tokens",
            ]);
        foreach (Figure figure in figures.Where(f => f.Name.StartsWith("fig1", StringComparison.Ordinal)))
        {
            foreach (double width in new[] { Drawing.Wide, Drawing.Narrow })
            {
                string drawn = figure.Drawing.Draw(width, "x");
                drawn.Should().NotContain("NaN");
                Enumerable.Range(0, 7).Should().OnlyContain(i => drawn.Contains($">model {i}<"), figure.Name);
            }
        }
    }

    [Fact]
    public void The_last_token_is_the_prompts_and_none_that_was_given_of_the_answer()
    {
        OverviewExperiment Traced(string name, params (string Token, double Delta)[] tokens) =>
            Sized(name, 64, 3, 13) with
            {
                Parts = OverviewParts.None with
                {
                    Tokens = [.. tokens.Select((t, i) => new OverviewTokenRow(i, t.Token, t.Delta, null, null, null))],
                },
            };

        OverviewTokensFigure
            .Of(Data(Traced("one", ("question", 0), (":", 1), ("given", 0)), Traced("two", ("a", 0), (":", 1))))!
            .Shows.Should()
            .Contain("of 1 text token a model passes")
            .And.Contain("the last token's does in 2 of 2 experiments");
    }

    private static OverviewData Data(params OverviewExperiment[] experiments) => new("models", "run", experiments);

    private static OverviewExperiment Sized(string model, int heads, double faithful, double complete) =>
        new(
            model,
            $"{model}/report.html",
            model,
            heads,
            20,
            [
                new KeyNumber(KeyNumbers.FaithfulHeads, Criteria.HeadAttribution, Around(faithful)),
                new KeyNumber(KeyNumbers.CompleteHeads, Criteria.HeadAttribution, Around(complete)),
                new KeyNumber(Redundancy.Quantity, "", Around(complete / faithful)),
            ]
        )
        {
            Family = "LLaVA-1.5",
        };

    private static Estimate Around(double mean) => new(mean, 1, mean - 0.5, mean + 0.5, 20);
}
