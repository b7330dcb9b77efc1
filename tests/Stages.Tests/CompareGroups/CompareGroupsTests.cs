using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Reporting;
using Pipelines.Stages.Tests.Units;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Stages.Tests;

public sealed class CompareGroupsTests : IDisposable
{
    private static readonly double[] X = [1, 0],
        Y = [0, 1],
        Diagonal = [1, 1],
        Zero = [0, 0];

    private readonly FakeArtifacts store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public void Cosines_are_means_over_pairs_of_different_samples()
    {
        GroupPair[] pairs = Pairs(("a", X), ("a", Diagonal), ("b", Y), ("b", Y));
        pairs.Select(p => (p.Group, p.OtherGroup)).Should().Equal(("a", "a"), ("a", "b"), ("b", "b"));
        pairs[0].Cosine.Mean.Should().BeApproximately(Math.Sqrt(0.5), 1e-12);
        pairs[0].Cosine.Count.Should().Be(1);
        pairs[1].Cosine.Mean.Should().BeApproximately(Math.Sqrt(0.5) / 2, 1e-12); // 0 and sqrt(.5), twice each
        pairs[1].Cosine.Count.Should().Be(4);
        pairs[1].Apart.Should().BeApproximately(((Math.Sqrt(0.5) + 1) / 2) - (Math.Sqrt(0.5) / 2), 1e-12);
        pairs[2].Cosine.Mean.Should().BeApproximately(1, 1e-12);
        (double.IsNaN(pairs[0].P), double.IsNaN(pairs[0].Apart)).Should().Be((true, true));
    }

    [Fact]
    public void A_sample_of_both_groups_is_left_out_of_their_pair_and_counts_within_each()
    {
        IReadOnlyList<GroupPair> pairs = GroupComparison.Of(
            [Of(0, X, "a"), Of(1, X, "a"), Of(2, Diagonal, "a", "b"), Of(3, Y, "b"), Of(4, Y, "b"), Of(5, Zero, "b")],
            ["a", "b"],
            permutations: 19,
            seed: 1
        );
        pairs[0].Samples.Should().Be(3);
        pairs[0].Cosine.Count.Should().Be(3);
        (pairs[1].Samples, pairs[1].OtherSamples, pairs[1].InBoth).Should().Be((2, 2, 1), "a zero beta has no cosine");
        pairs[1].Cosine.Mean.Should().BeApproximately(0, 1e-12);
        pairs[1].Apart.Should().BeApproximately(1, 1e-12);
    }

    [Fact]
    public void P_is_the_share_of_relabellings_that_are_as_far_apart()
    {
        // Two of four samples: six labellings, of which the one that is and its mirror are as far apart
        double p = Pairs(2999, ("a", X), ("a", X), ("b", Y), ("b", Y))[1].P;
        p.Should().BeApproximately(1 / 3.0, 0.03);
        Pairs(2999, ("b", Y), ("b", Y), ("a", X), ("a", X))[1].P.Should().BeApproximately(1 / 3.0, 0.03);
    }

    [Fact]
    public void Groups_that_do_not_differ_are_not_told_apart_and_those_that_do_are()
    {
        var random = new CounterRandom(3, "test", 0);
        double[] Near(double[] centre) => [.. centre.Select(c => c + (0.3 * random.NextUnit()))];
        (string, double[])[] alike = [.. Enumerable.Range(0, 24).Select(i => (i % 2 == 0 ? "a" : "b", Near(X)))];
        Pairs(999, alike)[1].P.Should().BeGreaterThan(0.05);
        (string, double[])[] apart =
        [
            .. Enumerable.Range(0, 24).Select(i => i % 2 == 0 ? ("a", Near(X)) : ("b", Near(Y))),
        ];
        Pairs(999, apart)[1].P.Should().Be(0.001);
    }

    [Fact]
    public void Samples_of_one_picture_stay_together()
    {
        // Two pictures, four questions each: as labels go with the picture, there are two labellings, equally far apart
        GroupedBeta[] samples = [.. Enumerable.Range(0, 8).Select(i => Of(i / 4, i < 4 ? X : Y, i < 4 ? "a" : "b"))];
        GroupComparison.Of(samples, ["a", "b"], 199, 1)[1].P.Should().Be(1);
        // Where each picture is asked both, labels are exchanged within it
        GroupedBeta[] both =
        [
            .. Enumerable.Range(0, 16).Select(i => Of(i / 2, i % 2 == 0 ? X : Y, i % 2 == 0 ? "a" : "b")),
        ];
        GroupComparison.Of(both, ["a", "b"], 999, 1)[1].P.Should().BeLessThan(0.05);
        // Pictures of different numbers of samples have nothing to exchange
        GroupedBeta[] uneven =
        [
            .. Enumerable.Range(0, 5).Select(i => Of(i < 2 ? 0 : 1, i < 2 ? X : Y, i < 2 ? "a" : "b")),
        ];
        GroupComparison.Of(uneven, ["a", "b"], 199, 1)[1].P.Should().Be(1);
    }

    [Fact]
    public void The_chance_depends_on_names_and_seed_and_not_on_order_or_other_groups()
    {
        GroupedBeta[] samples =
        [
            .. Enumerable.Range(0, 18).Select(i => Of(i, [1, 0.3 * (i % 5), 0.2 * (i % 3)], "abc"[i % 3].ToString())),
        ];
        double two = GroupComparison.Of(samples, ["a", "b"], 199, 1)[1].P;
        GroupComparison.Of(samples, ["b", "a"], 199, 1)[1].P.Should().Be(two);
        GroupComparison.Of(samples, ["a", "c", "b"], 199, 1)[2].P.Should().Be(two);
    }

    [Fact]
    public void A_group_of_one_sample_has_cosines_with_others_and_no_test()
    {
        GroupPair[] pairs = Pairs(("a", X), ("b", Y), ("b", Y));
        pairs[0].Cosine.Count.Should().Be(0);
        pairs[1].Cosine.Count.Should().Be(2);
        double.IsNaN(pairs[1].P).Should().BeTrue();
    }

    [Fact]
    public void Groups_with_enough_samples_are_compared_and_of_too_many_those_with_the_most()
    {
        IReadOnlyList<string>[] samples =
        [
            ["c", "a"],
            ["c", "a", "a"],
            ["c", "b"],
            ["b"],
            ["d"],
            [],
        ];
        GroupChoice.Of(samples, [], least: 2, most: 12).Should().Equal("a", "b", "c");
        GroupChoice.Of(samples, [], least: 2, most: 2).Should().Equal("a", "c");
        GroupChoice.Of(samples, ["d", "a", "d"], least: 2, most: 1).Should().Equal("d", "a");
    }

    [Fact]
    public void Labels_of_any_names_are_told_apart()
    {
        string[] texts =
        [
            GroupedSample.Text(new GroupedSample("s", 0, ["a", "b"])),
            GroupedSample.Text(new GroupedSample("s", 0, ["ab"])),
            GroupedSample.Text(new GroupedSample("s", 0, ["a1:b"])),
            GroupedSample.Text(new GroupedSample("s", 1, ["a", "b"])),
        ];
        texts.Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Fits_beta_and_heads_needed_are_means_over_the_samples_of_a_group()
    {
        Unit one = Fit("1", 0.8, [0.5, 0.1, 0.2, 0]),
            two = Fit("2", 0.6, [0.1, 0.3, 0.2, 0]),
            three = Fit("3", null, [0, 0, 0.4, 0.2]);
        Unit curves = store.Given<ValidationRow>([.. Curve("1", 1), .. Curve("2", 2), .. Curve("3", 9)]);
        Unit unit = store.Compute(
            new ComparedGroups(
                ["a", "b"],
                19,
                1,
                2,
                new LabelSource<GroupedSample>(
                    [
                        new GroupedSample("1", 0, ["a"]),
                        new GroupedSample("2", 1, ["a"]),
                        new GroupedSample("3", 2, ["b"]),
                    ],
                    "2 groups",
                    GroupedSample.Text,
                    []
                ),
                [one, two, three],
                0.5,
                0.5,
                [curves]
            )
        );
        GroupFitRow[] fits = [.. store.Artifacts.Rows<GroupFitRow>(unit)];
        fits.Select(f => (f.Group, f.Quantity, f.Samples, Rounded(f.Mean), f.NotReached))
            .Should()
            .Equal(
                ("a", "r2", 2, 0.7, 0),
                ("a", "rho", 2, 0.9, 0),
                ("a", "heads_faithfulness", 2, 1.5, 0),
                ("a", "heads_completeness", 2, 1.5, 0),
                ("b", "r2", 0, null, 0),
                ("b", "rho", 1, 0.9, 0),
                ("b", "heads_faithfulness", 0, null, 1),
                ("b", "heads_completeness", 0, null, 1)
            );
        store
            .Artifacts.Rows<GroupBetaRow>(unit)
            .Select(r => (r.Group, r.Layer, r.Head, Rounded(r.MeanBeta), r.Share))
            .Should()
            .Equal(
                ("a", 0, 0, 0.3, 0.5), // x* of 1 is head 0; of 2 heads 1 and 2
                ("a", 0, 1, 0.2, 0.5),
                ("a", 1, 0, 0.2, 0.5),
                ("a", 1, 1, 0, 0),
                ("b", 0, 0, 0, null),
                ("b", 0, 1, 0, null),
                ("b", 1, 0, 0.4, null),
                ("b", 1, 1, 0.2, null)
            );
        store.Artifacts.Rows<GroupSimilarityRow>(unit).Should().HaveCount(3);
    }

    [Fact]
    public void The_figure_says_which_groups_have_other_heads()
    {
        (string, double[])[] apart =
        [
            .. Enumerable.Range(0, 24).Select(i => (i % 2 == 0 ? "color" : "count", i % 2 == 0 ? X : Y)),
        ];
        Drawing drawing = Figure(Pairs(1999, apart))!;
        drawing
            .Shows.Should()
            .Be(
                "The heads of color are not those of count: cosine of β 0.00\u00a0[0.00,\u00a00.00] between, "
                    + "1.00 and 1.00 "
                    + "within (p < 0.001)."
            );
        drawing.Draw(Drawing.Wide, "a").Should().NotContain("NaN");
        Figure(Pairs(19, apart[..2]))!.Shows.Should().StartWith("No two groups");
        Figure(Pairs(19, ("a", X), ("a", Y)))!.Shows.Should().StartWith("There is one group, a");
        Figure(Pairs(99, ("a", X), ("a", Y), ("b", X), ("b", Y)))!.Shows.Should().StartWith("Nothing tells the heads");
        Figure().Should().BeNull();
    }

    [Fact]
    public void A_panel_tells_at_most_eight_groups_apart()
    {
        (string, double[])[] many = [.. Enumerable.Range(0, 30).Select(i => ($"g{i % 10}", i % 2 == 0 ? X : Diagonal))];
        Drawing drawing = Figure(Pairs(19, many))!;
        drawing.Reading.Should().Contain("in the table alone: g8 3, g9 3");
        drawing.Draw(Drawing.Narrow, "a").Should().NotContain("NaN");
    }

    private static double? Rounded(double? value) => value is { } v ? Math.Round(v, 12) : null;

    private Unit Fit(string sample, double? r2, double[] beta) =>
        store.Given(folder =>
        {
            Write(folder, beta.Select((b, n) => new AttributionRow(sample, n / 2, n % 2, b)));
            Write<FitRow>(folder, [new(sample, "elastic-net", r2, 0.9, null, null, null, 1, null, true, 8, 2)]);
        });

    private static void Write<TRow>(string folder, IEnumerable<TRow> rows)
        where TRow : class => Tables.Of<TRow>().Write(Path.Combine(folder, Tables.Of<TRow>().FileName), [.. rows]);

    /// <summary>Curves over four heads that cross one half with the k-th.</summary>
    private static IEnumerable<ValidationRow> Curve(string sample, int crosses) =>
        from k in Enumerable.Range(0, 5)
        let phi = k >= crosses ? 1 : 0
        select new ValidationRow(sample, Criteria.HeadAttribution, 0, k, phi, 1 - phi);

    private static GroupPair[] Pairs(params (string Group, double[] Beta)[] samples) => Pairs(19, samples);

    private static GroupPair[] Pairs(int permutations, params (string Group, double[] Beta)[] samples) =>
        [
            .. GroupComparison.Of(
                [.. samples.Select((s, i) => Of(i, s.Beta, s.Group))],
                [.. samples.Select(s => s.Group).Distinct().Order(StringComparer.Ordinal)],
                permutations,
                seed: 1
            ),
        ];

    private static GroupedBeta Of(int picture, double[] beta, params string[] groups) => new(picture, groups, beta);

    private static Drawing? Figure(params GroupPair[] pairs)
    {
        ReportData data = MadeUpReport.Of(3, 2, samples: 3, masks: 20);
        return GroupsFigure.Of(
            Findings.Of(data with { Tables = data.Tables.With(pairs.Select(GroupSimilarityRow.Of)) })
        );
    }
}

/// <summary>Questions of three groups, of which two share their heads; every eighth is of two of them.</summary>
internal sealed class MadeUpGroups : IMadeUpRows
{
    private static readonly string[] Names = ["color", "count", "object"];

    public ReportTables AddTo(ReportTables tables, IReadOnlyList<SampleResult> samples)
    {
        GroupedBeta[] grouped =
        [
            .. samples.Select(
                (s, i) =>
                    new GroupedBeta(
                        i,
                        i % 8 == 7 ? [Names[i % 3], Names[(i + 1) % 3]] : [Names[i % 3]],
                        [.. s.Beta.Select((b, n) => b + (i % 3 == 1 && n % 5 == 0 ? 0.4 : 0))]
                    )
            ),
        ];
        return tables
            .With(GroupComparison.Of(grouped, Names, permutations: 199, seed: 1).Select(GroupSimilarityRow.Of))
            .With(Names.SelectMany((name, g) => Needed(name, g)));
    }

    private static IEnumerable<GroupFitRow> Needed(string name, int number) =>
        from quantity in new[] { GroupFitRow.Faithfulness, GroupFitRow.Completeness }
        let mean = 3 + number + (quantity == GroupFitRow.Completeness ? 4.5 : 0)
        select new GroupFitRow(
            name,
            quantity,
            Criteria.HeadAttribution,
            8,
            mean,
            1.2,
            mean - 0.8,
            mean + 0.9,
            number == 2 ? 1 : 0
        );
}
