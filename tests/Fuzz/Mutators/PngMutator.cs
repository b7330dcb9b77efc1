using System.Buffers.Binary;
using System.IO.Compression;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages PNG behind its checksums: header fields, chunks gone, twice, elsewhere, of other kinds, and pixel data that
/// inflate to something else.
/// </summary>
internal sealed class PngMutator : Mutator
{
    private static readonly string[] Types =
    [
        "IHDR",
        "PLTE",
        "IDAT",
        "IEND",
        "tRNS",
        "eXIf",
        "iCCP",
        "gAMA",
        "cHRM",
        "sRGB",
        "sBIT",
        "bKGD",
        "zTXt",
        "iTXt",
        "tEXt",
        "acTL",
        "fcTL",
        "fdAT",
        "CgBI",
        "ABCD",
    ];
    private static readonly int[] Sides =
    [
        0,
        1,
        2,
        3,
        7,
        16,
        64,
        1000,
        4096,
        16384,
        40000,
        65535,
        100000,
        1 << 24,
        int.MaxValue,
        -1,
    ];
    private static readonly BytesMutator Bytes = new();

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        List<PngChunk> chunks = PngChunks.Parse(input);
        if (chunks.Count == 0 || random.OneIn(12))
        {
            return Bytes.Mutate(input, random);
        }

        int at = random.Below(chunks.Count),
            other = random.Below(chunks.Count);
        PngChunk chunk = chunks[at];
        switch (random.Below(8))
        {
            case 0:
                chunks[at] = chunk with { Data = Bytes.Mutate(chunk.Data, random) };
                break;
            case 1 or 2 when chunks.FindIndex(c => c.Type == "IHDR" && c.Data.Length >= 13) is >= 0 and var header:
                chunks[header] = chunks[header] with { Data = Header(chunks[header].Data, random) };
                break;
            case 3:
                chunks.RemoveAt(at);
                break;
            case 4:
                chunks.Insert(other, chunk);
                break;
            case 5:
                chunks.Insert(
                    at,
                    new PngChunk(
                        random.Pick(Types),
                        [.. Enumerable.Range(0, random.Below(40)).Select(_ => random.Byte())]
                    )
                );
                break;
            case 6:
                chunks[at] = chunk with { Type = random.Pick(Types) };
                break;
            default:
                Pixels(chunks, random);
                break;
        }

        return PngChunks.Write(chunks);
    }

    public override IEnumerable<byte[]> Shrunk(byte[] input)
    {
        List<PngChunk> chunks = PngChunks.Parse(input);
        for (int at = 0; at < chunks.Count; at++)
        {
            yield return PngChunks.Write(chunks.Where((_, i) => i != at));
        }
    }

    private static byte[] Header(byte[] data, RandomStream random)
    {
        byte[] header = [.. data];
        int field = random.Below(7);
        if (field < 2)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 * field), random.Pick(Sides));
        }
        else
        {
            // Bits, colour, deflate, filter, interlace
            header[6 + field] = random.Pick<byte>([0, 1, 2, 3, 4, 6, 8, 16, 32, 255]);
        }

        return header;
    }

    /// <summary>Inflates the pixel data, damages them and packs them again; or packs many of one value.</summary>
    private static void Pixels(List<PngChunk> chunks, RandomStream random)
    {
        int first = chunks.FindIndex(c => c.Type == "IDAT");
        if (first < 0)
        {
            return;
        }

        byte[] packed = [.. chunks.Where(c => c.Type == "IDAT").SelectMany(c => c.Data)];
        chunks.RemoveAll(c => c.Type == "IDAT");
        byte[] pixels = random.OneIn(6)
            ? new byte[random.Pick<int>([0, 1, 1000, 1 << 20, 4 << 20])]
            : Bytes.Mutate(Inflated(packed), random);
        using var again = new MemoryStream();
        using (var zlib = new ZLibStream(again, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(pixels);
        }

        byte[] data = again.ToArray();
        int cut = random.Below(data.Length + 1);
        chunks.InsertRange(
            Math.Min(first, chunks.Count),
            random.OneIn(3)
                ? [new PngChunk("IDAT", data[..cut]), new PngChunk("IDAT", data[cut..])]
                : [new PngChunk("IDAT", data)]
        );
    }

    private static byte[] Inflated(byte[] packed)
    {
        var pixels = new byte[1 << 20];
        try
        {
            using var zlib = new ZLibStream(new MemoryStream(packed), CompressionMode.Decompress);
            return pixels[..zlib.ReadAtLeast(pixels, pixels.Length, throwOnEndOfStream: false)];
        }
        catch (InvalidDataException)
        {
            return packed;
        }
    }
}
