using FluentAssertions;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class AnalysisFigureTests
{
    private static readonly ReportData Made = MadeUpReport.Of(4, 4, samples: 4, masks: 50);

    [Fact]
    public void Without_their_rows_there_are_no_figures_of_the_analyses()
    {
        Findings findings = Findings.Of(Made);

        new[]
        {
            ThresholdsFigure.Of(findings), RatioFigure.Of(findings), SingleHeadFigure.Of(findings), BetaAttentionFigure.Of(findings), LayoutFigure.Of(findings), HeadVectorsFigure.Of(findings), PromptFigure.Of(findings), StylesFigure.Of(findings),
        }.Should().AllBeEquivalentTo((Figure?)null);
    }

    [Fact]
    public void Rho_over_all_heads_of_all_samples_equals_the_plain_correlation()
    {
        ReportData data = MadeUpAnalyses.With(Made, perObject: 2);
        double plain = Metrics.Pearson([.. data.Samples.SelectMany(s => s.ImageAttention)], [.. data.Samples.SelectMany(s => s.Beta)]);

        BetaAttentionFigure.Of(Findings.Of(data))!.Shows.Should().Contain($"ρ = {Format.Fixed(plain, 2)}");
    }

    [Fact]
    public void Attention_equal_to_beta_is_told_apart_from_attention_that_says_nothing()
    {
        ReportData same = Made with { Samples = [.. Made.Samples.Select(s => s with { ImageAttention = s.Beta })] };
        ReportData constant = Made with { Samples = [.. Made.Samples.Select(s => s with { ImageAttention = [.. s.Beta.Select(_ => 0.5)] })] };

        BetaAttentionFigure.Of(Findings.Of(same))!.Shows.Should().Contain("ρ = 1.00").And.Contain("more than the paper finds");
        BetaAttentionFigure.Of(Findings.Of(constant))!.Shows.Should().Contain("no correlation to state");
    }

    [Fact]
    public void The_share_of_samples_without_a_head_above_5_percent_is_counted()
    {
        double[][] deltas = [[0.01, 0.04], [0.05, 0], [0.051, 0], [-1, 0.02]];
        ReportData data = Made with
        {
            Model = Made.Model with { Layers = 1, Heads = 2 },
            Samples = [.. Made.Samples.Select((s, i) => s with { Beta = [], SingleHead = deltas[i] })],
            Validation = [],
        };

        SingleHeadFigure.Of(Findings.Of(data))!.Shows.Should().StartWith("In 3 of 4 samples (75\u202f%)").And.Contain("as the paper finds");
    }

    [Fact]
    public void A_threshold_that_is_never_crossed_is_counted_and_not_averaged()
    {
        ReportData data = Made with
        {
            Thresholds =
            [
                new("a", "head-attribution", 0, ValidationQuantity.Faithfulness, 0.5, 2), new("b", "head-attribution", 0, ValidationQuantity.Faithfulness, 0.5, 4),
                new("a", "head-attribution", 0, ValidationQuantity.Faithfulness, 0.9, 6), new("b", "head-attribution", 0, ValidationQuantity.Faithfulness, 0.9, double.NaN),
                new("a", "random", 1, ValidationQuantity.Faithfulness, 0.5, 4), new("a", "random", 2, ValidationQuantity.Faithfulness, 0.5, 6),
            ],
        };

        FigureTable table = ThresholdsFigure.Of(Findings.Of(data))!.Table;

        object?[] Row(double threshold, string criterion) => [.. table.Rows.Single(r => (double)r[1]! == threshold && (string)r[2]! == criterion)];
        Row(0.5, "head-attribution").Should().StartWith(["faithfulness", 0.5, "head-attribution", 3.0]).And.EndWith([2, 0]);
        Row(0.9, "head-attribution").Should().EndWith([1, 1]);
        Row(0.5, "random")[3].Should().Be(5.0, "seeds are averaged within a sample");
    }

    [Fact]
    public void A_stray_head_is_no_main_branch()
    {
        // four heads that serve all samples, four that serve the first, one far from everything
        double[][] vectors = [.. Enumerable.Range(0, 4).Select(i => new[] { 0.3 + (0.01 * i), 0.3, 0.3, 0.3 }), .. Enumerable.Range(0, 4).Select(i => new[] { 0.15 + (0.01 * i), 0, 0, 0 }), [0, 9, 0, 0]];
        var heads = new HeadVectors(
            [.. Enumerable.Range(0, 9)], [.. Enumerable.Range(0, 4).Select(i => new HeadVectorSample($"{i}", "dog", "animal"))], vectors,
            Linkage.Of(vectors, DistanceMetric.Euclidean, LinkageMethod.Average), 0.1, "average linkage");

        Figure figure = HeadVectorsFigure.Of(Findings.Of(Made with { HeadVectors = heads }))!;

        figure.Shows.Should().Contain("4 heads that pass β > 0.1 in 100\u202f%").And.Contain("4 heads that pass β > 0.1 in 25\u202f%").And.Contain("1 head stands apart").And.Contain("as the paper finds");
        figure.Table.Rows.Should().HaveCount(36);
    }

    [Fact]
    public void One_head_vector_and_one_sample_are_drawn()
    {
        var one = new HeadVectors([3], [new HeadVectorSample("a", "", "")], [[0.2]], Linkage.Of([], 1, LinkageMethod.Average), 0.1, "average linkage");
        ReportData data = Made with { HeadVectors = one, Layout = new SampleLayout([new LayoutPoint("a", "a.jpg", "", "", 0, 0)], "Exact t-SNE") };

        HeadVectorsFigure.Of(Findings.Of(data))!.Draw(Figure.Narrow, "x").Should().Contain("layer 0, head 3").And.NotContain("NaN");
        LayoutFigure.Of(Findings.Of(data))!.Draw(Figure.Narrow, "x").Should().NotContain("NaN");
    }

    [Fact]
    public void High_ratios_are_compared_with_low_ones_within_each_sample()
    {
        RatioRow[] Rows(double faithfulAbove) => [.. from sample in new[] { "few", "some", "many" }
                                                     from ratio in new[] { 0.25, 0.5, 0.75 }
                                                     let heads = sample == "few" ? 4 : sample == "some" ? 10 : 50
                                                     select new RatioRow(sample, ratio, ratio > 0.5 ? heads + faithfulAbove : heads, ratio > 0.5 ? heads - 1 : heads, 1 - (0.4 * ratio))];
        string Shows(double faithfulAbove) => RatioFigure.Of(Findings.Of(Made with { Ratios = Rows(faithfulAbove) }))!.Shows;

        Shows(-2).Should().Contain("ratios above 50\u202f% need 2.0\u00a0[2.0, 2.0] fewer heads for faithfulness").And.Contain("1.0\u00a0[1.0, 1.0] fewer for completeness: fewer in both, as in the paper");
        Shows(+2).Should().Contain("2.0\u00a0[2.0, 2.0] more heads for faithfulness").And.Contain("in the paper they need fewer in both");
        Shows(0).Should().Contain("which these samples do not settle");
        Shows(0).Should().Contain("add up best at p\u00a0=\u00a025\u202f% (R² 0.90) and worst at p\u00a0=\u00a075\u202f% (R² 0.70)");
    }

    [Fact]
    public void Prompts_are_compared_with_the_papers_only_where_the_reports_own_is_the_default_prompt()
    {
        PromptResult[] prompts = [new("p1", "Identify?", [0.9, 0.94]), new("", "What do you see here?", [0.8, 0.82]), new("p3", "Name it?", [])];
        Figure Of(bool isDefault) => PromptFigure.Of(Findings.Of(Made with { Prompts = prompts, IsDefaultQuestion = isDefault }))!;

        Of(true).Shows.Should().StartWith("Over 2 prompts β keeps a mean cosine of 0.86 with that under the default prompt; the lowest is “What do you see here?” with 0.81").And.Contain("No answer under p3 is right").And.Contain("0.95");
        Of(false).Shows.Should().Contain("this report's question").And.NotContain("paper");
        Of(false).Draw(Figure.Wide, "x").Should().NotContain("paper:").And.Contain("none");
        Of(true).Draw(Figure.Narrow, "x").Should().Contain("paper:");
    }

    [Fact]
    public void Values_that_are_not_finite_leave_no_NaN_in_a_drawing()
    {
        ReportData data = MadeUpAnalyses.With(Made, perObject: 2);
        data = data with
        {
            Samples = [.. data.Samples.Select(s => s with { SingleHead = [.. s.SingleHead.Select((d, n) => n % 3 == 0 ? double.NaN : d)] })],
            Thresholds = [.. data.Thresholds.Select(t => t with { Heads = double.NaN })],
            Ratios = [.. data.Ratios.Select(r => r with { FaithfulHeads = double.NaN, R2 = double.NaN })],
            Styles = data.Styles! with
            {
                Cosines = data.Styles.Cosines with { Pairs = [.. data.Styles.Cosines.Pairs.Select((p, i) => i % 2 == 0 ? p with { Cosine = Estimate.None } : p)] },
                Means = [.. data.Styles.Means.Select((m, i) => i % 2 == 0 ? m with { Mean = Estimate.None } : m)],
            },
            Prompts = [.. data.Prompts.Select((p, i) => p with { Cosines = [.. p.Cosines.Select(c => i % 2 == 0 ? double.NaN : c)] })],
        };

        foreach (Figure figure in HtmlReport.Figures(Findings.Of(data)))
        {
            figure.Draw(Figure.Wide, "x").Should().NotContain("NaN", figure.Name).And.NotContain("∞", figure.Name);
            figure.Shows.Should().NotContain("NaN", figure.Name);
        }
    }

    [Theory]
    [InlineData(0.8, 0.5, "difference is 0.30 [0.20, 0.40]: β follows the object more than the style, as the paper finds")]
    [InlineData(0.5, 0.8, "difference is \u22120.30 [\u22120.40, \u22120.20]: β follows the style more than the object, unlike in the paper")]
    [InlineData(0.55, 0.5, "difference is 0.05 [\u22120.05, 0.15]: the samples do not tell whether β follows the object or the style")]
    public void What_beta_follows_is_told_by_the_interval(double across, double within, string told)
    {
        double difference = across - within;
        Figure figure = StylesFigure.Of(Findings.Of(Made with { Styles = Styles(Around(across), Around(within), Around(difference)) }))!;

        figure.Shows.Should().Contain(told).And.StartWith($"Two samples of the same object in different styles have a mean cosine of β of {Format.Fixed(across, 2)}");
        figure.Table.Rows.Should().Contain(r => Equals(r[0], "cosine, object over style") && Equals(r[5], difference));
    }

    [Fact]
    public void Styles_without_pairs_are_told_and_drawn()
    {
        Figure figure = StylesFigure.Of(Findings.Of(Made with { Styles = Styles(Estimate.None, Around(0.5), Estimate.None) }))!;

        figure.Shows.Should().StartWith("No two samples show the same object in different styles");
        figure.Draw(Figure.Narrow, "x").Should().NotContain("NaN").And.NotContain("head attribution", "no validation, no panel of heads");
    }

    [Fact]
    public void Without_super_categories_samples_are_coloured_by_object_and_those_of_rare_objects_together()
    {
        LayoutPoint[] points = [.. Enumerable.Range(0, 60).Select(i => new LayoutPoint($"{i}", $"{i}.jpg", $"object {i % 30:00}", "", i % 7, i % 11, i < 30 ? "real" : "sketch"))];
        Figure figure = LayoutFigure.Of(Findings.Of(Made with { Layout = new SampleLayout([.. points, points[0] with { SampleId = "more" }], "Exact t-SNE") }))!;

        figure.Reading.Should().Contain("Colour and form: object");
        string drawn = figure.Draw(Figure.Wide, "x");
        drawn.Split("data-key=").Should().HaveCount(1 + 24);
        drawn.Should().Contain(">others<").And.NotContain("not known");
    }

    [Fact]
    public void Groups_of_marks_are_told_apart_by_colour_and_form_up_to_24()
    {
        Enumerable.Range(0, 24).Select(Palette.OfGroup).Should().OnlyHaveUniqueItems();
        Enumerable.Range(0, 23).Should().OnlyContain(g => Palette.OfGroup(g).Ink != Palette.OfGroup(g + 1).Ink);
    }

    private static Estimate Around(double mean) => new(mean, 0.2, mean - 0.1, mean + 0.1, 40);

    private static StyleData Styles(Estimate across, Estimate within, Estimate difference) => new(
        ["real", "sketch"],
        new StyleComparison(
            [
                .. from a in new[] { "real", "sketch" }
                   from b in new[] { "real", "sketch" }
                   where string.CompareOrdinal(a, b) <= 0
                   from same in new[] { true, false }
                   select new StylePairs(a, b, same, a != b && same ? across : within),
            ],
            [new(true, true, within), new(true, false, across), new(false, true, within), new(false, false, within)], difference),
        []);
}
