using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>What <c>plan</c> says a run takes, and the refusal of what has no room.</summary>
public sealed partial class EstimateTests
{
    [Fact]
    public void No_more_samples_are_planned_than_there_are_pictures_to_ask()
    {
        using var experiment = new SmallExperiment(masks: 20);
        string plan = Plan(experiment, "--set", "stages.answers.keep=100000");
        long masks = long.Parse(
            Regex.Match(plan, @"forward \(.*\(about ([\d,]+) masks\)").Groups[1].Value,
            NumberStyles.AllowThousands,
            CultureInfo.InvariantCulture
        );
        (masks / 20).Should().BeInRange(2, 1000, "there are not a hundred thousand pictures");
    }

    [Fact]
    public void A_plan_has_totals_and_after_the_run_there_is_nothing_to_do()
    {
        using var experiment = new SmallExperiment();
        string fresh = Plan(experiment);
        fresh
            .Should()
            .Contain("such units were never timed here")
            .And.Contain("GFLOP/s a worker")
            .And.Contain("memory: about")
            .And.Contain("GB free at")
            .And.NotContain("{ ");
        int files = int.Parse(
            Files().Match(fresh).Groups[1].Value.Replace(",", "", StringComparison.Ordinal),
            CultureInfo.InvariantCulture
        );
        experiment.Run();
        int written = Directory
            .EnumerateFiles(
                experiment.Artifacts,
                "*",
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }
            )
            .Count();
        files.Should().BeInRange(written / 2, written * 2);
        Plan(experiment).Should().Contain("altogether: nothing to compute");
        string changed = Plan(experiment, "--set", "stages.masks.count=100");
        changed.Should().Contain("13 units, about").And.NotContain("never timed");
        Plan(experiment, "--set", "model.image.fit=pad")
            .Should()
            .Contain("model.image.fit changed crop -> pad")
            .And.NotContain("ImageChoice");
    }

    [Fact]
    public void A_model_that_has_no_room_is_refused_before_it_is_loaded_and_tried_where_the_command_says_so()
    {
        using var experiment = new SmallExperiment();
        string[] huge = ["--jobs", "4096", "--set", "engine.batch=4096"]; // terabytes of activations
        string refusal = experiment.Refusal(huge);
        refusal
            .Should()
            .Contain("small: needs about")
            .And.Contain("activations")
            .And.Contain("leaves")
            .And.MatchRegex(@"--jobs [0-9]+ \(")
            .And.Contain("--ignore-limits");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();
        Plan(experiment, huge).Should().Contain("A run is refused: small: needs about");
        experiment
            .RunApart([.. huge, "--ignore-limits"])
            .Should()
            .Contain("Tried all the same (--ignore-limits): small: needs about");
        experiment.Run(huge).Should().Contain("Nothing to do", "what is stored needs no room");
    }

    [Theory]
    [InlineData("plna", "did you mean plan?")]
    [InlineData("experiments/quickstrat.yaml", "did you mean experiments/quickstart.yaml?")]
    [InlineData("quickstart.yaml", "did you mean experiments/quickstart.yaml?")]
    [InlineData("plan quickstrat", "did you mean experiments/quickstart.yaml?")]
    [InlineData("plan experiments/quickstart.yaml --sett a=b", "did you mean --set?")]
    [InlineData("check --jbos 2 experiments/quickstart.yaml", "did you mean --jobs?")]
    [InlineData("plan", "--help")]
    [InlineData("", "--help")]
    public void A_slip_on_the_command_line_is_met_with_what_was_meant(string line, string meant)
    {
        var (code, _, errors) = HostProcess.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        code.Should().Be(2);
        errors.Should().Contain(meant).And.NotContain("   at ");
    }

    [Fact]
    public void Help_has_a_line_a_command_and_examples()
    {
        var (code, output, _) = HostProcess.Run("--help");
        code.Should().Be(0);
        string[] lines = output.Split('\n');
        foreach (
            string command in new[]
            {
                "run",
                "plan",
                "reproduce",
                "explain",
                "check",
                "report",
                "diff",
                "gc",
                "make-model",
                "schema",
            }
        )
        {
            lines
                .Should()
                .ContainSingle(l =>
                    l.StartsWith($"  {command} ", StringComparison.Ordinal)
                    && l.TrimEnd().EndsWith('.')
                    && l.Length <= 80
                );
        }

        output.Should().Contain("Examples:").And.Contain("plan SPEC");
    }

    private static string Plan(SmallExperiment experiment, params string[] more)
    {
        var (code, output, errors) = HostProcess.Run(["plan", .. experiment.Arguments(more)]);
        code.Should().Be(0, errors);
        return output;
    }

    [GeneratedRegex("in ([0-9,]+) files")]
    private static partial Regex Files();
}
