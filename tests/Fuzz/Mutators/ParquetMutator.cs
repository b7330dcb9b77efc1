using System.Buffers.Binary;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages Parquet inside its frame: the footer (Thrift) with a right length behind it, page headers and pages, the
/// frame itself.
/// </summary>
internal sealed class ParquetMutator : Mutator
{
    private const int Magic = 4,
        Tail = 8;
    private static readonly BytesMutator Bytes = new(),
        PageStart = new(header: 40);

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        if (Split(input) is not { } parts || random.OneIn(10))
        {
            return Bytes.Mutate(input, random);
        }

        return random.Below(4) switch
        {
            0 => Join(PageStart.Mutate(parts.Pages, random), parts.Footer),
            1 => Join(Bytes.Mutate(parts.Pages, random), parts.Footer),
            2 => Join(parts.Pages, Nudged(parts.Footer, random)),
            _ => Join(parts.Pages, Bytes.Mutate(parts.Footer, random)),
        };
    }

    private static (byte[] Pages, byte[] Footer)? Split(byte[] file)
    {
        if (file.Length < Magic + Tail)
        {
            return null;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - Tail));
        int start = file.Length - Tail - length;
        return length > 0 && start >= Magic ? (file[Magic..start], file[start..^Tail]) : null;
    }

    private static byte[] Join(byte[] pages, byte[] footer)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        return [.. "PAR1"u8, .. pages, .. footer, .. length, .. "PAR1"u8];
    }

    /// <summary>
    /// Several bytes a little larger or smaller: counts, offsets and lengths that nearly fit, in a Thrift struct that
    /// still parses.
    /// </summary>
    private static byte[] Nudged(byte[] footer, RandomStream random)
    {
        byte[] nudged = [.. footer];
        for (int times = 1 + random.Below(3); times > 0; times--)
        {
            int at = random.Below(nudged.Length);
            nudged[at] = (byte)(nudged[at] + random.Pick<int>([-2, -1, 1, 2, 16, -16]));
        }

        return nudged;
    }
}
