using System.Globalization;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// Gradients in whole runs: they reuse the forward passes that are there, resume like them, and come out in the report.
/// </summary>
public sealed class GradientTests
{
    private const string Added = """
          gradients: { stage: gradient-passes, count: 6, shard: 3 }
          gradient: { stage: regress, trainer: gradient }
          cost: { stage: gradient-cost }
          together: { stage: non-additive, trees: 10 }
          gradient-validation:
            stage: validate
            rank_by: [head-attribution, gradient]
            scan: until-crossed
            inputs: { attribution: attribution }
          report: { stage: report, inputs: { attribution: attribution, validation: gradient-validation } }

        """;

    private static void Add(SmallExperiment experiment) =>
        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec).Replace("  report: { stage: report }\n", Added, StringComparison.Ordinal)
        );

    [Fact]
    public void Added_to_a_finished_experiment_they_recompute_no_forward_pass_and_a_larger_count_only_adds()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        Add(experiment);
        string output = experiment.Run();
        var after = experiment.StoredKeys();
        foreach (string kind in new[] { "answer-questions", "collect-mean-kv", "sample-masks", "forward-passes" })
        {
            after[kind].Should().BeEquivalentTo(before[kind]);
        }

        after["gradient-passes"].Should().HaveCount(2 * 2);
        output.Should().Contain("gradients: 4 computed").And.Contain("gradient: R²");

        string grown = experiment.Run("--set", "stages.gradients.count=12");
        var larger = experiment.StoredKeys();
        larger["gradient-passes"].Should().Contain(after["gradient-passes"]).And.HaveCount(2 * 4);
        larger["forward-passes"].Should().BeEquivalentTo(before["forward-passes"]);
        grown.Should().Contain("gradients: 4 computed");

        string other = experiment.Run("--set", "stages.gradients.count=12", "--set", "stages.gradients.average=masks");
        experiment
            .StoredKeys()["gradient-passes"]
            .Should()
            .BeEquivalentTo(larger["gradient-passes"], "the average is taken of gradients that are there");
        other.Should().Contain("average changed both-ends -> masks");

        Directory
            .EnumerateFiles(Path.Combine(experiment.RunFolder, "tables", "gradients"), "*.parquet")
            .Should()
            .HaveCount(2 * 4);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "figures", "fig-gradient-cost.csv"))
            .Should()
            .Contain("gradient + elastic-net");
        File.Exists(Path.Combine(experiment.RunFolder, "figures", "fig-non-additive.svg")).Should().BeTrue();
        File.ReadAllText(Path.Combine(experiment.RunFolder, "figures", "fig3a-heads-needed.csv"))
            .Should()
            .Contain("gradient");
        string[] fit = File.ReadAllLines(Path.Combine(experiment.RunFolder, "tables", "gradient", "fits.csv"));
        fit.Skip(1)
            .Should()
            .OnlyContain(line =>
                double.Parse(line.Split(',', StringSplitOptions.None)[2], CultureInfo.InvariantCulture) <= 1
            );
    }

    [Fact]
    public void The_bytes_of_gradients_depend_neither_on_jobs_nor_threads_nor_batch_on_a_small_model()
    {
        using var one = new SmallExperiment();
        Add(one);
        one.RunApart("--jobs", "1", "--threads", "1");
        using var two = new SmallExperiment();
        Add(two);
        two.RunApart("--jobs", "1", "--threads", "2", "--set", "engine.batch=5");
        two.TableBytes().Should().Equal(one.TableBytes());
    }
}
