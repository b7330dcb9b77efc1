using System.Buffers.Binary;

namespace Pipelines.Fuzz.Mutators;

/// <summary>Knows no format: bits, bytes, runs, cuts, and numbers that readers compute with.</summary>
/// <param name="header">Bytes at the start that are hit half of the time; 0 = all alike.</param>
internal sealed class BytesMutator(int header = 0) : Mutator
{
    private const int LongestRun = 64;
    private static readonly long[] Numbers =
    [
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        short.MaxValue,
        ushort.MaxValue,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        long.MaxValue,
        long.MinValue,
        1L << 40,
    ];

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        if (input.Length == 0)
        {
            return [random.Byte()];
        }

        int at = random.Below(header > 0 && random.OneIn(2) ? Math.Min(header, input.Length) : input.Length);
        int length = random.Length(Math.Min(LongestRun, input.Length - at));
        return random.Below(9) switch
        {
            0 => Changed(input, b => b[at] ^= (byte)(1 << random.Below(8))),
            1 => Changed(input, b => b[at] = random.Byte()),
            2 => Changed(input, b => b[at] += (byte)(random.OneIn(2) ? 1 : -1)),
            3 => Changed(input, b => Number(b.AsSpan(at), random)),
            4 => Changed(input, b => b.AsSpan(at, length).Fill((byte)(random.OneIn(2) ? 0 : 255))),
            5 => [.. input[..at], .. input[(at + length)..]],
            6 => [.. input[..at], .. input.AsSpan(random.Below(input.Length - length + 1), length), .. input[at..]],
            7 => [.. input[..at], .. Enumerable.Range(0, length).Select(_ => random.Byte()), .. input[at..]],
            _ => input[..at],
        };
    }

    private static byte[] Changed(byte[] input, Action<byte[]> change)
    {
        byte[] copy = [.. input];
        change(copy);
        return copy;
    }

    private static void Number(Span<byte> at, RandomStream random)
    {
        long number = random.Pick(Numbers);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        int width = 1 << random.Below(4);
        Span<byte> written = bytes[..width];
        if (random.OneIn(2))
        {
            written.Reverse(); // big-endian
        }

        written[..Math.Min(width, at.Length)].CopyTo(at);
    }
}
