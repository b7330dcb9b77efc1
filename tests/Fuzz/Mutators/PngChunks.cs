using System.Buffers.Binary;
using System.Text;

namespace Pipelines.Fuzz.Mutators;

/// <summary>A chunk of a PNG.</summary>
/// <param name="Type">Four letters.</param>
/// <param name="Data">Its content.</param>
internal sealed record PngChunk(string Type, byte[] Data);

/// <summary>
/// A PNG as its chunks: written back with right lengths and checksums, so that damage gets past them.
/// </summary>
internal static class PngChunks
{
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The chunks up to the first that is cut off; checksums are not looked at.</summary>
    public static List<PngChunk> Parse(byte[] file)
    {
        var chunks = new List<PngChunk>();
        for (int at = Signature.Length; at + 12 <= file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            if (length < 0 || length > file.Length - at - 12)
            {
                break;
            }

            chunks.Add(new PngChunk(Encoding.Latin1.GetString(file, at + 4, 4), file[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }

        return chunks;
    }

    /// <summary>The file.</summary>
    public static byte[] Write(IEnumerable<PngChunk> chunks)
    {
        using var file = new MemoryStream();
        file.Write(Signature);
        Span<byte> number = stackalloc byte[4];
        foreach (PngChunk chunk in chunks)
        {
            byte[] body = [.. Encoding.Latin1.GetBytes(chunk.Type), .. chunk.Data];
            BinaryPrimitives.WriteInt32BigEndian(number, chunk.Data.Length);
            file.Write(number);
            file.Write(body);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
            file.Write(number);
        }

        return file.ToArray();
    }

    /// <summary>CRC-32 of ISO 3309, bit by bit: chunks are short here.</summary>
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            }
        }

        return ~crc;
    }
}
