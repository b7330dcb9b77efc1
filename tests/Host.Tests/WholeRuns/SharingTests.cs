using System.Diagnostics;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// Several processes, machines and runs at one artifacts folder, and files that change while a run reads them.
/// </summary>
public sealed class SharingTests
{
    /// <summary>
    /// Why the program cannot be started in a pid namespace of its own here, or null where it can: what another
    /// container or node is to a process number.
    /// </summary>
    private sealed class UnshareFactAttribute : FactAttribute
    {
        public UnshareFactAttribute() => Skip = CanUnshare() ? null : "unshare is not allowed here";

        private static bool CanUnshare()
        {
            try
            {
                using var tried = Process.Start(
                    new ProcessStartInfo("unshare", "--pid --fork --mount-proc true") { RedirectStandardError = true }
                );
                tried!.WaitForExit();
                return tried.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }

    [UnshareFact]
    public async Task A_process_in_another_container_leaves_work_in_flight_alone_and_so_does_its_gc()
    {
        using var experiment = new SmallExperiment(samples: 6, masks: 4000);
        using Process one = HostProcess.Start(experiment.Arguments("--jobs", "1"));
        var output = one.StandardOutput.ReadToEndAsync();
        _ = one.StandardError.ReadToEndAsync();
        KillTests.WaitForPasses(experiment, one);
        using Process other = HostProcess.StartBy(
            "unshare --pid --fork --mount-proc",
            experiment.Arguments(
                "--set",
                "name=other",
                "--set",
                "stages.masks.count=40",
                "--set",
                "stages.answers.keep=1"
            )
        );
        string said = await other.StandardOutput.ReadToEndAsync();
        await other.WaitForExitAsync();
        other.ExitCode.Should().Be(0, said);
        using Process gc = HostProcess.StartBy(
            "unshare --pid --fork --mount-proc",
            "gc",
            "--artifacts",
            experiment.Artifacts
        );
        string collected = await gc.StandardOutput.ReadToEndAsync();
        await gc.WaitForExitAsync();
        one.HasExited.Should().BeFalse("else the others had nothing to leave alone");
        collected
            .Should()
            .Contain("left: ")
            .And.Contain($"unfinished work of process {one.Id} on {Environment.MachineName}");
        HoldInWork(one, experiment);
        one.Kill();
        await one.WaitForExitAsync();
        (await output).Should().NotContain("failed");

        // Killed, its work is unclear to the container and nobody's to a process beside it.
        using Process again = HostProcess.StartBy(
            "unshare --pid --fork --mount-proc",
            "gc",
            "--artifacts",
            experiment.Artifacts,
            "--dry-run"
        );
        (await again.StandardOutput.ReadToEndAsync()).Should().Contain("left: ");
        HostProcess.Run("gc", "--artifacts", experiment.Artifacts).Output.Should().NotContain("left: ");
        Unfinished(experiment).Should().BeEmpty();
    }

    private static string[] Unfinished(SmallExperiment experiment) =>
        Directory.GetDirectories(Path.Combine(experiment.Artifacts, "cache"), ".tmp-*", SearchOption.AllDirectories);

    /// <summary>Pauses a process at a moment when it has a unit at work.</summary>
    private static void HoldInWork(Process process, SmallExperiment experiment)
    {
        for (int tried = 0; ; tried++)
        {
            Signal("STOP", process);
            if (Unfinished(experiment).Length > 0)
            {
                return;
            }

            tried.Should().BeLessThan(1000);
            Signal("CONT", process);
            Thread.Sleep(10);
        }
    }

    private static void Signal(string name, Process process)
    {
        using var sent = Process.Start("kill", $"-{name} {process.Id}");
        sent.WaitForExit();
    }

    [Fact]
    public async Task Two_processes_with_one_name_and_other_settings_are_kept_apart()
    {
        using var experiment = new SmallExperiment(samples: 6, masks: 4000);
        using Process one = HostProcess.Start(experiment.Arguments("--jobs", "1"));
        _ = one.StandardOutput.ReadToEndAsync();
        _ = one.StandardError.ReadToEndAsync();
        KillTests.WaitForPasses(experiment, one);
        string settings = File.ReadAllText(Path.Combine(experiment.RunFolder, "experiment.yaml"));
        experiment
            .Refusal("--set", "stages.masks.count=40")
            .Should()
            .Contain(experiment.RunFolder)
            .And.Contain($"process {one.Id}")
            .And.Contain("--set name=");
        File.ReadAllText(Path.Combine(experiment.RunFolder, "experiment.yaml")).Should().Be(settings);
        one.HasExited.Should().BeFalse();
        one.Kill();
        await one.WaitForExitAsync();
        experiment
            .Run("--set", "stages.masks.count=40", "--set", "stages.answers.keep=1")
            .Should()
            .Contain("units computed", "who was killed holds nothing");
    }

    [Theory]
    [InlineData("small", "small/inner", "inside the folder of the run 'small'")]
    [InlineData("small/inner", "small", "would have the run 'small/inner' inside its folder")]
    [InlineData("small", "other/tables", "in the folder 'tables'")]
    [InlineData("small", "small/overview", "in the folder 'overview'")]
    public void A_run_inside_the_folder_of_another_is_refused(string first, string second, string why)
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        experiment.Run("--set", $"name={first}");
        string[] before = Listing(experiment);
        experiment.Refusal("--set", $"name={second}").Should().Contain(why).And.Contain("--set name=");
        Listing(experiment).Should().Equal(before);
    }

    [Fact]
    public void Members_of_a_matrix_may_lie_beside_the_results_of_a_run_of_its_name()
    {
        using var experiment = SmallExperiment.AfterRun(samples: 1, masks: 20);
        var tables = experiment.TableBytes();
        experiment.Run("--set", "matrix={ prompt: [default] }");
        experiment.Run();
        experiment.TableBytes().Should().Equal(tables);
        HostProcess
            .Run("diff", "small", "small/prompt=default", "--artifacts", experiment.Artifacts)
            .ExitCode.Should()
            .Be(0);
    }

    [Fact]
    public async Task Weights_rewritten_while_a_run_goes_on_fail_it_by_their_name_and_nothing_of_them_is_stored()
    {
        using var experiment = new SmallExperiment(samples: 6, masks: 4000);
        string model = experiment.CopyModel(),
            weights = Path.Combine(model, "model.safetensors");
        string[] options = ["--jobs", "1", "--set", $"model.path={model}"];
        using Process process = HostProcess.Start(experiment.Arguments(options));
        var output = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        KillTests.WaitForPasses(experiment, process);
        Thread.Sleep(50);
        var stored = Keys(experiment);
        DateTime time = File.GetLastWriteTimeUtc(weights);
        using (var stream = new FileStream(weights, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.Seek(-2, SeekOrigin.End); // as rsync --inplace and a download that goes on write
            stream.Write([1, 2]);
        }

        File.SetLastWriteTimeUtc(weights, time);
        var after = Keys(experiment);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(1);
        (await output).Should().Contain($"{weights}: changed while the run went on");
        Keys(experiment)
            .Should()
            .BeEquivalentTo(
                after.Union(stored),
                "what is published after the change would be of nobody knows which weights"
            );
        File.Exists(Path.Combine(experiment.RunFolder, "SHA256SUMS"))
            .Should()
            .BeFalse("a run that failed leaves its answers at most");

        experiment
            .Run([.. options, "--set", "stages.masks.count=40", "--set", "stages.answers.keep=1"])
            .Should()
            .Contain("model.weights changed");
    }

    private static HashSet<string> Keys(SmallExperiment experiment) =>
        [.. experiment.StoredKeys().SelectMany(k => k.Value.Select(key => $"{k.Key} {key}"))];

    private static string[] Listing(SmallExperiment experiment) =>
        [
            .. Directory
                .EnumerateFileSystemEntries(
                    Path.Combine(experiment.Artifacts, "runs"),
                    "*",
                    SearchOption.AllDirectories
                )
                .Order(StringComparer.Ordinal),
        ];
}
