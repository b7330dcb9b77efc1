using System.Diagnostics;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>The study of ablation ratios in whole runs.</summary>
public sealed class AblationRatioTests
{
    private const string Ratios = "  ratios: { stage: ablation-ratio, ratios: [0.25, 0.75, 0.5] }\n";

    private static readonly string[] Chain = ["sample-masks", "forward-passes", "regress", "validate"];

    [Fact]
    public void Added_to_a_finished_experiment_it_computes_only_the_other_ratios_and_agrees_with_its_tables()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        Add(experiment, Ratios);
        string plan = HostProcess.Run(["plan", .. experiment.Arguments()]).Output;
        plan.Should()
            .Contain("ratios (ablation-ratio): 16 cached, 33 missing, about")
            .And.Contain("6 x ablate changed 0.75 -> 0.25");
        experiment
            .Run()
            .Should()
            .Contain("ratios: 33 computed")
            .And.Contain("16 cached")
            .And.Contain("ratios: forward-passes: 12 computed")
            .And.Contain("ratios: 75 % ablated");
        var after = experiment.StoredKeys();
        foreach (string kind in new[] { "answer-questions", "collect-mean-kv" })
        {
            after[kind].Should().BeEquivalentTo(before[kind]);
        }

        foreach (string kind in Chain)
        {
            after[kind].Should().Contain(before[kind], kind);
        }

        Chain.Select(kind => after[kind].Count - before[kind].Count).Should().Equal(2 * 2 * 3, 2 * 2 * 3, 2 * 2, 2 * 2);

        string tables = Path.Combine(experiment.RunFolder, "tables");
        TableQuery.Query($"select count(*) from '{tables}/ablation_ratio.parquet'").Should().Be(3 * 2);
        TableQuery
            .Query(
                $"select count(*) from '{tables}/ablation_ratio.parquet' r join '{tables}/fits.parquet' f using "
                    + $"(sample_id) where r.ablate = 0.75 and r.r2 = f.r2 and r.rho = f.rho"
            )
            .Should()
            .Be(2);
        TableQuery
            .Query(
                $"""
                select count(*) from '{tables}/ablation_ratio.parquet' r
                join (
                  select sample_id, min(k) as k from '{tables}/validation.parquet'
                  where criterion = 'head-attribution' and faithfulness > 0.8 group by 1
                ) f using (sample_id)
                join (
                  select sample_id, min(k) as k from '{tables}/validation.parquet'
                  where criterion = 'head-attribution' and completeness < 0.2 group by 1
                ) c using (sample_id)
                where r.ablate = 0.75 and r.faithful_heads = f.k and r.complete_heads = c.k
                """
            )
            .Should()
            .Be(2);
        File.ReadAllLines(Path.Combine(experiment.RunFolder, "figures", "fig6-ablation-ratio.csv"))
            .Should()
            .HaveCount(1 + 3);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("tables/ablation_ratio.csv");

        experiment.Run().Should().Contain("Nothing to do");
        experiment.StoredKeys().Sum(k => k.Value.Count).Should().Be(after.Sum(k => k.Value.Count));
    }

    [Fact]
    public void The_ratio_of_the_experiment_itself_adds_nothing_but_the_table()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        Add(experiment, "  ratios: { stage: ablation-ratio, ratios: [0.75] }\n");
        experiment.Run().Should().Contain("ratios: 1 computed");
        var after = experiment.StoredKeys();
        foreach (string kind in Chain)
        {
            after[kind].Should().BeEquivalentTo(before[kind], kind);
        }

        after["ablation-ratio"].Should().ContainSingle();
    }

    [Fact]
    public void A_ratio_that_was_an_experiment_of_its_own_is_computed_once()
    {
        using var experiment = new SmallExperiment();
        experiment.Run("--set", "stages.masks.ablate=0.5");
        Add(experiment, "  ratios: { stage: ablation-ratio, ratios: [0.5, 0.75] }\n");
        experiment.Run().Should().Contain("ratios: 1 computed");
    }

    [Fact]
    public void Fewer_samples_cost_fewer_passes_and_collecting_garbage_spares_all_of_them()
    {
        using var experiment = new SmallExperiment();
        Add(experiment, Ratios.Replace(" }", ", samples: 1 }", StringComparison.Ordinal));
        experiment.Run().Should().Contain("ratios: 17 computed");
        var stored = experiment.StoredKeys();
        HostProcess.Run("gc", "--artifacts", experiment.Artifacts).Output.Should().StartWith("0 artifacts");
        experiment.StoredKeys().Should().BeEquivalentTo(stored);
        experiment
            .Run("--set", "stages.ratios.samples=0")
            .Should()
            .Contain("ratios: 17 computed", "the second sample and another table");
    }

    [Fact]
    public void Two_studies_publish_beside_each_other()
    {
        using var experiment = new SmallExperiment();
        Add(
            experiment,
            "  low: { stage: ablation-ratio, ratios: [0.25] }\n  high: { stage: ablation-ratio, ratios: "
                + "[0.25, 0.75] }\n"
        );
        string spec = File.ReadAllText(experiment.Spec)
            .Replace("{ stage: report }", "{ stage: report, inputs: { ratios: high } }", StringComparison.Ordinal);
        File.WriteAllText(experiment.Spec, spec);
        experiment.Run();
        string tables = Path.Combine(experiment.RunFolder, "tables");
        TableQuery.Query($"select count(*) from '{tables}/low/ablation_ratio.parquet'").Should().Be(2);
        TableQuery.Query($"select count(*) from '{tables}/high/ablation_ratio.parquet'").Should().Be(4);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("tables/high/ablation_ratio.csv");
        File.Exists(Path.Combine(tables, "validation.parquet"))
            .Should()
            .BeTrue("chains do not count as stages of the experiment");
    }

    [Fact]
    public void Killed_and_run_again_it_ends_with_the_same_tables()
    {
        using var undisturbed = new SmallExperiment();
        Add(undisturbed, Ratios);
        undisturbed.Run("--jobs", "1");
        using var killed = new SmallExperiment();
        Add(killed, Ratios);
        string fits = Path.Combine(killed.Artifacts, "cache", "regress");
        foreach (int moment in new[] { 3, 5 }) // two fits are the experiment's own
        {
            using Process process = HostProcess.Start(killed.Arguments());
            _ = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            while (
                !process.HasExited
                && !(Directory.Exists(fits) && Directory.EnumerateDirectories(fits).Count() >= moment)
            )
            {
                Thread.Sleep(10);
            }

            if (!process.HasExited)
            {
                process.Kill();
            }

            process.WaitForExit();
        }

        killed.Run();
        killed.TableBytes().Should().Equal(undisturbed.TableBytes());
    }

    [Theory]
    [InlineData("stages.ratios.ratios=[0.001, 0.5]", "0.001 of 64 heads is 0")]
    [InlineData("stages.ratios.ratios=[0.995]", "0.995 of 64 heads is 64")]
    public void A_ratio_that_leaves_no_choice_of_heads_is_refused_before_anything_runs(string setting, string said)
    {
        using var experiment = new SmallExperiment();
        Add(experiment, Ratios);
        var (code, output, errors) = HostProcess.Run(experiment.Arguments("--set", setting));
        code.Should().Be(2, output + errors);
        errors.Should().Contain("stages.ratios.ratios").And.Contain(said).And.NotContain("   at ");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();
    }

    [Fact]
    public void Every_way_of_drawing_ranking_and_fitting_runs()
    {
        using var experiment = SmallExperiment.AfterRun(samples: 1);
        Add(experiment, Ratios);
        foreach (
            string[] settings in new[]
            {
                new[] { "stages.masks.draw=bernoulli" },
                ["stages.masks.scope=shared", "stages.answers.keep=2"],
                ["stages.validation.rank_by=[random]"],
                ["stages.attribution.trainer=sdca"],
                ["stages.baseline.kind=knockout"],
            }
        )
        {
            experiment
                .Run([.. settings.SelectMany(s => new[] { "--set", s })])
                .Should()
                .Contain("ratios: 75 % ablated", string.Join(' ', settings));
        }

        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec)
                .Replace(
                    "  attribution:",
                    "  gradients: { stage: gradient-passes, count: 6, shard: 3 }\n  attribution:",
                    StringComparison.Ordinal
                )
        );
        experiment
            .Run("--set", "stages.attribution.trainer=gradient", "--set", "stages.attribution.residual=none")
            .Should()
            .Contain(
                "ratios: gradient-passes: 4 computed",
                "a sample has two shards of gradients at each of two other ratios"
            );
    }

    private static void Add(SmallExperiment experiment, string stages) =>
        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec).Replace("  report:", stages + "  report:", StringComparison.Ordinal)
        );
}
