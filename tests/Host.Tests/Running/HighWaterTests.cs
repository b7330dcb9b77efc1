using FluentAssertions;
using Pipelines.Host.Planning;
using Pipelines.Host.Running;
using Pipelines.Models.Ablation;
using Xunit;

namespace Pipelines.Host.Tests.Running;

public sealed class HighWaterTests : IDisposable
{
    private const long Gigabyte = 1_000_000_000;
    private readonly TemporaryFolder root = new();

    public void Dispose() => root.Dispose();

    [Fact]
    public void A_stage_that_raises_the_mark_is_told_with_it_and_another_stays_within()
    {
        HighWater memory = Watch();
        Status(15_000_000);
        memory.After("baseline", ["mean"]).Should().Be("memory up to 15.36 GB so far, about 16.00 GB expected");
        Status(15_000_000);
        memory
            .After("fit", ["fits"])
            .Should()
            .Be("memory still within the 15.36 GB seen when baseline ended, about 1.00 GB expected");
        memory.After("masks", []).Should().BeNull("it computed nothing");
        Status(15_500_000);
        memory.After("forward", ["fits", "mean"]).Should().StartWith("memory up to 15.87 GB so far, about 16.00 GB");
        memory.Bytes.Should().Be(15_500_000L * 1024);
        memory.Expected.Should().Be(16 * Gigabyte, "a run needs the largest of its stages' peaks");
        memory
            .Summary.Should()
            .Be(
                "Memory: 15.87 GB at most (seen when stage forward ended), about 16.00 GB expected, of the 24.0 GB "
                    + "that ulimit -d left at the start."
            );
    }

    [Theory]
    [InlineData("0::/job", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup rw", "job/memory.peak")]
    [InlineData(
        "4:memory:/job",
        "35 31 0:32 / /sys/fs/cgroup rw - cgroup cgroup rw,memory",
        "job/memory.max_usage_in_bytes"
    )]
    public void What_the_job_held_is_told_where_its_cgroup_says_it(string group, string mount, string file)
    {
        HighWater memory = Watch();
        Status(15_000_000);
        memory.After("baseline", ["mean"]);
        Write("proc/self/cgroup", group);
        Write("proc/self/mountinfo", mount);
        Write("sys/fs/cgroup/memory.peak", "99000000000"); // of others, too
        Directory.CreateDirectory(Path.Combine(root.Path, "sys/fs/cgroup/job"));
        memory.Summary.Should().NotContain("of the job");
        Write($"sys/fs/cgroup/{file}", "21500000000");
        memory.Summary.Should().Contain("about 16.00 GB expected; 21.50 GB of the job, page cache included, of the 24");
    }

    [Fact]
    public void A_run_that_computed_nothing_says_nothing() => Watch().Summary.Should().BeNull();

    [Fact]
    public void The_mark_of_this_process_is_the_systems_own()
    {
        var memory = new HighWater(Expected, limit: null);
        memory.After("x", ["fits"]);
        memory.Bytes.Should().BeGreaterThanOrEqualTo(Environment.WorkingSet / 2);
    }

    private HighWater Watch() => new(Expected, new MemoryLimit(24 * Gigabyte, "ulimit -d"), root.Path);

    private static StageMemory Expected(string kind) =>
        new([new MemoryPart(kind, kind == "mean" ? 16 * Gigabyte : Gigabyte)]);

    private void Status(long kilobytes) =>
        Write("proc/self/status", $"Name:\tdotnet\nVmPeak:\t 99999999 kB\nVmHWM:\t{kilobytes} kB\nVmRSS:\t 1 kB");

    private void Write(string path, string text)
    {
        string file = Path.Combine(root.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + "\n");
    }
}
