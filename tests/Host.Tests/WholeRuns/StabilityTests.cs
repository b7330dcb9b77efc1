using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Whether the masks were enough, asked of a finished run.</summary>
public sealed class StabilityTests
{
    private static void Add(SmallExperiment experiment, string stages) =>
        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec)
                .Replace(
                    "  report: { stage: report }\n",
                    stages + "  report: { stage: report, inputs: { attribution: attribution } }\n",
                    StringComparison.Ordinal
                )
        );

    [Fact]
    public void Added_to_a_finished_experiment_it_recomputes_no_forward_pass_and_comes_out_in_the_report()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        Add(experiment, "  stability: { stage: stability, shares: [0.5, 1] }\n");
        experiment.Run().Should().Contain("stability: 2 computed");
        var after = experiment.StoredKeys();
        after
            .Where(k => !before.TryGetValue(k.Key, out var old) || k.Value.Count != old.Count)
            .Select(k => k.Key)
            .Should()
            .BeEquivalentTo("stability", "report");

        string[] lines = File.ReadAllLines(Path.Combine(experiment.RunFolder, "tables", "stability.csv"));
        lines[0]
            .Should()
            .Be("sample_id,share,masks,train_masks,r2,rho,cosine_all,cosine_half,half_split,spearman_brown");
        lines.Should().HaveCount(1 + (2 * 2));
        string[] fits = File.ReadAllLines(Path.Combine(experiment.RunFolder, "tables", "fits.csv"));
        for (int sample = 0; sample < 2; sample++)
        {
            lines[2 + (2 * sample)]
                .Split(',')[4]
                .Should()
                .Be(fits[1 + sample].Split(',')[2], "with all masks it is the regression itself");
        }

        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("Were the masks enough?")
            .And.Contain("Doubling the masks from 30 to 60");
        experiment.Run().Should().Contain("Nothing to do");
    }

    [Fact]
    public void Beta_that_comes_from_gradients_is_refused_with_a_remedy()
    {
        using var experiment = new SmallExperiment();
        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec)
                .Replace(
                    "  report: { stage: report }\n",
                    "  gradients: { stage: gradient-passes, count: 3 }\n  gradient: { stage: regress, trainer: "
                        + "gradient }\n  stability: { stage: stability, inputs: { attribution: gradient } }\n",
                    StringComparison.Ordinal
                )
        );
        var (code, output, errors) = HostProcess.Run(experiment.Arguments());
        code.Should().Be(2, output + errors);
        errors
            .Should()
            .Contain("stages.gradient.trainer")
            .And.Contain("inputs: { attribution: NAME }")
            .And.NotContain("   at ");
    }
}
