using System.Globalization;
using System.Xml.Linq;
using FluentAssertions;
using Pipelines.Domain;
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
            ThresholdsFigure.Of(findings),
            RatioFigure.Of(findings),
            SingleHeadFigure.Of(findings),
            BetaAttentionFigure.Of(findings),
            LayoutFigure.Of(findings),
            HeadVectorsFigure.Of(findings),
            PromptFigure.Of(findings),
            StylesFigure.Of(findings),
        }
            .Should()
            .AllBeEquivalentTo((Drawing?)null);
    }

    [Fact]
    public void Rho_over_all_heads_of_all_samples_equals_the_plain_correlation()
    {
        ReportData data = MadeUpAnalyses.With(Made, perObject: 2);
        double plain = Metrics.Pearson(
            [.. SampleResult.Of(data).SelectMany(s => s.ImageAttention)],
            [.. SampleResult.Of(data).SelectMany(s => s.Beta)]
        );

        BetaAttentionFigure.Of(Findings.Of(data))!.Shows.Should().Contain($"ρ = {Format.Fixed(plain, 2)}");
    }

    [Fact]
    public void Attention_equal_to_beta_is_told_apart_from_attention_that_says_nothing()
    {
        ReportData eight = MadeUpReport.Of(4, 4, samples: 8, masks: 50);
        ReportData same = eight.EachSample(s => s with { ImageAttention = s.Beta });
        ReportData constant = Made.EachSample(s => s with { ImageAttention = [.. s.Beta.Select(_ => 0.5)] });

        BetaAttentionFigure
            .Of(Findings.Of(same))!
            .Shows.Should()
            .Contain("ρ = 1.00")
            .And.Contain("more than the paper finds");
        BetaAttentionFigure
            .Of(Findings.Of(same with { Samples = [.. same.Samples.Take(3)] }))!
            .Shows.Should()
            .Contain("3 samples are too few to tell");
        BetaAttentionFigure.Of(Findings.Of(constant))!.Shows.Should().Contain("no correlation to state");
    }

    [Fact]
    public void The_share_of_samples_without_a_head_above_5_percent_is_counted()
    {
        double[][] deltas =
        [
            [0.01, 0.04],
            [0.05, 0],
            [0.051, 0],
            [-1, 0.02],
        ];
        ReportData data = MadeUpReport.Of(4, 4, samples: 40, masks: 50);
        int next = 0;
        data = data with { Tables = ReportTables.Empty, Model = data.Model with { Layers = 1, Heads = 2 } };
        data = data.EachSample(s => s with { SingleHead = deltas[next++ % 4] });

        SingleHeadFigure
            .Of(Findings.Of(data))!
            .Shows.Should()
            .StartWith("In 30 of 40 samples (75\u202f%\u00a0[")
            .And.Contain("as the paper finds");
        SingleHeadFigure
            .Of(Findings.Of(data with { Samples = [.. data.Samples.Take(4)] }))!
            .Shows.Should()
            .StartWith("In 3 of 4 samples")
            .And.Contain("4 samples are too few to tell")
            .And.NotContain("as the paper finds");
    }

    [Fact]
    public void A_threshold_that_is_never_crossed_is_counted_and_not_averaged()
    {
        ReportData data = Made.With<NeededRow>([
            new("a", "head-attribution", 0, ValidationQuantity.Faithfulness, 0.5, 2),
            new("b", "head-attribution", 0, ValidationQuantity.Faithfulness, 0.5, 4),
            new("a", "head-attribution", 0, ValidationQuantity.Faithfulness, 0.9, 6),
            new("b", "head-attribution", 0, ValidationQuantity.Faithfulness, 0.9, null),
            new("a", "random", 1, ValidationQuantity.Faithfulness, 0.5, 4),
            new("a", "random", 2, ValidationQuantity.Faithfulness, 0.5, 6),
        ]);

        FigureTable table = ThresholdsFigure.Of(Findings.Of(data))!.Table;

        object?[] Row(double threshold, string criterion) =>
            [.. table.Rows.Single(r => (double)r[1]! == threshold && (string)r[2]! == criterion)];
        Row(0.5, "head-attribution")
            .Should()
            .StartWith(["faithfulness", 0.5, "head-attribution", 3.0])
            .And.EndWith([2, 0]);
        Row(0.9, "head-attribution").Should().EndWith([1, 1]);
        Row(0.5, "random")[3].Should().Be(5.0, "seeds are averaged within a sample");
    }

    [Fact]
    public void A_stray_head_is_no_main_branch()
    {
        // four heads that serve all samples, four that serve the first, one far from everything
        const int samples = 40;
        double[] Vector(Func<int, double> betaOf) => [.. Enumerable.Range(0, samples).Select(betaOf)];
        double[][] vectors =
        [
            .. Enumerable.Range(0, 4).Select(i => Vector(s => 0.3 + (s == 0 ? 0.01 * i : 0))),
            .. Enumerable.Range(0, 4).Select(i => Vector(s => s < 10 ? 0.15 + (s == 0 ? 0.01 * i : 0) : 0)),
            Vector(s => s == 1 ? 9 : 0),
        ];
        Drawing figure = HeadVectorsFigure.Of(Findings.Of(Vectors(vectors)))!;

        figure
            .Shows.Should()
            .Contain("4 heads that pass β > 0.1 in 100\u202f%")
            .And.Contain("4 heads that pass β > 0.1 in 25\u202f%")
            .And.Contain("1 head stands apart")
            .And.Contain("mean silhouette is 0.9")
            .And.Contain("as the paper finds");
        figure.Table.Rows.Should().HaveCount(9 * samples);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void One_or_two_outliers_are_no_cluster(int outliers)
    {
        double[][] vectors =
        [
            .. Enumerable.Range(0, 8).Select(_ => new[] { 0.2, 0.2, 0.2, 0.2, 0.2, 0.2 }),
            .. Enumerable.Range(0, outliers).Select(i => new[] { 0, 9 + (0.01 * i), 0, 0, 0, 0 }),
        ];

        string shows = HeadVectorsFigure.Of(Findings.Of(Vectors(vectors)))!.Shows;

        shows
            .Should()
            .StartWith("The tree has no two clusters of 3 heads or more")
            .And.NotContain("as the paper finds");
    }

    [Fact]
    public void Branches_that_do_not_lie_apart_are_no_clusters()
    {
        var random = new Random(3);
        double[][] cloud =
        [
            .. Enumerable
                .Range(0, 40)
                .Select(_ => Enumerable.Range(0, 12).Select(_ => 0.3 * random.NextDouble()).ToArray()),
        ];
        double[][] line =
        [
            .. Enumerable.Range(0, 8).Select(i => new[] { 0.2 + (0.001 * i), 0.2, 0.2, 0.2, 0.2, 0.2 }),
            [0, 9, 0, 0, 0, 0],
        ];

        foreach (double[][] vectors in new[] { cloud, line })
        {
            HeadVectorsFigure
                .Of(Findings.Of(Vectors(vectors)))!
                .Shows.Should()
                .NotContain("as the paper finds")
                .And.NotContain("the clusters lie apart");
        }
    }

    [Fact]
    public void A_silhouette_is_that_of_hand_computed_distances()
    {
        double[] distances = Distances.Condensed(
            [
                [0],
                [2],
                [10],
                [13],
                [99],
            ],
            VectorDistance.Euclidean
        );

        // a = 2, b = (10 + 13) / 2; a = 2, b = (8 + 11) / 2; a = 3, b = (10 + 8) / 2; a = 3, b = (13 + 11) / 2; the
        // last one is in neither
        double[] found = Silhouette.OfTwo(distances, [1, 1, 2, 2, 0]);

        found.Should().HaveCount(4);
        found
            .Zip([9.5 / 11.5, 7.5 / 9.5, 6.0 / 9, 9.0 / 12], (a, b) => Math.Abs(a - b))
            .Should()
            .OnlyContain(e => e < 1e-12);
    }

    [Fact]
    public void Neighbours_of_a_group_are_looked_for_among_other_objects_and_by_beta()
    {
        // two objects of each group; the nearest sample is always of the same object, the nearest other object of the
        // same group for animals alone
        (string Object, string Group, double At)[] samples =
        [
            ("dog", "animal", 0.0),
            ("dog", "animal", 0.1),
            ("cat", "animal", 1.0),
            ("cat", "animal", 1.1),
            ("cup", "kitchen", 5.0),
            ("cup", "kitchen", 5.1),
            ("bus", "vehicle", 5.5),
            ("bus", "vehicle", 5.6),
            ("bowl", "kitchen", 9.0),
            ("bowl", "kitchen", 9.1),
        ];
        NamedBeta[] betas = [.. samples.Select(s => new NamedBeta(s.Object, s.Group, [s.At]))];

        NeighbourAgreement objects = NeighbourAgreement.OfObjects(betas, new Bootstrap()),
            groups = NeighbourAgreement.OfGroups(betas, new Bootstrap());

        objects.Share.Mean.Should().Be(1);
        objects.Chance.Should().BeApproximately(1.0 / 9, 1e-12);
        groups.Samples.Should().Be(8, "no other object is a vehicle");
        groups.Share.Mean.Should().Be(0.5, "dogs and cats find each other, cups and bowls find a bus");
        groups.Chance.Should().BeApproximately(2.0 / 8, 1e-12);
        groups.Share.Count.Should().Be(4, "the interval is over objects");
    }

    [Fact]
    public void Neighbours_in_the_plane_count_for_nothing()
    {
        ReportData data = MadeUpAnalyses.With(Made, perObject: 6);
        string shows = LayoutFigure.Of(Findings.Of(data))!.Shows;
        int next = 0;
        ReportData shuffled = data.Each<LayoutRow>(p =>
            p with
            {
                X = Math.Sin(next * 7.7),
                Y = Math.Cos(next++ * 3.1),
            }
        );

        LayoutFigure.Of(Findings.Of(shuffled))!.Shows.Should().Be(shows);
        shows
            .Should()
            .Contain("by chance")
            .And.Contain("[")
            .And.Contain("Among the samples of other objects")
            .And.Contain("as the paper finds");
    }

    [Fact]
    public void Few_objects_do_not_tell_whether_alike_ones_use_alike_heads()
    {
        LayoutRow[] rows =
        [
            .. Enumerable.Range(0, 20).Select(i => new LayoutRow($"{i}", i < 10 ? "dog" : "cat", "animal", i, i)),
        ];
        double[][] betas = [.. Enumerable.Range(0, 20).Select(i => new[] { i < 10 ? 0 : 1.0, i * 0.01 })];

        LayoutFigure
            .Of(Findings.Of(Made.WithLayout(rows, betas, "Exact t-SNE")))!
            .Shows.Should()
            .Contain("2 objects are too few to tell");
    }

    private static ReportData Vectors(double[][] vectors)
    {
        // wide enough for every vector to be one of a head
        ReportData data = Made with { Model = Made.Model with { Heads = 10 }, Tables = ReportTables.Empty };
        return data.WithHeadVectors([.. vectors.Select((vector, n) => (n, vector))]);
    }

    [Fact]
    public void One_head_vector_and_one_sample_are_drawn()
    {
        ReportData data = Made.WithHeadVectors([(3, [0.2])])
            .WithLayout(
                [new LayoutRow("a", "", null, 0, 0)],
                [
                    [],
                ],
                "Exact t-SNE"
            );

        HeadVectorsFigure
            .Of(Findings.Of(data))!
            .Draw(Drawing.Narrow, "x")
            .Should()
            .Contain("layer 0, head 3")
            .And.NotContain("NaN");
        LayoutFigure.Of(Findings.Of(data))!.Draw(Drawing.Narrow, "x").Should().NotContain("NaN");
    }

    [Fact]
    public void High_ratios_are_compared_with_low_ones_within_each_sample()
    {
        AblationRatioRow[] Rows(int faithfulAbove) =>
            [
                .. from sample in new[] { "few", "few, too", "some", "some, too", "many", "many, too" }
                from ratio in new[] { 0.25, 0.5, 0.75 }
                let heads = sample.StartsWith("few", StringComparison.Ordinal) ? 4
                : sample.StartsWith("some", StringComparison.Ordinal) ? 10
                : 50
                select new AblationRatioRow(
                    sample,
                    ratio,
                    ratio > 0.5 ? heads + faithfulAbove : heads,
                    ratio > 0.5 ? heads - 1 : heads,
                    1 - (0.4 * ratio),
                    null
                ),
            ];
        string Shows(int faithfulAbove) => RatioFigure.Of(Findings.Of(Made.With(Rows(faithfulAbove))))!.Shows;
        RatioFigure
            .Of(Findings.Of(Made.With(Rows(-2).Where(r => !r.SampleId.Contains("too", StringComparison.Ordinal)))))!
            .Shows.Should()
            .Contain("3 samples are too few to tell")
            .And.NotContain("as in the paper");

        Shows(-2)
            .Should()
            .Contain("ratios above 50\u202f% need 2.0\u00a0[2.0,\u00a02.0] fewer heads for faithfulness")
            .And.Contain("1.0\u00a0[1.0,\u00a01.0] fewer for completeness: fewer in both, as in the paper");
        Shows(+2)
            .Should()
            .Contain("2.0\u00a0[2.0,\u00a02.0] more heads for faithfulness")
            .And.Contain("in the paper they need fewer in both");
        Shows(0).Should().Contain("which these samples do not settle");
        Shows(0)
            .Should()
            .Contain(
                "add up best at p\u00a0=\u00a025\u202f% (R² 0.90\u00a0[0.90,\u00a00.90]) and worst at "
                    + "p\u00a0=\u00a075\u202f% "
                    + "(R² 0.70\u00a0[0.70,\u00a00.70])."
            );
    }

    [Fact]
    public void Prompts_are_compared_with_the_papers_only_where_the_reports_own_is_the_default_prompt()
    {
        const string own = "What do you see here?";
        PromptSimilarityRow[] rows =
        [
            new("p1", "", "a", 0.9),
            new("p1", "", "b", 0.94),
            new(own, own, "a", 0.8),
            new(own, own, "b", 0.82),
        ];
        Drawing Of(bool isDefault) =>
            PromptFigure.Of(
                Findings.Of(
                    (Made with { IsDefaultQuestion = isDefault })
                        .With(rows)
                        .WithSettings(new PromptSimilaritySpec { Prompts = ["p1", own, "p3"] })
                )
            )!;

        Of(true)
            .Shows.Should()
            .StartWith(
                "Over 2 prompts β keeps a mean cosine of 0.87\u00a0[0.85,\u00a00.88] with that under the default "
                    + "prompt; the "
                    + "lowest is “What do you see here?” with 0.81"
            )
            .And.Contain("2 samples are too few to tell")
            .And.Contain("No answer under p3 is right")
            .And.Contain("0.95");
        Of(false).Shows.Should().Contain("this report's question").And.NotContain("paper");
        Of(false).Draw(Drawing.Wide, "x").Should().NotContain("paper:").And.Contain("none");
        Of(true).Draw(Drawing.Narrow, "x").Should().Contain("paper:");
    }

    [Fact]
    public void Values_that_are_not_finite_leave_no_NaN_in_a_drawing()
    {
        ReportData data = MadeUpAnalyses.With(Made, perObject: 2);
        int next = 0;
        data = data.EachSample(s =>
                s with
                {
                    SingleHead = [.. s.SingleHead.Select((d, n) => n % 3 == 0 ? double.NaN : d)],
                }
            )
            .Each<NeededRow>(t => t with { Heads = null })
            .Each<AblationRatioRow>(r => r with { FaithfulHeads = null, R2 = null })
            .Each<StylePairsRow>(p => next++ % 2 == 0 ? p with { CosineMean = null, Low95 = null, High95 = null } : p)
            .Each<StyleMeanRow>(m => next++ % 2 == 0 ? m with { Mean = null, Low95 = null, High95 = null } : m)
            .Each<PromptSimilarityRow>(p => p with { Cosine = next++ % 2 == 0 ? null : p.Cosine });

        foreach (Figure figure in Figures.Of(Findings.Of(data)))
        {
            figure
                .Drawing.Draw(Drawing.Wide, "x")
                .Should()
                .NotContain("NaN", figure.Name)
                .And.NotContain("∞", figure.Name);
            figure.Drawing.Shows.Should().NotContain("NaN", figure.Name);
        }
    }

    [Theory]
    [InlineData(
        0.8,
        0.5,
        "difference is 0.30\u00a0[0.20,\u00a00.40]: β follows the object more than the style, as the paper finds"
    )]
    [InlineData(
        0.5,
        0.8,
        "difference is \u22120.30\u00a0[\u22120.40,\u00a0\u22120.20]: β follows the style more than the object, unlike "
            + "in the paper"
    )]
    [InlineData(
        0.55,
        0.5,
        "difference is 0.05\u00a0[\u22120.05,\u00a00.15]: the samples do not tell whether β follows the object or the "
            + "style"
    )]
    public void What_beta_follows_is_told_by_the_interval(double across, double within, string told)
    {
        double difference = across - within;
        Drawing figure = StylesFigure.Of(Findings.Of(Styles(Around(across), Around(within), Around(difference))))!;

        figure
            .Shows.Should()
            .Contain(told)
            .And.StartWith(
                $"Two samples of the same object in different styles have a mean cosine of β of "
                    + $"{Format.Fixed(across, 2)}"
            );
        figure.Table.Rows.Should().Contain(r => Equals(r[0], "cosine, object over style") && Equals(r[5], difference));
    }

    [Fact]
    public void Styles_without_pairs_are_told_and_drawn()
    {
        Drawing figure = StylesFigure.Of(Findings.Of(Styles(Estimate.None, Around(0.5), Estimate.None)))!;

        figure.Shows.Should().StartWith("No two samples show the same object in different styles");
        figure
            .Draw(Drawing.Narrow, "x")
            .Should()
            .NotContain("NaN")
            .And.NotContain("head attribution", "no validation, no panel of heads");
    }

    [Fact]
    public void Without_super_categories_every_object_is_named_in_small_multiples_of_eight_at_most()
    {
        LayoutRow[] rows =
        [
            .. Enumerable.Range(0, 60).Select(i => new LayoutRow($"{i}", $"object {i % 30:00}", null, i % 7, i % 11)),
        ];
        Drawing figure = LayoutFigure.Of(
            Findings.Of(
                Made.WithLayout(
                    [.. rows, rows[0] with { SampleId = "more" }],
                    [.. rows.Append(rows[0]).Select(_ => Array.Empty<double>())],
                    "Exact t-SNE"
                )
            )
        )!;

        figure.Reading.Should().Contain("Colour and form: object");
        string drawn = figure.Draw(Drawing.Wide, "x");
        drawn.Split("data-key=").Should().HaveCount(1 + 30);
        for (int i = 0; i < 30; i++)
        {
            drawn.Should().Contain($">object {i:00}<");
        }

        figure.Reading.Should().Contain("4 panels of the same plane").And.Contain("30 in all");
    }

    [Fact]
    public void Groups_of_marks_of_a_panel_are_told_apart_by_colour_and_by_form()
    {
        Marker[] marks = [.. Enumerable.Range(0, Palette.MostSeries).Select(Palette.OfGroup)];
        marks.Select(m => m.Ink).Should().OnlyHaveUniqueItems();
        marks.Select(m => m.Shape).Should().OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(60)]
    public void Groups_of_columns_are_named_inside_the_drawing_as_far_as_names_can_be_read(int count)
    {
        ColumnGroup[] groups = [.. Enumerable.Range(0, count).Select(i => new ColumnGroup($"group number {i:00}", 2))];
        foreach (Canvas canvas in new[] { new Canvas("w", Drawing.Wide, "", ""), new("n", Drawing.Narrow, "", "") })
        {
            var (svg, grid) = TreeGrid.Of(canvas, rows: 5, columns: 2 * count, groups);
            grid.DrawGroups(svg, groups);
            XElement[] names =
            [
                .. XDocument.Parse(svg.ToString()).Descendants().Where(e => e.Name.LocalName == "text"),
            ];

            int room = (int)((canvas.Width - 4 - grid.Left) / 11);
            names.Select(e => e.Value).Should().Equal(groups.Select(g => g.Name).Take(room));
            names.Should().OnlyContain(e => At(e, "font-size") >= 10, "in a column of a paper that is 7 points");
            svg.ToString().Split("data-tip=\"group number").Should().HaveCount(count + 1, "every bar tells its own");
            names.Should().OnlyContain(e => At(e, "x") >= 0 && At(e, "x") <= canvas.Width);
            names.Should().OnlyContain(e => At(e, "y") > 0 && At(e, "y") < grid.Top);
        }
    }

    private static double At(XElement e, string name) =>
        double.Parse(e.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static Estimate Around(double mean) => new(mean, 0.2, mean - 0.1, mean + 0.1, 40);

    private static ReportData Styles(Estimate across, Estimate within, Estimate difference) =>
        Made.WithStyles(
            new StyleComparison(
                [
                    .. from a in new[] { "real", "sketch" }
                    from b in new[] { "real", "sketch" }
                    where string.CompareOrdinal(a, b) <= 0
                    from same in new[] { true, false }
                    select new StylePairs(a, b, same, a != b && same ? across : within),
                ],
                [
                    new(true, true, within),
                    new(true, false, across),
                    new(false, true, within),
                    new(false, false, within),
                ],
                difference
            ),
            []
        );
}
