using System.Globalization;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// What gradients are worth, in whole runs on a small and on a large model; and what the size of the model settles.
/// </summary>
public sealed class GradientWorthTests
{
    private const string Worth =
        "  gradients: { stage: gradient-passes, count: 6, shard: 2 }\n"
        + "  worth: { stage: gradient-worth, masks: [16, 48], gradients: [2, 5], rounds: 2 }\n";

    [Fact]
    public void Added_to_a_finished_experiment_it_recomputes_no_forward_pass_and_a_second_run_does_nothing()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        experiment.Add(Worth);
        experiment.Run().Should().Contain("worth: 5 gradients");
        var after = experiment.StoredKeys();
        foreach (string kind in new[] { "sample-masks", "forward-passes", "regress" })
        {
            after[kind].Should().BeEquivalentTo(before[kind], kind);
        }

        after["gradient-worth"].Should().HaveCount(2 * (4 + 1), "in each sample four fits, and what they come to");
        after["pass-seconds"].Should().HaveCount(2);
        string[][] rows = Rows(experiment, "gradient_worth");
        rows.Select(r => $"{r[0]} {r[1]} {r[2]}").Should().OnlyHaveUniqueItems().And.HaveCount(2 * 4);
        rows.Where(r => r[1] == "elastic-net" && r[2] == "48").Should().OnlyContain(r => Number(r[4]) > 0.999999);
        string[][] fits = Rows(experiment, "fits");
        rows.Where(r => r[2] == "48")
            .Select(r => r[3])
            .Should()
            .Equal(fits.Select(f => f[2]), "of all train masks it is the regression itself");
        rows.Should().OnlyContain(r => Number(r[6]) >= 1 && Number(r[7]) >= 1, "a whole scan crosses");
        Rows(experiment, "pass_seconds").Should().OnlyContain(r => Number(r[4]) > 0);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("What gradients are worth at N = 64")
            .And.Contain("table-gradient-worth.csv");
        experiment.Run().Should().Contain("Nothing to do");
    }

    [Fact]
    public void More_masks_or_gradients_than_there_are_are_refused_with_a_remedy()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Add(Worth);
        experiment
            .Refusal("--set", "stages.worth.masks=[49]")
            .Should()
            .Contain("stages.worth.masks")
            .And.Contain("asks for 49 masks")
            .And.Contain("48 do")
            .And.Contain("Raise stages.masks.count");
        experiment
            .Refusal("--set", "stages.worth.gradients=[7]")
            .Should()
            .Contain("stages.worth.gradients")
            .And.Contain("has 6")
            .And.Contain("Raise stages.gradients.count");
    }

    [Fact]
    public void A_trainer_that_the_spec_leaves_out_is_gradient_for_many_heads_and_the_report_says_so_and_why()
    {
        using var experiment = new SmallExperiment(masks: 40);
        experiment.Add("  gradients: { stage: gradient-passes, count: 4 }\n");
        MoveAbove(experiment, "gradients", "attribution");
        string large = Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart", "micro-llava-400");
        string[] onLarge = ["--set", $"model.path={large}", "--set", "stages.validation=null"];

        experiment.Run(onLarge).Should().Contain("gradient (trainer: auto").And.Contain("N = 400");
        Rows(experiment, "fits").Should().OnlyContain(r => r[1].StartsWith("gradient"));
        Page(experiment).Should().Contain("gradient (trainer: auto").And.Contain("more than 256");

        experiment.Run([.. onLarge, "--set", "stages.attribution.trainer=elastic-net"]);
        Rows(experiment, "fits").Should().OnlyContain(r => r[1] == "elastic-net", "what the spec says is done");
        Page(experiment).Should().NotContain("trainer: auto,");

        experiment.Run([.. onLarge, "--set", "stages.gradients=null"]);
        Rows(experiment, "fits").Should().OnlyContain(r => r[1] == "elastic-net");
        Page(experiment).Should().Contain("finds no one stage gradient-passes above it");
    }

    [Fact]
    public void Few_heads_are_fitted_to_masks_with_gradients_at_hand_or_without_by_the_same_units()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        experiment.Add("  gradients: { stage: gradient-passes, count: 4 }\n");
        MoveAbove(experiment, "gradients", "attribution");
        experiment.Run().Should().Contain("elastic-net (trainer: auto").And.Contain("at most 256");
        experiment.StoredKeys()["regress"].Should().BeEquivalentTo(before["regress"]);
    }

    /// <summary>Moves the line of a stage above that of another.</summary>
    private static void MoveAbove(SmallExperiment experiment, string stage, string other)
    {
        List<string> lines = [.. File.ReadAllLines(experiment.Spec)];
        string moved = lines.Single(l => l.TrimStart().StartsWith(stage + ":", StringComparison.Ordinal));
        lines.Remove(moved);
        lines.Insert(lines.FindIndex(l => l.TrimStart().StartsWith(other + ":", StringComparison.Ordinal)), moved);
        File.WriteAllLines(experiment.Spec, lines);
    }

    private static string Page(SmallExperiment experiment) =>
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"));

    private static string[][] Rows(SmallExperiment experiment, string table) =>
        [
            .. File.ReadAllLines(Path.Combine(experiment.RunFolder, "tables", table + ".csv"))
                .Skip(1)
                .Select(line => line.Split(',')),
        ];

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);
}
