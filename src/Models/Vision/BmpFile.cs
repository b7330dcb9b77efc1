using System.Buffers.Binary;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Vision;

/// <summary>
/// Reads Windows bitmaps of 1, 4, 8, 16, 24 and 32 bits as Pillow does: alpha is dropped, of 5 and 6 bits the value is
/// floor(255 v / most). Runs (RLE4, RLE8) follow Microsoft's text: what they leave out has colour 0.
/// </summary>
internal static class BmpFile
{
    private const int FileHeader = 14,
        CoreHeader = 12,
        LongestHeader = 124;
    private const uint Plain = 0,
        Runs8 = 1,
        Runs4 = 2,
        Masks = 3,
        MasksWithAlpha = 6;

    /// <summary>
    /// Whether a file is a bitmap: two letters alone would make one of every text that begins with "BM".
    /// </summary>
    public static bool IsBmp(ReadOnlySpan<byte> start) =>
        start.Length >= FileHeader + 4
        && start.StartsWith("BM"u8)
        && BinaryPrimitives.ReadUInt32LittleEndian(start[FileHeader..]) is CoreHeader or >= 40 and <= LongestHeader;

    /// <summary>Reads the header.</summary>
    /// <exception cref="FormatException">Damaged or of an unsupported kind; says which.</exception>
    public static PictureHeader Read(ReadOnlySpan<byte> file)
    {
        BmpHeader header = ReadHeader(file);
        return new PictureHeader(header.Width, header.Height);
    }

    /// <summary>Decodes the pixels.</summary>
    /// <exception cref="FormatException">As <see cref="Read"/>, or the pixels end too early.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file)
    {
        BmpHeader header = ReadHeader(file);
        if (header.Compression is Runs8 or Runs4)
        {
            return FromIndexes(header, RunIndexes(file, header), Palette(file, header));
        }

        long stride = ((((long)header.Width * header.Bits) + 31) / 32) * 4,
            row = (((long)header.Width * header.Bits) + 7) / 8;
        if (header.Pixels + (stride * (header.Height - 1)) + row > file.Length)
        {
            throw new FormatException("is damaged: its pixel data end too early");
        }

        byte[] rgb = new byte[3L * header.Width * header.Height];
        byte[] palette = header.Bits <= 8 ? Palette(file, header) : [];
        for (int y = 0; y < header.Height; y++)
        {
            int stored = header.TopDown ? y : header.Height - 1 - y;
            var source = file.Slice((int)(header.Pixels + (stride * stored)), (int)row);
            var target = rgb.AsSpan(3 * y * header.Width, 3 * header.Width);
            if (header.Bits <= 8)
            {
                Indexed(source, target, header.Bits, palette);
            }
            else
            {
                Direct(source, target, header);
            }
        }

        return new Picture(header.Width, header.Height, rgb);
    }

    private static BmpHeader ReadHeader(ReadOnlySpan<byte> file)
    {
        if (!IsBmp(file))
        {
            throw Damaged();
        }

        int size = (int)Int(file, FileHeader);
        if (file.Length < FileHeader + size)
        {
            throw Damaged();
        }

        bool core = size == CoreHeader;
        long width = core ? Short(file, 18) : Int(file, 18),
            height = core ? Short(file, 20) : (int)Int(file, 22);
        int bits = Short(file, core ? 24 : 28);
        uint compression = core ? Plain : Int(file, 30);
        long pixels = Int(file, 10),
            colours = core ? 0 : Int(file, 46);
        int afterHeader = FileHeader + size;
        var (red, green, blue) = bits == 16 ? (0x7C00u, 0x3E0u, 0x1Fu) : (0xFF0000u, 0xFF00u, 0xFFu);
        if (compression is Masks or MasksWithAlpha)
        {
            // In the short header the masks stand behind it, in the longer ones at the same place within.
            if (file.Length < 66)
            {
                throw Damaged();
            }

            (red, green, blue) = (Int(file, 54), Int(file, 58), Int(file, 62));
            afterHeader = Math.Max(afterHeader, compression == Masks ? 66 : 70);
        }

        bool known =
            (compression, bits)
            is
                (Plain, 1 or 4 or 8 or 16 or 24 or 32)
                or
                (Runs8, 8)
                or
                (Runs4, 4)
                or
                (Masks or MasksWithAlpha, 16 or 24 or 32);
        if (!known)
        {
            throw new FormatException(
                Invariant.Text($"is a BMP of {bits} bits and compression {compression}, which is not supported")
            );
        }

        if (!IsMask(red) || !IsMask(green) || !IsMask(blue))
        {
            throw new FormatException("is a BMP with colour masks that are not supported");
        }

        if (width is 0 or > int.MaxValue || height is 0 or int.MinValue)
        {
            throw new FormatException("is a BMP without a width or height");
        }

        long most = bits <= 8 ? 1L << bits : 0;
        if (colours == 0 || colours > most)
        {
            colours = most;
        }

        return new BmpHeader(
            (int)width,
            (int)Math.Abs(height),
            height < 0,
            bits,
            compression,
            afterHeader,
            (int)colours,
            core ? 3 : 4,
            pixels < afterHeader ? afterHeader + (colours * (core ? 3 : 4)) : pixels,
            red,
            green,
            blue
        );
    }

    /// <summary>256 colours as RGB; those that the file does not have are black.</summary>
    private static byte[] Palette(ReadOnlySpan<byte> file, BmpHeader header)
    {
        byte[] palette = new byte[3 * 256];
        for (int i = 0; i < header.Colours && header.Palette + ((i + 1) * header.ColourBytes) <= file.Length; i++)
        {
            var colour = file[(header.Palette + (i * header.ColourBytes))..];
            (palette[3 * i], palette[(3 * i) + 1], palette[(3 * i) + 2]) = (colour[2], colour[1], colour[0]);
        }

        return palette;
    }

    private static void Indexed(ReadOnlySpan<byte> source, Span<byte> target, int bits, byte[] palette)
    {
        int inByte = 8 / bits,
            most = (1 << bits) - 1;
        for (int x = 0; 3 * x < target.Length; x++)
        {
            int index = (source[x / inByte] >> (8 - (bits * ((x % inByte) + 1)))) & most;
            palette.AsSpan(3 * index, 3).CopyTo(target[(3 * x)..]);
        }
    }

    private static void Direct(ReadOnlySpan<byte> source, Span<byte> target, BmpHeader header)
    {
        int bytes = header.Bits / 8;
        for (int x = 0; 3 * x < target.Length; x++)
        {
            var pixel = source.Slice(bytes * x, bytes);
            uint value = bytes switch
            {
                2 => BinaryPrimitives.ReadUInt16LittleEndian(pixel),
                3 => pixel[0] | ((uint)pixel[1] << 8) | ((uint)pixel[2] << 16),
                _ => BinaryPrimitives.ReadUInt32LittleEndian(pixel),
            };
            target[3 * x] = Masked(value, header.Red);
            target[(3 * x) + 1] = Masked(value, header.Green);
            target[(3 * x) + 2] = Masked(value, header.Blue);
        }
    }

    private static byte Masked(uint value, uint mask)
    {
        int shift = System.Numerics.BitOperations.TrailingZeroCount(mask);
        uint most = mask >> shift;
        return most == byte.MaxValue
            ? (byte)((value & mask) >> shift)
            : (byte)((ulong)((value & mask) >> shift) * byte.MaxValue / most);
    }

    /// <summary>A run of 1 to 8 ones.</summary>
    private static bool IsMask(uint mask) =>
        mask != 0
        && mask >> System.Numerics.BitOperations.TrailingZeroCount(mask) is var ones
        && ones <= byte.MaxValue
        && (ones & (ones + 1)) == 0;

    /// <summary>Expands runs to one index a pixel, rows from the top.</summary>
    private static byte[] RunIndexes(ReadOnlySpan<byte> file, BmpHeader header)
    {
        byte[] indexes = new byte[(long)header.Width * header.Height];
        bool halves = header.Compression == Runs4;
        long at = header.Pixels;
        int x = 0,
            y = 0;
        while (y < header.Height)
        {
            if (at + 2 > file.Length)
            {
                throw new FormatException("is damaged: its pixel data end too early");
            }

            var (count, value) = (file[(int)at], file[(int)at + 1]);
            at += 2;
            if (count > 0)
            {
                for (int i = 0; i < count; i++)
                {
                    Put(halves ? (i % 2 == 0 ? value >> 4 : value & 15) : value);
                }
            }
            else if (value == 0)
            {
                (x, y) = (0, y + 1);
            }
            else if (value == 1)
            {
                return indexes;
            }
            else if (value == 2)
            {
                if (at + 2 > file.Length)
                {
                    throw new FormatException("is damaged: its pixel data end too early");
                }

                (x, y) = (x + file[(int)at], y + file[(int)at + 1]);
                at += 2;
            }
            else
            {
                int bytes = halves ? (value + 1) / 2 : value;
                if (at + bytes > file.Length)
                {
                    throw new FormatException("is damaged: its pixel data end too early");
                }

                for (int i = 0; i < value; i++)
                {
                    byte stored = file[(int)at + (halves ? i / 2 : i)];
                    Put(halves ? (i % 2 == 0 ? stored >> 4 : stored & 15) : stored);
                }

                at += bytes + (bytes % 2);
            }
        }

        return indexes;

        void Put(int index)
        {
            // More than the row holds is dropped, as Pillow does.
            if (x < header.Width)
            {
                indexes[((long)(header.TopDown ? y : header.Height - 1 - y) * header.Width) + x++] = (byte)index;
            }
        }
    }

    private static Picture FromIndexes(BmpHeader header, byte[] indexes, byte[] palette)
    {
        byte[] rgb = new byte[3L * indexes.Length];
        for (int i = 0; i < indexes.Length; i++)
        {
            palette.AsSpan(3 * indexes[i], 3).CopyTo(rgb.AsSpan(3 * i));
        }

        return new Picture(header.Width, header.Height, rgb);
    }

    private static uint Int(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file[at..]);

    private static int Short(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file[at..]);

    private static FormatException Damaged() => new("is damaged: the BMP has no header");

    /// <summary>What the headers say.</summary>
    /// <param name="Width">Columns.</param>
    /// <param name="Height">Rows.</param>
    /// <param name="TopDown">The first stored row is the uppermost.</param>
    /// <param name="Bits">Bits a pixel.</param>
    /// <param name="Compression">Microsoft's number.</param>
    /// <param name="Palette">Where the palette begins.</param>
    /// <param name="Colours">Colours of the palette.</param>
    /// <param name="ColourBytes">Bytes of a colour in it.</param>
    /// <param name="Pixels">Where the pixels begin.</param>
    /// <param name="Red">Bits of red.</param>
    /// <param name="Green">Bits of green.</param>
    /// <param name="Blue">Bits of blue.</param>
    private readonly record struct BmpHeader(
        int Width,
        int Height,
        bool TopDown,
        int Bits,
        uint Compression,
        int Palette,
        int Colours,
        int ColourBytes,
        long Pixels,
        uint Red,
        uint Green,
        uint Blue
    );
}
