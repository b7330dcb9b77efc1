using FluentAssertions;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.Storage;

/// <summary>Whose unfinished work is: what cannot be seen from here is never taken for dead before long.</summary>
public sealed class LeaseTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, bool> Workers =>
        new()
        {
            { "this process", false },
            { "another process of this machine that has ended", true },
            { "this process number, started at another time", true },
            { "a process in another pid namespace", false },
            { "a process of another start of a machine of this name", false },
            { "a process on another machine", false },
            { "a process on a system that does not say", false },
        };

    [Theory]
    [MemberData(nameof(Workers))]
    public void Only_the_work_of_a_process_that_has_surely_ended_is_removed(string who, bool removed)
    {
        using ArtifactStore store = Store();
        string work = Leave(WorkerOf(who), silent: TimeSpan.Zero);
        store.RemoveLeftovers().Should().Be(removed ? 1 : 0);
        Directory.Exists(work).Should().Be(!removed);
    }

    [Theory]
    [MemberData(nameof(Workers))]
    public void Collecting_leaves_the_same_alone_and_says_whose_it_is(string who, bool removed)
    {
        using ArtifactStore store = Store();
        string work = Leave(WorkerOf(who), silent: TimeSpan.FromHours(1));
        Collected collected = store.Collect((_, _) => true, dryRun: false);
        Directory.Exists(work).Should().Be(!removed);
        collected.Left.Select(l => l.Folder).Should().Equal(removed ? [] : [work]);
        collected
            .Left.All(l =>
                l.Holder.Name.Contains("process")
                && l.Holder.State == (who == "this process" ? WorkerState.AtWork : WorkerState.Unclear)
            )
            .Should()
            .BeTrue();
    }

    [Theory]
    [InlineData(0, WorkerState.AtWork)]
    [InlineData(5, WorkerState.AtWork)]
    [InlineData(60, WorkerState.Unclear)]
    [InlineData(24 * 60, WorkerState.Unclear)]
    [InlineData(-60, WorkerState.AtWork)]
    [InlineData(3 * 24 * 60, WorkerState.Ended)]
    internal void A_process_that_cannot_be_seen_is_dead_only_after_days_of_silence(int minutes, WorkerState state)
    {
        using ArtifactStore store = Store();
        Leave(WorkerOf("a process on another machine"), TimeSpan.FromMinutes(minutes));
        store.Leases.All().Where(l => l.Id != store.Lease.Id).Should().ContainSingle().Which.State.Should().Be(state);
    }

    [Theory]
    [InlineData("", true, null)] // another user's, where /proc does not show those
    [InlineData("", false, false)]
    [InlineData("7 (x) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0", true, true)]
    [InlineData("7 (x) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 98 0", true, false)]
    [InlineData("7 (x) Z 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0", true, false)]
    public void A_process_that_proc_does_not_show_is_not_taken_for_ended(string stat, bool exists, bool? isAtWork) =>
        Worker.IsAtWork(stat, started: 99, () => exists).Should().Be(isAtWork);

    [Fact]
    public void A_process_that_is_seen_to_run_is_at_work_however_long_it_was_paused()
    {
        using ArtifactStore store = Store();
        Leave(Worker.Current, TimeSpan.FromDays(30));
        store.RemoveLeftovers().Should().Be(0);
    }

    [Fact]
    public void What_has_no_lease_is_left_until_it_is_days_old()
    {
        using ArtifactStore store = Store();
        string older = Directory
            .CreateDirectory(Path.Combine(folder.Path, "fake", ".tmp-1234-0123456789abcdef"))
            .FullName;
        store
            .RemoveLeftovers()
            .Should()
            .Be(0, "an earlier version of the program, perhaps on another machine, works on it");
        Directory.SetLastWriteTimeUtc(older, DateTime.UtcNow.AddDays(-3));
        store.RemoveLeftovers().Should().Be(1);
    }

    [Fact]
    public void A_lease_is_renewed_by_the_file_systems_clock_and_goes_with_its_process()
    {
        ArtifactStore store = Store();
        string lease = Leases.PathOf(folder.Path, store.Lease.Id);
        File.SetLastWriteTimeUtc(lease, DateTime.UtcNow.AddDays(-1));
        store
            .Lease.Renew()
            .Should()
            .BeCloseTo(DateTime.UtcNow, TimeSpan.FromMinutes(1))
            .And.Be(File.GetLastWriteTimeUtc(lease));
        Worker.Read(lease).Should().Be(Worker.Current);
        store.Dispose();
        File.Exists(lease).Should().BeFalse();
        store.Lease.Renew();
        File.Exists(lease).Should().BeFalse("it has ended");
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"Host":null,"Boot":null,"Namespace":null,"Process":1,"Started":1}""")]
    public void A_damaged_lease_is_that_of_a_process_that_cannot_be_seen(string text)
    {
        using ArtifactStore store = Store();
        string work = Leave(Worker.Current, TimeSpan.Zero);
        File.WriteAllText(Leases.PathOf(folder.Path, Id), text);
        store.RemoveLeftovers().Should().Be(0);
        Directory.Exists(work).Should().BeTrue();
    }

    [Fact]
    public void A_store_that_is_only_looked_at_is_not_touched()
    {
        using (ArtifactStore store = Store())
        {
            Leave(WorkerOf("another process of this machine that has ended"), TimeSpan.Zero);
        }

        string[] before = Listing();
        ArtifactStore looked = ArtifactStore.ToRead(folder.Path, new FileDigests(null));
        looked.Collect((_, _) => false, dryRun: true).Count.Should().Be(1);
        looked.Find("fake", new string('0', 64)).Should().BeNull();
        ArtifactStore.ToRead(Path.Combine(folder.Path, "nowhere"), new FileDigests(null)).Kinds().Should().BeEmpty();
        Listing().Should().Equal(before);
    }

    private const string Id = "0123456789abcdef0123456789abcdef";

    private static Worker WorkerOf(string who) =>
        who switch
        {
            "this process" => Worker.Current,
            "another process of this machine that has ended" => Worker.Current with { Process = int.MaxValue },
            "this process number, started at another time" => Worker.Current with
            {
                Started = Worker.Current.Started - 1,
            },
            "a process in another pid namespace" => Worker.Current with
            {
                Namespace = "pid:[1]",
                Process = int.MaxValue,
            },
            "a process of another start of a machine of this name" => Worker.Current with
            {
                Boot = "another",
                Process = int.MaxValue,
            },
            "a process on another machine" => new Worker(
                "elsewhere",
                "another",
                Worker.Current.Namespace,
                int.MaxValue,
                1
            ),
            _ => new Worker("elsewhere", "", "", int.MaxValue, 1),
        };

    private ArtifactStore Store() => new(folder.Path, new FileDigests(null));

    /// <summary>Unfinished work of a process whose last sign is some time ago.</summary>
    private string Leave(Worker worker, TimeSpan silent)
    {
        string work = Directory.CreateDirectory(Path.Combine(folder.Path, "fake", $".tmp-{Id}-0")).FullName,
            lease = Leases.PathOf(folder.Path, Id);
        File.WriteAllBytes(lease, worker.ToJson());
        File.SetLastWriteTimeUtc(lease, DateTime.UtcNow - silent);
        return work;
    }

    private string[] Listing() =>
        [
            .. Directory
                .EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal),
        ];
}
