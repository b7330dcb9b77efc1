using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Xunit;
using Claim = Pipelines.Stages.Reporting.Claim;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>The paper's claims: verdicts by intervals, each claim on numbers that one can check by hand.</summary>
public sealed partial class ClaimTests
{
    private static readonly Lazy<Findings> Rich = new(() =>
        Findings.Of(
            MadeUpAnalyses
                .With(MadeUpReport.Of(4, 6, samples: 24, masks: 40), perObject: 10)
                .With(MadeUpWhole.Of().Tables.Rows<ObjectShareRow>())
        )
    );

    [Theory]
    [InlineData(0.6, 0.9, 20, ClaimVerdict.Holds)]
    [InlineData(0.5, 0.9, 20, ClaimVerdict.NotSettled)]
    [InlineData(0.4, 0.6, 20, ClaimVerdict.NotSettled)]
    [InlineData(0.1, 0.5, 20, ClaimVerdict.NotSettled)]
    [InlineData(0.1, 0.4, 20, ClaimVerdict.DoesNot)]
    [InlineData(0.6, 0.9, 6, ClaimVerdict.Holds)]
    [InlineData(0.6, 0.9, 5, ClaimVerdict.NotSettled)]
    [InlineData(0.1, 0.4, 5, ClaimVerdict.NotSettled)]
    [InlineData(double.NaN, double.NaN, 20, ClaimVerdict.NotSettled)]
    public void A_claim_holds_where_the_whole_interval_lies_on_its_side(
        double low,
        double high,
        int samples,
        ClaimVerdict verdict
    )
    {
        var value = new Estimate((low + high) / 2, 0, low, high, samples);
        Demand.MoreThan(0.5).Of(value).Should().Be(verdict);
        Demand.LessThan(-0.5).Of(value.Negated).Should().Be(verdict, "sides are alike");
        Demand.Between(0.5, 0.95).Of(value).Should().Be(verdict);
    }

    [Fact]
    public void A_claim_of_several_parts_is_that_of_the_weakest()
    {
        static Evidence Part(double low, double high) => new(new Estimate(low, 0, low, high, 9), Demand.MoreThan(1));
        Evidence holds = Part(2, 3),
            open = Part(0.5, 3),
            doesNot = Part(0.2, 0.5);

        Evidence.Deciding([holds, holds with { Criterion = "other" }]).Should().BeSameAs(Evidence.Deciding([holds]));
        Evidence.Deciding([holds, open]).Should().BeSameAs(open);
        Evidence.Deciding([open, holds, doesNot]).Should().BeSameAs(doesNot);
    }

    [Fact]
    public void Words_and_symbols_tell_verdicts_apart_and_are_read_back()
    {
        ClaimVerdict[] all = Enum.GetValues<ClaimVerdict>();
        all.Select(v => v.Symbol()).Should().OnlyHaveUniqueItems();
        all.Should().AllSatisfy(v => VerdictWords.Parse(v.Word()).Should().Be(v));
        VerdictWords.Parse(null).Should().BeNull();
    }

    [Fact]
    public void Sixteen_claims_are_found_each_with_a_quantity_and_a_figure_of_its_own_page()
    {
        Claims.All.Should().HaveCount(16).And.OnlyHaveUniqueItems(c => c.Order);
        Claims.All.SelectMany(c => c.Quantities).Should().OnlyHaveUniqueItems();
        Claims.AskedOf<Findings>().Concat(Claims.AskedOf<OverviewData>()).Should().BeEquivalentTo(Claims.All);
        Figures
            .PlacesOf<Findings>()
            .Concat(Figures.PlacesOf<OverviewData>())
            .Select(p => p.Name)
            .Should()
            .Contain(Claims.All.Select(c => ClaimWords.Figure(c).Name));
        string documented = File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "docs", "tables.md"));
        Claims
            .All.SelectMany(c => c.Quantities)
            .Where(q => !documented.Contains($"`{q}`", StringComparison.Ordinal))
            .Should()
            .BeEmpty();
    }

    [Fact]
    public void Every_claim_is_measured_in_what_is_approved_and_is_a_row_of_key_numbers()
    {
        IReadOnlyList<Claim> claims = Claims.In(Rich.Value.Numbers);
        KeyNumberRow[] rows = [.. Rich.Value.Numbers.Select(KeyNumberRow.Of)];
        string page = ClaimTable.Of(Rich.Value);

        claims.Select(c => c.Stated).Should().Equal(Claims.AskedOf<Findings>());
        rows.Select(r => (r.Quantity, r.Criterion)).Should().OnlyHaveUniqueItems();
        foreach (Claim claim in claims)
        {
            claim.Numbers.Should().AllSatisfy(n => rows.Should().Contain(KeyNumberRow.Of(n)));
            ClaimWords
                .Listed(claim)
                .Should()
                .AllSatisfy(n =>
                    page.Should().Contain(Format.Escape(ClaimWords.Value(claim.Stated, n.Value)), claim.Stated.Words)
                );
            page.Should().Contain($"href=\"#{ClaimWords.Figure(claim.Stated).Name}\"");
        }

        rows.Select(r => r.ToNumber()).Should().Equal(Rich.Value.Numbers, "a row says all of a number");
    }

    [Fact]
    public void Thresholds_stand_in_the_rule_or_are_chance()
    {
        foreach (var (stated, parts) in Claims.EvidenceOf(Rich.Value))
        {
            double[] thresholds =
            [
                .. parts
                    .Where(p => p.LessChance is null && p.Demand.Above != p.Chance && p.Demand.Below != p.Chance)
                    .SelectMany(p => new[] { p.Demand.Above, p.Demand.Below })
                    .Where(double.IsFinite),
            ];
            thresholds
                .Select(t => Format.Tick(stated.Unit == ClaimUnit.Share ? 100 * t : t))
                .Where(t => !stated.Rule.Contains(t, StringComparison.Ordinal))
                .Should()
                .BeEmpty();
        }
    }

    [Fact]
    public void The_page_names_what_it_has_not_measured()
    {
        string page = ClaimTable.Of(Findings.Of(MadeUpReport.Of(4, 4, samples: 8, masks: 50).WithoutTraces()));

        page.Should()
            .Contain("Not measured here: ")
            .And.Contain("prompts (prompt-similarity")
            .And.Contain("styles (compare-styles")
            .And.Contain("Over several models (an overview): redundancy that grows with size")
            .And.NotContain(">Other wordings of the task use the same heads</th>");
        ClaimTable.Of(Findings.Of(MadeUpReport.Of(4, 4, samples: 3, masks: 50).AnswersAlone())).Should().BeEmpty();
    }

    [Fact]
    public void The_table_is_one_for_those_who_listen()
    {
        string page = ClaimTable.Of(Rich.Value);

        page.Should().Contain("<caption>");
        Heads().Count(page).Should().Be(6);
        RowHeads().Count(page).Should().Be(Claims.AskedOf<Findings>().Count());
        page.Should().Contain("aria-hidden=\"true\">✓</span> holds");
    }

    [Theory]
    [InlineData(0.9, ClaimVerdict.Holds)]
    [InlineData(0.5, ClaimVerdict.DoesNot)]
    [InlineData(0.77, ClaimVerdict.NotSettled)]
    public void The_linear_fit_is_held_against_the_least_of_the_papers_models(double r2, ClaimVerdict verdict) =>
        Of<LinearFit>(Made(12).EachSample(s => s with { R2 = r2 + (0.01 * (Number(s) % 3 - 1)) }))
            .Single()
            .Verdict.Should()
            .Be(verdict);

    [Theory]
    [InlineData(0.04, ClaimVerdict.Holds)]
    [InlineData(0.06, ClaimVerdict.DoesNot)]
    public void A_head_matters_alone_above_5_percent(double delta, ClaimVerdict verdict)
    {
        Evidence found = Of<NoSingleHead>(
                Made(12).EachSample(s => s with { SingleHead = [delta, .. Enumerable.Repeat(0.0, 15)] })
            )
            .Single();

        found.Verdict.Should().Be(verdict);
        (found.Value.High - found.Value.Low).Should().BeGreaterThan(0.1, "12 samples that agree are not all");
    }

    [Theory]
    [InlineData(2, 6, ClaimVerdict.Holds, "causal, completeness")]
    [InlineData(6, 2, ClaimVerdict.DoesNot, "causal, completeness")]
    [InlineData(3, 3, ClaimVerdict.NotSettled, "causal, completeness")]
    public void The_nearest_rival_decides_whether_head_attribution_needs_the_fewest(
        int own,
        int rival,
        ClaimVerdict verdict,
        string nearest
    )
    {
        IReadOnlyList<Evidence> found = Of<FewestHeads>(
            Made(12)
                .With<ValidationRow>(
                    Enumerable
                        .Range(0, 12)
                        .SelectMany(i =>
                            Crossing($"{i}", "head-attribution", own + (i % 2), own + (i % 2))
                                .Concat(Crossing($"{i}", "causal", rival + 1 + (i / 2 % 2), rival + (i / 2 % 2)))
                                .Concat(Crossing($"{i}", "random", 14, 14))
                        )
                )
        );

        found.Should().HaveCount(4);
        var deciding = Evidence.Deciding(found);
        deciding.Verdict.Should().Be(verdict);
        deciding.Criterion.Should().Be(nearest);
        deciding.Value.Mean.Should().BeApproximately((rival + 0.5) / (own + 0.5), 1e-12);
    }

    [Fact]
    public void Head_attribution_does_not_come_first_by_the_samples_in_which_it_crosses_alone()
    {
        // In 8 of 12 samples it takes two heads where causal takes three; in the others it never crosses.
        IReadOnlyList<Evidence> found = Of<FewestHeads>(
            Made(12)
                .With<ValidationRow>(
                    Enumerable
                        .Range(0, 12)
                        .SelectMany(i =>
                            Crossing($"{i}", "head-attribution", 2, 2)
                                .Where(r => i < 8 || r.K < 2)
                                .Concat(Crossing($"{i}", "causal", 3, 3))
                        )
                )
        );

        found.Should().HaveCount(2).And.NotContain(e => e.Verdict == ClaimVerdict.Holds);
        found[0].Value.Count.Should().Be(12);
        found[0].Value.Mean.Should().BeApproximately(12 * 3 / ((8 * 2.0) + (4 * 16)), 1e-12);
    }

    [Fact]
    public void A_sample_of_which_nothing_is_defined_does_not_speak_for_a_claim()
    {
        Of<NoSingleHead>(Made(12).EachSample(s => s with { SingleHead = [.. Enumerable.Repeat(double.NaN, 16)] }))
            .Should()
            .BeEmpty();
        RoleTokens.LateShare([1, 2, 3, 4, 5]).Should().Be(double.NaN, "there is no other token");
        RoleTokens.LateShare([5, 1, 1, 1, 1, 1]).Should().Be(0.5);
    }

    [Fact]
    public void Redundancy_by_another_order_than_that_of_head_attribution_says_so() =>
        Of<Redundancy>(Made(8).With(Enumerable.Range(0, 8).SelectMany(i => Crossing($"{i}", "causal", 2, 4))))
            .Single()
            .Criterion.Should()
            .Be("causal");

    [Theory]
    [InlineData(3, 6, ClaimVerdict.Holds)]
    [InlineData(6, 3, ClaimVerdict.DoesNot)]
    public void Redundancy_is_heads_for_completeness_by_those_for_faithfulness(
        int faithful,
        int complete,
        ClaimVerdict verdict
    )
    {
        Evidence found = Of<Redundancy>(
                Made(8)
                    .With(
                        Enumerable.Range(0, 8).SelectMany(i => Crossing($"{i}", "head-attribution", faithful, complete))
                    )
            )
            .Single();

        found.Value.Mean.Should().Be((double)complete / faithful);
        found.Verdict.Should().Be(verdict);
    }

    [Theory]
    [InlineData(new[] { 12, 13 }, 1.0, ClaimVerdict.Holds)]
    [InlineData(new[] { 4, 8 }, 1.0, ClaimVerdict.Holds)]
    [InlineData(new[] { 0, 1 }, 0.0, ClaimVerdict.DoesNot)]
    public void Late_heads_are_those_beyond_the_first_third(int[] heads, double share, ClaimVerdict verdict)
    {
        // four layers of four heads: three of them lie beyond the first third
        ReportData data = Made(8)
            .EachSample(s => s with { Beta = [.. Enumerable.Range(0, 16).Select(n => heads.Contains(n) ? 1.0 : 0)] })
            .With<ValidationRow>([]);
        data = data.With(data.Samples.SelectMany(s => Crossing(s.SampleId, "head-attribution", 2, 2)));

        Evidence found = Of<LateHeads>(data).Single();

        found.Chance.Should().Be(0.75);
        found.Value.Mean.Should().Be(share);
        found.Verdict.Should().Be(verdict);
    }

    [Fact]
    public void Attention_that_is_beta_tells_which_heads_are_important() =>
        Of<AttentionOfHeads>(Made(8).EachSample(s => s with { ImageAttention = s.Beta }))
            .Single()
            .Should()
            .Match<Evidence>(e => e.Verdict == ClaimVerdict.DoesNot && Math.Abs(e.Value.Mean - 1) < 1e-9);

    [Fact]
    public void The_mean_over_the_papers_prompts_is_held_against_its_least()
    {
        static PromptSimilarityRow[] Rows(string prompt, double cosine) =>
            [.. Enumerable.Range(0, 8).Select(i => new PromptSimilarityRow(prompt, "", $"{i}", cosine))];
        ReportData data = Made(8).With<PromptSimilarityRow>([.. Rows("p1", 0.96), .. Rows("p5", 0.94)]);

        Of<OtherPrompts>(data).Single().Value.Mean.Should().BeApproximately(0.95, 1e-12);
        Of<OtherPrompts>(data).Single().Verdict.Should().Be(ClaimVerdict.Holds);
        Of<OtherPrompts>(data with { IsDefaultQuestion = false }).Should().BeEmpty();
        Of<OtherPrompts>(data.With<PromptSimilarityRow>(Rows("What is it?", 0.2))).Should().BeEmpty();
    }

    [Theory]
    [InlineData(0.1, 0.3, 40, 9, ClaimVerdict.Holds)]
    [InlineData(-0.3, -0.1, 40, 9, ClaimVerdict.DoesNot)]
    [InlineData(-0.1, 0.3, 40, 9, ClaimVerdict.NotSettled)]
    [InlineData(0.1, 0.3, 40, 5, ClaimVerdict.NotSettled)]
    public void Styles_are_told_by_the_difference_and_by_pairs_enough(
        double low,
        double high,
        int samples,
        int pairs,
        ClaimVerdict verdict
    )
    {
        var difference = new Estimate((low + high) / 2, double.NaN, low, high, samples);
        StyleRelation[] relations =
        [
            .. new[] { (true, true), (true, false), (false, true), (false, false) }.Select(r => new StyleRelation(
                r.Item1,
                r.Item2,
                new Estimate(0.5, 0.1, 0.4, 0.6, pairs)
            )),
        ];

        Of<OtherStyles>(Made(8).WithStyles(new StyleComparison([], relations, difference), []))
            .Single()
            .Verdict.Should()
            .Be(verdict);
    }

    [Fact]
    public void Half_of_beta_is_that_of_the_strongest_tokens()
    {
        SparseTokens.HalfShare([4, 1, 1, 1, 1, -9, 0, 0]).Should().Be(1.0 / 8);
        SparseTokens.HalfShare([1, 1, 1, 1]).Should().Be(0.5);
        SparseTokens.HalfShare([-1, 0]).Should().Be(double.NaN);
    }

    [Fact]
    public void A_share_is_stated_with_its_own_interval_and_judged_by_what_it_has_less_than_chance()
    {
        TokenFindings tokens = Rich.Value.Tokens!;
        Estimate shares = tokens.Mean(
            tokens
                .Attributed.Where(s => tokens.Objects.Any(o => o.SampleId == s.SampleId))
                .Select(s => SparseTokens.HalfShare(s.Beta))
        );

        Evidence half = SparseTokens.Sparse(tokens).Single();

        half.Value.Should().Be(shares);
        half.LessChance!.Value.Mean.Should().BeApproximately(shares.Mean - half.Chance, 1e-12);
        half.Verdict.Should().Be(ClaimVerdict.Holds);
        half.ToNumbers("half_of_beta")
            .Select(n => (n.Quantity, n.Value, n.Verdict))
            .Should()
            .Equal(
                ("half_of_beta", shares, ClaimVerdict.Holds),
                ("half_of_beta_less_chance", half.LessChance!.Value, null)
            );
    }

    [Theory]
    [InlineData(new[] { 1.0, 6, 2, 5, 3, 4 }, ClaimVerdict.NotSettled)]
    [InlineData(new[] { 1.0, 2, 3, 4, 5, 6 }, ClaimVerdict.Holds)]
    [InlineData(new[] { 6.0, 5, 4, 3, 2, 1 }, ClaimVerdict.DoesNot)]
    [InlineData(new[] { 1.0, 2, 3 }, ClaimVerdict.NotSettled)]
    public void Redundancy_grows_by_the_rank_correlation_over_models(double[] ratios, ClaimVerdict verdict)
    {
        OverviewData data = new("models", "", [.. ratios.Select((r, i) => Model($"m{i}", 10 * (i + 1), 5, r))]);

        IReadOnlyList<Evidence> found = RedundancyGrowth.Of(data);

        found[0].Value.Count.Should().Be(ratios.Length);
        found[0].Verdict.Should().Be(verdict);
    }

    [Fact]
    public void A_model_of_several_experiments_counts_once()
    {
        OverviewData data = new(
            "models",
            "",
            [Model("a", 10, 5, 1), Model("a", 10, 9, 9), Model("a", 10, 7, 3), Model("b", 20, 5, 4)]
        );

        RedundancyGrowth.Of(data)[0].Value.Should().Match<Estimate>(e => e.Count == 2 && e.Mean == -1);
        OverviewClaims.Of(data).Should().Contain("too few models to tell").And.Contain("<td>2 of 2</td>");
        RedundancyGrowth.Of(data with { Experiments = [.. data.Experiments.Take(3)] }).Should().BeEmpty();
    }

    [Fact]
    public void Another_question_than_the_papers_is_not_held_against_its_numbers_in_report_or_overview()
    {
        ReportData papers = MadeUpReport.Of(4, 6, samples: 8, masks: 40, model: "llava-1.5-7b-hf"),
            other = papers with { Question = "What is the color of the main object?", IsPapersQuestion = false };

        Findings.Of(papers).Published.Should().NotBeNull();
        Findings.Of(other).Published.Should().BeNull();
        Findings.Of(other).Papers.Should().BeEmpty();
        ClaimTable.Of(Findings.Of(other)).Should().Contain("whose numbers are no thresholds here: the linear fit");
        OverviewExperiment one = Model("a", 10, 5, 2);
        OverviewClaims.Of(new("models", "", [one])).Should().Contain("; paper: ").And.NotContain("no thresholds here");
        OverviewClaims
            .Of(new("models", "", [one with { IsAsThePaper = false }]))
            .Should()
            .NotContain("; paper: ")
            .And.Contain("no thresholds here: the linear fit")
            .And.NotContain("In no experiment: the linear fit");
    }

    [Fact]
    public void What_the_model_answers_is_not_taken_for_the_object_of_a_claim()
    {
        ReportData labelled = MadeUpAnalyses.With(MadeUpReport.Of(4, 6, samples: 12, masks: 40), perObject: 3),
            unlabelled =
                labelled with
                {
                    Samples = [.. labelled.Samples.Select(s => s with { Answer = s.Category, Category = "" })],
                };

        SameObject.Of(Findings.Of(labelled)).Should().ContainSingle();
        SameObject.Of(Findings.Of(unlabelled)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("right", true, "answered correctly")]
    [InlineData("wrong", true, "answered, 3 of them wrongly")]
    [InlineData("not judged", true, "answered, none judged;")]
    [InlineData("not judged", false, "answered, none judged: no labels")]
    public void Only_answers_that_were_judged_are_said_to_be_right(string verdict, bool hasLabels, string words)
    {
        ReportData data = MadeUpReport.Of(4, 6, samples: 3, masks: 40).AnswersAlone();
        data = data with
        {
            Samples = hasLabels ? data.Samples : [.. data.Samples.Select(s => s with { Category = "" })],
        };
        data = data.With<SampleRow>([.. data.Samples.Select(s => MadeUpRows.Kept(s, verdict))]);

        SummarySection.Headline(Findings.Of(data)).Should().Contain("3 samples " + words);
    }

    [Fact]
    public void No_sentence_holds_a_finding_against_the_papers_without_an_interval_or_saying_that_samples_are_few()
    {
        ReportData[] reports =
        [
            MadeUpWhole.Of(),
            MadeUpReport.Of(4, 6, samples: 3, masks: 40, model: "llava-1.5-7b-hf"),
            MadeUpAnalyses.With(MadeUpReport.Of(4, 4, samples: 4, masks: 50)),
            MadeUpAnalyses.With(MadeUpReport.Of(4, 6, samples: 24, masks: 40, model: "llava-1.5-7b-hf"), perObject: 6),
        ];
        string[] said =
        [
            .. reports.SelectMany(r => Figures.Of(Findings.Of(r))).SelectMany(f => Sentences(f.Drawing.Shows)),
        ];

        string[] held = [.. said.Where(s => Paper().IsMatch(s))];
        held.Should().HaveCountGreaterThan(20);
        held.Should().AllSatisfy(s => s.Should().MatchRegex(@"\u00a0\[[^\]]+,\u00a0[^\]]+\]|too few"));
    }

    [GeneratedRegex("<th scope=\"col\"")]
    private static partial Regex Heads();

    [GeneratedRegex("<th scope=\"row\"")]
    private static partial Regex RowHeads();

    [GeneratedRegex("paper (finds|sees)|in the paper|unlike the paper|paper's middle")]
    private static partial Regex Paper();

    private static IEnumerable<string> Sentences(string text) => Regex.Split(text, @"(?<=[a-z\)\]”0-9%])\. (?=[A-Z])");

    private static IReadOnlyList<Evidence> Of<TClaim>(ReportData data)
        where TClaim : IClaim<Findings> => TClaim.Of(Findings.Of(data));

    private static ReportData Made(int samples) => MadeUpReport.Of(4, 4, samples, masks: 50).WithoutTraces();

    private static int Number(SampleResult sample) => int.Parse(sample.SampleId, CultureInfo.InvariantCulture);

    private static IEnumerable<ValidationRow> Crossing(string sample, string criterion, int faithful, int complete) =>
        Enumerable
            .Range(0, 17)
            .Select(k => new ValidationRow(
                sample,
                criterion,
                0,
                k,
                k < faithful ? 0.1 : 0.9,
                k < complete ? 0.9 : 0.1
            ));

    private static OverviewExperiment Model(string name, int heads, int samples, double redundancy)
    {
        var ratio = new Estimate(redundancy, double.NaN, redundancy + 0.1, redundancy + 0.2, 9);
        return new OverviewExperiment(
            name,
            $"{name}/report.html",
            name,
            heads,
            samples,
            [
                new KeyNumber(KeyNumbers.FaithfulHeads, "head-attribution", ratio with { Mean = 1 }),
                new KeyNumber(KeyNumbers.CompleteHeads, "head-attribution", ratio with { Mean = 1 + redundancy }),
                new KeyNumber(Redundancy.Quantity, "", ratio, Verdict: ClaimVerdict.Holds),
            ]
        );
    }
}
