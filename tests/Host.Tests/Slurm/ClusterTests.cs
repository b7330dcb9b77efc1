using System.Globalization;
using FluentAssertions;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Slurm;

/// <summary>
/// A small experiment on a real cluster of two nodes: whatever happens to jobs, every unit is computed by somebody, and
/// the tables are those of one process.
/// </summary>
public sealed class ClusterTests(SlurmLab lab) : IClassFixture<SlurmLab>, IDisposable
{
    /// <summary>What no test comes near: a limit on waiting for a cluster, never on what it does.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Alone = new(() =>
    {
        using SmallExperiment one = SmallExperiment.AfterRun(Samples, Masks, Shard);
        return one.TableBytes();
    });

    private const int Samples = 2,
        Masks = 240,
        Shard = 20;

    private readonly SmallExperiment experiment = new(Samples, Masks, Shard);

    public void Dispose()
    {
        if (SlurmLab.SkipReason is null)
        {
            SlurmLab.Ask("scancel", "--user=" + Environment.UserName);
            WaitUntil("an empty queue", () => SlurmLab.Ask("squeue", "-h").Length == 0);
            lab.FreeCores();
        }

        experiment.Dispose();
    }

    [SlurmFact]
    public void An_array_finishes_and_the_report_is_written_behind_it()
    {
        string said = Submit("{ array_size: 3, cpus: 1 }");
        Finished(said);
        Status().Should().MatchRegex(@"\(array, 3 jobs\) +3 completed").And.MatchRegex(@"\(report\) +completed");
        Logs().Should().HaveCount(4).And.OnlyContain(l => l.EndsWith(".0.log", StringComparison.Ordinal));
    }

    [SlurmFact]
    public void Two_submissions_of_one_spec_compute_nothing_twice()
    {
        string first = Submit("{ array_size: 2, cpus: 1 }"),
            second = Submit("{ array_size: 2, cpus: 1 }");
        Finished(first);
        Finished(second);
        Computed().Should().Be(Stored(), "a unit that one computes is none of the other's");
    }

    [SlurmFact]
    public void A_node_that_is_lost_in_the_middle_costs_what_it_had_in_flight()
    {
        string said = Submit("{ array_size: 2, cpus: 2 }", "--chain", "1");
        WaitForPasses();
        lab.KillNode("n1");
        try
        {
            WaitUntil("the loss to be noticed", () =>
                !SlurmLab.Ask("sinfo", "-hN", "-n", "n1", "-o", "%T").StartsWith("alloc", StringComparison.Ordinal)
            );
        }
        finally
        {
            lab.StartNode("n1");
        }

        Finished(said);
        Logs().Should().Contain(l => l.EndsWith(".1.log", StringComparison.Ordinal), "the job was started again");
    }

    [SlurmFact]
    public void A_preempted_job_drops_its_unit_is_requeued_and_goes_on_in_a_log_of_its_own()
    {
        string said = Submit("{ array_size: 2, cpus: 2, partition: low }");
        WaitForPasses();
        string other = SlurmLab
            .Ask("sbatch", "--parsable", "-p", "high", "-N2", "-c2", "--output=/dev/null", "--wrap=sleep 1")
            .Trim();
        WaitUntil($"the end of job {other}", () => IsOver(other));
        Finished(said);
        Logs()
            .Where(l => l.EndsWith(".1.log", StringComparison.Ordinal))
            .Select(l => File.ReadAllText(l.Replace(".1.log", ".0.log", StringComparison.Ordinal)))
            .Should()
            .Contain(
                l => l.Contains("Interrupted", StringComparison.Ordinal),
                "if the other had nothing left to take when it came to that"
            );
    }

    [SlurmFact]
    public void A_worker_ends_before_its_time_limit_and_the_chain_goes_on()
    {
        // Slurm counts minutes; what the profile says reaches the worker to the second. The limit leaves a slow machine
        // time to begin, and the masks take some minutes
        string said = Submit(
            "{ array_size: 1, cpus: 1, time: '0:25' }",
            "--chain",
            "1",
            "--set",
            "stages.masks.count=200000"
        );
        Ended(Ids(said)[^1]);
        string[] logs = [.. Logs().Select(File.ReadAllText)];
        logs.Should()
            .HaveCount(3)
            .And.OnlyContain(l => l.Contains("This job's time ends in ", StringComparison.Ordinal))
            .And.OnlyContain(l => l.Contains("The same command goes on from there", StringComparison.Ordinal));
        logs[0].Should().MatchRegex(@"(?m)^\w+: [1-9]\d* computed", "how far it comes is the machine's affair");
        logs[1].Should().MatchRegex(@"(?m)^\w+: .*\b[1-9]\d* cached", "it goes on where the first ended");
        Status()
            .Should()
            .MatchRegex(@"\(array, 1 job\) +completed")
            .And.MatchRegex(@"follow-up 1, 1 job\) +completed")
            .And.MatchRegex(@"\(report\) +failed");
    }

    [SlurmFact]
    public void Jobs_whose_spec_was_changed_while_they_waited_compute_nothing()
    {
        string edited = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "edited");
        string said = Submit($"{{ array_size: 1, cpus: 1, setup: 'until [ -e {edited} ]; do sleep 0.1; done' }}");
        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec).Replace("seed: 3", "seed: 4", StringComparison.Ordinal)
        );
        File.WriteAllText(edited, "");
        Ended(Ids(said)[^1]);
        Logs()
            .Select(File.ReadAllText)
            .Should()
            .HaveCount(2)
            .And.OnlyContain(l => l.Contains("was changed after this job was submitted", StringComparison.Ordinal));
        Directory.Exists(experiment.Cache).Should().BeFalse();
    }

    [SlurmFact]
    public void A_worker_that_hangs_is_ended_by_its_time_limit_and_the_chain_goes_on()
    {
        string said = Submit(
            "{ array_size: 1, cpus: 1, time: 1, setup: 'test -e hung || { touch hung; kill -STOP $$; }' }",
            "--chain",
            "1"
        );
        Finished(said);
        Status().Should().MatchRegex(@"\(array, 1 job\) +timeout").And.MatchRegex(@"follow-up 1, 1 job\) +completed");
    }

    [SlurmFact]
    public void A_unit_that_fails_is_told_by_its_worker_and_by_the_report_which_is_not_written()
    {
        string model = experiment.CopyModel();
        string weights = Path.Combine(model, "model.safetensors");
        string said = Submit(
            // Between the look at the model and its loading nothing of it may change
            $"{{ array_size: 1, cpus: 1, setup: 'echo >>{weights}' }}",
            "--set",
            $"model.path={model}"
        );
        Ended(Ids(said)[^1]);
        File.Exists(Path.Combine(experiment.RunFolder, "report.html")).Should().BeFalse();
        Logs().Select(File.ReadAllText).Should().OnlyContain(l => l.Contains(weights, StringComparison.Ordinal));
        Status().Should().MatchRegex(@"\(report\) +failed");
    }

    [SlurmFact]
    public void A_full_disk_fails_units_by_its_name_and_a_later_submission_goes_on()
    {
        string disk = Directory.CreateDirectory(experiment.Artifacts).FullName;
        SlurmLab.Ask("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk);
        try
        {
            string said = Submit("{ array_size: 1, cpus: 1 }", "--ignore-limits");
            Ended(Ids(said)[^1]);
            Logs()
                .Select(File.ReadAllText)
                .Should()
                .Contain(l => l.Contains("No space left", StringComparison.Ordinal));
            Status().Should().MatchRegex(@"\(array, 1 job\) +failed");
            SlurmLab.Ask("mount", "-o", "remount,size=200m", disk);
            Finished(Submit("{ array_size: 1, cpus: 1 }"));
        }
        finally
        {
            SlurmLab.Ask("umount", "-l", disk);
        }
    }

    [SlurmFact]
    public void Cancel_ends_all_jobs_in_one_call_and_what_was_finished_is_used()
    {
        string said = Submit("{ array_size: 2, cpus: 1 }", "--chain", "2");
        WaitForPasses();
        Ours("cancel").Should().StartWith("Cancelled: ").And.Contain("(report)");
        foreach (string id in Ids(said))
        {
            Ended(id);
        }

        Status().Should().MatchRegex(@"\(report\) +cancelled");
        Ours("cancel").Should().Contain("there is nothing to cancel");
        int before = Stored();
        before.Should().BePositive();
        Finished(Submit("{ array_size: 1, cpus: 1 }"));
    }

    [SlurmFact]
    public void What_the_cluster_refuses_is_told_in_its_own_words_and_leaves_no_job()
    {
        var (code, _, errors) = HostProcess.Run(
            Words("run", "--executor", "slurm", "--profile", Profile("partition: nope"))
        );
        code.Should().Be(1);
        errors.Should().Contain("invalid partition specified: nope").And.Contain("Nothing was submitted.");
        SlurmLab.Ask("squeue", "-h").Should().BeEmpty();
    }

    [SlurmFact]
    public void Fewer_elements_are_submitted_where_the_cluster_takes_no_more()
    {
        string said = Submit("{ array_size: 50, cpus: 1 }");
        said.Should().Contain("The cluster takes 9 jobs an array").And.Contain("(array, 9 jobs)");
        Ours("cancel");
    }

    private string Submit(string profile, params string[] more) =>
        Ours("run", ["--executor", "slurm", "--profile", Profile(profile), .. more]);

    private string Status() => Ours("status");

    private string Ours(string command, params string[] more)
    {
        var (code, output, errors) = HostProcess.Run(Words(command, more));
        return code == 0 ? output : throw new InvalidOperationException($"{command}: {code}\n{output}\n{errors}");
    }

    private string[] Words(string command, params string[] more) =>
        [command, experiment.Spec, "--artifacts", experiment.Artifacts, .. more];

    private string Profile(string text)
    {
        string file = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "profile.yaml");
        File.WriteAllText(file, text);
        return file;
    }

    private static string[] Ids(string said) =>
        [
            .. said.Split('\n')
                .Single(l => l.StartsWith("Submitted:", StringComparison.Ordinal))
                .Split(", ")
                .Select(part => new string([.. part.Where(c => c is '(' or (>= '0' and <= '9'))]).Split('(')[0])
                .Where(id => id.Length > 0),
        ];

    /// <summary>Waits for the last job, and looks at what was made.</summary>
    private void Finished(string said)
    {
        Ended(Ids(said)[^1]);
        try
        {
            experiment.TableBytes().Should().Equal(Alone.Value);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                string.Join("\n", Logs().Select(l => $"{l}\n{File.ReadAllText(l)}")),
                e
            );
        }
    }

    private static void Ended(string id) => WaitUntil($"the end of job {id}", () =>
        {
            ReleaseHeld();
            return IsOver(id);
        });

    private static bool IsOver(string id) => SlurmLab.Ask("squeue", "-h", "-j", id).Length == 0;

    /// <summary>A job that a busy node could not start is held until somebody has looked.</summary>
    private static void ReleaseHeld()
    {
        foreach (string line in SlurmLab.Ask("squeue", "-h", "-r", "-o", "%i %r").Split('\n'))
        {
            if (line.Contains("launch failed", StringComparison.Ordinal))
            {
                SlurmLab.Ask("scontrol", "release", line.Split(' ')[0]);
            }
        }
    }

    private void WaitForPasses() =>
        WaitUntil("the first passes", () =>
            Path.Combine(experiment.Cache, "forward-passes") is var forward
            && Directory.Exists(forward)
            && Directory.EnumerateDirectories(forward).Any()
        );

    private static void WaitUntil(string what, Func<bool> isSo)
    {
        DateTime end = DateTime.UtcNow + Limit;
        while (!isSo())
        {
            if (DateTime.UtcNow > end)
            {
                throw new TimeoutException($"{what} did not come.\n{SlurmLab.Standing()}");
            }

            Thread.Sleep(100);
        }
    }

    /// <summary>What the program said in jobs; what Slurm itself said is beside it.</summary>
    private string[] Logs() =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(experiment.RunFolder, "slurm"), "*.log", SearchOption.AllDirectories)
                .Where(f => !f.EndsWith(".slurm.log", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Units that jobs say they computed.</summary>
    private int Computed() =>
        Logs()
            .SelectMany(File.ReadLines)
            .Where(l => l.Contains(" computed, ", StringComparison.Ordinal))
            .Sum(l =>
                int.Parse(l.Split(' ')[0].Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)
            );

    private int Stored() => experiment.StoredKeys().Sum(k => k.Value.Count);
}
