using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>The units of a sample.</summary>
/// <param name="Ends">f(1) and f(0).</param>
/// <param name="Shards">Passes in order of the masks, all that may be needed.</param>
/// <param name="Asked">By number of masks, whether they are enough; empty where their number is fixed.</param>
internal sealed record SampleUnits(Unit Ends, IReadOnlyList<PassShard> Shards, IReadOnlyDictionary<int, Unit> Asked)
{
    /// <summary>
    /// The units up to a number of masks: those that the masks' own stage does not draw, the passes, and whether they
    /// are enough.
    /// </summary>
    public IEnumerable<Unit> Of(int count, SampleMasks masks)
    {
        PassShard[] shards = [.. Shards.Where(s => s.Masks.First < count)];
        return
        [
            // The passes are the work
            .. shards.Where(s => !masks.IsNeeded(s.Masks)).Select(s => s.Masks.Unit with { Work = 0 }),
            .. shards.Select(s => s.Passes),
            .. Asked.Where(a => a.Key <= count).OrderBy(a => a.Key).Select(a => a.Value),
        ];
    }
}

/// <summary>A fixed range of a sample's masks and the passes over it.</summary>
public sealed record PassShard(MaskShard Masks, Unit Passes);
