namespace Pipelines.Stages.Units;

/// <summary>A fixed range of a sample's masks: what is computed, stored and resumed as one.</summary>
/// <param name="First">Index of the first.</param>
/// <param name="Count">So many.</param>
internal readonly record struct ShardRange(int First, int Count)
{
    /// <summary>The range as units' names say it; ordinal order is the order of the masks.</summary>
    public string Name => $"masks {First:00000000}-{First + Count - 1:00000000}";

    /// <summary>The ranges of so many masks: each but the last of <paramref name="shard"/>.</summary>
    public static IEnumerable<ShardRange> Of(int masks, int shard)
    {
        for (int first = 0; first < masks; first += shard)
        {
            yield return new ShardRange(first, Math.Min(shard, masks - first));
        }
    }
}
