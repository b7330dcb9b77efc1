using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain.Errors;

namespace Pipelines.Domain;

/// <summary>
/// A stream of random 64-bit words that is a pure function of (seed, scope, index): SplitMix64 (Steele, Lea, Flood
/// 2014) started at the first eight bytes of SHA-256("seed\0scope\0index"), numbers as decimal text, strings as UTF-8.
/// Any index can be drawn without the ones before it, and the words are the same on every machine.
/// </summary>
public struct CounterRandom
{
    private SplitMix64 words;

    /// <summary>The stream of an index.</summary>
    /// <param name="seed">The experiment's seed.</param>
    /// <param name="scope">What the stream belongs to: a sample's id, or the name of what is shared.</param>
    /// <param name="index">Index in the scope.</param>
    public CounterRandom(long seed, string scope, long index)
    {
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(Invariant.Text($"{seed}\0{scope}\0{index}")));
        words = SplitMix64.FromState(BinaryPrimitives.ReadUInt64LittleEndian(digest));
    }

    /// <summary>The next word, uniform over all 2^64.</summary>
    public ulong NextWord() => words.Next();

    /// <summary>Uniform over 0 .. <paramref name="bound"/> - 1, without bias (Lemire 2019).</summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return words.Below(bound);
    }

    /// <summary>Uniform over [0, 1) in steps of 2^-53.</summary>
    public double NextUnit() => (NextWord() >> 11) * (1.0 / (1UL << 53));
}
