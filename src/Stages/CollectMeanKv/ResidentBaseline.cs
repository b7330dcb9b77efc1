using Pipelines.Models.Ablation;

namespace Pipelines.Stages;

/// <summary>
/// A baseline in memory, laid out for the prompts that passes run over; samples whose image stands at the same
/// positions share a layout.
/// </summary>
/// <param name="baseline">Its own from here on.</param>
internal sealed class ResidentBaseline(Baseline baseline) : IDisposable
{
    private readonly Dictionary<string, BaselineBlocks> blocks = new(StringComparer.Ordinal);

    /// <summary>P that the baseline fits, or null where any fits.</summary>
    public int? ImageLength => baseline.ImageLength;

    /// <summary>The baseline as the passes over a prompt use it.</summary>
    public BaselineBlocks Blocks(PrefixCache cache)
    {
        string positions = string.Join(' ', cache.ImagePositions.SelectMany(axis => axis));
        lock (blocks)
        {
            if (!blocks.TryGetValue(positions, out BaselineBlocks? found))
            {
                blocks[positions] = found = BaselineBlocks.Of(baseline, cache);
            }

            return found;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BaselineBlocks laidOut in blocks.Values)
        {
            laidOut.Dispose();
        }

        blocks.Clear();
        baseline.Dispose();
    }
}
