namespace Pipelines.Domain;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood 2014): state += 0x9E3779B97F4A7C15, then two xor-shift-multiply steps. Our own, so
/// that a seed gives the same split and the same random orders in every version of .NET and on every machine.
/// </summary>
public struct SplitMix64
{
    private ulong state;

    /// <summary>A stream.</summary>
    /// <param name="seed">Seed of the experiment.</param>
    /// <param name="purpose">What the numbers are for: streams of different purposes have nothing to do with each
    /// other.</param>
    /// <param name="index">Number of the stream within the purpose.</param>
    public SplitMix64(int seed, ulong purpose, int index = 0)
    {
        state = purpose;
        state = Next() ^ unchecked((uint)seed);
        state = Next() ^ unchecked((uint)index);
    }

    /// <summary>The stream of the published generator that starts from <paramref name="state"/>.</summary>
    public static SplitMix64 FromState(ulong state) => new() { state = state };

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        unchecked
        {
            state += 0x9E3779B97F4A7C15UL;
            ulong z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }

    /// <summary>
    /// A number in 0 .. bound - 1, every one equally likely (Lemire's multiplication, rejecting the biased rest).
    /// </summary>
    public int Below(int bound)
    {
        ulong range = (ulong)bound,
            threshold = unchecked(0UL - range) % range;
        while (true)
        {
            ulong high = Math.BigMul(Next(), range, out ulong low);
            if (low >= threshold)
            {
                return (int)high;
            }
        }
    }

    /// <summary>
    /// 0 .. count - 1 in random order, every order equally likely (Fisher-Yates, from the last place down).
    /// </summary>
    public int[] Permutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
