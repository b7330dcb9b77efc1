using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain;
using Pipelines.Stages.Attribution;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Attribution;

public sealed class ElasticNetTests(ITestOutputHelper output)
{
    [Property(MaxTest = 50)]
    public void Gram_by_popcount_is_the_Gram_of_the_centred_matrix(int seed, byte rows, byte columns)
    {
        int n = rows + 1,
            count = (columns % 40) + 1;
        var masks = Masks(seed, n, count);
        var gram = GramMatrix.Of(MaskColumns.Of(masks, count), centred: true, threads: 2);
        double[] means =
        [
            .. Enumerable.Range(0, count).Select(j => masks.Average(m => MadeUpSample.IsIntact(m, j) ? 1.0 : 0)),
        ];
        double Centred(int i, int j) => (MadeUpSample.IsIntact(masks[i], j) ? 1 : 0) - means[j];
        for (int j = 0; j < count; j++)
        {
            for (int k = 0; k < count; k++)
            {
                gram.Row(j)[k]
                    .Should()
                    .BeApproximately(Enumerable.Range(0, n).Sum(i => Centred(i, j) * Centred(i, k)), 1e-10);
            }
        }
    }

    [Property(MaxTest = 10)]
    public void Every_way_of_counting_gives_the_rows_in_which_both_columns_are_one(int seed, ushort rows, byte columns)
    {
        int n = (rows % 2500) + 1,
            count = (columns % 40) + 1;
        var masks = Masks(seed, n, count);
        var design = MaskColumns.Of(masks, count);
        var counts = new ulong[MaskColumns.PanelColumns];
        foreach (var (name, counter) in PairCounts.Supported)
        {
            for (int i = 0; i < count; i++)
            {
                for (int panel = 0; panel < design.Panels; panel++)
                {
                    counter(design.Panel(panel), design.Panel(i / 8), i % 8, counts);
                    counts
                        .Should()
                        .Equal(
                            Enumerable
                                .Range(panel * 8, 8)
                                .Select(j =>
                                    j < count
                                        ? (ulong)masks.Count(m => HeadMasks.IsIntact(m, i) && HeadMasks.IsIntact(m, j))
                                        : 0
                                ),
                            "{0} counts column {1}",
                            name,
                            i
                        );
                }
            }
        }
    }

    [Property(MaxTest = 30)]
    public void Sums_of_columns_have_the_bits_of_a_loop_over_the_rows(int seed, byte rows, byte columns)
    {
        int n = rows + 1,
            count = (columns % 40) + 1;
        var masks = Masks(seed, n, count);
        var random = SplitMix64.FromState((ulong)seed + 1);
        double[] values = [.. masks.Select(_ => ((random.Next() >> 11) * Math.Pow(2, -53)) - 0.5)];
        double[] naive = new double[count];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < count; j++)
            {
                naive[j] += HeadMasks.IsIntact(masks[i], j) ? values[i] : 0;
            }
        }

        MaskColumns.Of(masks, count).Sums(values).Should().Equal(naive);
    }

    [Property(MaxTest = 30)]
    public void At_the_optimum_the_subgradient_is_zero_to_1e_7(int seed, bool intercept)
    {
        int n = 120,
            count = 30;
        var masks = Masks(seed, n, count);
        var random = SplitMix64.FromState((ulong)seed + 1);
        double[] y = [.. masks.Select(m => (m[0] & 7) + ((random.Next() >> 11) * Math.Pow(2, -53)))];
        var s = new ElasticNetSettings(0.05, 0.5, 100_000, 1e-14, intercept);
        var fit = ElasticNet.Fit(MaskColumns.Of(masks, count), y, s);
        double[] residual = [.. masks.Select((m, i) => y[i] - fit.Predict(m))];
        for (int j = 0; j < count; j++)
        {
            double w = fit.Coefficients[j];
            double pull =
                (Enumerable.Range(0, n).Sum(i => MadeUpSample.IsIntact(masks[i], j) ? residual[i] : 0) / n)
                - (s.Alpha * (1 - s.L1Ratio) * w);
            if (w != 0)
            {
                pull.Should().BeApproximately(s.Alpha * s.L1Ratio * Math.Sign(w), 1e-7);
            }
            else
            {
                Math.Abs(pull).Should().BeLessThanOrEqualTo((s.Alpha * s.L1Ratio) + 1e-7);
            }
        }
    }

    [Fact]
    public void Threads_do_not_change_a_bit_at_the_paper_s_size()
    {
        var masks = Masks(1, 8000, 1024);
        double[] y =
        [
            .. masks.Select((m, i) => (byte.PopCount(m[3]) * 0.05) + (byte.PopCount(m[77]) * 0.03) + (i % 7 * 0.01)),
        ];
        var columns = MaskColumns.Of(masks, 1024);
        var fits = new[] { 1, 1, 2, 5 }
            .Select(threads =>
            {
                var fit = ElasticNet.Fit(columns, y, new ElasticNetSettings(), threads);
                output.WriteLine($"8000 x 1024, {threads} threads: {fit.Iterations} sweeps");
                return fit;
            })
            .ToArray();
        fits.Should()
            .OnlyContain(f =>
                f.Coefficients.SequenceEqual(fits[0].Coefficients)
                && f.Intercept == fits[0].Intercept
                && f.DualGap == fits[0].DualGap
            );
    }

    [Fact]
    public void Values_that_are_not_finite_and_rows_of_the_wrong_length_are_refused()
    {
        var nan = () =>
            ElasticNet.Fit(
                MaskColumns.Of(
                    [
                        [1],
                        [2],
                    ],
                    2
                ),
                [1, double.NaN],
                new ElasticNetSettings()
            );
        nan.Should().Throw<ArgumentException>().WithMessage("y[1] is NaN*");
        var length = () =>
            MaskColumns.Of(
                [
                    [1, 1],
                ],
                8
            );
        length.Should().Throw<ArgumentException>().WithMessage("Row 0 has 2 bytes*");
    }

    private static byte[][] Masks(int seed, int rows, int columns)
    {
        var random = SplitMix64.FromState((ulong)seed);
        return [.. Enumerable.Range(0, rows).Select(_ => Ranking.Intact(random.Permutation(columns), columns / 4))];
    }
}
