using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Faults;

/// <summary>
/// Faults of network file systems and of those who use them. Whatever befalls workers, no artifact is ever torn, wrong
/// or there twice: a run after them that looks at every byte finds nothing damaged, and gives the tables of one
/// process.
/// </summary>
public sealed class FaultTests
{
    /// <summary>How many workers <see cref="Killed_at_any_moment_they_lose_no_more_than_their_units"/> kills.</summary>
    private const string KillsVariable = "FAULT_KILLS";

    private const int Samples = 3,
        Masks = 200;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [FaultTheory]
    [InlineData("lost=0.1", "replies are lost: what was done is answered by an error")]
    [InlineData("late=400 clock=3600", "others' files are seen late, and this clock is an hour ahead")]
    [InlineData("late=400 clock=-3600 stale=0.01", "an hour behind, and handles are stale now and then")]
    [InlineData("nolinks=1 lost=0.05", "there are no links")]
    public void Workers_leave_the_tables_of_one_process(string faults, string because)
    {
        using var shared = new SmallExperiment(Samples, Masks);
        Worker[] workers = [Start(shared, faults), Start(shared, faults)];

        Array.ForEach(workers, w => w.End().Should().BeOneOf([0, 1], because + "\n" + w.Said));

        workers.Sum(w => w.Faults).Should().BePositive("else this test tells nothing");
        RequireSound(shared, because);
    }

    [FaultTheory]
    [InlineData("fsync=0.05", "a file that could not be brought to the disk is nobody's result")]
    [InlineData("close=0.05 fsync=0.02", "nor one that could not be closed")]
    public void What_the_disk_refused_is_not_published(string faults, string because)
    {
        using var shared = new SmallExperiment(Samples, Masks);
        Worker worker = Start(shared, faults, "--keep-going");

        // 2 where not even the lease could be written
        worker.End().Should().BeOneOf([0, 1, 2], worker.Said);
        worker.Said.Should().NotContain("a defect", "bad disks are told in words");
        worker.Faults.Should().BePositive("else this test tells nothing");
        RequireSound(shared, because);
    }

    [FaultTheory]
    [InlineData("full", "No space left on device")]
    [InlineData("readonly", "Read-only file system")]
    [InlineData("gone", "Stale file handle")]
    public void A_folder_that_cannot_be_written_for_a_while_ends_in_words_or_is_waited_for(string how, string says)
    {
        using var shared = new SmallExperiment(Samples, masks: 2000);
        string mark = Path.Combine(Path.GetDirectoryName(shared.Spec)!, how);
        Worker worker = Start(shared, $"{how}={mark}");
        KillTests.WaitForPasses(shared, worker.Process);

        File.WriteAllText(mark, "");
        Thread.Sleep(TimeSpan.FromSeconds(2));
        File.Delete(mark);
        int code = worker.End();

        code.Should().BeOneOf([0, 1], worker.Said);
        worker.Faults.Should().BePositive("else this test tells nothing");
        if (code == 1)
        {
            worker.Said.Should().Contain(says).And.Contain("is stored").And.NotContain("a defect");
        }

        RequireSound(shared, how);
    }

    [FaultFact]
    public void Killed_at_any_moment_they_lose_no_more_than_their_units()
    {
        int kills = int.TryParse(
            Environment.GetEnvironmentVariable(KillsVariable),
            CultureInfo.InvariantCulture,
            out int said
        )
            ? said
            : 10;
        using var shared = new SmallExperiment(Samples, masks: 100 * kills);
        var random = new Random(1);
        Worker[] workers = [Start(shared, "lost=0.02"), Start(shared, "late=200")];
        for (int kill = 0; kill < kills; kill++)
        {
            Thread.Sleep(random.Next(100, 4000));
            int which = random.Next(workers.Length);
            workers[which].Process.Kill();
            workers[which].End();
            workers[which] = Start(shared, which == 0 ? "lost=0.02" : "late=200");
        }

        foreach (Worker worker in workers)
        {
            worker.End().Should().Be(0, worker.Said);
        }

        RequireSound(shared, "whoever is killed leaves the rest to others");
    }

    [FaultFact]
    public void A_process_of_another_pid_namespace_is_not_taken_for_dead()
    {
        using var shared = new SmallExperiment(Samples, masks: 1000);
        using Process apart = HostProcess.StartBy(
            "unshare --user --map-root-user --pid --fork --kill-child --mount-proc",
            shared.Arguments("--jobs", "1", "--worker")
        );
        Task<string> said = apart.StandardOutput.ReadToEndAsync(),
            errors = apart.StandardError.ReadToEndAsync();
        KillTests.WaitForPasses(shared, apart);
        string here = shared.Run("--jobs", "1");
        apart.WaitForExit(Limit).Should().BeTrue();

        apart.ExitCode.Should().Be(0, errors.GetAwaiter().GetResult());
        int computed = ComputedBy(here) + ComputedBy(said.GetAwaiter().GetResult());
        computed.Should().Be(AllOf(shared), "what one holds the other leaves alone");
    }

    private static int AllOf(SmallExperiment experiment) =>
        Directory
            .EnumerateFiles(experiment.Cache, "manifest.json", SearchOption.AllDirectories)
            .Count(f => !f.Contains("/.", StringComparison.Ordinal));

    private static int ComputedBy(string output) => Number(output, @"(?m)^([\d\u202f]+) units? computed");

    /// <summary>All is there and whole, and the tables are those of a process alone.</summary>
    private static void RequireSound(SmallExperiment shared, string because)
    {
        string output = shared.Run("--verify");
        output.Should().NotContain("damaged", because);
        shared.Run().Should().Contain("Nothing to do", because);
        using var alone = new SmallExperiment(Samples, Number(File.ReadAllText(shared.Spec), @"count: (\d+)"));
        alone.Run();
        shared.TableBytes().Should().Equal(alone.TableBytes(), because);
    }

    private static int Number(string text, string pattern) =>
        int.Parse(
            Regex.Match(text, pattern).Groups[1].Value.Replace("\u202f", "", StringComparison.Ordinal),
            CultureInfo.InvariantCulture
        );

    private static Worker Start(SmallExperiment experiment, string faults, params string[] more)
    {
        string counts = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, $"{Guid.NewGuid():N}.counts");
        string[] arguments = experiment.Arguments(["--jobs", "1", "--worker", .. more]);
        return new(FaultyDisk.Start(experiment.Artifacts, $"{faults} count={counts}", arguments), counts);
    }

    private sealed class Worker
    {
        private readonly string counts;
        private readonly Task<string> output,
            errors;

        public Worker(Process process, string counts)
        {
            Process = process;
            this.counts = counts;
            output = process.StandardOutput.ReadToEndAsync();
            errors = process.StandardError.ReadToEndAsync();
        }

        public Process Process { get; }

        public string Said => output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult();

        /// <summary>Calls that were answered by a fault, of a process that was not killed.</summary>
        public long Faults => FaultyDisk.Counts(counts)["fault"];

        public int End()
        {
            if (!Process.WaitForExit(Limit))
            {
                Process.Kill();
                throw new TimeoutException("a worker did not end");
            }

            return Process.ExitCode;
        }
    }
}
