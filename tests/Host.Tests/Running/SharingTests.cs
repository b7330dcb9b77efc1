using System.Collections.Concurrent;
using FluentAssertions;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Running;

/// <summary>Several runners at one store: each unit is computed once, and whole pictures by one of them.</summary>
public sealed class SharingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentBag<(int Worker, string Unit)> computed = [];
    private readonly ConcurrentDictionary<int, string> said = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(2, 1, false)]
    [InlineData(3, 2, false)]
    [InlineData(4, 1, true)]
    public async Task Runners_at_one_store_compute_each_unit_once(int runners, int jobs, bool areWorkers)
    {
        const int Pictures = 9;
        IReadOnlyList<StageOutcome>[] outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, runners)
                .Select(i => Task.Run(() => Run(i, OfPictures(Pictures, i), jobs, endsEarly: areWorkers && i > 0)))
        );
        computed.Select(c => c.Unit).Should().HaveCount(1 + (4 * Pictures) + 1).And.OnlyHaveUniqueItems();
        outcomes[0].Should().OnlyContain(o => o.Whole, "a run waits for what others hold");
        outcomes.SelectMany(o => o).Should().OnlyContain(o => o.Failures.Count == 0);
        Claims().Should().OnlyContain(text => text.Contains(" over"), "whoever ends holds nothing");
    }

    [Theory]
    [InlineData("a of 1")]
    [InlineData("a of 1", "b of 1", "scan of 1")]
    public void What_stood_when_its_picture_was_left_and_was_lost_since_is_computed_again(params string[] lost)
    {
        Run(0, OfPictures(3, 0), 1);
        Claims().Should().Contain(text => text.Length > " over\n".Length + 70, "all of a picture stood");
        foreach (Unit unit in OfPictures(3, 0).SelectMany(s => s.Units(null!).Known).Where(u => lost.Contains(u.Name)))
        {
            Directory.Delete(Path.Combine(folder.Path, unit.Kind, Fingerprint.Of(unit)), recursive: true);
        }

        computed.Clear();
        Run(1, OfPictures(3, 1), 1).Should().OnlyContain(o => o.Whole);
        computed.Select(c => c.Unit).Should().BeEquivalentTo(lost);
    }

    [Fact]
    public async Task Whole_samples_stay_with_one_runner()
    {
        const int Pictures = 8;
        Stage[] behindTheMean = OfPictures(Pictures, 9);
        Run(9, behindTheMean[..1], 1);
        computed.Clear();
        await Task.WhenAll(Enumerable.Range(0, 2).Select(i => Task.Run(() => Run(i, OfPictures(Pictures, i), 1))));
        computed
            .Where(c => c.Unit.Contains(" of "))
            .GroupBy(c => c.Unit[^1])
            .Should()
            .OnlyContain(g => g.Select(c => c.Worker).Distinct().Count() == 1);
    }

    [Fact]
    public async Task What_is_held_by_another_is_waited_for_by_a_run_and_left_by_a_worker()
    {
        using var holder = new UnitClaims(folder.Path, Guid.NewGuid().ToString("N"), TimeSpan.FromMinutes(2));
        Unit unit = Of("one", 0, 0);
        holder.Take(Fingerprint.Of(unit)).Should().BeTrue();
        Stage stage = new FakeStage("fake", _ => new UnitList([unit])) { Name = "s" };
        Run(1, [stage], 1, endsEarly: true)[0].Missing.Should().Be(1);
        said[1].Should().Contain("1 unit is held by others: process ").And.Contain("s: 1 held by others");

        Task<IReadOnlyList<StageOutcome>> waiting = Task.Run(() => Run(2, [stage], 1));
        (await Task.WhenAny(waiting, Task.Delay(300))).Should().NotBe(waiting);
        holder.GiveUp(Fingerprint.Of(unit));
        (await waiting)[0].Computed.Should().Be(1);
    }

    [Fact]
    public async Task A_worker_does_not_end_before_what_stands_behind_the_mean_is_given_out()
    {
        Stage[] stages = OfPictures(2, 1);
        using var holder = new UnitClaims(folder.Path, Guid.NewGuid().ToString("N"), TimeSpan.FromMinutes(2));
        Unit[] all = [.. stages.SelectMany(s => s.Units(null!).Known)];
        string[] claims = [.. all.Where(u => u.Pictures.Count > 0).Select(u => ClaimKey.Of(u).Key).Distinct()];
        claims.Should().HaveCount(3, "of a mean and two pictures");
        claims.Should().OnlyContain(c => holder.Take(c));

        Task<IReadOnlyList<StageOutcome>> worker = Task.Run(() => Run(1, stages, 1, endsEarly: true));
        (await Task.WhenAny(worker, Task.Delay(300))).Should().NotBe(worker, "whoever asks pictures lets go of them");
        foreach (string claim in claims)
        {
            holder.GiveUp(claim);
        }

        (await worker).Should().OnlyContain(o => o.Whole);
    }

    [Fact]
    public void Whoever_lost_its_claim_does_not_publish_and_takes_what_the_other_stored()
    {
        using var store = new ArtifactStore(folder.Path, new FileDigests(null));
        int times = 0;
        Unit unit = Fake.Unit("one", run =>
        {
            times++;
            File.WriteAllText(run.File("data.txt"), "by whoever was paused");
        });
        string key = Fingerprint.Of(unit);
        Unit paused = Fake.Unit("one", run =>
        {
            // While this one sleeps another takes over and publishes
            string claim = Directory
                .EnumerateFiles(Path.Combine(folder.Path, ".claims"), $"{key}.claim.1", SearchOption.AllDirectories)
                .Single();
            File.WriteAllText(claim[..^1] + "2", $"{Guid.NewGuid():N} another\n");
            Unit same = Fake.Unit("one", r => File.WriteAllText(r.File("data.txt"), "by the other"));
            new Catalog(store, "other").Compute(same, _ => { }, default);
            run.Advance(1);
        });
        Fingerprint.Of(paused).Should().Be(key);
        Stage stage = new FakeStage("fake", _ => new UnitList([paused])) { Name = "s" };
        Run(1, [stage], 1)[0].Should().Match<StageOutcome>(o => o.Whole && o.Computed == 0 && o.Cached == 1);
        File.ReadAllText(Path.Combine(store.FolderOf("fake", key), "data.txt")).Should().Be("by the other");
        times.Should().Be(0);
    }

    [Fact]
    public void A_failed_unit_may_be_tried_by_another()
    {
        Unit Failing(bool fails) => Fake.Unit("one", run =>
            {
                if (fails)
                {
                    throw new InvalidDataException("broken");
                }

                File.WriteAllText(run.File("data.txt"), "x");
            });
        Stage StageOf(bool fails) => new FakeStage("fake", _ => new UnitList([Failing(fails)])) { Name = "s" };
        Run(1, [StageOf(fails: true)], 1)[0].Whole.Should().BeFalse();
        new ClaimsSeen(folder.Path).FailureOf(Fingerprint.Of(Failing(true))).Should().Contain("broken");
        Run(2, [StageOf(fails: false)], 1)[0].Computed.Should().Be(1);
    }

    [Fact]
    public void A_run_that_finds_all_stored_claims_nothing()
    {
        Run(1, OfPictures(2, 1), 1);
        Directory.Delete(Path.Combine(folder.Path, ".claims"), recursive: true);
        Directory.Delete(Path.Combine(folder.Path, ".workers"), recursive: true);
        Run(2, OfPictures(2, 2), 1).Should().OnlyContain(o => o.Whole);
        Directory.Exists(Path.Combine(folder.Path, ".claims")).Should().BeFalse();
        Directory.Exists(Path.Combine(folder.Path, ".workers")).Should().BeFalse();
    }

    [Fact]
    public void Claims_that_nobody_needs_are_collected_and_those_of_the_living_are_not()
    {
        Run(1, OfPictures(2, 1), 1);
        Claims().Should().NotBeEmpty();
        using var store = new ArtifactStore(folder.Path, new FileDigests(null));
        using var living = new UnitClaims(folder.Path, store.Lease.Id, TimeSpan.FromMinutes(2));
        living.Take(FileDigests.OfText("held"));
        store.Collect((_, _) => true, dryRun: true).Claims.Should().Be(Claims().Length - 1);
        store.Collect((_, _) => true, dryRun: false);
        Claims().Should().ContainSingle();
        living.Require(FileDigests.OfText("held"));
    }

    private string[] Claims() =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(folder.Path, ".claims"), "*", SearchOption.AllDirectories)
                .Select(File.ReadAllText),
        ];

    private Unit Of(string name, int worker, int milliseconds, string[]? pictures = null, params Unit[] inputs) =>
        Fake.Unit(
            name,
            run =>
            {
                computed.Add((worker, name));
                Thread.Sleep(milliseconds);
                File.WriteAllText(run.File("data.txt"), name);
            },
            pictures: pictures,
            parts: new KeyPart.Inputs("in", inputs)
        );

    /// <summary>A mean over pictures; of each picture two passes, a fit and a scan; a table of all.</summary>
    private Stage[] OfPictures(int count, int worker)
    {
        Unit mean = Of("mean", worker, 5, ["0", "1"]);
        Unit[][] passes =
        [
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                    new[] { Of($"a of {i}", worker, 2, [$"{i}"], mean), Of($"b of {i}", worker, 2, [$"{i}"], mean) }
                ),
        ];
        Unit[] fits = [.. passes.Select((p, i) => Of($"fit of {i}", worker, 1, null, p))];
        Unit[] scans = [.. fits.Select((f, i) => Of($"scan of {i}", worker, 2, [$"{i}"], f))];
        Unit table = Of("table", worker, 1, null, scans);
        Stage Stage(string name, params Unit[] units) =>
            new FakeStage("fake", _ => new UnitList(units)) { Name = name };
        return
        [
            Stage("baseline", mean),
            Stage("forward", [.. passes.SelectMany(p => p)]),
            Stage("fits", fits),
            Stage("scans", scans),
            Stage("table", table),
        ];
    }

    private IReadOnlyList<StageOutcome> Run(int worker, IReadOnlyList<Stage> stages, int jobs, bool endsEarly = false)
    {
        using var shown = new StringWriter();
        using var log = new RunLog(Path.Combine(folder.Path, "..", $"{Path.GetFileName(folder.Path)}-{worker}.log"));
        using var store = new ArtifactStore(folder.Path, new FileDigests(null));
        using var claims = new UnitClaims(folder.Path, store.Lease.Id, TimeSpan.FromMinutes(2));
        try
        {
            return new Runner(
                new Catalog(store, "test"),
                new LocalExecutor(jobs, () => { }),
                new PlainProgress(shown),
                log,
                _ => ["never computed"],
                keepGoing: false,
                default,
                sharing: new Sharing(claims, endsEarly)
            ).Run(stages);
        }
        finally
        {
            said[worker] = shown.ToString();
        }
    }
}
