using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// Every family goes through the whole pipeline: the tiny checkpoints of the golden cases, with the cases' pictures.
/// </summary>
public sealed class FamilyTests
{
    public static TheoryData<string> Cases() => [.. GoldenFolder.Cases()];

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void A_golden_checkpoint_runs_to_its_report_and_passes_its_check(string name)
    {
        using var experiment = new GoldenExperiment(name);
        string[] prompt = PromptWithSamples(experiment);
        File.ReadAllLines(experiment.Table("fits")).Length.Should().BeGreaterThan(1);
        File.ReadAllLines(experiment.Table("validation")).Length.Should().BeGreaterThan(1);
        File.Exists(Path.Combine(experiment.RunFolder, "report.html")).Should().BeTrue();
        experiment.Run(prompt).Should().Contain("Nothing to do");

        var (code, check, errors) = HostProcess.Run(["check", .. experiment.Arguments()]);
        code.Should().Be(0, check + errors);
        check
            .Should()
            .Contain("All checks passed.")
            .And.Contain("every layer's ablation acts in the fast path")
            .And.Contain("no effect on prefix and image tokens")
            .And.Contain("baseline here: one picture, so f(0) is not the run's")
            .And.MatchRegex("forward +[0-9,]+ masks +about .*as stored units took")
            .And.NotContain("FAILED");
    }

    [GoldenTheory("qwen2vl-tied")]
    [InlineData("qwen2vl-tied")]
    [InlineData("llavanext")]
    [InlineData("internvl-qwen2-tiles", "--set", "model.image.tiles=6")]
    public void Pictures_are_brought_to_one_number_of_image_tokens(string name, params string[] more)
    {
        using var experiment = new GoldenExperiment(name);
        experiment.Run([.. more, "--set", "model.image.size=112"]).Should().Contain("report.html");
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("each resized to 112 x 112");
    }

    [GoldenFact("qwen2vl-untied")]
    public void Pictures_that_become_other_tokens_are_rejected_with_the_reason()
    {
        // The case's pictures are 231 x 159; nearly square pictures are added, one for the baseline and others to be
        // asked about.
        using var experiment = new GoldenExperiment("qwen2vl-untied");
        foreach (string name in (string[])["image.png", "baseline-1.png", "baseline-3.png", "baseline-4.png"])
        {
            experiment.AddPicture(Path.Combine(GoldenFolder.Root, "qwen2vl-tied", name), $"square-{name}");
        }

        string output = experiment.Run(
            "--set",
            "model.image.other_sizes=reject",
            "--set",
            "model.image.size=112",
            "--set",
            "stages.baseline.images=1",
            "--set",
            "stages.answers.keep=9"
        );
        output.Should().Contain("could not be asked about");
        string samples = File.ReadAllText(experiment.Table("samples"));
        samples.Should().Contain("231 x 159 pixels become").And.Contain("as 112 x 112 do");
        string[] baseline = [.. File.ReadLines(experiment.Table("baseline")).Skip(1)];
        baseline.Should().ContainSingle(r => r.StartsWith("0,square-", StringComparison.Ordinal));
        baseline
            .Where(r => r.StartsWith(','))
            .Should()
            // Left out, with the reason
            .OnlyContain(r => r.Contains("231 x 159 pixels become", StringComparison.Ordinal));

        var (code, text, errors) = HostProcess.Run(
            experiment.Arguments("--set", "model.image.other_sizes=reject", "--set", "model.image.size=448")
        );
        code.Should().NotBe(0);
        (text + errors).Should().Contain("pixels become").And.NotContain("   at ");
    }

    [GoldenFact("qwen2vl-untied")]
    public void Own_sizes_reject_samples_that_do_not_fit_the_baseline_and_refuse_a_mean_over_several_counts()
    {
        using var experiment = new GoldenExperiment("qwen2vl-untied");
        experiment.AddPicture(Path.Combine(GoldenFolder.Root, "qwen2vl-tied", "image.png"), "square.png");
        string output = experiment.Run(
            "--set",
            "model.image.size=0",
            "--set",
            "stages.baseline.images=1",
            "--set",
            "stages.answers.keep=6"
        );
        output.Should().Contain("another number of image tokens than the baseline");
        File.ReadAllText(experiment.Table("samples")).Should().Contain("those of the baseline");
        var (code, text, errors) = HostProcess.Run(
            experiment.Arguments("--set", "model.image.size=0", "--set", "stages.baseline.images=6")
        );
        code.Should().Be(1);
        (text + errors).Should().Contain("a mean needs one common count").And.Contain("model.image");
    }

    /// <summary>
    /// Runs the experiment with a prompt that these random weights answer, with f(1) above f(0) for a picture at least;
    /// the first that there is.
    /// </summary>
    /// <returns>The options that set it.</returns>
    private static string[] PromptWithSamples(GoldenExperiment experiment)
    {
        foreach (string prompt in (string[])["default", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"])
        {
            string[] options = ["--set", $"prompt={prompt}"];
            var (code, output, errors) = HostProcess.Run(experiment.Arguments(options));
            if (
                code == 0
                && File.ReadLines(experiment.Table("samples"))
                    .Any(line => line.Contains(",kept,", StringComparison.Ordinal))
            )
            {
                return options;
            }

            string[] none = ["answers holds a word", "no token can be measured", "no sample is left"];
            (code == 0 || none.Any(reason => errors.Contains(reason, StringComparison.Ordinal)))
                .Should()
                .BeTrue(output + errors);
        }

        throw new InvalidOperationException("no prompt gives a sample");
    }
}
