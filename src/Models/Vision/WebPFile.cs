using System.Buffers.Binary;

namespace Pipelines.Models.Vision;

/// <summary>Reads the size of a WebP; the pixels are libwebp's.</summary>
internal static class WebPFile
{
    private const int FirstChunk = 12;

    /// <summary>Reads the header.</summary>
    /// <exception cref="FormatException">Damaged or of an unknown kind.</exception>
    public static PictureHeader Read(ReadOnlySpan<byte> file)
    {
        (int Width, int Height)? size = null;
        for (long at = FirstChunk; at + 8 <= file.Length;)
        {
            var name = file.Slice((int)at, 4);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(file[((int)at + 4)..]);
            var body = file.Slice((int)at + 8, (int)Math.Min(length, file.Length - at - 8));
            size ??= Size(name, body);
            at += 8 + length + (length % 2);
        }

        return size is { } found
            ? new PictureHeader(found.Width, found.Height)
            : throw new FormatException("is damaged: the WebP has no header");
    }

    /// <summary>The size in one of the three kinds of chunk that state it.</summary>
    private static (int Width, int Height)? Size(ReadOnlySpan<byte> name, ReadOnlySpan<byte> body)
    {
        if (name.SequenceEqual("VP8X"u8) && body.Length >= 10)
        {
            return (1 + Int24(body[4..]), 1 + Int24(body[7..]));
        }

        if (name.SequenceEqual("VP8L"u8) && body.Length >= 5 && body[0] == 0x2F)
        {
            uint packed = BinaryPrimitives.ReadUInt32LittleEndian(body[1..]);
            return (1 + (int)(packed & 0x3FFF), 1 + (int)((packed >> 14) & 0x3FFF));
        }

        if (name.SequenceEqual("VP8 "u8) && body.Length >= 10 && body[3..6].SequenceEqual<byte>([0x9D, 0x01, 0x2A]))
        {
            int width = BinaryPrimitives.ReadUInt16LittleEndian(body[6..]) & 0x3FFF;
            int height = BinaryPrimitives.ReadUInt16LittleEndian(body[8..]) & 0x3FFF;
            return width > 0 && height > 0
                ? (width, height)
                : throw new FormatException("is a WebP without a width or height");
        }

        return null;
    }

    private static int Int24(ReadOnlySpan<byte> bytes) => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
}
