using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Domain;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class FindingsTests
{
    [Fact]
    public void Criteria_are_spelt_as_in_specs() =>
        new[] { Criteria.HeadAttribution, Criteria.Causal, Criteria.Attention, Criteria.Random }
            .Should()
            .Equal(
                Spelling.Of(Criterion.HeadAttribution),
                Spelling.Of(Criterion.Causal),
                Spelling.Of(Criterion.Attention),
                Spelling.Of(Criterion.Random)
            );

    [Fact]
    public void Heads_needed_is_the_first_crossing_although_phi_is_not_monotone()
    {
        double[] faithfulness = [0, 0.5, 0.85, 0.7, 0.9, 1],
            completeness = [1, 0.6, 0.15, 0.3, 0.1, 0];
        CriterionFindings found = Findings
            .Of(Report([.. Rows("a", "head-attribution", 0, faithfulness, completeness)]))
            .Criteria.Single();

        found.Faithful.BySample["a"].Should().Be(2);
        found.Complete.BySample["a"].Should().Be(2);
        found.Faithful.Mean.HasInterval.Should().BeFalse("one sample has no interval");
    }

    [Fact]
    public void A_threshold_is_crossed_strictly()
    {
        CriterionFindings found = Findings
            .Of(Report([.. Rows("a", "causal", 0, [0, 0.8, 0.81], [1, 0.2, 0.19])]))
            .Criteria.Single();

        found.Faithful.BySample["a"].Should().Be(2);
        found.Complete.BySample["a"].Should().Be(2);
    }

    [Fact]
    public void Random_orders_are_averaged_within_a_sample_first()
    {
        ValidationRow[] rows =
        [
            .. Rows("a", "random", 1, [0, 0.9, 1], [1, 0.1, 0]),
            .. Rows("a", "random", 2, [0, 0.3, 1], [1, 0.7, 0]),
            .. Rows("b", "random", 1, [0, 0.9, 1], [1, 0.1, 0]),
            .. Rows("b", "random", 2, [0, 0.9, 1], [1, 0.1, 0]),
        ];
        CriterionFindings found = Findings.Of(Report(rows)).Criteria.Single();

        found.Faithful.BySample.Should().BeEquivalentTo(new Dictionary<string, double> { ["a"] = 1.5, ["b"] = 1 });
        found.Faithful.Mean.Mean.Should().Be(1.25);
        found.Faithful.Mean.Count.Should().Be(2);
        found.Curve.Select(p => p.K).Should().Equal(1, 2);
        found.Curve[0].Faithfulness.Mean.Should().BeApproximately(0.75, 1e-12);
    }

    [Fact]
    public void A_sample_that_never_crosses_is_counted_and_not_averaged()
    {
        ValidationRow[] rows =
        [
            .. Rows("a", "attention", 0, [0, 0.9], [1, 0.1]),
            .. Rows("b", "attention", 0, [0, 0.2], [1, 0.9]),
        ];
        HeadsNeeded needed = Findings.Of(Report(rows)).Criteria.Single().Faithful;

        needed.NotReached.Should().Be(1);
        needed.Mean.Should().Match<Estimate>(e => e.Mean == 1 && e.Count == 1);
    }

    [Fact]
    public void Where_a_scan_has_ended_the_mean_still_holds_all_samples_and_says_how_many_were_measured()
    {
        ValidationRow[] rows =
        [
            .. Rows("a", "causal", 0, [0, 0.5, 0.9, 1], [1, 0.5, 0.1, 0]),
            .. Rows("b", "causal", 0, [0, 0.4], [1, 0.6]),
        ];
        var findings = Findings.Of(Report(rows));
        CriterionFindings found = findings.Criteria.Single();
        int heads = findings.HeadCount;

        found
            .Curve.Select(p => (p.K, p.Measured, p.IsOfAll))
            .Should()
            .Equal((1, 2, true), (2, 1, false), (3, 1, false));
        found.WholeCurve.Select(p => p.K).Should().Equal(1);
        found.Curve.Should().OnlyContain(p => p.Faithfulness.Count == 2 && p.Completeness.Count == 2);
        // Of b the straight line from its last place to all heads: phi is 1 there, or 0
        double carried = 0.4 + (0.6 / (heads - 1)),
            lost = 0.6 - (0.6 / (heads - 1));
        found.Curve[1].Faithfulness.Mean.Should().BeApproximately((0.9 + carried) / 2, 1e-12);
        found.Curve[1].Completeness.Mean.Should().BeApproximately((0.1 + lost) / 2, 1e-12);
        Drawing drawn = CurvesFigure.Of(findings)!;
        drawn.Reading.Should().Contain("holds all samples at every k").And.Contain("only 1 measured at the last k");
        drawn.Shows.Should().Contain("With the top 1 head intact", "sentences compare what was measured");
        drawn.Table.Rows.Should().HaveCount(3);
        drawn.Draw(Drawing.Wide, "f").Should().Contain("stroke-dasharray=\"2 2.5\"");
    }

    [Fact]
    public void A_mean_curve_of_samples_that_cross_late_does_not_fall_where_the_others_end()
    {
        // Most samples need few heads; over those left alone the line would drop from 0.9 to 0.3
        ValidationRow[] rows =
        [
            .. new[] { "a", "b", "c" }.SelectMany(s => Rows(s, "causal", 0, [0, 0.9], [1, 0.1])),
            .. Rows("d", "causal", 0, [0, 0.2, 0.3, 0.9], [1, 0.8, 0.7, 0.1]),
        ];

        CurvePoint[] curve = [.. Findings.Of(Report(rows)).Criteria.Single().Curve];

        curve.Select(p => p.Faithfulness.Mean).Should().BeInAscendingOrder();
        curve.Should().OnlyContain(p => p.Faithfulness.Count == 4);
    }

    [Fact]
    public void Curves_of_a_grid_have_every_sample_at_every_point_and_heads_needed_are_those_between()
    {
        ReportData data = Report([
            .. new[] { "a", "b" }.SelectMany(s =>
                new[] { 0, 10, 20 }.Select(k => new ValidationRow(s, "causal", 0, k, k * 0.05, 1 - (k * 0.05)))
            ),
        ]);
        RefinedRow Between(string sample, int k, double phi) =>
            new(sample, "causal", 0, ValidationQuantity.Faithfulness, k, phi);
        var findings = Findings.Of(
            data with
            {
                Tables = data.Tables.With<RefinedRow>([
                    Between("a", 11, 0.7),
                    Between("a", 12, 0.85),
                    Between("b", 11, 0.9),
                ]),
            }
        );
        CriterionFindings found = findings.Criteria.Single();

        found.Curve.Select(p => (p.K, p.IsOfAll)).Should().Equal((10, true), (20, true));
        found.Faithful.BySample.Should().BeEquivalentTo(new Dictionary<string, double> { ["a"] = 12, ["b"] = 11 });
        found.Complete.BySample.Values.Should().Equal(20, 20);
        CurvesFigure.Of(findings)!.Reading.Should().NotContain("Dotted ends");
    }

    [Fact]
    public void Head_frequency_counts_the_top_heads_by_beta_up_to_the_crossing()
    {
        ReportData data = Report([
                .. Rows("a", "head-attribution", 0, [0, 0.5, 0.9, 1, 1], [1, 0.5, 0.1, 0, 0]),
                .. Rows("b", "head-attribution", 0, [0, 0.9, 1, 1, 1], [1, 0.1, 0, 0, 0]),
            ])
            .WithSamples([Sample("a", [0.1, 0.5, 0.1, 0.0]), Sample("b", [0.0, 0.7, 0.2, 0.1])]);

        Findings found = Findings.Of(data);

        found.Selected.Should().Be(2);
        // A: heads 1 and 0 (tie of 0 and 2 by index); b: head 1
        found.Frequency!.Cast<double>().Should().Equal(0.5, 1, 0, 0);
        found.MeanBeta![0, 1].Should().BeApproximately(0.6, 1e-12);
    }

    [Fact]
    public void The_typical_sample_has_the_median_fit()
    {
        ReportData data = Report([])
            .WithSamples([
                Sample("a", [0, 0, 0, 1], 0.9),
                Sample("b", [0, 0, 0, 1], 0.2),
                Sample("c", [0, 0, 0, 1], 0.7),
            ]);

        Findings.Of(data).Typical!.SampleId.Should().Be("c");
    }

    [Fact]
    public void The_sentence_names_the_criterion_that_the_data_put_first()
    {
        string Sentence(int attribution, int causal) =>
            ToldOf(
                Findings.Of(
                    Report([
                        .. Enumerable
                            .Range(0, 12)
                            .SelectMany(i => Crossing($"s{i}", "head-attribution", attribution + (i % 2))),
                        .. Enumerable.Range(0, 12).SelectMany(i => Crossing($"s{i}", "causal", causal + (i / 2 % 2))),
                    ])
                )
            );

        Sentence(2, 6)
            .Should()
            .Contain("For faithfulness > 0.8, head attribution needs the fewest heads, 2.5")
            .And.Contain("next is causal with 6.5")
            .And.Contain("first in both, as in the paper: the nearest, causal, takes 2.60\u00a0[");
        Sentence(6, 2)
            .Should()
            .Contain("causal needs the fewest heads, 2.5")
            .And.Contain("next is head attribution with 6.5")
            .And.Contain("Unlike in the paper, where head attribution comes first in both, causal takes 0.38\u00a0[");
        Sentence(3, 3)
            .Should()
            .Contain("is level with it")
            .And.Contain("first in both, which the samples do not tell: causal takes 1.00\u00a0[");
    }

    [Fact]
    public void Two_or_three_samples_rank_no_criterion()
    {
        string sentence = ToldOf(
            Findings.Of(
                Report([
                    .. Enumerable
                        .Range(0, 3)
                        .SelectMany(i =>
                            Crossing($"s{i}", "head-attribution", 2).Concat(Crossing($"s{i}", "causal", 7))
                        ),
                ])
            )
        );

        sentence
            .Should()
            .Contain("3 samples are too few to tell which needs the fewest")
            .And.NotContain("level")
            .And.NotContain("the fewest heads")
            .And.NotContain("as in the paper");
    }

    [Theory]
    [InlineData(3, 6, 12, "2.0 times", "other heads can stand in for them, as the paper finds")]
    [InlineData(6, 3, 12, "0.5 times", "unlike in the paper")]
    [InlineData(3, 6, 4, "2.0 times", "4 samples are too few to tell")]
    public void Redundancy_is_told_by_the_interval_of_the_ratio(
        int faithful,
        int complete,
        int samples,
        string ratio,
        string told
    )
    {
        string Sentence(Func<int, int> completeOf) =>
            ToldOf(
                Findings.Of(
                    Report([
                        .. Enumerable
                            .Range(0, samples)
                            .SelectMany(i =>
                                Enumerable
                                    .Range(0, 10)
                                    .Select(k => new ValidationRow(
                                        $"s{i}",
                                        "head-attribution",
                                        0,
                                        k,
                                        k < faithful ? 0.1 : 0.9,
                                        k < completeOf(i) ? 0.9 : 0.1
                                    ))
                            ),
                    ])
                )
            );

        Sentence(_ => complete)
            .Should()
            .Contain(
                $"completeness takes {ratio[..3]}\u00a0[{ratio[..3]},\u00a0{ratio[..3]}] times as many heads as "
                    + "faithfulness"
            )
            .And.Contain(told);
        if (samples > 6)
        {
            Sentence(i => i % 2 == 0 ? faithful - 2 : faithful + 2)
                .Should()
                .Contain("the samples do not tell whether other heads can stand in");
        }
    }

    private static string ToldOf(Findings findings) => HeadsNeededFigure.Of(findings)!.Shows;

    private static IEnumerable<ValidationRow> Crossing(string sample, string criterion, int k) =>
        Enumerable
            .Range(0, 10)
            .Select(i => new ValidationRow(sample, criterion, 0, i, i < k ? 0.1 : 0.9, i < k ? 0.9 : 0.1));

    [Property]
    public bool A_bootstrap_interval_lies_within_the_values_and_does_not_depend_on_what_was_asked_before(
        NormalFloat[] values
    )
    {
        double[] y = [.. values.Select(v => Math.Clamp(v.Get, -1e6, 1e6))];
        var used = new Bootstrap();
        _ = used.Of(Enumerable.Range(0, 7).Select(i => (double)i));
        Estimate one = used.Of(y),
            other = new Bootstrap().Of(y);
        double slack = 1e-9 * (1 + y.Select(Math.Abs).DefaultIfEmpty(0).Max());
        return one.Equals(other)
            && one.Count == y.Length
            && (y.Length < 2 || (one.Low >= y.Min() - slack && one.High <= y.Max() + slack && one.Low <= one.High));
    }

    [Fact]
    public void The_bootstrap_interval_of_many_values_is_near_the_normal_one()
    {
        double[] y = [.. Enumerable.Range(0, 200).Select(i => Math.Sin(i * 1.7))];
        Estimate found = new Bootstrap().Of(y);
        double half = 1.96 * found.Deviation / Math.Sqrt(y.Length);

        found.Low.Should().BeApproximately(found.Mean - half, 0.15 * half);
        found.High.Should().BeApproximately(found.Mean + half, 0.15 * half);
    }

    [Theory]
    [InlineData("llava-1.5-7b-hf", "LLaVA-1.5-7B")]
    [InlineData("llava-v1.6-vicuna-13b-hf", "LLaVA-NeXT-13B")]
    [InlineData("InternVL2_5-4B", "InternVL2.5-4B")]
    [InlineData("Qwen2-VL-7B-Instruct", "Qwen2-VL-7B")]
    [InlineData("micro-llava", null)]
    [InlineData("llava-hf/llava-1.5-7b-hf", "LLaVA-1.5-7B")]
    [InlineData("InternVL2_5-1B-MPO", null)]
    [InlineData("llava-1.5-7b-finetuned", null)]
    [InlineData("my-llava-1.5-7b-hf", null)]
    [InlineData("Qwen2-VL-7B", null)] // the base model, which the paper did not look at
    public void Published_numbers_are_found_by_hub_name_and_no_model_made_from_it_has_them(
        string folder,
        string? model
    ) => Published.Of(new ModelCard(folder, folder, "", 1, 1, 1, 1, 0, 0, ""))?.Model.Should().Be(model);

    private static IEnumerable<ValidationRow> Rows(
        string sample,
        string criterion,
        int seed,
        double[] faithfulness,
        double[] completeness
    ) => faithfulness.Select((f, k) => new ValidationRow(sample, criterion, seed, k, f, completeness[k]));

    private static SampleResult Sample(string id, double[] beta, double r2 = 0.8) =>
        new(
            new ReportSample
            {
                SampleId = id,
                File = id,
                Answer = id,
                Intact = 1,
                Ablated = 0,
            }
        )
        {
            Beta = beta,
            R2 = r2,
            Rho = 0.9,
        };

    private static ReportData Report(ValidationRow[] rows) =>
        new ReportData
        {
            Name = "r",
            Command = "c",
            Question = "q",
            Model = new ModelCard("m", "m", "f", 2, 2, 2, 4, 0, 0, "cpu"),
        }.With(rows);
}
