using System.Numerics;

namespace Pipelines.Domain;

/// <summary>
/// Masks x in {0,1}^n as bytes: bit i is bit i % 8, least significant first, of byte i / 8; 1 = intact; the bits beyond
/// n are 0. For heads n = l*H + h; the same form serves text and image tokens.
/// </summary>
public static class HeadMasks
{
    /// <summary>Bytes of a mask of <paramref name="count"/> bits.</summary>
    public static int Bytes(int count) => (count + 7) / 8;

    /// <summary>Whether a mask has as many bytes as its bits need, and no bit beyond them.</summary>
    public static bool Fits(ReadOnlySpan<byte> mask, int count) =>
        mask.Length == Bytes(count) && (count % 8 == 0 || mask[^1] >> (count % 8) == 0);

    /// <summary>
    /// Mask number <paramref name="index"/> of a scope: a pure function of its arguments (see
    /// <see cref="CounterRandom"/>), so that shards, resumed runs and a larger count agree bit for bit.
    /// </summary>
    /// <param name="seed">The experiment's seed.</param>
    /// <param name="scope">The sample's id, or the name of a scope that samples share.</param>
    /// <param name="index">i, from 0.</param>
    /// <param name="count">N.</param>
    /// <param name="ablate">p, share of bits ablated.</param>
    /// <param name="drawing">Exactly round(p N) of them (halves to even, as Math.Round), or each on its own.</param>
    public static byte[] Draw(long seed, string scope, long index, int count, double ablate, MaskDraw drawing)
    {
        var random = new CounterRandom(seed, scope, index);
        byte[] mask = Full(count);
        switch (drawing)
        {
            case MaskDraw.Exact:
                foreach (int ablated in Choose(ref random, count, AblatedCount(count, ablate)))
                {
                    Ablate(mask, ablated);
                }

                break;
            case MaskDraw.Bernoulli:
                for (int i = 0; i < count; i++)
                {
                    if (random.NextUnit() < ablate)
                    {
                        Ablate(mask, i);
                    }
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(drawing));
        }

        return mask;
    }

    /// <summary>round(p N), the number of bits that an exact mask ablates.</summary>
    public static int AblatedCount(int count, double ablate) => Math.Clamp((int)Math.Round(ablate * count), 0, count);

    /// <summary>Everything intact.</summary>
    public static byte[] Full(int count)
    {
        byte[] mask = new byte[Bytes(count)];
        Array.Fill(mask, (byte)0xFF);
        if (count % 8 != 0)
        {
            mask[^1] = (byte)((1 << (count % 8)) - 1);
        }

        return mask;
    }

    /// <summary>Everything ablated.</summary>
    public static byte[] None(int count) => new byte[Bytes(count)];

    /// <summary>Only these intact.</summary>
    public static byte[] Of(int count, IEnumerable<int> intact)
    {
        byte[] mask = None(count);
        foreach (int i in intact)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)i, (uint)count, nameof(intact));
            Keep(mask, i);
        }

        return mask;
    }

    /// <summary>All intact but these.</summary>
    public static byte[] Without(int count, params IEnumerable<int> ablated)
    {
        byte[] mask = Full(count);
        foreach (int i in ablated)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)i, (uint)count, nameof(ablated));
            Ablate(mask, i);
        }

        return mask;
    }

    /// <summary>1 - x.</summary>
    public static byte[] Complement(byte[] mask, int count) =>
        [.. Full(count).Zip(mask, (full, bits) => (byte)(full & ~bits))];

    /// <summary>Whether bit <paramref name="i"/> is intact.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> mask, int i) => (mask[i >> 3] >> (i & 7) & 1) != 0;

    /// <summary>Number of intact bits.</summary>
    public static int Intact(ReadOnlySpan<byte> mask)
    {
        int count = 0;
        foreach (byte bits in mask)
        {
            count += BitOperations.PopCount(bits);
        }

        return count;
    }

    /// <summary>The first ablated bit, or <paramref name="count"/> where all are intact.</summary>
    public static int FirstAblated(ReadOnlySpan<byte> mask, int count)
    {
        int i = 0;
        while (i < count && IsIntact(mask, i))
        {
            i++;
        }

        return i;
    }

    /// <summary>Makes bit <paramref name="i"/> intact.</summary>
    public static void Keep(byte[] mask, int i) => mask[i / 8] |= (byte)(1 << (i % 8));

    private static void Ablate(byte[] mask, int i) => mask[i / 8] &= (byte)~(1 << (i % 8));

    /// <summary>The first k places of a Fisher-Yates shuffle: a uniformly random k-subset.</summary>
    private static int[] Choose(ref CounterRandom random, int count, int k)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = 0; i < k; i++)
        {
            int j = i + random.Below(count - i);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order[..k];
    }
}
