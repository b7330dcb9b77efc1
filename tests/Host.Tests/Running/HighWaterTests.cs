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

    private void Status(long kilobytes)
    {
        string file = Path.Combine(root.Path, "proc", "self", "status");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"Name:\tdotnet\nVmPeak:\t 99999999 kB\nVmHWM:\t{kilobytes} kB\nVmRSS:\t 1 kB\n");
    }
}
