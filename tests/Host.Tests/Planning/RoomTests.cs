using FluentAssertions;
using Pipelines.Host.Planning;
using Pipelines.Models.Ablation;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

public sealed class RoomTests
{
    private static readonly StageMemory Thirteen = new([
        new MemoryPart("weights", 26_000_000_000),
        new MemoryPart("baseline", 3_000_000_000),
    ]);

    [Fact]
    public void What_does_not_fit_is_refused_with_the_figure_the_bound_and_what_would_fit()
    {
        string refusal = Room(24_000_000_000)
            .Refusal(
                "llava13b",
                Totals(Thirteen),
                [("--jobs 1", 25_000_000_000), ("without gradients", 20_000_000_000)]
            )!
            .Message;
        refusal
            .Should()
            .Contain("llava13b")
            .And.Contain("29.0 GB")
            .And.Contain("weights 26.0 GB")
            .And.Contain("the cgroup /job (memory.max) leaves 24.0 GB")
            .And.Contain("without gradients (20.0 GB) would fit")
            .And.NotContain("--jobs 1 (")
            .And.Contain("--ignore-limits");
    }

    [Fact]
    public void Where_nothing_of_the_experiment_would_fit_the_machine_that_would_is_named() =>
        Room(24_000_000_000)
            .Refusal("x", Totals(Thirteen), [])!
            .Message.Should()
            .Contain("A machine or job with 29.0 GB free would do");

    [Fact]
    public void A_bound_that_counts_mapped_files_binds_though_another_is_tighter()
    {
        var room = new Room(
            [
                new MemoryLimit(30_000_000_000, "the machine's free memory (MemAvailable)"),
                new MemoryLimit(40_000_000_000, "ulimit -v", CountsFiles: true),
            ],
            long.MaxValue,
            "/runs"
        );
        PlanTotals totals = Totals(Thirteen) with { MappedFiles = 26_000_000_000 };
        room.Binding(totals)!.What.Should().Be("ulimit -v");
        room.Refusal("x", totals, [("--jobs 1", 13_000_000_000), ("--jobs 2", 15_000_000_000)])!
            .Message.Should()
            .Contain("needs about 55.0 GB")
            .And.Contain("and 26.0 GB of mapped files), but ulimit -v leaves 40.0 GB")
            .And.Contain("--jobs 1 (39.0 GB) would fit")
            .And.NotContain("--jobs 2");
        room.Refusal("x", Totals(Thirteen), []).Should().BeNull("nothing is mapped");
    }

    [Fact]
    public void What_fits_is_not_refused_and_what_barely_fits_is_told()
    {
        Room(30_000_000_000).Refusal("x", Totals(Thirteen), []).Should().BeNull();
        Room(30_000_000_000).Warning(Totals(Thirteen)).Should().Contain("tight");
        Room(60_000_000_000).Warning(Totals(Thirteen)).Should().BeNull();
        Room(24_000_000_000).Warning(Totals(Thirteen)).Should().BeNull("that is refused");
        Room(1).Refusal("x", Totals(null), []).Should().BeNull("nothing is to do");
    }

    [Fact]
    public void A_disk_without_space_is_refused_and_small_files_count_by_the_block()
    {
        var totals = Totals(null) with { Bytes = 1_000_000, Files = 1000 };
        (Room(long.MaxValue) with { FreeDisk = 5_000_000 })
            .Refusal("x", totals, [])!
            .Message.Should()
            .Contain("5 MB in 1000 files")
            .And.Contain("5 MB are free at /runs")
            .And.Contain("--artifacts");
        (Room(long.MaxValue) with { FreeDisk = 6_000_000 }).Refusal("x", totals, []).Should().BeNull();
    }

    [Fact]
    public void The_room_of_a_folder_that_does_not_exist_yet_is_that_of_its_disk()
    {
        using var folder = new TemporaryFolder();
        string there = Path.Combine(folder.Path, "not", "yet");
        Pipelines.Host.Planning.Room.Of(there).FreeDisk.Should().BePositive();
        Directory.Exists(there).Should().BeFalse();
    }

    private static Room Room(long bytes) =>
        new([new MemoryLimit(bytes, "the cgroup /job (memory.max)")], long.MaxValue, "/runs");

    private static PlanTotals Totals(StageMemory? memory) =>
        new(1, 1, 1, 0, 0, memory is null ? null : ("forward", memory));
}
