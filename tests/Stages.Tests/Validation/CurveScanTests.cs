using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Validation;

/// <summary>Scans of made-up curves: a grid against every k.</summary>
public sealed class CurveScanTests
{
    private static readonly double[] Faithfulness = [0.5, 0.6, 0.7, 0.8, 0.9],
        Completeness = [0.1, 0.2, 0.3, 0.4, 0.5];

    [Property(MaxTest = 300)]
    public void On_a_grid_heads_needed_are_the_first_crossing_of_its_first_bracket(int seed, PositiveInt of)
    {
        MadeUp curve = MadeUp.Restless(seed, 1 + (of.Get * 13 % 700));
        OrderScan full = curve.Full(),
            grid = curve.OnGrid(batch: 1 + (of.Get % 40));
        foreach (var (quantity, threshold) in Asked())
        {
            int? exact = full.Needed(quantity, threshold);
            double[] phi = curve.Of(quantity);
            int? first = ScanGrid
                .Places(curve.Heads)
                .Where(k => Crossing.Is(quantity, phi[k], threshold))
                .Select(k => (int?)k)
                .FirstOrDefault();
            if (first is null)
            {
                grid.Needed(quantity, threshold).Should().BeNull();
                continue;
            }

            int before = ScanGrid.Places(curve.Heads).LastOrDefault(k => k < first, -1);
            int inBracket = Enumerable
                .Range(before + 1, first.Value - before)
                .First(k => Crossing.Is(quantity, phi[k], threshold));
            grid.Needed(quantity, threshold).Should().Be(inBracket);
            if (exact > before)
            {
                inBracket.Should().Be(exact, "the full scan's first crossing lies in the bracket");
            }
        }
    }

    [Property(MaxTest = 300)]
    public void Of_monotone_curves_a_grid_finds_what_a_full_scan_finds(int seed, PositiveInt of)
    {
        MadeUp curve = MadeUp.Monotone(seed, 1 + (of.Get * 17 % 1100));
        OrderScan full = curve.Full(),
            grid = curve.OnGrid(batch: 32);
        foreach (var (quantity, threshold) in Asked())
        {
            grid.Needed(quantity, threshold).Should().Be(full.Needed(quantity, threshold));
        }
    }

    [Property(MaxTest = 100)]
    public void What_is_kept_does_not_depend_on_the_batch_and_heads_needed_not_on_other_thresholds(int seed)
    {
        MadeUp curve = MadeUp.Restless(seed, 600);
        OrderScan grid = curve.OnGrid(batch: 32);
        foreach (int batch in new[] { 1, 2, 7, 64, 1000 })
        {
            OrderScan other = curve.OnGrid(batch);
            other.Points.Should().Equal(grid.Points);
            other.Refined.Should().Equal(grid.Refined);
        }

        foreach (var (quantity, threshold) in Asked())
        {
            double[] alone = [threshold];
            OrderScan own =
                quantity == ValidationQuantity.Faithfulness
                    ? curve.OnGrid(32, alone, [])
                    : curve.OnGrid(32, [], alone);
            grid.Needed(quantity, threshold).Should().Be(own.Needed(quantity, threshold));
        }
    }

    [Fact]
    public void Refined_places_reach_from_the_bracket_s_start_to_the_crossing_and_are_of_one_quantity()
    {
        // 1024 heads: the places around 300 are 278 and 319, around 700 they are 688 and 729
        MadeUp curve = new(
            [.. Enumerable.Range(0, 1025).Select(k => k < 300 ? 0.1 : 0.95)],
            [.. Enumerable.Range(0, 1025).Select(k => k < 700 ? 0.9 : 0.05)]
        );
        OrderScan grid = curve.OnGrid(32, [0.8], [0.2]);

        grid.Points.Select(p => p.K).Should().Equal(ScanGrid.Places(1024));
        grid.Refined.Where(r => r.Quantity == ValidationQuantity.Faithfulness)
            .Select(r => r.K)
            .Should()
            .Equal(Enumerable.Range(279, 22), "279 to 300");
        grid.Refined.Where(r => r.Quantity == ValidationQuantity.Completeness)
            .Select(r => r.K)
            .Should()
            .Equal(Enumerable.Range(689, 12), "689 to 700");
        grid.Needed(ValidationQuantity.Faithfulness, 0.8).Should().Be(300);
        grid.Needed(ValidationQuantity.Completeness, 0.2).Should().Be(700);
        grid.Needed(ValidationQuantity.Faithfulness, 0.05).Should().Be(0);
        grid.Needed(ValidationQuantity.Faithfulness, 0.99).Should().BeNull();
        curve.Passes.Should().BeLessThan(2 * 1025 / 8, "a full scan takes 2050");
    }

    [Fact]
    public void A_threshold_that_is_not_refined_gives_the_next_place()
    {
        MadeUp curve = new(
            [.. Enumerable.Range(0, 1025).Select(k => k / 1024.0)],
            [.. Enumerable.Range(0, 1025).Select(k => 1 - (k / 1024.0))]
        );
        OrderScan grid = curve.OnGrid(32, [0.8], [0.2]);
        grid.Needed(ValidationQuantity.Faithfulness, 0.8).Should().Be(820);
        grid.Needed(ValidationQuantity.Faithfulness, 0.4).Should().Be(442, "the exact one is 410");
    }

    [Fact]
    public void The_first_crossing_counts_even_where_the_curve_comes_back()
    {
        OrderScan scan = new MadeUp([0, 0.7, 0.8, 0.81, 0.5, 0.9], [1, 0.2, 0.19, 0.5, 0.1, 0]).Full();
        scan.Needed(ValidationQuantity.Faithfulness, 0.8).Should().Be(3, "0.8 itself is not above");
        scan.Needed(ValidationQuantity.Faithfulness, 0.95).Should().BeNull();
        scan.Needed(ValidationQuantity.Completeness, 0.2).Should().Be(2, "0.2 itself is not below");
        scan.Needed(ValidationQuantity.Completeness, -1).Should().BeNull();
    }

    [Property(MaxTest = 100)]
    public void Until_crossed_is_the_beginning_of_a_full_scan_up_to_the_later_crossing(int seed, PositiveInt batch)
    {
        MadeUp curve = MadeUp.Restless(seed, 90);
        OrderScan full = curve.Full(),
            until = curve.UntilCrossed(1 + (batch.Get % 50), 0.9, 0.1);
        int end = Math.Max(
            full.Needed(ValidationQuantity.Faithfulness, 0.9) ?? 90,
            full.Needed(ValidationQuantity.Completeness, 0.1) ?? 90
        );
        until.Points.Should().Equal(full.Points.Take(end + 1));
    }

    private static IEnumerable<(ValidationQuantity Quantity, double Threshold)> Asked() =>
        [
            .. Faithfulness.Select(t => (ValidationQuantity.Faithfulness, t)),
            .. Completeness.Select(t => (ValidationQuantity.Completeness, t)),
        ];

    /// <summary>Curves that are given; counts the passes that a scan of them takes.</summary>
    private sealed class MadeUp(double[] faithfulness, double[] completeness)
    {
        public int Heads => faithfulness.Length - 1;

        public int Passes { get; private set; }

        /// <summary>Curves that go up and down: the first crossing is often not the only one.</summary>
        public static MadeUp Restless(int seed, int heads)
        {
            var random = new Random(seed);
            double[] Curve(double from, double to) =>
                [
                    .. Enumerable
                        .Range(0, heads + 1)
                        .Select(k => from + ((to - from) * k / heads) + (0.6 * (random.NextDouble() - 0.5))),
                ];
            return new MadeUp(Curve(-0.2, 1.2), Curve(1.1, -0.1));
        }

        public static MadeUp Monotone(int seed, int heads)
        {
            var random = new Random(seed);
            double power = 0.2 + (2 * random.NextDouble());
            double[] rising = [.. Enumerable.Range(0, heads + 1).Select(_ => Math.Pow(random.NextDouble(), power))];
            double[] falling = [.. Enumerable.Range(0, heads + 1).Select(_ => Math.Pow(random.NextDouble(), power))];
            return new MadeUp([.. rising.Order()], [.. falling.OrderDescending()]);
        }

        public double[] Of(ValidationQuantity quantity) =>
            quantity == ValidationQuantity.Faithfulness ? faithfulness : completeness;

        public OrderScan Full() => Rows(Scan(8).At(Enumerable.Range(0, Heads + 1)), []);

        public OrderScan UntilCrossed(int batch, double above, double below) =>
            Rows(Scan(batch).UntilCrossed(above, below), []);

        public OrderScan OnGrid(int batch) => OnGrid(batch, Faithfulness, Completeness);

        public OrderScan OnGrid(int batch, double[] above, double[] below)
        {
            CurveScan scan = Scan(batch);
            List<ScanPoint> curve = scan.At(ScanGrid.Places(Heads));
            return Rows(curve, scan.Refine(curve, above, below));
        }

        private CurveScan Scan(int batch) =>
            new(
                Heads,
                batch,
                passes =>
                {
                    Passes += passes.Count;
                    return [.. passes.Select(p => Of(p.Quantity)[p.K])];
                }
            );

        private static OrderScan Rows(List<ScanPoint> points, List<(ScanPass Pass, double Phi)> refined) =>
            OrderScan
                .Of(
                    points.Select(p => new ValidationRow("s", "causal", 0, p.K, p.Faithfulness, p.Completeness)),
                    refined.Select(r => new RefinedRow("s", "causal", 0, r.Pass.Quantity, r.Pass.K, r.Phi))
                )
                .Single();
    }
}
