using FluentAssertions;
using FsCheck.Xunit;
using Microsoft.ML;
using Microsoft.ML.Data;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Attribution;
using Xunit;

namespace Pipelines.Stages.Tests.Attribution;

public sealed class MaskDataViewTests
{
    [Fact]
    public void Rows_are_the_masks_and_phi_of_the_part_files_whatever_their_borders()
    {
        using var sample = new MadeUpSample(700, 37);
        var view = MaskDataView.All(sample.Open());
        view.GetRowCount().Should().Be(700);
        view.GetColumn<double>(MaskDataView.Phi).Should().Equal(sample.Phi);
        view.GetColumn<float>(MaskDataView.Label).Should().Equal(sample.Phi.Select(p => (float)p));
        view.GetColumn<int>(MaskDataView.MaskIndex).Should().Equal(Enumerable.Range(0, 700));
        view.GetColumn<float[]>(MaskDataView.Features)
            .Zip(sample.Masks)
            .Should()
            .OnlyContain(p =>
                p.First.Length == 37
                && p.First.Select((v, n) => v == (MadeUpSample.IsIntact(p.Second, n) ? 1f : 0f)).All(same => same)
            );
        new MLContext().Data.CreateEnumerable<Row>(view, reuseRowObject: false).Should().HaveCount(700);
    }

    [Fact]
    public void Train_and_test_rows_are_every_row_once_in_file_order()
    {
        using var sample = new MadeUpSample(503, 16);
        var data = sample.Open();
        var split = TrainTestSplit.Of(data.Rows, 0.8, seed: 3);
        var train = MaskDataView.Train(data, split).GetColumn<int>(MaskDataView.MaskIndex).ToArray();
        var test = MaskDataView.Test(data, split).GetColumn<int>(MaskDataView.MaskIndex).ToArray();
        train.Should().HaveCount(402).And.BeInAscendingOrder();
        test.Should().HaveCount(101).And.BeInAscendingOrder();
        train.Concat(test).Order().Should().Equal(Enumerable.Range(0, 503));
    }

    [Fact]
    public void Part_files_that_do_not_belong_together_are_errors()
    {
        using var sample = new MadeUpSample(500, 16);
        var tooFew = () => MaskDataset.Open(sample.MaskParts, [sample.ForwardParts[0]], 16);
        tooFew.Should().Throw<InputException>().WithMessage("*170 forward passes for 500 masks*");
        var swapped = () =>
            MaskDataset.Open([.. sample.MaskParts.Reverse()], sample.ForwardParts, 16).Observations().Count();
        swapped.Should().Throw<InputException>().WithMessage("*forward*'mask_index' has 0 where the masks have 250*");
        var otherModel = () => MaskDataset.Open(sample.MaskParts, sample.ForwardParts, 64).Observations().Count();
        otherModel.Should().Throw<InputException>().WithMessage("*'heads'*64 heads*");
    }

    [Fact]
    public void A_phi_that_is_not_finite_is_an_error_that_names_the_mask()
    {
        using var sample = new MadeUpSample(300, 16, phiOf: i => i == 290 ? double.NaN : i);
        var fit = () => sample.Fit(new Trainer.ElasticNet(new ElasticNetSettings()));
        fit.Should().Throw<InputException>().WithMessage("*forward-00000170*'phi' is NaN for mask 290*");
    }

    [Property(MaxTest = 200)]
    public void A_split_trains_exactly_the_rounded_share_and_is_a_function_of_its_arguments(
        int seed,
        ushort rows,
        double share
    )
    {
        int n = rows + 2;
        double p = Math.Abs(share % 1);
        p = double.IsFinite(p) ? p : 0.5;
        var split = TrainTestSplit.Of(n, p, seed);
        split.TrainRows.Should().Be(Math.Clamp((int)Math.Round(p * n, MidpointRounding.AwayFromZero), 1, n - 1));
        Enumerable.Range(0, n).Count(split.Trains).Should().Be(split.TrainRows);
        var again = TrainTestSplit.Of(n, p, seed);
        Enumerable.Range(0, n).Should().OnlyContain(i => split.Trains(i) == again.Trains(i));
    }

    [Fact]
    public void Another_seed_gives_another_split()
    {
        var a = TrainTestSplit.Of(1000, 0.8, 1);
        var b = TrainTestSplit.Of(1000, 0.8, 2);
        Enumerable
            .Range(0, 1000)
            .Count(i => a.Trains(i) != b.Trains(i))
            .Should()
            .BeInRange(200, 450, "two random fifths overlap by chance only");
    }

    private sealed class Row
    {
        [VectorType(37)]
        public float[] Features { get; set; } = [];

        public float Label { get; set; }
    }
}
