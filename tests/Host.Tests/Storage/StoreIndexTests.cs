using FluentAssertions;
using Pipelines.Host.Planning;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Storage;

/// <summary>The index is a hint: whatever becomes of it, what is stored is what lies in the folders.</summary>
public sealed class StoreIndexTests : IDisposable
{
    private const string Kind = "fake";

    /// <summary>As <see cref="FolderStamp.Settling"/>, of a file system that ticks a hundred times a second.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(40);

    private static readonly Unit[] Universe = [.. Enumerable.Range(0, 24).Select(i => Fake.Unit($"unit {i}"))];
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>
    /// Writers, versions that know no index, deletion by hand, collection, and damage to the index, in any order; with
    /// pauses, so that listings are kept, and without, so that changes fall into one tick of the clock.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_is_stored_is_what_lies_in_the_folders_after_any_history(int seed)
    {
        var random = new Random(seed);
        int kept = 0;
        for (int step = 0; step < 150; step++)
        {
            Unit unit = Universe[random.Next(Universe.Length)];
            switch (random.Next(9))
            {
                case 0 or 1:
                    using (ArtifactStore store = Open())
                    {
                        new Catalog(store, "test").Compute(unit, _ => { }, default);
                    }

                    break;
                case 2:
                    StoreWithoutIndex(unit);
                    break;
                case 3 when Directory.Exists(PathOf(unit)):
                    Directory.Delete(PathOf(unit), recursive: true);
                    break;
                case 4:
                    using (ArtifactStore store = Open())
                    {
                        store.Has(Kind, unit.Key); // it has a listing of before
                        store.Collect((_, key) => key[0] > '3', dryRun: false);
                        ShouldHoldWhatLiesThere(store);
                    }

                    break;
                case 5:
                    Damage(random);
                    break;
                default:
                    Thread.Sleep(random.Next(2) == 0 ? 0 : 3 * (int)Settling.TotalMilliseconds);
                    break;
            }

            using ArtifactStore looked = random.Next(2) == 0 ? Open() : ArtifactStore.ToRead(folder.Path, new(null));
            ShouldHoldWhatLiesThere(looked);
            kept += FolderStamp.Of(Path.Combine(folder.Path, Kind)) is { } now && Kept(now) is not null ? 1 : 0;
        }

        kept.Should().BePositive("else the law was never tried with a listing that is believed");
    }

    [Fact]
    public void What_others_store_a_moment_after_a_kind_was_listed_is_found_by_who_asks_for_now()
    {
        using ArtifactStore store = Open();
        string key = FileDigests.OfText("a unit");
        store.Has(Kind, key).Should().BeFalse();

        Directory.CreateDirectory(Path.Combine(folder.Path, Kind, key));

        store.HasNow(Kind, key).Should().BeTrue();
        store.Has(Kind, key).Should().BeTrue();
    }

    [Fact]
    public void A_listing_is_kept_of_a_folder_left_alone_and_no_longer_believed_once_it_changes()
    {
        Compute(Universe[0]);
        using (ArtifactStore soon = new(folder.Path, new(null)))
        {
            soon.Has(Kind, Universe[0].Key).Should().BeTrue();
        }

        Kept(Stamp()).Should().BeNull("the folder changed just before: it may once more without its times showing it");
        Thread.Sleep(2 * Settling);
        using (ArtifactStore later = Open())
        {
            later.Has(Kind, Universe[0].Key).Should().BeTrue();
        }

        Kept(Stamp())!.Keys.Should().BeEquivalentTo([KeyBytes.Of(Universe[0].Key)!.Value]);
        StoreWithoutIndex(Universe[1]);
        Kept(Stamp()).Should().BeNull();
    }

    [Fact]
    public void A_copy_of_a_folder_does_not_pass_for_the_original_though_it_has_its_time()
    {
        Compute(Universe[0]);
        Thread.Sleep(2 * Settling);
        using (ArtifactStore store = Open())
        {
            store.Has(Kind, Universe[0].Key).Should().BeTrue();
        }

        DateTime time = Directory.GetLastWriteTimeUtc(Path.Combine(folder.Path, Kind));
        Directory.Delete(PathOf(Universe[0]), recursive: true); // a copy that was cut off
        Directory.SetLastWriteTimeUtc(Path.Combine(folder.Path, Kind), time);
        using ArtifactStore copy = Open();
        copy.Has(Kind, Universe[0].Key).Should().BeFalse();
    }

    [Fact]
    public void Who_only_looks_leaves_no_index()
    {
        StoreWithoutIndex(Universe[0]);
        Thread.Sleep(2 * Settling);
        using ArtifactStore store = ArtifactStore.ToRead(folder.Path, new(null));
        store.Index.Settling = Settling;
        store.Has(Kind, Universe[0].Key).Should().BeTrue();
        store.ByName(Kind)[Universe[0].Name].Should().Equal(Universe[0].Key);
        Directory.Exists(Index).Should().BeFalse();
    }

    [Fact]
    public void Processes_that_write_at_once_lose_neither_a_unit_nor_a_name()
    {
        Parallel.For(0, 8, i =>
        {
            using ArtifactStore store = Open();
            var catalog = new Catalog(store, "test");
            foreach (Unit unit in Universe.Where((_, at) => at % 8 == i || at % 5 == 0))
            {
                catalog.Compute(unit, _ => { }, default);
            }
        });
        using ArtifactStore found = Open();
        ShouldHoldWhatLiesThere(found);
        found.ByName(Kind).Select(g => g.Key).Should().BeEquivalentTo(Universe.Select(u => u.Name));
    }

    [Fact]
    public void Journals_of_processes_that_have_ended_are_merged_and_one_that_is_written_to_stays()
    {
        using ArtifactStore writing = Open();
        new Catalog(writing, "test").Compute(Universe[0], _ => { }, default);
        foreach (Unit unit in Universe.Skip(1))
        {
            Compute(unit);
        }

        Directory.EnumerateFiles(Index, "*.journal").Should().HaveCount(Universe.Length);
        using (ArtifactStore reader = Open())
        {
            reader.ByName(Kind).Should().HaveCount(Universe.Length);
        }

        Directory
            .EnumerateFiles(Index, "*.journal")
            .Select(Path.GetFileNameWithoutExtension)
            .Should()
            .Equal(writing.Lease.Id);
        UnitJournal.Read(Directory.EnumerateFiles(Index, "*.merged").Single()).Should().HaveCount(Universe.Length);
        using ArtifactStore next = Open();
        next.ByName(Kind).Select(g => g.Key).Should().BeEquivalentTo(Universe.Select(u => u.Name));
    }

    [Fact]
    public void A_journal_that_was_cut_off_says_what_stands_before()
    {
        NamedUnit[] units = [.. Universe.Take(3).Select(u => new NamedUnit(Kind, KeyBytes.Of(u.Key)!.Value, u.Name))];
        byte[][] frames = [.. units.Select(u => UnitJournal.Frame([u]))];
        byte[] all = [.. frames.SelectMany(f => f)];
        for (int length = 0; length <= all.Length; length++)
        {
            int whole = Enumerable.Range(0, 4).Last(n => frames.Take(n).Sum(f => f.Length) <= length);
            UnitJournal.Read(all.AsMemory(0, length)).Should().Equal(units.Take(whole));
        }
    }

    [Fact]
    public void A_kind_that_is_a_path_is_a_wrong_hint()
    {
        Unit unit = Universe[0];
        Compute(unit);
        string store = Path.GetFileName(folder.Path);
        KeyBytes key = KeyBytes.Of(unit.Key)!.Value;
        foreach (string kind in (string[])[$"../{store}/{Kind}", $"{Kind}/../{Kind}", $"./{Kind}", "", "..", "a\0b"])
        {
            File.WriteAllBytes(
                Path.Combine(Index, $"{Guid.NewGuid():N}.merged"),
                UnitJournal.Frame([new NamedUnit(kind, key, "elsewhere"), new NamedUnit(Kind, key, unit.Name)])
            );
        }

        while (Directory.GetFiles(Index).Length <= 8)
        {
            Compute(Universe[Directory.GetFiles(Index).Length]);
        }

        using (ArtifactStore reader = Open())
        {
            reader.ByName(Kind)[unit.Name].Should().Equal(unit.Key);
            reader.WasStored($"../{store}/{Kind}", unit.Key).Should().BeFalse();
        }

        UnitJournal
            .Read(Directory.EnumerateFiles(Index, "*.merged").Single())
            .Should()
            .OnlyContain(u => u.Kind == Kind, "what is merged was looked for in folders");
    }

    [Fact]
    public void A_unit_that_is_removed_behind_a_run_is_lost_when_it_is_read_and_computed_again()
    {
        Compute(Universe[0]);
        using ArtifactStore store = Open();
        var catalog = new Catalog(store, "test");
        catalog.Artifacts.Has(Universe[0]).Should().BeTrue();
        Directory.Delete(PathOf(Universe[0]), recursive: true);
        int tries = 0;
        string read = catalog.Rereading(() =>
        {
            tries++;
            if (!catalog.Artifacts.Has(Universe[0]))
            {
                catalog.Compute(Universe[0], _ => { }, default);
            }

            return File.ReadAllText(catalog.Artifacts.File(Universe[0], "data.txt"));
        });
        (tries, read).Should().Be((2, Universe[0].Name));
    }

    private string Index => Path.Combine(folder.Path, StoreIndex.FolderName);

    private ArtifactStore Open()
    {
        var store = new ArtifactStore(folder.Path, new FileDigests(null));
        store.Index.Settling = Settling;
        return store;
    }

    private void Compute(Unit unit)
    {
        using ArtifactStore store = Open();
        new Catalog(store, "test").Compute(unit, _ => { }, default);
    }

    private FolderStamp Stamp() => FolderStamp.Of(Path.Combine(folder.Path, Kind))!.Value;

    private KindListing? Kept(FolderStamp now) => KindListing.Kept(Index, Kind, now);

    private string PathOf(Unit unit) => Path.Combine(folder.Path, Kind, unit.Key);

    private void StoreWithoutIndex(Unit unit)
    {
        if (Directory.Exists(PathOf(unit)))
        {
            return;
        }

        using var elsewhere = new TemporaryFolder();
        Fake.Catalog(elsewhere).Compute(unit, _ => { }, default);
        Directory.CreateDirectory(Path.Combine(folder.Path, Kind));
        Directory.Move(Path.Combine(elsewhere.Path, Kind, unit.Key), PathOf(unit));
    }

    private void Damage(Random random)
    {
        string[] files = Directory.Exists(Index) ? Directory.GetFiles(Index) : [];
        if (files.Length == 0)
        {
            return;
        }

        string file = files[random.Next(files.Length)];
        byte[] bytes = File.ReadAllBytes(file);
        switch (random.Next(4))
        {
            case 0:
                File.Delete(file);
                break;
            case 1 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(file, bytes);
                break;
            case 2:
                File.WriteAllBytes(file, bytes[..random.Next(bytes.Length + 1)]);
                break;
            default:
                Directory.Delete(Index, recursive: true);
                break;
        }
    }

    private void ShouldHoldWhatLiesThere(ArtifactStore store)
    {
        foreach (Unit unit in Universe)
        {
            store.Has(Kind, unit.Key).Should().Be(Directory.Exists(PathOf(unit)), unit.Name);
        }

        store
            .ByName(Kind)
            .SelectMany(g => g)
            .Should()
            .BeEquivalentTo(Universe.Where(u => Directory.Exists(PathOf(u))).Select(u => u.Key));
    }
}
