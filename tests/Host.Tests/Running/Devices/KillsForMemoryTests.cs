using FluentAssertions;
using Pipelines.Host.Running.Devices;
using Xunit;

namespace Pipelines.Host.Tests.Running.Devices;

public sealed class KillsForMemoryTests : IDisposable
{
    private readonly TemporaryFolder root = new();

    public void Dispose() => root.Dispose();

    [Fact]
    public void The_jobs_own_group_is_named_before_those_above_it_and_the_machine()
    {
        Write("proc/self/cgroup", "0::/slurm/job_7\n");
        Write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n");
        Write("sys/fs/cgroup/slurm/job_7/memory.events", "low 0\noom 1\noom_kill 1\n");
        Write("sys/fs/cgroup/slurm/memory.events", "low 0\noom 5\noom_kill 4\n");
        Write("proc/vmstat", "oom_kill 9\n");
        KillsForMemory before = Read();

        Write("sys/fs/cgroup/slurm/memory.events", "oom_kill 5\n");
        Write("proc/vmstat", "oom_kill 10\n");
        Read().Since(before).Should().Be("the cgroup /slurm");

        Write("sys/fs/cgroup/slurm/job_7/memory.events", "oom_kill 2\n");
        Read().Since(before).Should().Be("the cgroup /slurm/job_7");
        before.Since(before).Should().BeNull();
    }

    [Fact]
    public void Version_1_counts_in_another_file()
    {
        Write("proc/self/cgroup", "9:memory:/job\n");
        Write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
        Write("sys/fs/cgroup/memory/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
        KillsForMemory before = Read();

        Write("sys/fs/cgroup/memory/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
        Read().Since(before).Should().Be("the cgroup /job");
    }

    [Fact]
    public void Where_nothing_counts_nothing_is_known() => Read().Since(Read()).Should().BeNull();

    private KillsForMemory Read() => KillsForMemory.Read(root.Path);

    private void Write(string file, string text)
    {
        string path = Path.Combine(root.Path, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
