using System.Buffers.Binary;

namespace Pipelines.Stages.Vision;

/// <summary>Reads the size of a PNG and its orientation (chunk eXIf), which the decoder does not report.</summary>
internal static class PngFile
{
    /// <summary>Deflate packs at most 1032 bytes in one, a byte holds at most 8 pixels.</summary>
    public const long MaxPixelsPerByte = 8 * 1032;

    /// <summary>Reads the header.</summary>
    /// <param name="file">The whole file, which starts with PNG's signature.</param>
    /// <exception cref="FormatException">The first chunk is no sound IHDR.</exception>
    public static PictureHeader Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < 33 || !file[12..16].SequenceEqual("IHDR"u8))
        {
            throw new FormatException("is damaged: the PNG has no header");
        }

        uint width = BinaryPrimitives.ReadUInt32BigEndian(file[16..]), height = BinaryPrimitives.ReadUInt32BigEndian(file[20..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
        {
            throw new FormatException("is damaged: the PNG has a width or height that no picture has");
        }

        return new PictureHeader((int)width, (int)height, ReadOrientation(file));
    }

    private static Orientation ReadOrientation(ReadOnlySpan<byte> file)
    {
        for (long at = 8; at + 12 <= file.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(file[(int)at..]);
            if (at + 12 + length > file.Length)
            {
                break;
            }

            if (file.Slice((int)at + 4, 4).SequenceEqual("eXIf"u8))
            {
                return Exif.Orientation(file.Slice((int)at + 8, (int)length));
            }

            at += 12 + length;
        }

        return Orientation.AsStored;
    }
}
