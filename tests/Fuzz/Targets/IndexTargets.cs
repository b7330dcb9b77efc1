using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Storage;

namespace Pipelines.Fuzz.Targets;

/// <summary>What processes note of the units that they store, as the next ones read it.</summary>
internal sealed class JournalTarget() : Target("journal", "journal", new BytesMutator(header: 8))
{
    public override long? Read(byte[] input)
    {
        UnitJournal.Read(input);
        return 0;
    }

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        NamedUnit[] units =
        [
            .. Enumerable
                .Range(0, 5)
                .Select(i => new NamedUnit("regress", KeyBytes.Of(FileDigests.OfText($"{i}"))!.Value, $"sample {i}")),
        ];
        return [UnitJournal.Frame(units), [.. units.SelectMany(u => UnitJournal.Frame([u]))], []];
    }
}

/// <summary>A kept listing of a kind's folder.</summary>
internal sealed class ListingTarget() : Target("listing", "listing", new BytesMutator(header: 28))
{
    public override long? Read(byte[] input) => KindListing.Read(input) is null ? null : 0;

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        var keys = Enumerable.Range(0, 5).Select(i => KeyBytes.Of(FileDigests.OfText($"{i}"))!.Value).ToHashSet();
        return
        [
            new KindListing(keys, [".tmp-a", ".tmp-b"]).ToBytes(new FolderStamp(1, 2)),
            new KindListing([], []).ToBytes(new FolderStamp(1, 2)),
        ];
    }
}
