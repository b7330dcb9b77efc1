using FluentAssertions;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Attribution;

public sealed class HeadRegressionTests(ITestOutputHelper output)
{
    private static readonly Trainer ElasticNetTrainer = new Trainer.ElasticNet(new ElasticNetSettings());

    public static TheoryData<string> TrainerNames => ["elastic-net", "sdca", "light-gbm", "fast-tree"];

    [Fact]
    public void A_system_without_LightGBM_is_told_what_to_take_instead()
    {
        FluentActions
            .Invoking(() => LightGbmLibrary.Require("lib_of_another_system"))
            .Should()
            .Throw<InputException>()
            .WithMessage("light-gbm: its native library 'lib_of_another_system' cannot be loaded*elastic-net*");
    }

    [Fact]
    public void The_elastic_net_on_part_files_is_the_elastic_net_on_the_train_rows()
    {
        using var sample = new MadeUpSample(1000, 64);
        var fit = sample.Fit(ElasticNetTrainer);
        var split = TrainTestSplit.Of(1000, 0.8, 7);
        int[] train = [.. Enumerable.Range(0, 1000).Where(split.Trains)];
        var direct = ElasticNet.Fit(
            MaskColumns.Of(train.Select(i => sample.Masks[i]), 64),
            [.. train.Select(i => sample.Phi[i])],
            new ElasticNetSettings(),
            threads: 2
        );
        fit.Beta.Should().Equal(direct.Coefficients, "to the bit, whatever the threads");
        (fit.Intercept, fit.Iterations, fit.DualGap, fit.Converged)
            .Should()
            .Be((direct.Intercept, direct.Iterations, direct.DualGap, true));
        fit.TestMaskIndex.Should().Equal(Enumerable.Range(0, 1000).Where(i => !split.Trains(i)));
        fit.TestPhi.Should().Equal(fit.TestMaskIndex.Select(i => sample.Phi[i]));
        fit.TestPredicted.Should().Equal(fit.TestMaskIndex.Select(i => direct.Predict(sample.Masks[i])));
        fit.R2.Should().BeGreaterThan(0.9);
        Metrics.Pearson(fit.Beta, sample.Effects).Should().BeGreaterThan(0.9);
    }

    [Theory]
    [MemberData(nameof(TrainerNames))]
    public void R2_of_Evaluate_is_the_double_precision_R2_to_1e_6_and_errors_are_those_of_the_predictions(
        string trainer
    )
    {
        using var sample = new MadeUpSample(1000, 64);
        var fit = sample.Fit(Of(trainer));
        fit.Evaluated.R2.Should().BeApproximately(fit.R2, 1e-6);
        fit.Evaluated.Mae.Should()
            .BeApproximately(fit.TestPhi.Zip(fit.TestPredicted, (a, b) => Math.Abs(a - b)).Average(), 1e-6);
        fit.Evaluated.Rmse.Should()
            .BeApproximately(
                Math.Sqrt(fit.TestPhi.Zip(fit.TestPredicted, (a, b) => (a - b) * (a - b)).Average()),
                1e-6
            );
        double likeness = Metrics.Pearson(fit.Beta, sample.Fit(ElasticNetTrainer).Beta);
        output.WriteLine(
            $"{trainer}: R2 {fit.R2:f3}, rho {fit.Rho:f3}, Evaluate's R2 off by "
                + $"{Math.Abs(fit.Evaluated.R2 - fit.R2):g2}, correlation of beta with the elastic net's {likeness:f4}"
        );
        likeness.Should().BeGreaterThan(trainer == "sdca" ? 0.999 : 0.8);
    }

    [Theory]
    [MemberData(nameof(TrainerNames))]
    public void A_fit_is_the_same_to_the_bit_every_time_and_side_by_side(string trainer)
    {
        using var sample = new MadeUpSample(600, 24);
        var fits = new HeadFit[3];
        fits[0] = sample.Fit(Of(trainer));
        Parallel.For(1, 3, i => fits[i] = sample.Fit(Of(trainer)));
        foreach (var fit in fits)
        {
            fit.Beta.Should().Equal(fits[0].Beta);
            fit.TestPredicted.Should().Equal(fits[0].TestPredicted);
            fit.ToFitRow("s", Of(trainer)).Should().Be(fits[0].ToFitRow("s", Of(trainer)));
        }
    }

    [Theory]
    [MemberData(nameof(TrainerNames))]
    public void A_constant_phi_is_fitted_by_its_value(string trainer)
    {
        using var sample = new MadeUpSample(300, 16, phiOf: _ => 0.375);
        var fit = sample.Fit(Of(trainer));
        fit.Beta.Should().OnlyContain(b => Math.Abs(b) < 1e-6);
        fit.TestPredicted.Should().OnlyContain(p => Math.Abs(p - 0.375) < 1e-4);
        fit.Rho.Should().Be(double.NaN);
        if (trainer == "elastic-net")
        {
            (fit.R2, fit.Intercept, fit.Iterations).Should().Be((1, 0.375, 0));
            fit.ToFitRow("s", Of(trainer)).Rho.Should().BeNull("undefined is a gap in the table");
        }
    }

    [Theory]
    [InlineData("light-gbm")]
    [InlineData("fast-tree")]
    public void Effects_of_trees_are_the_mean_change_of_the_model_s_own_score_when_a_head_is_switched(string trainer)
    {
        using var sample = new MadeUpSample(600, 24);
        var ml = new MLContext(7);
        var train = MaskDataView.All(sample.Open());
        var (ensemble, score) = trainer == "light-gbm" ? LightGbm(ml, train) : FastTree(ml, train);
        double[] scores = [.. score.Select(s => (double)s)];
        sample
            .Masks.Zip(scores, (m, s) => Math.Abs(TreeEffects.Predict(ensemble, m) - s))
            .Max()
            .Should()
            .BeLessThan(1e-5, "the walk is the model");
        var effects = TreeEffects.Of(ensemble, sample.Masks, 24);
        for (int n = 0; n < 24; n++)
        {
            double slow = sample.Masks.Average(m =>
                TreeEffects.Predict(ensemble, With(m, n, true)) - TreeEffects.Predict(ensemble, With(m, n, false))
            );
            effects[n].Should().BeApproximately(slow, 1e-12);
        }
    }

    [Fact]
    public void The_trained_model_saves_loads_cross_validates_and_explains_itself_as_any_of_ML_NET()
    {
        using var sample = new MadeUpSample(600, 24);
        var ml = new MLContext(1);
        var view = MaskDataView.All(sample.Open());
        var trainer = new ElasticNetTrainer(ml, new ElasticNetSettings());
        var model = trainer.Fit(view);
        using var stream = new MemoryStream();
        ml.Model.Save(model, view.Schema, stream);
        stream.Position = 0;
        var loaded = ml.Model.Load(stream, out _);
        loaded
            .Transform(view)
            .GetColumn<float>("Score")
            .Should()
            .Equal(model.Transform(view).GetColumn<float>("Score"));
        ml.Regression.CrossValidate(view, trainer, numberOfFolds: 3, labelColumnName: MaskDataView.Label)
            .Should()
            .OnlyContain(f => f.Metrics.RSquared > 0.8);
        ml.Regression.PermutationFeatureImportance(model, view, MaskDataView.Label).Should().HaveCount(24);
        var pipeline = ml
            .Transforms.CopyColumns("Copy", MaskDataView.Label)
            .Append(new ElasticNetTrainer(ml, new ElasticNetSettings(), "Copy"));
        pipeline.GetOutputSchema(SchemaShapeOf(ml, view)).Should().Contain(c => c.Name == "Score");
        ml.Regression.Evaluate(pipeline.Fit(view).Transform(view), MaskDataView.Label)
            .RSquared.Should()
            .BeGreaterThan(0.9);
    }

    [Fact]
    public void A_feature_that_is_neither_0_nor_1_is_refused()
    {
        var ml = new MLContext(1);
        var data = ml.Data.LoadFromEnumerable([
            new Point { Features = [0, 1], Label = 1 },
            new Point { Features = [0.5f, 1], Label = 2 },
        ]);
        var fit = () => new ElasticNetTrainer(ml, new ElasticNetSettings(), "Label").Fit(data);
        fit.Should().Throw<InvalidOperationException>().WithMessage("Feature 0 is 0.5*");
    }

    [Fact]
    public void One_mask_is_too_few()
    {
        using var sample = new MadeUpSample(1, 16);
        var fit = () => sample.Fit(ElasticNetTrainer);
        fit.Should().Throw<InputException>().WithMessage("*holds 1 masks*at least 2*");
    }

    [Fact]
    public void Rows_for_the_tables_name_layer_and_head()
    {
        using var sample = new MadeUpSample(200, 24);
        var fit = sample.Fit(ElasticNetTrainer);
        var rows = fit.ToAttributionRows("s", headsPerLayer: 8).ToArray();
        rows.Should().HaveCount(24);
        (rows[17].Layer, rows[17].Head, rows[17].Beta).Should().Be((2, 1, fit.Beta[17]));
        fit.ToPredictionRows("s").Should().HaveCount(40);
        var row = fit.ToFitRow("s", ElasticNetTrainer);
        (row.TrainRows, row.TestRows, row.Trainer).Should().Be((160, 40, "elastic-net"));
    }

    private static Trainer Of(string name) =>
        name switch
        {
            "elastic-net" => ElasticNetTrainer,
            "sdca" => new Trainer.Sdca(),
            "light-gbm" => new Trainer.LightGbm(),
            _ => new Trainer.FastTree(),
        };

    private static (RegressionTreeEnsemble, IEnumerable<float>) LightGbm(MLContext ml, MaskDataView train)
    {
        var model = ml.Regression.Trainers.LightGbm(numberOfIterations: 50).Fit(train);
        return (model.Model.TrainedTreeEnsemble, model.Transform(train).GetColumn<float>("Score"));
    }

    private static (RegressionTreeEnsemble, IEnumerable<float>) FastTree(MLContext ml, MaskDataView train)
    {
        var model = ml.Regression.Trainers.FastTree(numberOfTrees: 50).Fit(train);
        return (model.Model.TrainedTreeEnsemble, model.Transform(train).GetColumn<float>("Score"));
    }

    private static SchemaShape SchemaShapeOf(MLContext ml, IDataView view) =>
        ml.Transforms.CopyColumns("Unused", MaskDataView.Label).GetOutputSchema(Shape(view));

    private static SchemaShape Shape(IDataView view)
    {
        // A SchemaShape cannot be made from outside ML.NET but through the internals it shows to nobody; reflection
        // will do in a test.
        var create = typeof(SchemaShape).GetMethod(
            "Create",
            System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic
        )!;
        return (SchemaShape)create.Invoke(null, [view.Schema])!;
    }

    private static byte[] With(byte[] mask, int head, bool intact)
    {
        byte[] copy = [.. mask];
        copy[head / 8] = (byte)(intact ? copy[head / 8] | 1 << (head % 8) : copy[head / 8] & ~(1 << (head % 8)));
        return copy;
    }

    private sealed class Point
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [];

        public float Label { get; set; }
    }
}
