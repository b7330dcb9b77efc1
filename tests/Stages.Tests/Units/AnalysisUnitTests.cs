using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Stages.Tests.Units;

/// <summary>What analyses make of tables that are given: small cases that one can check by hand.</summary>
public sealed class AnalysisUnitTests : IDisposable
{
    private const int Heads = 4,
        PerLayer = 2;

    private readonly FakeArtifacts store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public void Beta_is_read_by_head_number_whatever_the_order_of_the_rows()
    {
        Unit fit = store.Given(
            new AttributionRow("a", 1, 1, 0.4),
            new AttributionRow("a", 0, 1, 0.2),
            new AttributionRow("a", 1, 0, 0.3),
            new AttributionRow("a", 0, 0, 0.1)
        );
        store.Artifacts.Beta(fit).Should().Equal(0.1, 0.2, 0.3, 0.4);
    }

    [Fact]
    public void Head_vectors_are_of_the_heads_above_the_bound_in_some_sample()
    {
        Unit[] fits = [Fit("a", 0.5, 0, 0, 0.2), Fit("b", 0, 0, 0.05, 0.3)];
        var unit = new ClusteredHeads(0.1, VectorDistance.Euclidean, ClusterLinkage.Average, PerLayer, fits);
        Unit computed = store.Compute(unit);
        store
            .Artifacts.Rows<HeadVectorRow>(computed)
            .Should()
            .Equal(
                new HeadVectorRow(0, 0, "a", 0.5),
                new HeadVectorRow(0, 0, "b", 0),
                new HeadVectorRow(1, 1, "a", 0.2),
                new HeadVectorRow(1, 1, "b", 0.3)
            );
    }

    [Fact]
    public void Another_prompts_beta_is_compared_with_that_of_the_same_picture()
    {
        Unit[] other = [Fit("a", 1, 0, 0, 0), Fit("b", 0, 1, 0, 0), Fit("a", 0, 0, 0, 0)],
            own = [Fit("a", 2, 0, 0, 0), Fit("b", 1, 0, 0, 0), Fit("a", 2, 0, 0, 0)];
        var unit = new SimilarityByPrompt(["p1", "p2"], ["What?", "Which?"], [2, 1], other, own);
        store
            .Compute<SimilarityByPrompt, PromptSimilarityRow>(unit)
            .Should()
            .Equal(
                new PromptSimilarityRow("p1", "What?", "a", 1),
                new PromptSimilarityRow("p1", "What?", "b", 0),
                new PromptSimilarityRow("p2", "Which?", "a", null)
            );
    }

    [Fact]
    public void Heads_needed_by_ratio_are_the_first_k_beyond_the_thresholds()
    {
        Unit[] fits = [FitOf("a", 0.5), FitOf("a", 0.75)],
            curves = [Curve("a", (0, 1), (0.5, 0.6), (0.9, 0.1)), Curve("a", (0, 1), (0.85, 0.5), (0.9, 0.4))];
        store
            .Compute<HeadsNeededByRatio, AblationRatioRow>(new HeadsNeededByRatio([0.25, 0.5], 0.8, 0.2, fits, curves))
            .Should()
            .Equal(new AblationRatioRow("a", 0.25, 2, 2, 0.5, 0.9), new AblationRatioRow("a", 0.5, 1, null, 0.75, 0.9));
    }

    [Fact]
    public void A_fit_finds_the_heads_that_phi_is_made_of_and_tests_on_masks_that_it_did_not_see()
    {
        Observations(200, x => (0.7 * x[0]) + (0.3 * x[3]), out Unit masks, out Unit passes);
        var unit = new FitOfSample(
            "a",
            new TrainerSettings("elastic-net", Alpha: 1e-6, L1Ratio: 0.5, MaxIterations: 1000, Tolerance: 1e-8),
            0.8,
            7,
            Heads,
            PerLayer,
            [masks],
            [passes],
            null
        );
        Unit fit = store.Compute(unit);
        double[] beta = store.Artifacts.Beta(fit);
        beta.Zip([0.7, 0, 0, 0.3]).Should().OnlyContain(b => Math.Abs(b.First - b.Second) < 1e-3);
        FitRow row = store.Artifacts.Row<FitRow>(fit);
        (row.TrainRows, row.TestRows).Should().Be((160, 40));
        row.R2.Should().BeGreaterThan(0.999);
        store.Artifacts.Rows<PredictionRow>(fit).Should().HaveCount(40);
    }

    [Fact]
    public void Two_halves_of_masks_agree_where_phi_is_a_sum_of_heads()
    {
        Observations(200, x => x[0] - x[2], out Unit masks, out Unit passes);
        var unit = new HalvesOfMasks("a", new ElasticNetSettings(1e-6), Heads, [masks], [passes]);
        HalfSplitRow row = store.Compute<HalvesOfMasks, HalfSplitRow>(unit).Single();
        (row.SampleId, row.Masks).Should().Be(("a", 200));
        row.HalfSplit.Should().BeGreaterThan(0.999);
    }

    [Fact]
    public void A_drawn_range_of_masks_does_not_depend_on_where_ranges_begin()
    {
        var drawing = new MaskDrawing(3, "a", 8, 0.5, MaskDraw.Exact);
        string[] whole = Drawn(new DrawnMasks(drawing, 0, 6)),
            parts = [.. Drawn(new DrawnMasks(drawing, 0, 2)), .. Drawn(new DrawnMasks(drawing, 2, 4))];
        parts.Should().Equal(whole);
    }

    [Fact]
    public void What_a_unit_says_is_read_once()
    {
        Unit half = store.Given(new HalfSplitRow("a", 100, 0.9));
        IReadOnlyList<HalfSplitRow> first = store.Artifacts.Learn<HalfSplitRow>(half);
        store.Artifacts.Learn<HalfSplitRow>(half).Should().BeSameAs(first);
    }

    private string[] Drawn(DrawnMasks unit) =>
        [.. store.Compute<DrawnMasks, MaskRow>(unit).Select(r => $"{r.MaskIndex} {Convert.ToHexString(r.Heads)}")];

    private Unit Fit(string sample, params double[] beta) =>
        store.Given([.. beta.Select((b, n) => new AttributionRow(sample, n / PerLayer, n % PerLayer, b))]);

    private Unit FitOf(string sample, double r2) =>
        store.Given(new FitRow(sample, "elastic-net", r2, 0.9, 0, 0, 0, 1, 0, true, 8, 2));

    private Unit Curve(string sample, params (double Faithfulness, double Completeness)[] points) =>
        store.Given([
            .. points.Select(
                (p, k) => new ValidationRow(sample, "head-attribution", 0, k, p.Faithfulness, p.Completeness)
            ),
        ]);

    private void Observations(int count, Func<int[], double> phi, out Unit masks, out Unit passes)
    {
        byte[][] drawn = new MaskDrawing(5, "a", Heads, 0.5, MaskDraw.Bernoulli).Masks(0, count);
        double[] values =
        [
            .. drawn.Select(m => phi([.. Enumerable.Range(0, Heads).Select(n => HeadMasks.IsIntact(m, n) ? 1 : 0)])),
        ];
        masks = store.Given(folder => MaskPart.Write(Path.Combine(folder, "masks.parquet"), "a", 0, drawn));
        passes = store.Given(folder =>
            ForwardPart.Write(Path.Combine(folder, "forward.parquet"), "a", 0, values, values)
        );
    }
}
