namespace Pipelines.Fuzz;

/// <summary>
/// A counter-based random stream: draw i is a pure function of (seed, purpose, index, i), so that input 4711 of a
/// target is made without the 4710 before it, on every machine and .NET alike.
/// </summary>
internal sealed class RandomStream
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private readonly ulong key;
    private ulong drawn;

    /// <summary>A stream.</summary>
    /// <param name="seed">Seed of the campaign.</param>
    /// <param name="purpose">What the numbers are for: the target's name.</param>
    /// <param name="index">Number of the input.</param>
    public RandomStream(ulong seed, string purpose, long index)
    {
        unchecked
        {
            ulong named = purpose.Aggregate(0xCBF29CE484222325UL, (hash, c) => (hash ^ c) * 0x100000001B3UL); // FNV-1a
            key = Mix(Mix(Mix(seed) ^ named) ^ (ulong)index);
        }
    }

    /// <summary>64 random bits.</summary>
    public ulong Next() => Mix(unchecked(key + (++drawn * Step)));

    /// <summary>A number in 0 .. <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>True once in <paramref name="n"/> times.</summary>
    public bool OneIn(int n) => Below(n) == 0;

    /// <summary>A byte.</summary>
    public byte Byte() => (byte)Next();

    /// <summary>A length: small ones are likelier.</summary>
    /// <param name="most">The largest, at least 1.</param>
    public int Length(int most) => 1 + Below(1 + Below(Math.Max(1, most)));

    /// <summary>One of several.</summary>
    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    /// <summary>SplitMix64's output function (Steele, Lea and Flood 2014).</summary>
    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
