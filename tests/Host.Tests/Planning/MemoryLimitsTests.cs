using FluentAssertions;
using Pipelines.Host.Planning;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

/// <summary>What bounds memory, read from made-up <c>/proc</c> and <c>/sys</c>.</summary>
public sealed class MemoryLimitsTests : IDisposable
{
    private const long Gigabyte = 1L << 30;
    private readonly TemporaryFolder root = new();

    public MemoryLimitsTests() =>
        Write("proc/meminfo", "MemTotal:       67108864 kB\nMemFree:        1 kB\nMemAvailable:   33554432 kB\n");

    [Fact]
    public void Without_any_limit_the_machines_free_memory_binds() =>
        MemoryLimits
            .Read(root.Path)[0]
            .Should()
            .Be(new MemoryLimit(32 * Gigabyte, "the machine's free memory (MemAvailable)"));

    [Fact]
    public void A_job_whose_own_group_says_max_is_bound_by_the_parent_that_holds_the_limit()
    {
        Second("/slurm/job_7/step_0/task_0");
        Group("sys/fs/cgroup/slurm/job_7/step_0/task_0", "max", 0, 0);
        Group("sys/fs/cgroup/slurm/job_7/step_0", "max", 0, 0);
        Group("sys/fs/cgroup/slurm/job_7", $"{8 * Gigabyte}", 3 * Gigabyte, 2 * Gigabyte);
        Group("sys/fs/cgroup/slurm", $"{16 * Gigabyte}", 0, 0);
        MemoryLimit tightest = MemoryLimits.Read(root.Path)[0];
        tightest.What.Should().Be("the cgroup /slurm/job_7 (memory.max)");
        tightest.Bytes.Should().Be(7 * Gigabyte, "one of the three gigabytes in use is no cache of files");
    }

    [Fact]
    public void A_group_that_throttles_binds_as_one_that_kills()
    {
        Second("/a");
        Group("sys/fs/cgroup/a", $"{8 * Gigabyte}", 0, 0);
        Write("sys/fs/cgroup/a/memory.high", $"{4 * Gigabyte}\n");
        MemoryLimits.Read(root.Path)[0].Should().Be(new MemoryLimit(4 * Gigabyte, "the cgroup /a (memory.high)"));
    }

    [Fact]
    public void A_container_sees_its_group_as_the_root()
    {
        // The path is the host's, the mount shows the container's own group only.
        Write("proc/self/cgroup", "0::/docker/abc\n");
        Write("proc/self/mountinfo", "31 23 0:28 /docker/abc /sys/fs/cgroup ro,relatime - cgroup2 cgroup rw\n");
        Group("sys/fs/cgroup", $"{2 * Gigabyte}", 0, 0);
        MemoryLimits.Read(root.Path)[0].Should().Be(new MemoryLimit(2 * Gigabyte, "the cgroup / (memory.max)"));
    }

    [Fact]
    public void Of_version_1_the_memory_hierarchy_counts_and_no_other()
    {
        Write("proc/self/cgroup", "9:name=systemd:/\n5:cpu,cpuacct:/elsewhere\n4:memory:/jobs/9\n0::/\n");
        Write(
            "proc/self/mountinfo",
            "34 31 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n35 31 0:32 / /sys/fs/cgroup/memory "
                + "rw,relatime - cgroup cgroup rw,memory\n"
        );
        Write("sys/fs/cgroup/memory/jobs/9/memory.limit_in_bytes", "9223372036854771712\n");
        Write("sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", $"{6 * Gigabyte}\n");
        Write("sys/fs/cgroup/memory/jobs/memory.usage_in_bytes", $"{2 * Gigabyte}\n");
        Write("sys/fs/cgroup/memory/jobs/memory.stat", $"cache 1\ntotal_cache {Gigabyte}\n");
        MemoryLimits
            .Read(root.Path)[0]
            .Should()
            .Be(new MemoryLimit(5 * Gigabyte, "the cgroup /jobs (memory.limit_in_bytes)"));
    }

    [Fact]
    public void Of_version_1_a_parent_that_is_out_of_sight_is_told_by_the_hierarchy()
    {
        Write("proc/self/cgroup", "4:memory:/hidden/inner\n");
        Write("proc/self/mountinfo", "35 31 0:32 /hidden/inner /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Write("sys/fs/cgroup/memory/memory.stat", $"hierarchical_memory_limit {3 * Gigabyte}\n");
        MemoryLimits
            .Read(root.Path)[0]
            .Should()
            .Be(new MemoryLimit(3 * Gigabyte, "a cgroup above / (hierarchical_memory_limit)"));
    }

    [Fact]
    public void Ulimit_counts_what_is_mapped_already()
    {
        Write(
            "proc/self/limits",
            $"Limit                     Soft Limit           Hard Limit           Units     \nMax address space      "
                + $"   {5 * Gigabyte}           unlimited            bytes     \nMax data size             unlimited "
                + $"           unlimited            bytes     \n"
        );
        Write("proc/self/status", "Name:\tx\nVmSize:\t 1048576 kB\nVmData:\t 1 kB\n");
        MemoryLimits
            .Read(root.Path)[0]
            .Should()
            .Be(new MemoryLimit(4 * Gigabyte, "ulimit -v", CountsFiles: true), "mapped files are in the address space");
    }

    [Fact]
    public void Of_both_versions_side_by_side_each_hierarchy_is_walked()
    {
        // systemd's hybrid layout: version 2 for processes, the memory controller still in version 1
        Write("proc/self/cgroup", "4:memory:/slurm/uid_7/job_3\n1:name=systemd:/user\n0::/user.slice\n");
        Write(
            "proc/self/mountinfo",
            "30 23 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
                + "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        );
        Group("sys/fs/cgroup/unified/user.slice", $"{7 * Gigabyte}", 0, 0);
        Write("sys/fs/cgroup/memory/slurm/uid_7/job_3/memory.limit_in_bytes", $"{9 * Gigabyte}\n");
        Write("sys/fs/cgroup/memory/slurm/uid_7/memory.limit_in_bytes", $"{5 * Gigabyte}\n");
        MemoryLimits
            .Read(root.Path)
            .Select(l => l.What)
            .Should()
            .Equal(
                "the cgroup /slurm/uid_7 (memory.limit_in_bytes)",
                "the cgroup /user.slice (memory.max)",
                "the cgroup /slurm/uid_7/job_3 (memory.limit_in_bytes)",
                "the machine's free memory (MemAvailable)"
            );
    }

    [Fact]
    public void Memory_that_has_no_file_behind_it_cannot_be_taken_back_though_it_is_counted_as_cache()
    {
        Second("/a");
        Group("sys/fs/cgroup/a", $"{8 * Gigabyte}", 5 * Gigabyte, 4 * Gigabyte);
        Write("sys/fs/cgroup/a/memory.stat", $"anon 5\nfile {4 * Gigabyte}\nshmem {3 * Gigabyte}\n");
        MemoryLimits.Read(root.Path)[0].Bytes.Should().Be(4 * Gigabyte, "/dev/shm holds three of the five in use");
    }

    [Fact]
    public void Files_that_are_damaged_or_not_there_bound_nothing()
    {
        Write("proc/self/cgroup", "nonsense\n0::/../x\n4:memory\n");
        Write("proc/self/mountinfo", "short\n31 - cgroup2\n31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
        Write("sys/fs/cgroup/memory.max", "a lot\n");
        MemoryLimits.Read(root.Path).Should().ContainSingle();
    }

    [Fact]
    public void This_process_has_a_bound() => MemoryLimits.Read()[0].Bytes.Should().BePositive();

    public void Dispose() => root.Dispose();

    private void Second(string path)
    {
        Write("proc/self/cgroup", $"0::{path}\n");
        Write("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup rw\n");
    }

    private void Group(string folder, string max, long used, long cached)
    {
        Write($"{folder}/memory.max", max + "\n");
        Write($"{folder}/memory.current", $"{used}\n");
        Write($"{folder}/memory.stat", $"anon 5\nfile {cached}\n");
    }

    private void Write(string path, string text)
    {
        string file = Path.Combine(root.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
