using System.Diagnostics;
using FluentAssertions;
using Pipelines.Host.Commands;
using Pipelines.Host.Running;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>SIGKILL at any moment loses nothing but the units in flight.</summary>
public sealed class KillTests
{
    private const int Kills = 6;

    [Fact]
    public void Killed_again_and_again_a_run_ends_with_byte_identical_tables()
    {
        using var undisturbed = new SmallExperiment(masks: 200);
        var watch = Stopwatch.StartNew();
        undisturbed.RunApart(); // as long as those that are killed
        TimeSpan whole = watch.Elapsed;
        using var killed = new SmallExperiment(masks: 200);
        int stored = 0;
        for (int i = 1; i <= Kills; i++)
        {
            // Moments spread over the whole run, so that every stage has its turn.
            int now = killed.RunAndKill(whole * i / (Kills + 2));
            now.Should().BeGreaterThanOrEqualTo(stored, "what was stored stays");
            stored = now;
        }

        killed.Run();
        killed.TableBytes().Should().Equal(undisturbed.TableBytes());
        Unfinished(killed).Should().BeEmpty();
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("QUIT")]
    [InlineData("USR1")]
    [InlineData("USR2")]
    public async Task An_interrupted_run_says_how_to_go_on_and_ends_with_130_whatever_the_signal(string signal)
    {
        using var experiment = new SmallExperiment(samples: 6, masks: 4000);
        // Tests may themselves run where signals are ignored (nohup, a job in the background), which is handed down
        using Process process = HostProcess.StartBy("env --default-signal", experiment.Arguments());
        var output = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        WaitForPasses(experiment, process);
        Send(signal, process);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(130);
        (await output)
            .Should()
            .Contain("What was finished is stored")
            .And.MatchRegex(@"answers +(6 units done|\d of \d units done, \d left)")
            .And.MatchRegex(@"forward +\d+ of \d+ units done, \d+ left")
            .And.MatchRegex(@"report +not begun, more once ")
            .And.Contain("goes on from there:\n  ")
            .And.Contain($" {experiment.Spec} --artifacts {experiment.Artifacts}\n");
        Unfinished(experiment).Should().BeEmpty();
        Directory.EnumerateFiles(Path.Combine(experiment.Artifacts, "cache", ".leases")).Should().BeEmpty();
    }

    [Fact]
    public async Task A_run_that_was_started_to_outlive_its_terminal_does()
    {
        using var experiment = new SmallExperiment(samples: 1);
        using Process process = HostProcess.StartBy("nohup", experiment.Arguments());
        var output = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        WaitForPasses(experiment, process);
        Send("HUP", process);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0);
        (await output).Should().Contain("units computed");
    }

    [Fact]
    public void A_run_whose_time_has_run_out_begins_nothing_says_how_to_go_on_and_ends_with_130()
    {
        using var experiment = new SmallExperiment(samples: 1);
        var (code, output, _) = HostProcess.RunApart(experiment.Arguments("--time-limit", "0:01"));
        code.Should().Be(130);
        output
            .Should()
            .MatchRegex(@"This job's time ends in \d s, and nothing more is begun: it ends here\.")
            .And.Contain("goes on from there:\n  ");
        experiment.Run();
    }

    [Fact]
    public void A_worker_that_ends_before_its_jobs_time_has_done_what_was_planned_and_ends_with_0()
    {
        using var experiment = new SmallExperiment(samples: 1);
        string[] worker = experiment.Arguments("--time-limit", "0:01", "--worker"),
            submitted =

            [
                .. worker,
                ElsewhereOptions.Settings,
                SettingsDigest.Of(ExperimentReader.Read(experiment.Spec).Experiments),
            ];
        var (code, output) = RunIn("7", submitted);
        code.Should().Be(0, output);
        output
            .Should()
            .Contain(
                "it ends here.\nThat is as planned: the jobs behind this one go on. What was finished is stored:\n"
            )
            .And.NotContain("Interrupted");
        RunIn("7", worker).Code.Should().Be(130, "who typed it waits for no job behind it");
        RunIn("", submitted).Code.Should().Be(130);
        var (ofFleet, said) = RunIn("7", experiment.Arguments("--time-limit", "0:01", "--devices", "cpu,cpu"));
        ofFleet.Should().Be(130, said);
    }

    private static (int Code, string Output) RunIn(string job, string[] arguments)
    {
        using Process process = HostProcess.Start(new Dictionary<string, string> { ["SLURM_JOB_ID"] = job }, arguments);
        _ = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    [Fact]
    public void A_run_ends_with_the_job_of_Slurm_that_it_is_in()
    {
        using var experiment = new SmallExperiment(samples: 1);
        string now = DateTimeOffset
            .UtcNow.ToUnixTimeSeconds()
            .ToString(System.Globalization.CultureInfo.InvariantCulture);
        using Process process = HostProcess.Start(
            new Dictionary<string, string> { ["SLURM_JOB_END_TIME"] = now },
            experiment.Arguments()
        );
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        process.ExitCode.Should().Be(130);
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(false, "--worker")]
    [InlineData(false, "--devices=cpu,cpu")]
    public async Task A_store_that_is_deleted_under_a_run_is_told_and_a_run_behind_it_begins_anew(
        bool withItsRuns,
        string option
    )
    {
        string[] more = option.Length == 0 ? ["--jobs", "2"] : [option];
        using var experiment = new SmallExperiment(samples: 6, masks: 2000);
        using Process process = HostProcess.Start(experiment.Arguments(more));
        _ = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        WaitForPasses(experiment, process);
        Remove(withItsRuns ? experiment.Artifacts : experiment.Cache);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(1);
        (await errors)
            .Should()
            .Contain($"{experiment.Cache} is gone: somebody deleted it, or its disk was unmounted")
            .And.NotContain("is stored", "it is not")
            .And.NotContain("a defect");
        string[] less = ["--set", "stages.answers.keep=1", "--set", "stages.masks.count=20"];
        experiment.Run(less).Should().Contain("units computed", "nothing stands in the way of a store made anew");
    }

    [Theory]
    [InlineData("--jobs=2")]
    [InlineData("--devices=cpu,cpu")]
    public async Task A_runs_folder_that_is_deleted_under_it_is_told_once_and_the_same_command_goes_on(string option)
    {
        using var experiment = new SmallExperiment(samples: 6, masks: 2000);
        using Process process = HostProcess.Start(experiment.Arguments(option));
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            errors = process.StandardError.ReadToEndAsync();
        WaitForPasses(experiment, process);
        Remove(experiment.RunFolder);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(1);
        string said = await output + await errors;
        said.Split($"{experiment.RunFolder} is gone: somebody deleted the run's folder").Should().HaveCount(2, said);
        said.Should().NotContain("No such file").And.NotContain("Could not find");
        string[] less = ["--set", "stages.answers.keep=1", "--set", "stages.masks.count=20"];
        experiment.Run(less).Should().Contain("units computed");
    }

    /// <summary>Removes a folder in which others still make files.</summary>
    private static void Remove(string folder)
    {
        string aside = folder + ".removed";
        Directory.Move(folder, aside);
        Directory.Delete(aside, recursive: true);
    }

    internal static void WaitForPasses(SmallExperiment experiment, Process process)
    {
        string forward = Path.Combine(experiment.Artifacts, "cache", "forward-passes");
        while (!process.HasExited && !(Directory.Exists(forward) && Directory.EnumerateDirectories(forward).Any()))
        {
            Thread.Sleep(20);
        }
    }

    internal static void Send(string signal, Process process)
    {
        using var sent = Process.Start(
            "kill",
            [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]
        );
        sent.WaitForExit();
    }

    private static IEnumerable<string> Unfinished(SmallExperiment experiment) =>
        Directory.EnumerateDirectories(
            Path.Combine(experiment.Artifacts, "cache"),
            ".tmp-*",
            SearchOption.AllDirectories
        );
}
