using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>A spec that lists specs runs them as one plan.</summary>
public sealed class CollectionTests
{
    [Fact]
    public void Listed_experiments_share_the_cache_and_each_is_as_if_run_alone()
    {
        using var experiment = new SmallExperiment();
        string folder = Path.GetDirectoryName(experiment.Spec)!,
            text = File.ReadAllText(experiment.Spec);
        File.WriteAllText(
            Path.Combine(folder, "alpha.yaml"),
            text.Replace("name: small", "name: alpha", StringComparison.Ordinal)
                .Replace("stage: regress", "stage: regress, alpha: 0.01", StringComparison.Ordinal)
        );
        File.WriteAllText(
            Path.Combine(folder, "torch.yaml"),
            text.Replace("name: small", "name: torch\nengine: { linear: torch }", StringComparison.Ordinal)
        ); // another arithmetic: the model is given back and loaded anew
        string all = Path.Combine(folder, "all.yaml");
        File.WriteAllText(all, "name: all\nexperiments: [small.yaml, torch.yaml, alpha.yaml]\n");

        var (code, output, errors) = HostProcess.Run(all, "--artifacts", experiment.Artifacts);
        code.Should().Be(0, output + errors);
        output.Should().Contain("== small").And.Contain("== torch").And.Contain("== alpha");
        foreach (string name in new[] { "small", "torch", "alpha" })
        {
            File.Exists(Path.Combine(experiment.Artifacts, "runs", name, "report.html")).Should().BeTrue(name);
        }

        experiment.StoredKeys()["sample-masks"].Should().HaveCount(2 * 3, "all three draw the same masks");
        experiment
            .StoredKeys()["forward-passes"]
            .Should()
            .HaveCount(2 * (2 * 3 + 2), "alpha runs on the passes of small");

        string overview = Path.Combine(experiment.Artifacts, "runs", "all", "overview"),
            page = File.ReadAllText(Path.Combine(overview, "index.html"));
        output.Should().Contain(overview);
        File.Exists(Path.Combine(overview, "figures", "fig11-heads-needed.svg")).Should().BeTrue();
        var links = System
            .Text.RegularExpressions.Regex.Matches(page, "href=\"([^#\"][^\"]*)\"")
            .Select(m => m.Groups[1].Value)
            .ToList();
        links
            .Should()
            .Contain("../../small/report.html")
            .And.OnlyContain(l => LeadsSomewhere(Path.Combine(overview, l)), "every link leads to a file or into one");
        page.Should().NotContainAny("src=\"http", "href=\"http", "@import", "url(http");

        HostProcess.Run(all, "--artifacts", experiment.Artifacts).Output.Should().Contain("Nothing to do");
        experiment.Run().Should().Contain("Nothing to do", "the experiment alone is the same experiment");
        HostProcess
            .Run("plan", all, "--artifacts", experiment.Artifacts)
            .Output.Should()
            .Contain("small:")
            .And.Contain("alpha:")
            .And.NotContain(" 1 missing");
    }

    [Fact]
    public void With_keep_going_the_others_run_whatever_one_is_refused_for()
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        string folder = Path.GetDirectoryName(experiment.Spec)!,
            text = File.ReadAllText(experiment.Spec),
            model = experiment.CopyModel();
        File.WriteAllText(Path.Combine(model, "config.json"), """{ "model_type": "bert" }""");
        Write("typo", "count: 20", "count: sixty");
        Write("gone", experiment.Model, "/nowhere/llava");
        Write("other", experiment.Model, model);
        Write("pictures", "answer-questions,", "answer-questions, prompt: [p1],");
        string all = Path.Combine(folder, "all.yaml");
        File.WriteAllText(
            all,
            "name: all\nexperiments: [typo.yaml, gone.yaml, other.yaml, absent.yaml, pictures.yaml, small.yaml]\n"
        );

        string[] arguments = [all, "--artifacts", experiment.Artifacts];
        var (code, output, errors) = HostProcess.Run([.. arguments, "--keep-going"]);

        code.Should().Be(2, output + errors);
        errors
            .Should()
            .Contain("sixty")
            .And.Contain("/nowhere/llava")
            .And.Contain("other: " + model)
            .And.Contain("absent.yaml")
            .And.Contain("pictures.yaml")
            .And.NotContain("   at ");
        output.Should().Contain("== small").And.NotContain("== other").And.Contain("units computed");
        File.Exists(Path.Combine(experiment.RunFolder, "report.html")).Should().BeTrue();
        string overview = Path.Combine(experiment.Artifacts, "runs", "all", "overview", "index.html");
        output.Should().Contain($"overview: {overview} (without a spec that is not there, ");
        File.ReadAllText(overview)
            .Should()
            .Contain("../../small/report.html")
            .And.MatchRegex(
                "Not shown, since they did not come to their end: [^<]*gone.yaml, pictures.yaml, typo.yaml, other"
            );
        var plan = HostProcess.Run(["plan", .. arguments, "--keep-going"]);
        (plan.ExitCode, plan.Output.Contains("small:", StringComparison.Ordinal)).Should().Be((2, true), plan.Errors);
        HostProcess.Run(arguments).ExitCode.Should().Be(2);

        File.WriteAllText(all, "name: all\nexperiments: [typo.yaml, other.yaml]\n");
        var none = HostProcess.Run([.. arguments, "--keep-going"]);
        (none.ExitCode, none.Output.Contains("computed", StringComparison.Ordinal)).Should().Be((2, false));
        none.Errors.Should().Contain("sixty").And.Contain("other: " + model);

        void Write(string name, string part, string wrong) =>
            File.WriteAllText(
                Path.Combine(folder, name + ".yaml"),
                text.Replace("name: small", $"name: {name}", StringComparison.Ordinal)
                    .Replace(part, wrong, StringComparison.Ordinal)
            );
    }

    [Fact]
    public void An_overview_does_not_stand_beside_reports_that_are_newer()
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        string folder = Path.GetDirectoryName(experiment.Spec)!,
            all = Path.Combine(folder, "all.yaml"),
            overview = Path.Combine(experiment.Artifacts, "runs", "all", "overview", "index.html");
        File.WriteAllText(
            Path.Combine(folder, "other.yaml"),
            File.ReadAllText(experiment.Spec).Replace("name: small", "name: other", StringComparison.Ordinal)
        );
        File.WriteAllText(all, "name: all\nexperiments: [small.yaml, other.yaml]\n");
        string[] arguments = [all, "--artifacts", experiment.Artifacts];
        HostProcess.Run(arguments).ExitCode.Should().Be(0);
        File.Exists(overview).Should().BeTrue();
        HostProcess.Run([.. arguments, "--time-limit", "0:01"]).ExitCode.Should().Be(0, "there is nothing to do");
        File.Exists(overview).Should().BeTrue();

        var (code, _, _) = HostProcess.Run([.. arguments, "--set", "stages.masks.count=24", "--time-limit", "0:01"]);

        code.Should().Be(130);
        File.Exists(overview).Should().BeFalse("the run that was to replace its reports did not end");
    }

    [Fact]
    public void An_error_in_a_listed_spec_is_told_before_anything_runs()
    {
        using var experiment = new SmallExperiment();
        string folder = Path.GetDirectoryName(experiment.Spec)!;
        File.WriteAllText(
            Path.Combine(folder, "bad.yaml"),
            File.ReadAllText(experiment.Spec)
                .Replace("count: 60", "count: sixty", StringComparison.Ordinal)
                .Replace("name: small", "name: bad", StringComparison.Ordinal)
        );
        File.WriteAllText(Path.Combine(folder, "all.yaml"), "name: all\nexperiments: [small.yaml, bad.yaml]\n");
        var (code, _, errors) = HostProcess.Run(Path.Combine(folder, "all.yaml"), "--artifacts", experiment.Artifacts);
        code.Should().Be(2);
        errors.Should().Contain("bad.yaml:8:").And.Contain("sixty");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();
    }

    private static bool LeadsSomewhere(string link)
    {
        string[] parts = link.Split('#', 2);
        return File.Exists(parts[0])
            && (
                parts.Length == 1 || File.ReadAllText(parts[0]).Contains($"id=\"{parts[1]}\"", StringComparison.Ordinal)
            );
    }
}
