using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Validation by the three scans, on the bundled model of 64 heads.</summary>
public sealed class ScanTests
{
    [Fact]
    public void A_grid_has_the_bits_of_a_full_scan_at_its_places_and_between_and_finds_its_heads_needed()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Run("--set", "stages.validation.scan=full");
        Results full = Results.Of(experiment);
        experiment.Run("--set", "stages.validation.scan=grid");
        Results grid = Results.Of(experiment);

        full.Refined.Should().BeEmpty();
        grid.Points.GroupBy(r => (r.SampleId, r.Criterion, r.Seed))
            .Should()
            .HaveCount(2 * 4)
            .And.AllSatisfy(scan => scan.Select(r => r.K).Should().Equal(ScanGrid.Places(64)));
        grid.Points.Should().BeSubsetOf(full.Points, "equal to the last bit");
        grid.Refined.Should().NotBeEmpty();
        var at = full.Points.ToDictionary(r => (r.SampleId, r.Criterion, r.Seed, r.K));
        grid.Refined.Should()
            .AllSatisfy(r =>
            {
                ValidationRow same = at[(r.SampleId, r.Criterion, r.Seed, r.K)];
                r.Phi.Should()
                    .Be(r.Quantity == ValidationQuantity.Faithfulness ? same.Faithfulness : same.Completeness);
                r.K.Should().BeGreaterThan(32, "up to there the grid has every k");
            });

        // Where the full scan's first crossing lies in an earlier step, the curve crosses and comes back within it
        grid.Needed.Should().HaveSameCount(full.Needed);
        int same = 0;
        foreach (var (onGrid, exact) in grid.Needed.Zip(full.Needed))
        {
            (onGrid with { Heads = null }).Should().Be(exact with { Heads = null });
            (exact.Heads is null).Should().Be(onGrid.Heads is null, "all that is crossed at N is crossed on both");
            (onGrid.Heads >= exact.Heads || exact.Heads is null).Should().BeTrue();
            same += onGrid.Heads == exact.Heads ? 1 : 0;
        }

        same.Should().BeGreaterThanOrEqualTo(full.Needed.Count * 9 / 10);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html")).Should().Contain("Scan: on a grid");
        FinishedRun run = FinishedRun.Open(experiment.RunFolder, "small");
        run.Scan("validation").Refined.Should().Equal(grid.Refined);
    }

    [Fact]
    public void A_token_trace_at_a_faithfulness_that_a_grid_is_not_refined_at_is_refused()
    {
        using var experiment = new SmallExperiment();
        experiment.Add("  tokens: { stage: token-trace, count: 40, faithfulness: 0.85 }\n");
        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec).Replace("until-crossed", "grid", StringComparison.Ordinal)
        );
        experiment
            .Refusal()
            .Should()
            .Contain("stages.validation.scan")
            .And.Contain("0.5, 0.6, 0.7, 0.8, 0.9, not the 0.85 of token-trace")
            .And.Contain("Add 0.85 to stages.validation.thresholds");
    }

    private sealed record Results(
        IReadOnlyList<ValidationRow> Points,
        IReadOnlyList<RefinedRow> Refined,
        IReadOnlyList<NeededRow> Needed
    )
    {
        public static Results Of(SmallExperiment experiment) =>
            new(Read<ValidationRow>(experiment), Read<RefinedRow>(experiment), Read<NeededRow>(experiment));

        private static IReadOnlyList<TRow> Read<TRow>(SmallExperiment experiment)
            where TRow : class
        {
            string path = Path.Combine(experiment.RunFolder, "tables", Tables.Of<TRow>().Name + ".parquet");
            return File.Exists(path) ? Tables.Of<TRow>().Read(path) : [];
        }
    }
}
