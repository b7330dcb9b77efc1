using System.Buffers.Binary;
using System.IO.Compression;

namespace Pipelines.Models.Vision;

/// <summary>Reads the size of a PNG and guards its decoder.</summary>
internal static class PngFile
{
    /// <summary>Deflate packs at most 1032 bytes in one, a byte holds at most 8 pixels.</summary>
    public const long MaxPixelsPerByte = 8 * 1032;

    /// <summary>
    /// Above so many pixels a byte it is worth counting, before memory is taken, whether the data are really there.
    /// </summary>
    private const long UsualPixelsPerByte = 64;

    private const int Signature = 8,
        FirstData = 33;

    /// <summary>Reads the header.</summary>
    /// <param name="file">The whole file, which starts with PNG's signature.</param>
    /// <exception cref="FormatException">The first chunk is no sound IHDR.</exception>
    public static PictureHeader Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < FirstData || !file[12..16].SequenceEqual("IHDR"u8))
        {
            throw new FormatException("is damaged: the PNG has no header");
        }

        uint width = BinaryPrimitives.ReadUInt32BigEndian(file[16..]),
            height = BinaryPrimitives.ReadUInt32BigEndian(file[20..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
        {
            throw new FormatException("is damaged: the PNG has a width or height that no picture has");
        }

        return new PictureHeader((int)width, (int)height);
    }

    /// <summary>
    /// The file without the chunks that change no pixel: text, profiles and the like. Their deflated contents may
    /// expand a thousandfold each, and nothing here uses them.
    /// </summary>
    public static byte[] Essential(byte[] file)
    {
        using var essential = new MemoryStream(file.Length);
        essential.Write(file.AsSpan(0, Signature));
        long at = Signature;
        while (at + 12 <= file.Length && at + 12 + Length(file, at) is var next && next <= file.Length)
        {
            bool kept =
                char.IsAsciiLetterUpper((char)file[at + 4]) || file.AsSpan((int)at + 4, 4).SequenceEqual("tRNS"u8);
            if (kept)
            {
                essential.Write(file.AsSpan((int)at, (int)(next - at)));
            }

            at = next;
        }

        essential.Write(file.AsSpan((int)at)); // damaged from here on, which the decoder is to see
        return essential.Length == file.Length ? file : essential.ToArray();
    }

    /// <summary>
    /// Demands that a file which promises far more pixels than usual really has their data, by inflating them to
    /// nowhere.
    /// </summary>
    /// <exception cref="FormatException">They end too early or cannot be inflated.</exception>
    public static void RequireData(byte[] file, PictureHeader header)
    {
        if ((long)header.Width * header.Height < UsualPixelsPerByte * file.Length)
        {
            return;
        }

        using var inflated = new ZLibStream(new MemoryStream(Data(file)), CompressionMode.Decompress);
        byte[] buffer = new byte[1 << 16];
        long missing = RawBytes(file, header);
        try
        {
            while (missing > 0 && inflated.Read(buffer) is > 0 and var read)
            {
                missing -= read;
            }
        }
        catch (InvalidDataException e)
        {
            throw new FormatException("is damaged: its pixel data cannot be decoded", e);
        }

        if (missing > 0)
        {
            throw new FormatException("is damaged: its pixel data end too early");
        }
    }

    /// <summary>Bytes of all rows, each behind its filter.</summary>
    private static long RawBytes(byte[] file, PictureHeader header)
    {
        int bits =
            file[24]
            * (
                file[25] switch
                {
                    2 => 3,
                    4 => 2,
                    6 => 4,
                    _ => 1,
                }
            );
        (int X, int Y, int StepX, int StepY)[] passes =
            file[28] == 0
                ? [(0, 0, 1, 1)]
                : [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        return passes.Sum(pass =>
        {
            long columns = (header.Width - pass.X + pass.StepX - 1) / pass.StepX,
                rows = (header.Height - pass.Y + pass.StepY - 1) / pass.StepY;
            return columns <= 0 || rows <= 0 ? 0 : rows * (1 + (((columns * bits) + 7) / 8));
        });
    }

    /// <summary>The contents of all IDAT chunks, joined.</summary>
    private static byte[] Data(byte[] file)
    {
        using var data = new MemoryStream();
        for (long at = Signature; at + 12 <= file.Length; at += 12 + Length(file, at))
        {
            if (!file.AsSpan((int)at + 4, 4).SequenceEqual("IDAT"u8))
            {
                continue;
            }

            data.Write(file.AsSpan((int)at + 8, (int)Math.Min(Length(file, at), file.Length - at - 8)));
        }

        return data.ToArray();
    }

    private static long Length(ReadOnlySpan<byte> file, long chunk) =>
        BinaryPrimitives.ReadUInt32BigEndian(file[(int)chunk..]);
}
