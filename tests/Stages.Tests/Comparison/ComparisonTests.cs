using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Storage;
using Xunit;
using static Pipelines.Stages.Tests.Comparison.MadeUpRuns;

namespace Pipelines.Stages.Tests.Comparison;

/// <summary>Two runs side by side, against numbers worked out by hand.</summary>
public sealed class ComparisonTests
{
    private static readonly Bootstrap Intervals = new();

    [Fact]
    public void Settings_that_differ_that_one_lacks_and_stages_of_one_run_are_told_apart()
    {
        RunCard a = Card(
            "a",
            [
                ("seed", "7"),
                ("prompt", "default"),
                ("stages.masks.count", "300"),
                ("stages.fit.alpha", "0.1"),
                ("stages.lens.heads", "5"),
            ],
            ("masks", "sample-masks"),
            ("fit", "regress"),
            ("lens", "logit-lens")
        );
        RunCard b = Card(
            "b",
            [
                ("seed", "7"),
                ("prompt", "p1"),
                ("stages.masks.count", "300"),
                ("stages.fit.trees", "20"),
                ("stages.trace.count", "9"),
            ],
            ("masks", "sample-masks"),
            ("fit", "regress"),
            ("trace", "token-trace")
        );

        var found = SettingDifferences.Of(a, b);

        found
            .Settings.Should()
            .Equal(
                new SettingDifference("prompt", "default", "p1"),
                new SettingDifference("stages.fit.alpha", "0.1", null),
                new SettingDifference("stages.fit.trees", null, "20")
            );
        found.Compared.Should().Be(5);
        found.OnlyA.Should().Equal(new RunStage("lens", "logit-lens"));
        found.OnlyB.Should().Equal(new RunStage("trace", "token-trace"));
    }

    [Fact]
    public void Samples_in_common_have_the_same_id_and_picture_and_were_kept_in_both()
    {
        SampleRow rejected = Kept("s4") with { Status = SampleRow.Rejected, Reason = "wrong" };
        var overlap = SampleOverlap.Of(
            [Kept("s1"), Kept("s2"), Kept("s3"), Kept("s4")],
            [Kept("s2", "dog", 6), Kept("s1"), Kept("s3", file: "other.jpg"), rejected, Kept("s5")]
        );

        overlap.Common.Select(s => s.Id).Should().Equal("s1", "s2");
        overlap.Common.Select(s => (s.SameAnswer, s.SameTarget)).Should().Equal((true, true), (false, false));
        (overlap.OnlyA, overlap.OnlyB).Should().Be((2, 2));
    }

    [Fact]
    public void A_paired_difference_goes_over_samples_that_have_a_value_in_both()
    {
        var common = SampleOverlap
            .Of([Kept("s1"), Kept("s2"), Kept("s3")], [Kept("s1"), Kept("s2"), Kept("s3")])
            .Common;
        var pair = Paired.Of(
            new Dictionary<string, double>
            {
                ["s1"] = 1,
                ["s2"] = 2,
                ["s3"] = double.NaN,
            },
            new Dictionary<string, double>
            {
                ["s1"] = 4,
                ["s2"] = 3,
                ["s3"] = 100,
            },
            common,
            Intervals
        );

        (pair.A.Mean, pair.A.Count).Should().Be((1.5, 2));
        pair.B.Mean.Should().BeApproximately(107 / 3.0, 1e-12);
        (pair.Difference.Mean, pair.Difference.Count).Should().Be((2, 2), "3 and 1");
        pair.Difference.Deviation.Should().BeApproximately(Math.Sqrt(2), 1e-15);
        (pair.Difference.Low, pair.Difference.High)
            .Should()
            .Be((1, 3), "the resamples of two values are their means and themselves");
        pair.Direction.Should().Be(0, "two samples are too few to tell");
        pair.IsSame.Should().BeFalse();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(-1, -1)]
    [InlineData(0, 0)]
    public void A_difference_is_told_from_none_by_six_samples_and_not_by_five(double shift, int direction)
    {
        string[] ids = ["s1", "s2", "s3", "s4", "s5", "s6"];
        Dictionary<string, double> a = ids.ToDictionary(i => i, _ => 1.0),
            b = ids.Select((id, i) => (id, i)).ToDictionary(s => s.id, s => 1 + shift + (0.1 * (s.i - 2.5)));
        CommonSample[] all = [.. ids.Select(i => new CommonSample(i, Kept(i), Kept(i)))];

        Paired.Of(a, b, all, Intervals).Direction.Should().Be(direction);
        Paired.Of(a, b, all[1..], Intervals).Direction.Should().Be(0);
    }

    [Fact]
    public void Inputs_that_a_stage_of_one_run_fills_and_values_that_are_none_are_no_differences()
    {
        RunCard a = Card(
            "a",
            [("data.labels", "-"), ("stages.report.inputs.tokens", "none"), ("stages.report.inputs.fit", "f1")],
            ("report", "report"),
            ("f1", "regress"),
            ("f2", "regress")
        );
        RunCard b = Card(
            "b",
            [("stages.report.inputs.tokens", "trace"), ("stages.report.inputs.fit", "f2")],
            ("report", "report"),
            ("f1", "regress"),
            ("f2", "regress"),
            ("trace", "token-trace")
        );

        SettingDifferences
            .Of(a, b)
            .Settings.Should()
            .Equal(new SettingDifference("stages.report.inputs.fit", "f1", "f2"));
    }

    [Fact]
    public void The_correlation_and_cosine_of_a_samples_two_beta_and_of_their_means_are_those_by_hand()
    {
        FitResults a = Fit(2, 2, ("s1", [1, 0, 0, 0], 0.8), ("s2", [0, 2, 0, 0], 0.6)),
            b = Fit(2, 2, ("s1", [1, 1, 0, 0], 0.9), ("s2", [0, 2, 0, 0], 0.8), ("s3", [9, 9, 9, 9], 0.1));

        var fit = FitComparison.Of(a, b, Intervals);

        fit.R2.Difference.Mean.Should().BeApproximately(0.15, 1e-15);
        fit.R2.B.Mean.Should().BeApproximately(0.6, 1e-15, "of all samples of B");
        BetaComparison beta = fit.Beta!;
        beta.Samples.Select(s => s.Sample.Id).Should().Equal("s1", "s2");
        beta.Samples[0]
            .Pearson.Should()
            .BeApproximately(
                1 / Math.Sqrt(3),
                1e-15,
                "(3/4, -1/4, -1/4, -1/4) by (1/2, 1/2, -1/2, -1/2) is 1/2, over sqrt(3/4) times 1"
            );
        beta.Samples[0].Cosine.Should().BeApproximately(1 / Math.Sqrt(2), 1e-15);
        beta.Samples[0].LargestDifference.Should().Be(1);
        beta.Samples[1].Pearson.Should().BeApproximately(1, 1e-15);
        beta.Least!.Sample.Id.Should().Be("s1");
        beta.Pearson.Mean.Should().BeApproximately((1 + (1 / Math.Sqrt(3))) / 2, 1e-15);
        beta.MeanA.Should().Equal(0.5, 1, 0, 0);
        beta.MeanB.Should().Equal(0.5, 1.5, 0, 0);
        beta.OfMeans.Cosine.Should().BeApproximately(1.75 / Math.Sqrt(1.25 * 2.5), 1e-15);
        beta.OfMeans.Pearson.Should()
            .BeApproximately(
                1 / Math.Sqrt(0.6875 * 1.5),
                1e-15,
                "(1/8, 5/8, -3/8, -3/8) by (0, 1, -1/2, -1/2) is 1; squares 11/16 and 3/2"
            );
        beta.Top.Should()
            .ContainSingle()
            .Which.Should()
            .Match<TopHeads>(t => t.K == 2 && t.OfMeans == 2 && t.BySample.Mean == 2);
    }

    [Fact]
    public void Means_over_other_samples_than_the_differences_are_labelled()
    {
        FitResults a = Fit(1, 2, ("s1", [1, 0], 0.8), ("s2", [0, 2], 0.6)),
            more = Fit(1, 2, ("s1", [1, 1], 0.9), ("s2", [0, 2], 0.8), ("s3", [9, 9], 0.1)),
            alike = Fit(1, 2, ("s1", [1, 1], 0.9), ("s2", [0, 2], 0.8));
        string[] Titles(FitResults b) =>
            [.. ComparisonTable.Fit(FitComparison.Of(a, b, Intervals)).Columns.Skip(1).Select(c => c.Title)];

        Titles(alike).Should().Equal("A", "B", "B − A, paired", "samples");
        Titles(more).Should().Equal("A, all its samples", "B, all its samples", "B − A, paired", "samples");

        ScanResults scan = Scan(4, ("s1", 0, [0, 0.5, 0.9, 1, 1], [1, 0.6, 0.3, 0.1, 0])),
            other = Scan(
                4,
                ("s1", 0, [0, 0.5, 0.9, 1, 1], [1, 0.6, 0.3, 0.1, 0]),
                ("s2", 0, [0, 0.9, 0.9, 1, 1], [1, 0.1, 0.1, 0.1, 0])
            );
        ComparisonTable
            .Needed(ScanComparison.Of(scan, other, Intervals))
            .Columns.Select(c => c.Title)
            .Should()
            .Contain("B, all its samples");
        ComparisonTable
            .Needed(ScanComparison.Of(scan, scan, Intervals))
            .Columns.Select(c => c.Title)
            .Should()
            .Contain("B")
            .And.NotContain("B, all its samples");
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 3)]
    public void Strongest_heads_in_common_are_counted_with_ties_by_index(int k, int common) =>
        BetaComparison.InCommon([0.5, 0.4, 0.3, 0.3, 0], [0.1, 0.6, 0.5, 0, 0], k).Should().Be(common);

    [Fact]
    public void Without_samples_in_common_the_means_of_each_run_are_compared()
    {
        var fit = FitComparison.Of(
            Fit(1, 3, ("a1", [1, 2, 3], 0.5), ("a2", [3, 2, 1], 0.5)),
            Fit(1, 3, ("b1", [2, 2, 3], 0.5)),
            Intervals
        );

        fit.Beta!.Samples.Should().BeEmpty();
        fit.Beta.MeanA.Should().Equal(2, 2, 2);
        fit.Beta.OfMeans.Should()
            .Match<MeanAgreement>(
                m => double.IsNaN(m.Pearson) && m.SamplesA == 2 && m.SamplesB == 1,
                "the mean of A is constant"
            );
        fit.R2.Difference.Count.Should().Be(0);
    }

    [Fact]
    public void Beta_of_models_with_other_heads_is_not_compared_even_where_there_are_as_many()
    {
        FitComparison
            .Of(Fit(2, 3, ("s1", [1, 2, 3, 4, 5, 6], 0.5)), Fit(3, 2, ("s1", [1, 2, 3, 4, 5, 6], 0.5)), Intervals)
            .Beta.Should()
            .BeNull();
        FitComparison
            .Of(Fit(2, 3, ("s1", [1, 2, 3, 4, 5, 6], 0.5)), Fit(1, 2, ("s1", [1, 2], 0.7)), Intervals)
            .R2.Difference.Mean.Should()
            .BeApproximately(0.2, 1e-15, "Table 2 is paired all the same");
    }

    [Fact]
    public void Heads_needed_and_the_distance_of_mean_curves_are_those_by_hand()
    {
        ScanResults a = Scan(
            4,
            ("s1", 0, [0, 0.5, 0.9, 1, 1], [1, 0.6, 0.3, 0.1, 0]),
            ("s2", 0, [0, 0.9, 0.9, 1, 1], [1, 0.1, 0.1, 0.1, 0])
        );
        ScanResults b = Scan(
            4,
            ("s1", 0, [0, 0.5, 0.7, 0.9, 1], [1, 0.6, 0.3, 0.3, 0]),
            ("s2", 0, [0, 0.9, 0.9, 1, 1], [1, 0.1, 0.1, 0.1, 0])
        );

        CriterionComparison criterion = ScanComparison.Of(a, b, Intervals).Criteria.Should().ContainSingle().Subject;

        (criterion.Faithful.Heads.A.Mean, criterion.Faithful.Heads.B.Mean).Should().Be((1.5, 2));
        (criterion.Faithful.Heads.Difference.Mean, criterion.Faithful.Heads.Difference.Count).Should().Be((0.5, 2));
        (criterion.Complete.Heads.A.Mean, criterion.Complete.Heads.B.Mean).Should().Be((2, 2.5));
        // mean faithfulness for k = 1..4: A .7 .9 1 1, B .7 .8 .95 1
        criterion.Faithfulness.Distance.Should().BeApproximately(0.0375, 1e-12);
        criterion.Faithfulness.Places.Should().Be(4);
        criterion.Faithfulness.Pearson.Should().BeApproximately(0.055 / Math.Sqrt(0.06 * 0.056875), 1e-12);
        criterion.Completeness.Distance.Should().BeApproximately(0.025, 1e-12, "only k = 3 differs, by .1");
    }

    [Fact]
    public void Random_orders_are_averaged_and_a_scan_that_ends_early_ends_the_comparison_there()
    {
        ScanResults a = Scan(8, ("s1", 0, [0, 0.9, 1], [1, 0.5, 0.1]), ("s1", 1, [0, 0.1, 0.9], [1, 0.5, 0.3])),
            b = Scan(8, ("s1", 0, [0, 0.5, 0.9, 1], [1, 0.5, 0.3, 0.1]));

        CriterionComparison criterion = ScanComparison.Of(a, b, Intervals).Criteria[0];

        criterion.Faithful.Heads.A.Mean.Should().Be(1.5, "1 and 2");
        criterion.Complete.Heads.A.Count.Should().Be(0, "one of the orders never crosses");
        (criterion.Complete.NotReachedA, criterion.Complete.NotReachedB).Should().Be((1, 0));
        criterion.Faithfulness.Places.Should().Be(2);
        criterion.Faithfulness.Distance.Should().BeApproximately(0.025, 1e-12, "(.5 - .5) and (.95 - .9)");
    }

    [Fact]
    public void The_curve_of_a_run_whose_scans_end_early_is_drawn_on_over_those_that_do_not()
    {
        ScanResults a = Scan(8, ("s1", 0, [0, 0.9], [1, 0.1]), ("s2", 0, [0, 0.5, 0.7, 0.9], [1, 0.5, 0.3, 0.1]));

        CurveComparison curve = ScanComparison.Of(a, a, Intervals).Criteria[0].Faithfulness;

        curve.Places.Should().Be(1, "the distance is over all samples");
        curve.A.Select(d => (d.X, d.IsOfAll, d.Value.Count)).Should().Equal((1, true, 2), (2, false, 1), (3, false, 1));
        CurvePairsFigure
            .Of(new ComparedScans(Whole(Fit(2, 4), Fit(2, 4), a, a), ScanComparison.Of(a, a, Intervals)))!
            .Reading.Should()
            .Contain("Dotted ends");
    }

    [Fact]
    public void A_scan_on_a_grid_is_compared_with_a_full_one_at_its_places_and_to_the_head()
    {
        double[] faithfulness = [.. Enumerable.Range(0, 65).Select(k => k / 64.0)],
            completeness = [.. Enumerable.Range(0, 65).Select(k => 1 - (k / 64.0))];
        ScanResults full = Scan(64, ("s1", 0, faithfulness, completeness));
        IReadOnlyList<int> places = ScanGrid.Places(64);
        ScanResults grid = full with
        {
            Rows = [.. full.Rows.Where(r => places.Contains(r.K))],
            Refined =
            [
                new RefinedRow("s1", "head-attribution", 0, ValidationQuantity.Faithfulness, 52, faithfulness[52]),
            ],
            RefinedFaithfulness = [0.8],
            RefinedCompleteness = [0.2],
        };

        CriterionComparison found = ScanComparison.Of(full, grid, Intervals).Criteria[0];

        (found.Faithful.Heads.A.Mean, found.Faithful.Heads.B.Mean).Should().Be((52, 52));
        (found.Complete.Heads.A.Mean, found.Complete.Heads.B.Mean).Should().Be((52, 53), "53 is the next place");
        found.Faithfulness.Places.Should().Be(places.Count - 1);
        found.Faithfulness.Distance.Should().Be(0);
        found.Faithfulness.B.Should().OnlyContain(d => d.IsOfAll);
        ComparisonSentences.Needed(ScanComparison.Of(full, grid, Intervals)).Should().NotContain("grid");
        ComparisonSentences
            .Needed(ScanComparison.Of(full with { Faithfulness = 0.7 }, grid, Intervals))
            .Should()
            .Contain("on a grid that is not refined there");
    }

    [Fact]
    public void Curves_of_models_with_different_heads_are_compared_at_equal_shares()
    {
        static MeanCurve Curve(params double[] phi) =>
            MeanCurve.Of([phi.Select((value, k) => (k, value)).ToDictionary(p => p.k, p => p.value)]);
        var (a, b) = CurveComparison.Shared(Curve(0, 0.5, 1), 2, Curve(0, 0.2, 0.4, 0.6, 1), 4);
        a.Should().Equal(0.5, 1);
        b.Should().Equal(0.4, 1);
        (a, b) = CurveComparison.Shared(Curve(0, 0.3, 0.6, 1), 3, Curve(0, 0.5, 1), 2);
        a.Should().HaveCount(2).And.HaveElementAt(1, 1);
        a[0].Should().BeApproximately(0.45, 1e-12, "half way between one and two of three heads");
        b.Should().Equal(0.5, 1);

        ScanComparison scan = ScanComparison.Of(
            Scan(2, ("s1", 0, [0, 0.5, 1], [1, 0.5, 0])),
            Scan(4, ("s1", 0, [0, 0.2, 0.4, 0.9, 1], [1, 0.8, 0.6, 0.1, 0])),
            Intervals
        );
        scan.SameHeads.Should().BeFalse();
        (scan.Criteria[0].Faithful.Heads.A.Mean, scan.Criteria[0].Faithful.Heads.B.Mean)
            .Should()
            .Be((100, 75), "percentages of all heads");
        scan.Criteria[0].Faithfulness.B.Select(d => d.X).Should().Equal(0.25, 0.5, 0.75, 1);
    }

    [Fact]
    public void Delta_is_compared_over_the_same_text_tokens_and_image_beta_where_both_have_it()
    {
        TraceComparison trace = TraceComparison.Of(
            Trace(1, [1, 2, 3], [0, 0.5, 0.1], [0.1, 0.2]),
            Trace(0.9, [1, 2, 3], [0, 1, 0.2], [0.2, 0.1]),
            Intervals
        );
        trace.LogitKept.Difference.Mean.Should().BeApproximately(-0.1, 1e-15);
        trace.Delta.Mean.Should().BeApproximately(1, 1e-12);
        trace.ImageBeta.Mean.Should().BeApproximately(-1, 1e-12);
        trace.OtherText.Should().Be(0);

        TraceComparison other = TraceComparison.Of(
            Trace(1, [1, 2], [0, 0.5], [0.1, null]),
            Trace(1, [1, 9], [0, 0.5], [0.1, 0.3]),
            Intervals
        );
        (other.Delta.Count, other.OtherText, other.ImageBeta.Count).Should().Be((0, 1, 0));
    }
}
