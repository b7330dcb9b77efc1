using System.Runtime.InteropServices;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Work cut into batches, of half the size from the first one on that memory does not suffice for: other programs take
/// memory of a device while a run goes on, and its allocator keeps and fragments what it had. Worker threads may share
/// one.
/// </summary>
/// <param name="size">The first size, at least 1.</param>
public sealed class Batches(int size)
{
    private readonly Lock halving = new();
    private int size = size;

    /// <summary>Told of each halving, with the new size: it changes no result, but tells why a run became
    /// slower.</summary>
    public static event Action<int>? Halved;

    /// <summary>Items of a batch now.</summary>
    public int Size => Volatile.Read(ref size);

    /// <summary>Does the work.</summary>
    /// <param name="items">What it is done for.</param>
    /// <param name="work">Results of a batch, in order; keeps nothing where it throws.</param>
    /// <returns>One an item, in order.</returns>
    /// <exception cref="ExternalException">Memory does not suffice for one item; or any other failure.</exception>
    public TResult[] Each<TItem, TResult>(IReadOnlyList<TItem> items, Func<TItem[], IReadOnlyList<TResult>> work)
    {
        var results = new List<TResult>(items.Count);
        while (results.Count < items.Count)
        {
            TItem[] batch = [.. items.Skip(results.Count).Take(Size)];
            try
            {
                results.AddRange(work(batch));
            }
            catch (ExternalException e) when (batch.Length > 1 && IsOutOfMemory(e))
            {
                Halve(batch.Length / 2);
            }
        }

        return [.. results];
    }

    /// <summary>Whether a failure of libtorch is that memory was short, on CUDA (allocator, cuBLAS) or a CPU.</summary>
    internal static bool IsOutOfMemory(ExternalException e) =>
        e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || e.Message.Contains("ALLOC_FAILED", StringComparison.Ordinal)
        || e.Message.Contains("can't allocate memory", StringComparison.Ordinal);

    private void Halve(int half)
    {
        lock (halving)
        {
            if (size <= half)
            {
                return; // another worker was here meanwhile
            }

            size = half;
        }

        Halved?.Invoke(half);
    }
}
