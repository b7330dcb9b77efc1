using System.Globalization;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Data.Matching;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Tests.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests;

public sealed class AccuracyTests
{
    [Fact]
    public void All_come_first_then_groups_in_order_and_an_answer_counts_in_each_of_its_groups()
    {
        AccuracyTables tables = AccuracyTables.Of(
            AnswerMatch.YesNo,
            [
                YesNo("yes", "yes", "b", "a", "a"),
                YesNo("no", "yes", "b"),
                YesNo("unknown", "no"),
                YesNo("no", "no", "B"),
            ]
        );
        tables.Accuracy.Select(r => r.Group).Should().Equal("all", "B", "a", "b");
        tables.Accuracy.Select(r => r.Judged).Should().Equal(4, 1, 1, 2);
        tables.Accuracy.Select(r => r.Right).Should().Equal(2, 1, 1, 1);
        tables.Accuracy.Select(r => r.Accuracy).Should().Equal(0.5, 1, 1, 0.5);
        tables.Accuracy.Select(r => r.YesRate).Should().Equal(0.25, 0, 1, 0.5);
        tables.Accuracy.Select(r => r.Unknown).Should().Equal(0.25, 0, 0, 0);
        tables.Accuracy.Should().OnlyContain(r => r.Match == "yes-no");
    }

    [Fact]
    public void Pairs_of_a_group_are_told_the_most_frequent_first()
    {
        AccuracyTables tables = AccuracyTables.Of(
            AnswerMatch.YesNo,
            [YesNo("no", "yes", "g"), YesNo("yes", "yes"), YesNo("no", "yes"), YesNo("no", "no")]
        );
        tables
            .Confusions.Should()
            .Equal(
                new ConfusionRow("all", "yes", "no", 2),
                new ConfusionRow("all", "no", "no", 1),
                new ConfusionRow("all", "yes", "yes", 1),
                new ConfusionRow("g", "yes", "no", 1)
            );
    }

    [Fact]
    public void Pairs_beyond_a_hundred_are_one_row()
    {
        JudgedAnswer Said(int i) => Wrong(i.ToString("D3", CultureInfo.InvariantCulture), "x");
        AccuracyTables
            .Of(AnswerMatch.Exact, [.. Enumerable.Range(0, 100).Select(Said)])
            .Confusions.Should()
            .HaveCount(100)
            .And.NotContain(p => p.Expected == "(other)");
        var many = AccuracyTables.Of(
            AnswerMatch.Exact,
            [.. Enumerable.Range(0, 130).Select(Said), Said(129), Wrong("(other)", "(other)")]
        );
        many.Confusions.Should().HaveCount(101);
        many.Confusions[0].Should().Be(new ConfusionRow("all", "x", "129", 2));
        many.Confusions[^1].Should().Be(new ConfusionRow("all", "(other)", "(other)", 31));
    }

    [Fact]
    public void What_is_not_judged_is_asked_and_nothing_more()
    {
        var nothing = new JudgedAnswer("a", ["g"], new MatchedAnswer(null, null, "dog", null, null));
        AccuracyTables none = AccuracyTables.Of(AnswerMatch.YesNo, [nothing]);
        none.Accuracy[0].Should().Be(new AccuracyRow("all", "yes-no", 1, 0, 0, null, null, null, null, null));
        none.Confusions.Should().BeEmpty();
        AccuracyTables.Of(AnswerMatch.Exact, []).Accuracy.Should().ContainSingle().Which.Asked.Should().Be(0);
        AccuracyRow some = AccuracyTables.Of(AnswerMatch.YesNo, [nothing, YesNo("yes", "yes")]).Accuracy[0];
        (some.Asked, some.Judged, some.Accuracy).Should().Be((2, 1, 1.0));
    }

    [Fact]
    public void Rates_of_classes_stand_only_where_there_are_classes()
    {
        AccuracyTables.Of(AnswerMatch.Exact, [YesNo("yes", "no")]).Accuracy[0].YesRate.Should().BeNull();
        AccuracyTables.Of(AnswerMatch.Exact, [YesNo("unknown", "no")]).Accuracy[0].Unknown.Should().BeNull();
        AccuracyRow letter = AccuracyTables.Of(AnswerMatch.Letter, [YesNo("unknown", "A")]).Accuracy[0];
        (letter.YesRate, letter.Unknown).Should().Be((null, 1.0));
    }

    [Fact]
    public void A_group_called_all_keeps_apart_from_all() =>
        AccuracyTables
            .Of(AnswerMatch.Exact, [Wrong("a", "b", "all"), Wrong("a", "b")])
            .Accuracy.Select(r => (r.Group, r.Judged))
            .Should()
            .Equal(("all", 2), ("all (group)", 1));

    [Fact]
    public void Scores_of_zero_and_one_have_Wilsons_interval_and_parts_that_of_the_bootstrap()
    {
        JudgedAnswer[] ten = [.. Enumerable.Repeat(YesNo("a", "a"), 10)];
        AccuracyRow whole = AccuracyTables.Of(AnswerMatch.Exact, ten).Accuracy[0];
        whole.Low95.Should().BeApproximately(0.722467, 1e-6); // 10 / (10 + z^2)
        whole.High95.Should().BeApproximately(1, 1e-12);
        double[] scores = [0.3, 1, 0.6, 0];
        AccuracyRow parts = AccuracyTables.Of(AnswerMatch.VqaOfficial, [.. scores.Select(Scored)]).Accuracy[0];
        Estimate bootstrap = new Bootstrap().Of(scores);
        parts.Right.Should().BeApproximately(1.9, 1e-12);
        parts.Accuracy.Should().BeApproximately(0.475, 1e-12);
        (parts.Low95, parts.High95).Should().Be((bootstrap.Low, bootstrap.High));
    }

    [Theory]
    [InlineData(8, 10, 0.490162, 0.943318)]
    [InlineData(0, 5, 0, 0.434482)]
    [InlineData(1, 1, 0.206549, 1)]
    public void Wilsons_interval_is_the_published_one(int have, int cases, double low, double high)
    {
        Estimate share = Wilson.Of(have, cases);
        share.Low.Should().BeApproximately(low, 1e-6);
        share.High.Should().BeApproximately(high, 1e-6);
    }

    [Fact]
    public void No_group_is_the_best_where_all_are_alike() =>
        Figure(AnswerMatch.YesNo, YesNo("yes", "yes", "a"), YesNo("no", "no", "b"))!
            .Shows.Should()
            .Contain("All 2 groups have the same accuracy (100.0\u202f%).")
            .And.NotContain("least");

    [Fact]
    public void The_figure_says_accuracy_rates_and_the_most_frequent_mistake()
    {
        Drawing drawing = Figure(
            AnswerMatch.YesNo,
            YesNo("yes", "yes", "a"),
            YesNo("yes", "no", "a"),
            YesNo("yes", "no", "b"),
            YesNo("unknown", "no", "b")
        )!;
        drawing
            .Shows.Should()
            .Be(
                "25.0\u202f%\u00a0[4.6,\u00a069.9] of 4 answers are right; 75.0\u202f% say yes where 25.0\u202f% "
                    + "should, and 25.0\u202f% say neither clearly. "
                    + "Of the groups a has most (50.0\u202f%\u00a0[9.5,\u00a090.5]) and b least "
                    + "(0.0\u202f%\u00a0[0.0,\u00a065.8]). The most frequent mistake: 'yes' where 'no' is "
                    + "expected (2 answers)."
            );
        drawing.Table.Rows.Should().HaveCount(3);
    }

    [Fact]
    public void It_stands_where_something_is_judged_and_there_are_groups_or_classes()
    {
        AccuracyFigure.Of(Findings.Of(MadeUpReport.Of(3, 2, samples: 3, masks: 20))).Should().BeNull();
        Figure(AnswerMatch.Exact, Wrong("a", "b"), Wrong("a", "b", "one")).Should().BeNull("one is no comparison");
        Figure(AnswerMatch.YesNo, new JudgedAnswer("a", [], new MatchedAnswer(null, null, "", null, null)))
            .Should()
            .BeNull();
        Figure(AnswerMatch.Exact, Wrong("a", "b", "one"), Wrong("a", "b", "two")).Should().NotBeNull();
        Figure(AnswerMatch.Letter, Wrong("A", "B")).Should().NotBeNull();
        Figure(AnswerMatch.VqaOfficial, Scored(0.3), Scored(0.6))!.Shows.Should().StartWith("VQA accuracy");
    }

    [Fact]
    public void It_is_drawn_of_many_groups_and_of_groups_without_a_judged_answer()
    {
        JudgedAnswer[] answers =
        [
            .. Enumerable.Range(0, 60).Select(i => YesNo("yes", i % 2 == 0 ? "yes" : "no", $"group {i % 30}")),
            new JudgedAnswer("x", ["none judged"], new MatchedAnswer(null, null, "", null, null)),
        ];
        Drawing drawing = Figure(AnswerMatch.YesNo, answers)!;
        drawing.Reading.Should().Contain("the 24 groups with the most answers of 31");
        drawing.Table.Rows.Should().HaveCount(32);
        drawing.Draw(Drawing.Wide, "a").Should().NotContain("NaN");
        Figure(AnswerMatch.YesNo, answers[0], answers[^1])!.Draw(Drawing.Narrow, "a").Should().NotContain("NaN");
    }

    private static Drawing? Figure(AnswerMatch rule, params JudgedAnswer[] answers)
    {
        ReportData data = MadeUpReport.Of(3, 2, samples: 3, masks: 20);
        AccuracyTables made = AccuracyTables.Of(rule, answers);
        return AccuracyFigure.Of(
            Findings.Of(data with { Tables = data.Tables.With(made.Accuracy).With(made.Confusions) })
        );
    }

    private static JudgedAnswer YesNo(string said, string expected, params string[] groups) =>
        new("a", groups, new MatchedAnswer(said == expected, said == expected ? 1 : 0, said, expected, null));

    private static JudgedAnswer Wrong(string said, string expected, params string[] groups) =>
        new("a", groups, new MatchedAnswer(false, 0, said, expected, "wrong"));

    private static JudgedAnswer Scored(double score) =>
        new("a", ["g", score > 0.5 ? "high" : "low"], new MatchedAnswer(score > 0.5, score, "a", "b", null));
}

/// <summary>Yes and no in three groups, of which the last is asked about what is often seen together.</summary>
internal sealed class MadeUpAccuracy : IMadeUpRows
{
    private static readonly string[] Groups = ["random", "popular", "adversarial"];

    public ReportTables AddTo(ReportTables tables, IReadOnlyList<SampleResult> samples)
    {
        AccuracyTables made = AccuracyTables.Of(
            AnswerMatch.YesNo,
            [.. Enumerable.Range(0, 180).Select(i => Answered(i, Groups[i % 3], i % 2 == 0 ? "yes" : "no"))]
        );
        return tables.With(made.Accuracy).With(made.Confusions);
    }

    private static JudgedAnswer Answered(int i, string group, string expected)
    {
        bool isMissed =
            (i * 7 % 20)
            < (
                group == "adversarial" ? 7
                : group == "popular" ? 4
                : 2
            );
        string said =
            i % 37 == 5 ? "unknown"
            : isMissed ? "yes"
            : expected;
        return new JudgedAnswer(
            i.ToString(CultureInfo.InvariantCulture),
            [group],
            new MatchedAnswer(said == expected, said == expected ? 1 : 0, said, expected, null)
        );
    }
}
