using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Attribution;
using Pipelines.Stages.Tests.Reporting;
using Pipelines.Stages.Tests.Units;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Stages.Tests;

public sealed class GradientWorthTests : IDisposable
{
    private const int Heads = 24;
    private readonly FakeArtifacts store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public void Fits_are_those_of_the_first_observations_on_the_masks_that_regress_holds_out()
    {
        using MadeUpGradients made = Bent();
        HeldOut masks = Given(made);
        Unit net = store.Compute(new FitToFirstMasks("s", 6, 400, 0.0005, 0.5, masks)),
            mean = store.Compute(
                new MeanOfFirstGradients("s", 6, 30, GradientAverage.BothEnds, Gradients(made), masks)
            );
        HeadFit full = HeadRegression.Fit(
            new Trainer.ElasticNet(new ElasticNetSettings()),
            [made.File("masks")],
            [made.File("forward")],
            Heads,
            7,
            0.8
        );
        store.Artifacts.Beta(net).Should().Equal(full.Beta);
        store.Artifacts.Row<FirstFitRow>(net).R2.Should().Be(full.R2);
        HeadFit gradients = made.Fit(GradientResidual.None);
        store.Artifacts.Beta(mean).Should().Equal(gradients.Beta);
        store.Artifacts.Row<FirstFitRow>(mean).R2.Should().Be(gradients.R2);
        store.Artifacts.Row<FirstFitRow>(mean).Intercept.Should().Be(gradients.Intercept);
    }

    [Fact]
    public void Fewer_observations_are_the_first_ones()
    {
        using MadeUpGradients made = Bent();
        HeldOut masks = Given(made);
        TrainTestSplit split = TrainTestSplit.Of(500, 0.8, 7);
        Observation[] first = [.. made.Data.Observations().Where((_, row) => split.Trains(row)).Take(50)];
        Unit net = store.Compute(new FitToFirstMasks("s", 6, 50, 0.01, 0.25, masks)),
            mean = store.Compute(new MeanOfFirstGradients("s", 6, 5, GradientAverage.Masks, Gradients(made), masks));
        store
            .Artifacts.Beta(net)
            .Should()
            .Equal(
                ElasticNet
                    .Fit(
                        MaskColumns.Of(first.Select(o => o.Heads), Heads),
                        Array.ConvertAll(first, o => o.Phi),
                        new ElasticNetSettings(0.01, 0.25)
                    )
                    .Coefficients
            );
        store.Artifacts.Beta(mean).Should().Equal(made.Expected(GradientAverage.Masks, first: 5).Beta);
    }

    [Fact]
    public void A_sample_is_read_off_its_fits_and_the_scans_of_their_orders()
    {
        Unit few = Fit(WorthRow.Masks, 10, 0.2, [0.3, 0.1, 0, 0]),
            many = Fit(WorthRow.Masks, 40, 0.6, [0.1, 0.2, 0.3, 0]),
            gradients = Fit(WorthRow.Gradients, 5, 0.5, [0.2, 0.4, 0.6, 0]);
        Unit[] scans =
        [
            Scan((0, 1), (0.5, 0.5), (0.9, 0.3), (0.95, 0.1)),
            Scan((0, 1), (0.85, 0.1)),
            Scan((0, 1), (0.7, 0.15), (0.75, 0.1)),
        ];
        IReadOnlyList<WorthRow> rows = store.Compute<WorthOfSample, WorthRow>(
            new WorthOfSample("s", [few, many, gradients], scans, 0.8, 0.2)
        );
        rows.Select(r => (r.Way, r.Observations, r.R2, r.FaithfulHeads, r.CompleteHeads))
            .Should()
            .Equal(
                (WorthRow.Masks, 10, 0.2, 2, 3),
                (WorthRow.Masks, 40, 0.6, 1, 1),
                (WorthRow.Gradients, 5, 0.5, null, 1)
            );
        rows[1].Pearson.Should().BeApproximately(1, 1e-12);
        rows[2].Pearson.Should().BeApproximately(1, 1e-12, "a multiple correlates fully");
        rows[2].Spearman.Should().BeApproximately(1, 1e-12);
        // ranks 3, 2, 0.5, 0.5 against 1, 2, 3, 0: the sum of products of what they differ from 1.5 by is -0.5
        rows[0].Spearman.Should().BeApproximately(-0.5 / Math.Sqrt(4.5 * 5), 1e-12);
    }

    [Fact]
    public void Gradients_are_worth_the_masks_at_which_the_elastic_net_is_as_good_interpolated_by_the_logarithm()
    {
        WorthFindings worth = Of([(100, 0.2), (1000, 0.6), (10_000, 0.8)], [(5, 0.1), (10, 0.4), (20, 0.9)], cost: 4);
        worth.CostOfGradient.Mean.Should().Be(4);
        worth.Gradients.Select(g => g.Point.Passes).Should().Equal(20, 40, 80);
        double[] masks = [.. worth.Gradients.Select(g => g.Masks.Mean)];
        masks[0].Should().Be(100, "it is as good before the fewest: a bound");
        masks[1].Should().BeApproximately(Math.Sqrt(100 * 1000), 1e-6, "half way in R² is half way in the logarithm");
        masks[2].Should().Be(10_000, "it is never as good: a bound");
        worth.Gradients[0].MasksWorth.Should().Be("at most 100 masks");
        worth.Gradients[2].MasksWorth.Should().Be("at least 10\u202f000 masks");
        worth.Gradients[1].PerPass.Mean.Should().BeApproximately(Math.Sqrt(100 * 1000) / 40, 1e-9);
    }

    [Fact]
    public void At_equal_cost_means_the_fewest_masks_that_cost_as_much()
    {
        WorthFindings worth = Of([(100, 0.2), (1000, 0.6)], [(10, 0.4), (30, 0.5), (300, 0.55)], cost: 4);
        worth.Gradients.Select(g => g.Rival.Observations).Should().Equal(100, 1000, 1000);
        worth.Gradients[0].R2Gained.Mean.Should().BeApproximately(0.2, 1e-12);
        worth.Gradients[1].R2Gained.Mean.Should().BeApproximately(-0.1, 1e-12);
    }

    [Fact]
    public void The_cost_of_a_gradient_is_the_median_of_rounds_of_which_each_compares_one_time_with_the_other()
    {
        PassSecondsRow[] times =
        [
            new("s", 0, PassSecondsRow.Mask, 32, 1),
            new("s", 0, PassSecondsRow.Gradient, 16, 3),
            new("s", 1, PassSecondsRow.Mask, 32, 10), // the machine was busy for both
            new("s", 1, PassSecondsRow.Gradient, 16, 50),
            new("s", 2, PassSecondsRow.Mask, 32, 1),
            new("s", 2, PassSecondsRow.Gradient, 16, 4),
            new("s", 0, PassSecondsRow.Net, 100, 0.5),
        ];
        WorthFindings worth = WorthFindings.Of(
            [new("s", WorthRow.Masks, 100, 0.5, 1, 1, 3, 3), new("s", WorthRow.Gradients, 10, 0.5, 1, 1, 3, 3)],
            times
        )!;
        worth.CostOfGradient.Mean.Should().Be(4);
        worth.Masks[0].Seconds.Should().Be((100 * 1) + 0.5, "the fit counts");
        worth.Gradients[0].Point.Seconds.Should().Be(10 * 4);
    }

    [Fact]
    public void The_figure_says_what_the_samples_tell()
    {
        ReportData none = MadeUpReport.Of(layers: 3, heads: 2, samples: 8, masks: 20),
            some = none with { Tables = new MadeUpWorth().AddTo(none.Tables, SampleResult.Of(none)) };
        Drawing drawing = GradientWorthFigure.Of(Findings.Of(some))!;
        drawing.Shows.Should().Contain("At 6 heads 100 gradients cost 295 passes").And.Contain("more");
        drawing.Table.Rows.Should().HaveCount(5 + 3);
        GradientWorthFigure.Of(Findings.Of(none)).Should().BeNull();
        GradientWorthTable.Of(Findings.Of(none)).Should().BeNull();
        WorthFindings.Of([new("s", WorthRow.Masks, 9, 1, 1, 1, 1, 1)], []).Should().BeNull("there is one way only");
    }

    private static MadeUpGradients Bent() =>
        new(
            Heads,
            x => x[0] + (0.3 * x[1] * x[2]),
            x => [1, 0.3 * x[2], 0.3 * x[1], .. new double[Heads - 3]],
            noise: 0.05
        );

    private HeldOut Given(MadeUpGradients made)
    {
        Unit masks = Copy<MaskRow>(made.File("masks")),
            forward = Copy<ForwardRow>(made.File("forward"));
        return new HeldOut(new Observed(Heads, [masks], [forward]), 0.8, 7);
    }

    private Unit[] Gradients(MadeUpGradients made) => [.. made.GradientFiles.Select(Copy<GradientRow>)];

    private Unit Copy<TRow>(string file)
        where TRow : class =>
        store.Given(folder => File.Copy(file, Path.Combine(folder, Tables.Of<TRow>().FileName)));

    private Unit Fit(string way, int observations, double r2, double[] beta) =>
        store.Given(folder =>
        {
            Tables
                .Of<AttributionRow>()
                .Write(
                    Path.Combine(folder, Tables.Of<AttributionRow>().FileName),
                    [.. beta.Select((b, n) => new AttributionRow("s", 0, n, b))]
                );
            Tables
                .Of<FirstFitRow>()
                .Write(
                    Path.Combine(folder, Tables.Of<FirstFitRow>().FileName),
                    [new FirstFitRow("s", way, observations, r2, 0, 1, true)]
                );
        });

    private Unit Scan(params (double Faithfulness, double Completeness)[] points) =>
        store.Given<ValidationRow>([
            .. points.Select((p, k) => new ValidationRow("s", "order", 0, k, p.Faithfulness, p.Completeness)),
        ]);

    /// <summary>Findings of two samples that are alike.</summary>
    private static WorthFindings Of((int Count, double R2)[] masks, (int Count, double R2)[] gradients, double cost)
    {
        string[] samples = ["a", "b"];
        return WorthFindings.Of(
            [
                .. from s in samples
                from row in masks
                    .Select(m => new WorthRow(s, WorthRow.Masks, m.Count, m.R2, 1, 1, 5, 5))
                    .Concat(gradients.Select(g => new WorthRow(s, WorthRow.Gradients, g.Count, g.R2, 1, 1, 4, 4)))
                select row,
            ],
            [
                .. from s in samples
                from row in new PassSecondsRow[]
                {
                    new(s, 0, PassSecondsRow.Mask, 32, 0.01),
                    new(s, 0, PassSecondsRow.Gradient, 16, 0.01 * cost),
                }
                select row,
            ]
        )!;
    }
}

/// <summary>Gradients that are good from the first on, and an elastic net that wants several masks a head.</summary>
internal sealed class MadeUpWorth : IMadeUpRows
{
    private static readonly int[] Masks = [300, 600, 1000, 2000, 4000],
        Gradients = [10, 30, 100];

    public ReportTables AddTo(ReportTables tables, IReadOnlyList<SampleResult> samples) =>
        tables
            .With(samples.SelectMany((s, i) => Rows(s.SampleId, i)))
            .With(samples.SelectMany((s, i) => Times(s.SampleId, i)));

    private static IEnumerable<WorthRow> Rows(string sample, int i) =>
        [
            .. Masks.Select(m =>
                Row(sample, i, WorthRow.Masks, m, 0.9 - (200.0 / m), m == 4000 ? 1 : 1 - (100.0 / m))
            ),
            .. Gradients.Select(g => Row(sample, i, WorthRow.Gradients, g, 0.8 - (2.0 / g), 0.97 - (0.5 / g))),
        ];

    private static WorthRow Row(string sample, int i, string way, int count, double r2, double alike) =>
        new(
            sample,
            way,
            count,
            r2 + (0.01 * (i % 5)),
            alike,
            alike - 0.05,
            20 - (int)(15 * r2) + (i % 3),
            i == 4 && count == 10 ? null : 24 - (int)(15 * r2)
        );

    private static IEnumerable<PassSecondsRow> Times(string sample, int i) =>
        [
            new(sample, 0, PassSecondsRow.Mask, 32, 0.002),
            new(sample, 0, PassSecondsRow.Gradient, 16, 0.002 * (2.95 + (0.1 * ((i % 2 * 2) - 1)))),
            .. Masks.Select(m => new PassSecondsRow(sample, 0, PassSecondsRow.Net, m, 1e-5 * m)),
        ];
}
