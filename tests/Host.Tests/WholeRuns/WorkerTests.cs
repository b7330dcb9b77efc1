using System.Diagnostics;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// Several processes on one experiment share the work, and whoever is killed leaves it to the others.
/// </summary>
public sealed partial class WorkerTests
{
    [Fact]
    public async Task Two_processes_compute_each_unit_once_and_leave_the_tables_of_one()
    {
        using var alone = new SmallExperiment(samples: 4, masks: 200);
        int all = ComputedBy(alone.RunApart("--jobs", "1", "--threads", "1"));
        using var shared = new SmallExperiment(samples: 4, masks: 200);
        using Process worker = HostProcess.Start(shared.Arguments("--jobs", "1", "--threads", "1", "--worker"));
        _ = worker.StandardError.ReadToEndAsync();
        Task<string> said = worker.StandardOutput.ReadToEndAsync();
        string run = shared.RunApart("--jobs", "1", "--threads", "1");
        await worker.WaitForExitAsync();
        worker.ExitCode.Should().Be(0, await said);
        (ComputedBy(run) + ComputedBy(await said)).Should().Be(all, "no unit is computed twice");
        shared.TableBytes().Should().Equal(alone.TableBytes());
        shared.Run().Should().Contain("Nothing to do");
        Directory.EnumerateFiles(Path.Combine(shared.Cache, ".workers")).Should().BeEmpty();
    }

    [Fact]
    public async Task What_a_killed_process_held_is_finished_by_the_other()
    {
        using var alone = new SmallExperiment(samples: 3, masks: 2000);
        alone.Run("--jobs", "1");
        using var shared = new SmallExperiment(samples: 3, masks: 2000);
        using Process killed = HostProcess.Start(shared.Arguments("--jobs", "1", "--worker"));
        _ = killed.StandardError.ReadToEndAsync();
        _ = killed.StandardOutput.ReadToEndAsync();
        KillTests.WaitForPasses(shared, killed);
        killed.Kill();
        await killed.WaitForExitAsync();
        Directory.EnumerateFiles(Path.Combine(shared.Cache, ".workers")).Should().ContainSingle("it was at work");
        shared
            .Run("--jobs", "1")
            .Should()
            .Contain("units computed", "it is seen to be dead at once")
            .And.MatchRegex($"process {killed.Id} on .* has ended, or gives no sign: what it held is taken over");
        shared.TableBytes().Should().Equal(alone.TableBytes());
    }

    [Fact]
    public void A_worker_leaves_the_report_to_a_run()
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        experiment.Run("--worker").Should().Contain("units computed");
        File.Exists(Path.Combine(experiment.RunFolder, "report.html")).Should().BeFalse();
        experiment.Run().Should().Contain("1 unit computed", "the page is all that is left");
        File.Exists(Path.Combine(experiment.RunFolder, "report.html")).Should().BeTrue();
        experiment
            .Run("--worker")
            .Should()
            .Contain("Nothing to do")
            .And.NotContain("held by other", "nothing is, where all stands");
    }

    [Theory]
    [InlineData("soon", "'soon' is no time: write 150s, 10min or 2h, or minutes, hours:minutes:seconds")]
    [InlineData("10x", "'10x' is no time")]
    [InlineData("1e400h", "'1e400h' is no time")]
    [InlineData("1", "1 is out of bounds: at least 2min")]
    [InlineData("1min", "1min is out of bounds: at least 2min")]
    [InlineData("1000h", "1000h is out of bounds: at most 7d")]
    public void A_patience_that_is_none_is_refused(string stale, string why)
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        experiment.Refusal("--stale", stale).Should().Contain(why);
    }

    private static int ComputedBy(string output) =>
        int.Parse(Computed().Match(output).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(\d+) units? computed", RegexOptions.Multiline)]
    private static partial Regex Computed();
}
