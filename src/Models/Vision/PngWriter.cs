using System.Buffers.Binary;
using System.IO.Compression;

namespace Pipelines.Models.Vision;

/// <summary>
/// Encodes a picture as PNG: 8-bit RGB, every row Paeth-filtered, one IDAT chunk at a fixed level, no time stamp. The
/// same picture gives the same bytes on one runtime.
/// </summary>
public static class PngWriter
{
    private const byte PaethFilter = 4;
    private static readonly uint[] CrcTable = MakeCrcTable();

    /// <summary>The file's bytes.</summary>
    public static byte[] Encode(Picture picture)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, picture.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], picture.Height);
        (header[8], header[9]) = (8, 2); // 8 bits, RGB; deflate, adaptive filters, not interlaced are 0
        WriteChunk(file, "IHDR"u8, header);
        WriteChunk(file, "IDAT"u8, Deflated(picture));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static byte[] Deflated(Picture picture)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            int stride = 3 * picture.Width;
            byte[] filtered = new byte[1 + stride];
            filtered[0] = PaethFilter;
            for (int y = 0; y < picture.Height; y++)
            {
                var row = picture.Rgb.AsSpan(y * stride, stride);
                var above = y > 0 ? picture.Rgb.AsSpan((y - 1) * stride, stride) : default;
                for (int i = 0; i < stride; i++)
                {
                    int left = i >= 3 ? row[i - 3] : 0,
                        up = y > 0 ? above[i] : 0,
                        corner = i >= 3 && y > 0 ? above[i - 3] : 0;
                    filtered[1 + i] = (byte)(row[i] - Paeth(left, up, corner));
                }

                zlib.Write(filtered);
            }
        }

        return packed.ToArray();
    }

    /// <summary>Of left, above and corner the one nearest to left + above - corner.</summary>
    private static int Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner),
            toUp = Math.Abs(left - corner),
            toCorner = Math.Abs(left + up - (2 * corner));
        return toLeft <= toUp && toLeft <= toCorner ? left
            : toUp <= toCorner ? up
            : corner;
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        file.Write(number);
        file.Write(type);
        file.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), content));
        file.Write(number);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            crc = CrcTable[(byte)(crc ^ b)] ^ (crc >> 8);
        }

        return crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (uint n = 0; n < 256; n++)
        {
            uint c = n;
            for (int k = 0; k < 8; k++)
            {
                c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            }

            table[n] = c;
        }

        return table;
    }
}
