using FluentAssertions;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Xunit;

namespace Pipelines.Stages.Tests.Attribution;

public sealed class MaskStabilityTests
{
    private static readonly Trainer ElasticNet = new Trainer.ElasticNet(new ElasticNetSettings());

    private static IReadOnlyList<StabilityPoint> Of(MadeUpSample sample, Trainer trainer, params double[] shares)
    {
        MaskDataset data = sample.Open();
        return MaskStability.Of(trainer, data, TrainTestSplit.Of(data.Rows, 0.8, 7), shares, 7);
    }

    [Fact]
    public void The_point_of_all_masks_is_the_regression_itself()
    {
        using var sample = new MadeUpSample(900, 40);
        HeadFit fit = sample.Fit(ElasticNet);
        StabilityPoint all = Of(sample, ElasticNet, 1, 0.25, 0.5)[^1];
        (all.R2, all.Rho, all.Masks, all.TrainMasks).Should().Be((fit.R2, fit.Rho, 900, fit.TrainRows), "to the bit");
        all.CosineAll.Should().BeApproximately(1, 1e-12);
    }

    [Fact]
    public void A_point_is_a_fit_to_the_first_train_masks_and_its_cosine_with_half_is_that_of_half_with_all()
    {
        using var sample = new MadeUpSample(900, 40);
        var points = Of(sample, ElasticNet, 0.5, 1);
        points.Select(p => (p.Share, p.Masks)).Should().Equal((0.5, 450), (1, 900));
        points[1].CosineHalf.Should().Be(points[0].CosineAll, "beta of all against beta of half, either way");

        var split = TrainTestSplit.Of(900, 0.8, 7);
        int[] train = [.. Enumerable.Range(0, 450).Where(split.Trains)];
        double[] Beta(IEnumerable<int> rows) => FitDirectly(sample, [.. rows]);
        points[0].TrainMasks.Should().Be(train.Length);
        points[0]
            .HalfSplit.Should()
            .Be(Metrics.Pearson(Beta(train.Where((_, i) => i % 2 == 0)), Beta(train.Where((_, i) => i % 2 == 1))));
    }

    [Fact]
    public void More_masks_make_beta_stabler_and_predictions_better()
    {
        using var sample = new MadeUpSample(2000, 40, noise: 0.2);
        var points = Of(sample, ElasticNet, 0.05, 0.2, 1);
        points.Select(p => p.HalfSplit).Should().BeInAscendingOrder();
        points.Select(p => p.R2).Should().BeInAscendingOrder();
        points.Select(p => p.CosineHalf).Should().BeInAscendingOrder();
        points.Should().OnlyContain(p => p.SpearmanBrown >= p.HalfSplit && p.SpearmanBrown <= 1);
    }

    [Theory]
    [InlineData("sdca")]
    [InlineData("light-gbm")]
    [InlineData("fast-tree")]
    public void Other_trainers_have_points_too_also_of_few_masks(string name)
    {
        using var sample = new MadeUpSample(400, 16);
        Trainer trainer = name switch
        {
            "sdca" => new Trainer.Sdca(MaxIterations: 50),
            "light-gbm" => new Trainer.LightGbm(20, 8),
            _ => new Trainer.FastTree(20, 8),
        };
        var points = Of(sample, trainer, 0.05, 0.25, 1);
        points.Select(p => p.Masks).Should().Equal(20, 100, 400);
        points[^1].R2.Should().Be(sample.Fit(trainer).R2);
        points[^1].HalfSplit.Should().BeGreaterThan(0.5);
    }

    [Fact]
    public void A_share_of_fewer_than_four_train_masks_is_left_out_and_a_constant_phi_leaves_its_measures_undefined()
    {
        using var sample = new MadeUpSample(40, 8, phiOf: _ => 0.25);
        var points = Of(sample, ElasticNet, 0.05, 1);
        points.Should().ContainSingle().Which.Masks.Should().Be(40);
        (points[0].CosineAll, points[0].HalfSplit, points[0].SpearmanBrown)
            .Should()
            .Be((double.NaN, double.NaN, double.NaN));
    }

    private static double[] FitDirectly(MadeUpSample sample, int[] rows) =>
        Stages
            .Attribution.ElasticNet.Fit(
                MaskColumns.Of(rows.Select(i => sample.Masks[i]), sample.Heads),
                [.. rows.Select(i => sample.Phi[i])],
                new ElasticNetSettings()
            )
            .Coefficients;
}
