using DuckDB.NET.Data;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Attribution;

public sealed class ExpectedGradientsTests
{
    private const int Heads = 24;
    private static readonly double[] Effects =
    [
        .. Enumerable.Range(0, Heads).Select(n => n % 3 == 0 ? 0.02 * (n + 1) : 0),
    ];

    [Theory]
    [InlineData("BothEnds")]
    [InlineData("Masks")]
    public void One_gradient_of_an_additive_phi_is_beta(string average)
    {
        using var sample = Additive();
        ExpectedGradients one = sample.Expected(Enum.Parse<GradientAverage>(average), first: 1);
        one.Passes.Should().Be(1);
        one.Beta.Zip(Effects, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-7);
        one.Intercept.Should().BeApproximately(0.1, 1e-6);
    }

    [Fact]
    public void Both_ends_give_the_effect_of_a_phi_that_bends_and_the_plain_mean_a_quarter_of_its_far_end()
    {
        // x^2: the effect of opening a gate is a, its slope 0 at one end and 2a at the other
        using var sample = new MadeUpGradients(
            Heads,
            x => x.Select((v, n) => Effects[n] * v * v).Sum(),
            x => [.. x.Select((v, n) => 2 * Effects[n] * v)],
            passes: 200
        );
        sample.Expected().Beta.Zip(Effects, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThan(1e-6);
        double[] plain = sample.Expected(GradientAverage.Masks).Beta;
        (plain.Sum() / Effects.Sum()).Should().BeApproximately(0.5, 0.05, "75 % of the masks stand at the flat end");
        sample.Fit(GradientResidual.None).R2.Should().BeGreaterThan(0.999999);
        sample.Fit(GradientResidual.None, sample.Expected(GradientAverage.Masks)).R2.Should().BeLessThan(0.9);
    }

    [Fact]
    public void Predictions_have_the_mean_of_phi_over_the_passes()
    {
        using var sample = new MadeUpGradients(
            Heads,
            x => x[0] + (0.3 * x[1] * x[2]),
            x => [1, 0.3 * x[2], 0.3 * x[1], .. new double[Heads - 3]]
        );
        ExpectedGradients expected = sample.Expected();
        var passes = GradientPart.Read(sample.GradientFiles, Heads).ToList();
        passes
            .SelectMany(p => p.Heads)
            .Average(mask => expected.Predict(mask))
            .Should()
            .BeApproximately(passes.SelectMany(p => p.Phi).Average(), 1e-12);
        expected.Passes.Should().Be(30, "the parts are one sequence");
    }

    [Fact]
    public void A_residual_mends_gradients_that_are_wrong_and_auto_sees_it()
    {
        using var sample = new MadeUpGradients(
            Heads,
            x => 0.1 + x.Zip(Effects, (a, b) => a * b).Sum(),
            _ => [.. Effects.Select((e, n) => n < 12 ? e : 0)],
            noise: 0.02
        );
        HeadFit none = sample.Fit(GradientResidual.None),
            always = sample.Fit(GradientResidual.ElasticNet),
            auto = sample.Fit(GradientResidual.Auto);
        always.R2.Should().BeGreaterThan(none.R2 + 0.3).And.BeGreaterThan(0.95);
        auto.Should().BeEquivalentTo(always);
        var trainer = new Trainer.Gradient(GradientResidual.Auto, new ElasticNetSettings());
        auto.ToFitRow("s", trainer).Trainer.Should().Be("gradient + elastic-net");
        none.ToFitRow("s", trainer).Trainer.Should().Be("gradient");
        Metrics.Pearson(auto.Beta, Effects).Should().BeGreaterThan(0.99);
        auto.Evaluated.R2.Should().BeApproximately(auto.R2, 1e-6);
    }

    [Fact]
    public void Auto_leaves_the_residual_out_where_it_would_only_fit_noise()
    {
        const int many = 200;
        double[] effects = [.. Enumerable.Range(0, many).Select(n => n % 10 == 0 ? 0.05 : 0.0)];
        using var sample = new MadeUpGradients(
            many,
            x => x.Zip(effects, (a, b) => a * b).Sum(),
            _ => effects,
            rows: 120,
            noise: 0.2
        );
        HeadFit none = sample.Fit(GradientResidual.None),
            always = sample.Fit(GradientResidual.ElasticNet),
            auto = sample.Fit(GradientResidual.Auto);
        always.R2.Should().BeLessThan(none.R2);
        auto.Should().BeEquivalentTo(none);
    }

    [Fact]
    public void With_too_few_masks_for_the_folds_auto_leaves_the_residual_out()
    {
        using var sample = new MadeUpGradients(Heads, x => x[0], _ => [.. new double[Heads]], rows: 20);
        sample.Fit(GradientResidual.Auto).Fitted.Should().BeNull();
    }

    [Fact]
    public void A_fit_is_the_same_to_the_bit_side_by_side()
    {
        using var sample = new MadeUpGradients(
            Heads,
            x => x[0] + (x[1] * x[2]),
            x => [1, x[2], x[1], .. new double[Heads - 3]],
            noise: 0.1
        );
        var fits = new HeadFit[3];
        Parallel.For(0, fits.Length, i => fits[i] = sample.Fit(GradientResidual.Auto));
        fits.Should()
            .OnlyContain(f =>
                f.Beta.SequenceEqual(fits[0].Beta)
                && f.TestPredicted.SequenceEqual(fits[0].TestPredicted)
                && f.Fitted == fits[0].Fitted
            );
    }

    [Fact]
    public void Cost_curves_count_a_gradient_twice_and_end_at_the_full_elastic_net()
    {
        using var sample = new MadeUpGradients(
            Heads,
            x => x.Zip(Effects, (a, b) => a * b).Sum() + (0.2 * x[1] * x[2]),
            x =>
                [
                    .. Effects.Select(
                        (e, n) =>
                            e
                            + (
                                n == 1 ? 0.2 * x[2]
                                : n == 2 ? 0.2 * x[1]
                                : 0
                            )
                    ),
                ],
            noise: 0.02
        );
        var split = TrainTestSplit.Of(500, 0.8, 7);
        var points = CostCurves.Of(
            sample.Data,
            split,
            [.. GradientPart.Read(sample.GradientFiles, Heads)],
            new ElasticNetSettings()
        );
        points.Where(p => p.Way == CostCurves.ElasticNet).Select(p => p.Passes).Should().Equal(10, 30, 100, 300, 400);
        points
            .Where(p => p.Way == CostCurves.Gradient)
            .Select(p => (p.Observations, p.Passes))
            .Should()
            .Equal((3, 6), (10, 20), (30, 60));
        points.Where(p => p.Way == CostCurves.Both).Select(p => p.Passes).Should().Equal(90, 160, 360, 460);
        CostPoint full = points.Last(p => p.Way == CostCurves.ElasticNet),
            gradients = points.Last(p => p.Way == CostCurves.Gradient),
            both = points.Last(p => p.Way == CostCurves.Both);
        full.Correlation.Should().BeApproximately(1, 1e-12);
        full.R2.Should()
            .Be(
                HeadRegression
                    .Fit(
                        new Trainer.ElasticNet(new ElasticNetSettings()),
                        [sample.File("masks")],
                        [sample.File("forward")],
                        Heads,
                        7,
                        0.8
                    )
                    .R2
            );
        gradients.R2.Should().Be(sample.Fit(GradientResidual.None).R2);
        both.R2.Should().BeApproximately(sample.Fit(GradientResidual.ElasticNet).R2, 1e-12);
    }

    [Fact]
    public void Trees_on_the_residual_gain_what_is_not_additive_and_nothing_else()
    {
        using var together = new MadeUpGradients(
            Heads,
            x => x.Zip(Effects, (a, b) => a * b).Sum() + (x[1] * x[2]),
            _ => new double[Heads],
            rows: 1500,
            noise: 0.05
        );
        using var alone = new MadeUpGradients(
            Heads,
            x => x.Zip(Effects, (a, b) => a * b).Sum(),
            _ => new double[Heads],
            rows: 1500,
            noise: 0.2
        );
        NonAdditiveFit Of(MadeUpGradients sample) =>
            NonAdditiveFit.Of(
                sample.Data,
                TrainTestSplit.Of(1500, 0.8, 7),
                new ElasticNetSettings(),
                new ResidualTrees(),
                7
            );
        NonAdditiveFit gained = Of(together),
            nothing = Of(alone);
        (gained.WithTrees - gained.Linear).Should().BeGreaterThan(0.05);
        gained.Trees.Should().BePositive();
        (nothing.WithTrees - nothing.Linear).Should().BeInRange(-0.01, 0.01);
        gained.TestRows.Should().Be(300);
        Of(together).Should().Be(gained, "the same to the bit");
    }

    [Fact]
    public void Gradients_read_back_what_was_written_and_DuckDB_reads_them()
    {
        using var sample = Additive();
        var parts = GradientPart.Read(sample.GradientFiles, Heads).ToList();
        parts.SelectMany(p => p.MaskIndex).Should().Equal(Enumerable.Range(0, 30));
        parts
            .SelectMany(p => p.Gradients)
            .Should()
            .OnlyContain(g => g.Zip(Effects, (a, b) => Math.Abs(a - b)).Max() < 1e-7);
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText =
            $"select count(*)::bigint, min(octet_length(gradient))::bigint, min(octet_length(heads))::bigint from "
            + $"'{Path.GetDirectoryName(sample.GradientFiles[0])}/gradients-*.parquet'";
        using var reader = command.ExecuteReader();
        reader.Read().Should().BeTrue();
        (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)).Should().Be((30, 4 * Heads, Heads / 8));
    }

    [Fact]
    public void Gradients_of_another_model_or_that_are_not_finite_are_refused()
    {
        using var sample = Additive();
        FluentActions
            .Invoking(() => GradientPart.Read(sample.GradientFiles, Heads + 1).ToList())
            .Should()
            .Throw<InputException>()
            .WithMessage("*gradients-0.parquet*gradient*");
        using var broken = new MadeUpGradients(Heads, _ => 1, _ => [double.NaN, .. new double[Heads - 1]]);
        FluentActions.Invoking(() => broken.Expected()).Should().Throw<InputException>().WithMessage("*not finite*");
        FluentActions
            .Invoking(() => ExpectedGradients.Of([], Heads, GradientAverage.Masks))
            .Should()
            .Throw<ArgumentException>();
    }

    private static MadeUpGradients Additive() =>
        new(Heads, x => 0.1 + x.Zip(Effects, (a, b) => a * b).Sum(), _ => Effects);
}
