using System.Collections.Concurrent;
using FluentAssertions;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Host.Running.Devices;
using Xunit;

namespace Pipelines.Host.Tests.Running.Devices;

/// <summary>A fleet whose processes are scripts: each is told its device as the first word.</summary>
public sealed class DeviceFleetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentQueue<string> said = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Each_device_has_a_process_and_each_its_exit_code()
    {
        IReadOnlyList<DeviceEnd> ends = Run("[ $1 = cuda:1 ] && exit 1; exit 0", "cuda:0,cuda:1");

        ends.Select(e => (e.Device.Name, e.Code)).Should().Equal(("cuda:0", 0), ("cuda:1", 1));
        ends.Should().OnlyContain(e => e.IsOrderly);
        said.Should().BeEmpty();
    }

    [Fact]
    public void A_process_that_dies_is_started_again_once()
    {
        IReadOnlyList<DeviceEnd> ends = Run("if mkdir \"$2/once\" 2>/dev/null; then kill -SEGV $$; fi; exit 0", "cpu");

        ends.Single().Code.Should().Be(0);
        said.Should().ContainSingle().Which.Should().Contain("cpu: its process died (signal 11). It is started again");
    }

    [Fact]
    public void One_that_dies_again_is_left()
    {
        IReadOnlyList<DeviceEnd> ends = Run("echo x >> \"$2/starts\"; kill -ABRT $$", "cpu");

        ends.Single().IsOrderly.Should().BeFalse();
        File.ReadAllLines(Path.Combine(folder.Path, "starts")).Should().HaveCount(2);
        said.Last().Should().Contain("once more. It is not started again.");
    }

    [Fact]
    public void One_that_was_killed_for_memory_is_not_started_again_and_the_cause_is_named()
    {
        Count(7);

        IReadOnlyList<DeviceEnd> ends = Run(
            $"echo 'oom_kill 8' > {Counter}; echo x >> \"$2/starts\"; kill -KILL $$",
            "cpu"
        );

        ends.Single().KilledWhere.Should().Be("the machine");
        File.ReadAllLines(Path.Combine(folder.Path, "starts")).Should().ContainSingle();
        said.Should()
            .ContainSingle()
            .Which.Should()
            .Contain("signal 9")
            .And.Contain("the machine counts one more that was killed for memory. It is not started again.");
    }

    [Fact]
    public void A_kill_that_no_counter_tells_of_is_another()
    {
        Count(7);

        Run("echo x >> \"$2/starts\"; kill -KILL $$", "cpu").Single().KilledWhere.Should().BeNull();

        File.ReadAllLines(Path.Combine(folder.Path, "starts")).Should().HaveCount(2);
    }

    [Fact]
    public void One_that_cannot_be_started_ends_with_words_and_the_others_go_on()
    {
        tooLong = "cuda:1"; // for the system: no process takes such words

        IReadOnlyList<DeviceEnd> ends = Run("exit 0", "cuda:0,cuda:1");

        ends.Select(e => (e.Code, e.IsOrderly)).Should().Equal((0, true), (1, true));
        said.Should().ContainSingle().Which.Should().StartWith("cuda:1: its process cannot be started (");
        said.Single().Should().EndWith("). Its share is left to the others.").And.NotContain("\n");
    }

    [Fact]
    public void Interrupted_its_processes_are_asked_by_the_end_of_their_input_and_not_started_again()
    {
        using var interrupted = new CancellationTokenSource();
        interrupted.CancelAfter(TimeSpan.FromSeconds(0.5));

        IReadOnlyList<DeviceEnd> ends = Run("cat > /dev/null; kill -SEGV $$", "cpu,cpu", interrupted.Token);

        ends.Should().HaveCount(2).And.OnlyContain(e => e.Code == 128 + 11, "it went on behind its input's end");
        said.Should().BeEmpty();
    }

    [Fact]
    public void Whatever_it_writes_is_shown_once_with_its_label()
    {
        const string Event = "{\"event\":\"message\",\"Text\":\"a sentence\"}";
        Run($"echo \"no such folder\"; echo 'and {{\"event\"' >&2; echo '{Event}'", "cpu");

        output.ToString().Should().Contain("cpu: no such folder\n").And.Contain("cpu: and {\"event\"\n");
        output.ToString().Should().Contain("cpu: a sentence\n");
    }

    private string? tooLong; // a device

    private readonly StringWriter output = new() { NewLine = "\n" };

    private string Counter => Path.Combine(folder.Path, "proc", "vmstat");

    private void Count(int kills)
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, "proc"));
        File.WriteAllText(Counter, $"nr_free_pages 12\noom_kill {kills}\n");
    }

    private IReadOnlyList<DeviceEnd> Run(string script, string devices, CancellationToken cancel = default)
    {
        File.WriteAllText(Path.Combine(folder.Path, "script"), script + "\n");
        IReadOnlyList<WorkerDevice> resolved = DeviceList.Parse(devices).Resolve(cudaCount: 2);
        return new DeviceFleet(
            new ProgramStart(["/bin/bash", Path.Combine(folder.Path, "script")], []),
            device => [device, folder.Path, .. device == tooLong ? [new string('x', 1 << 22)] : Array.Empty<string>()],
            resolved,
            new FleetProgress(new PlainProgress(output), [.. resolved.Select(d => d.Label)]),
            said.Enqueue,
            () => KillsForMemory.Read(folder.Path)
        ).Run(cancel);
    }
}
