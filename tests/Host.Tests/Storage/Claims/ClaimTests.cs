using System.Collections.Concurrent;
using FluentAssertions;
using Pipelines.Files;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.Storage;

/// <summary>
/// One holder a claim, whatever the file system answers; a claim is free when its worker is surely dead, or silent for
/// long by the observer's own clock; nobody touches another's.
/// </summary>
public sealed class ClaimTests : IDisposable
{
    private static readonly string Key = FileDigests.OfText("a unit");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>A process of nobody knows which machine: only its counter tells whether it lives.</summary>
    private static readonly Worker Far = new("elsewhere", "another boot", "another namespace", 1, 1);

    private readonly TemporaryFolder folder = new();
    private readonly List<UnitClaims> workers = [];
    private readonly ManualTime time = new();

    public void Dispose()
    {
        workers.ForEach(w => w.Dispose());
        folder.Dispose();
    }

    public static TheoryData<string> FileSystems => ["links", "no links", "lost replies", "lost replies, no links"];

    [Theory]
    [MemberData(nameof(FileSystems))]
    public void Of_workers_that_race_for_claims_exactly_one_has_each(string fileSystem)
    {
        const int Workers = 8,
            Claims = 40;
        var holders = new ConcurrentBag<(string Key, int Worker)>();
        UnitClaims[] racing = [.. Enumerable.Range(0, Workers).Select(_ => Worker(LinkOf(fileSystem)))];
        using var start = new Barrier(Workers);
        Thread[] threads =
        [
            .. racing.Select(
                (claims, i) =>
                    new Thread(() =>
                    {
                        foreach (int n in Enumerable.Range(0, Claims))
                        {
                            string key = FileDigests.OfText($"{n}");
                            start.SignalAndWait();
                            if (claims.Take(key))
                            {
                                holders.Add((key, i));
                            }
                        }
                    })
            ),
        ];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        holders.Select(h => h.Key).Should().HaveCount(Claims).And.OnlyHaveUniqueItems();
        foreach (var (key, worker) in holders)
        {
            racing[worker].Invoking(w => w.Require(key)).Should().NotThrow();
        }
    }

    [Fact]
    public void A_claim_that_was_taken_over_holds_nobody_up_whoever_ended_first()
    {
        UnitClaims paused = Worker(),
            other = Worker();
        paused.Take(Key).Should().BeTrue();
        other.Take(Key).Should().BeFalse();
        time.Advance(Patience + TimeSpan.FromSeconds(1));
        other.Take(Key).Should().BeTrue("the paused one was silent for long");
        other.HolderOf(Key).Should().NotBeNull();
        FluentActions.Invoking(() => paused.Require(Key)).Should().Throw<ClaimLostException>();
        paused.Dispose();
        other.GiveUp(Key);

        Worker().Take(Key).Should().BeTrue("nobody holds it");
    }

    [Fact]
    public void Where_claims_were_collected_all_count_from_the_first_again()
    {
        UnitClaims a = Worker();
        for (int i = 0; i < 3; i++)
        {
            a.Take(Key);
            a.GiveUp(Key);
        }

        foreach (string claim in Names().Select(n => Path.Combine(folder.Path, ".claims", Key[..2], n)))
        {
            File.Delete(claim);
        }

        UnitClaims fresh = Worker();
        fresh.Take(Key).Should().BeTrue();
        a.Take(Key).Should().BeFalse("it does not go on where it was before");
    }

    [Fact]
    public void Who_gives_up_with_all_stored_spares_those_that_know_the_same_units_a_look_at_each()
    {
        UnitClaims a = Worker(),
            b = Worker();
        string units = FileDigests.OfText("these"),
            others = FileDigests.OfText("these and more");
        b.IsKnownToStand(Key, units).Should().BeFalse("nobody has claimed it");
        a.Take(Key);
        b.IsKnownToStand(Key, units).Should().BeFalse("it is being worked at");
        a.GiveUp(Key, units);
        b.IsKnownToStand(Key, others).Should().BeFalse("another experiment has more to compute of it");
        Worker().IsKnownToStand(Key, units).Should().BeTrue();
        b.Take(Key).Should().BeTrue("it is a hint and bars nobody");
        b.GiveUp(Key, others);
        Worker().IsKnownToStand(Key, others).Should().BeTrue();
        Worker().IsKnownToStand(Key, units).Should().BeTrue("what stood then stands");
    }

    [Theory]
    [MemberData(nameof(FileSystems))]
    public void What_is_given_up_is_the_next_ones_and_what_stands_leaves_no_claim(string fileSystem)
    {
        UnitClaims a = Worker(LinkOf(fileSystem)),
            b = Worker(LinkOf(fileSystem));
        a.Take(Key).Should().BeTrue();
        a.Take(Key).Should().BeTrue("it is one's own already");
        b.Take(Key).Should().BeFalse();
        a.GiveUp(Key);
        b.Take(Key).Should().BeTrue();
        a.Take(Key).Should().BeFalse();
        Names().Should().Equal($"{Key}.claim.1", $"{Key}.claim.2");
        b.Done(Key);
        Names().Should().Equal($"{Key}.claim.1");
    }

    [Fact]
    public void A_claim_whose_reply_was_lost_is_known_by_its_token()
    {
        UnitClaims claims = Worker(LinkOf("lost replies"));
        claims.Take(Key).Should().BeTrue();
        Worker().Take(Key).Should().BeFalse();
        Names().Should().Equal($"{Key}.claim.1");
    }

    [Fact]
    public void A_silent_worker_is_stale_only_by_the_observers_own_clock()
    {
        UnitClaims silent = Worker(),
            observer = Worker();
        silent.Take(Key).Should().BeTrue();
        string beat = Path.Combine(folder.Path, ".workers", silent.Worker);
        File.SetLastWriteTimeUtc(beat, DateTime.UtcNow.AddYears(-1));
        observer.Take(Key).Should().BeFalse("the age of a file tells nothing");
        time.Advance(Patience - TimeSpan.FromSeconds(1));
        observer.Take(Key).Should().BeFalse();
        time.Advance(TimeSpan.FromSeconds(2));
        observer.Take(Key).Should().BeTrue();
        Names().Should().Equal($"{Key}.claim.1", $"{Key}.claim.2");
    }

    [Fact]
    public void A_worker_whose_counter_is_raised_keeps_its_claims()
    {
        string id = Guid.NewGuid().ToString("N");
        UnitClaims observer = Worker();
        UnitClaims holder = Worker(worker: id);
        holder.Take(Key).Should().BeTrue();
        for (long counter = 100; counter < 110; counter++)
        {
            observer.Take(Key).Should().BeFalse();
            time.Advance(Patience * 0.9);
            File.WriteAllBytes(Path.Combine(folder.Path, ".workers", id), Sign().ToBytes(counter));
        }
    }

    [Fact]
    public void A_claim_that_cannot_be_read_is_free_only_after_as_long()
    {
        string path = Path.Combine(folder.Path, ".claims", Key[..2], $"{Key}.claim.1");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        UnitClaims observer = Worker();
        observer.Take(Key).Should().BeFalse();
        time.Advance(Patience * 1.1);
        observer.Take(Key).Should().BeTrue();
        File.ReadAllText(path).Should().BeEmpty("nobody touches another's");
    }

    [Fact]
    public void A_process_of_this_machine_that_has_ended_is_dead_at_once()
    {
        Worker before = Pipelines.Stages.Storage.Worker.Current with { Started = 1 };
        UnitClaims ended = Worker(sign: Sign() with { Worker = before });
        ended.Take(Key).Should().BeTrue();
        Worker().Take(Key).Should().BeTrue();
    }

    [Theory]
    [InlineData("7", "3", 0, true)]
    [InlineData("7", "3", 1, false)]
    [InlineData("7", "4", 0, false)]
    [InlineData("8", "3", 0, false)]
    public void An_earlier_life_of_ones_own_job_element_is_dead_at_once(string job, string task, int restart, bool dead)
    {
        JobElement Element(string j, string t, int r) =>
            JobElement.Of(name =>
                name switch
                {
                    "SLURM_ARRAY_JOB_ID" => j,
                    "SLURM_JOB_ID" => "another number for each element",
                    "SLURM_ARRAY_TASK_ID" => t,
                    "SLURM_RESTART_COUNT" => r == 0 ? null : $"{r}",
                    _ => null,
                }
            )!;
        Worker(sign: Sign() with { Job = Element(job, task, restart) }).Take(Key).Should().BeTrue();
        Worker(sign: Sign() with { Job = Element("7", "3", 1) }).Take(Key).Should().Be(dead);
    }

    [Fact]
    public void Whoever_was_paused_finds_its_claim_taken_over_and_leaves_the_others_alone()
    {
        UnitClaims paused = Worker(),
            other = Worker();
        paused.Take(Key).Should().BeTrue();
        paused.Require(Key);
        other.Take(Key).Should().BeFalse();
        time.Advance(Patience * 1.1);
        other.Take(Key).Should().BeTrue();
        string theirs = File.ReadAllText(Path.Combine(folder.Path, ".claims", Key[..2], $"{Key}.claim.2"));
        paused.Invoking(p => p.Require(Key)).Should().Throw<ClaimLostException>();
        paused.GiveUp(Key);
        paused.Done(Key);
        File.ReadAllText(Path.Combine(folder.Path, ".claims", Key[..2], $"{Key}.claim.2")).Should().Be(theirs);
        other.Require(Key);
    }

    [Fact]
    public void A_number_below_one_that_stands_counts_for_nothing()
    {
        UnitClaims a = Worker(),
            b = Worker();
        a.Take(Key);
        a.GiveUp(Key);
        b.Take(Key).Should().BeTrue();
        File.Delete(Path.Combine(folder.Path, ".claims", Key[..2], $"{Key}.claim.1")); // collected
        Worker().Take(Key).Should().BeFalse("the second stands");
        b.Require(Key);
    }

    [Fact]
    public void Before_the_first_claim_nothing_is_written_and_a_worker_that_ends_takes_its_heartbeat_along()
    {
        UnitClaims claims = Worker();
        Directory.EnumerateFileSystemEntries(folder.Path).Should().BeEmpty();
        claims.Take(Key);
        Directory.EnumerateFiles(Path.Combine(folder.Path, ".workers")).Should().ContainSingle();
        claims.Dispose();
        Directory.EnumerateFiles(Path.Combine(folder.Path, ".workers")).Should().BeEmpty();
        Worker().Take(Key).Should().BeTrue("what it held is given up");
    }

    [Fact]
    public void A_worker_that_could_not_end_a_claim_leaves_word_that_it_has_ended_itself()
    {
        UnitClaims claims = Worker();
        claims.Take(Key);
        string path = Path.Combine(folder.Path, ".claims", Key[..2], $"{Key}.claim.1"),
            text = File.ReadAllText(path);
        File.WriteAllText(path, ""); // as it is read while a server answers "stale file handle"
        claims.Dispose();
        File.WriteAllText(path, text);
        Worker().Take(Key).Should().BeTrue("nobody waits for a worker that has ended");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("token worker")]
    [InlineData("token ../../worker\n")]
    [InlineData("token worker later\n")]
    [InlineData("token worker digest\n")]
    [InlineData("token worker over di/gest\n")]
    [InlineData("token worker over digest more\n")]
    public void Text_that_is_no_claim_names_nobody(string text) =>
        ClaimText.Parse(text).Should().Be(ClaimText.Unreadable);

    [Fact]
    public void A_claim_is_read_as_it_was_written()
    {
        var claim = ClaimText.Of("abc123");
        ClaimText.Parse(claim.ToString()).Should().Be(claim);
        ClaimText over = claim with { IsOver = true };
        ClaimText.Parse(over.ToString()).Should().Be(over);
        ClaimText stood = over with { Stood = FileDigests.OfText("units") };
        ClaimText.Parse(stood.ToString()).Should().Be(stood);
    }

    private static WorkerSign Sign() => new(Far, null, null);

    private static Func<string, string, LinkOutcome> LinkOf(string fileSystem) =>
        fileSystem switch
        {
            "links" => HardLink.Make,
            "no links" => (_, _) => LinkOutcome.Unsupported,
            // The first try made it, the reply was lost, and the second finds it there
            "lost replies" => (from, to) =>
            {
                HardLink.Make(from, to);
                return HardLink.Make(from, to);
            }
            ,
            _ => (from, to) =>
            {
                File.Delete(from);
                Directory.CreateDirectory(from);
                File.WriteAllText(Path.Combine(from, "claim"), $"{Path.GetFileName(from)[1..]} {Guid.NewGuid():N}\n");
                try
                {
                    Directory.Move(from, to);
                }
                catch (IOException)
                {
                    // somebody was faster
                }

                return LinkOutcome.Answered;
            }
            ,
        };

    private UnitClaims Worker(
        Func<string, string, LinkOutcome>? link = null,
        WorkerSign? sign = null,
        string? worker = null
    )
    {
        var claims = new UnitClaims(
            folder.Path,
            worker ?? Guid.NewGuid().ToString("N"),
            sign ?? Sign(),
            Patience,
            link ?? HardLink.Make,
            time,
            Timeout.InfiniteTimeSpan
        );
        workers.Add(claims);
        return claims;
    }

    private string[] Names() =>
        [
            .. Directory
                .EnumerateFileSystemEntries(Path.Combine(folder.Path, ".claims", Key[..2]))
                .Select(p => Path.GetFileName(p))
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>A clock that goes on only when it is told to.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref now);

        public void Advance(TimeSpan by) => Interlocked.Add(ref now, by.Ticks);
    }
}
