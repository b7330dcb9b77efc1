using Pipelines.Models.Ablation;

namespace Pipelines.Stages;

/// <summary>
/// A baseline laid out in memory for the prompts that passes run over; samples whose image stands at the same positions
/// share a layout. What it is laid out from is read again where another is needed, and not kept.
/// </summary>
/// <param name="read">Reads it.</param>
internal sealed class ResidentBaseline(Func<Baseline> read) : IDisposable
{
    private readonly Dictionary<string, BaselineBlocks> blocks = new(StringComparer.Ordinal);
    private readonly Lazy<int?> imageLength = new(() =>
    {
        using Baseline baseline = read();
        return baseline.ImageLength;
    });

    /// <summary>P that the baseline fits, or null where any fits.</summary>
    public int? ImageLength => imageLength.Value;

    /// <summary>The baseline as the passes over a prompt use it.</summary>
    public BaselineBlocks Blocks(PrefixCache cache)
    {
        string positions = string.Join(' ', cache.ImagePositions.SelectMany(axis => axis));
        lock (blocks)
        {
            if (!blocks.TryGetValue(positions, out BaselineBlocks? found))
            {
                using Baseline baseline = read();
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
    }
}
