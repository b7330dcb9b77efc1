using System.Buffers.Binary;

namespace Pipelines.Models.Vision;

/// <summary>
/// Reads the first frame of a GIF as Pillow does: transparent pixels have their palette's colour, and what the frame
/// does not cover has the transparent colour, or colour 0 where there is none. Skia would lose the colour of
/// transparent pixels.
/// </summary>
internal static class GifFile
{
    private const int ScreenEnd = 13,
        MostCodes = 4096;
    private const byte Extension = 0x21,
        ImageDescriptor = 0x2C,
        Trailer = 0x3B,
        GraphicControl = 0xF9;

    /// <summary>Reads the header and the first frame's place.</summary>
    /// <exception cref="FormatException">Damaged, or without a picture; says which.</exception>
    public static PictureHeader Read(ReadOnlySpan<byte> file)
    {
        GifFrame frame = FirstFrame(file);
        return new PictureHeader(frame.ScreenWidth, frame.ScreenHeight);
    }

    /// <summary>Decodes the first frame on its screen.</summary>
    /// <exception cref="FormatException">As <see cref="Read"/>, or the pixels are damaged or end too early.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file)
    {
        GifFrame frame = FirstFrame(file);
        byte[] palette = Palette(file, frame);
        byte[] indexes = Indexes(file, frame);
        byte[] rgb = new byte[3L * frame.ScreenWidth * frame.ScreenHeight];
        bool covers = frame.Width == frame.ScreenWidth && frame.Height == frame.ScreenHeight;
        for (int i = 0; !covers && i < rgb.Length; i += 3)
        {
            palette.AsSpan(3 * frame.Ground, 3).CopyTo(rgb.AsSpan(i));
        }

        int stored = 0;
        foreach (int y in Rows(frame.Height, frame.Interlaced))
        {
            var target = rgb.AsSpan(3 * (((frame.Top + y) * frame.ScreenWidth) + frame.Left), 3 * frame.Width);
            for (int x = 0; x < frame.Width; x++)
            {
                palette.AsSpan(3 * indexes[stored++], 3).CopyTo(target[(3 * x)..]);
            }
        }

        return new Picture(frame.ScreenWidth, frame.ScreenHeight, rgb);
    }

    private static GifFrame FirstFrame(ReadOnlySpan<byte> file)
    {
        if (file.Length < ScreenEnd)
        {
            throw EndsInHeaders();
        }

        int width = Short(file, 6),
            height = Short(file, 8);
        var (palette, colours) = Table(ScreenEnd, file[10]);
        int at = palette + (3 * colours),
            transparent = -1;
        while (at < file.Length && file[at] != Trailer)
        {
            if (file[at] == Extension && at + 2 < file.Length)
            {
                bool control = file[at + 1] == GraphicControl && at + 7 < file.Length && file[at + 2] == 4;
                if (control)
                {
                    transparent = (file[at + 3] & 1) == 1 ? file[at + 6] : -1;
                }

                at = AfterBlocks(file, at + 2);
            }
            else if (file[at] == ImageDescriptor)
            {
                if (at + 10 >= file.Length)
                {
                    throw EndsInHeaders();
                }

                int left = Short(file, at + 1),
                    top = Short(file, at + 3);
                int frameWidth = Short(file, at + 5),
                    frameHeight = Short(file, at + 7);
                byte flags = file[at + 9];
                var (own, ownColours) = Table(at + 10, flags);
                if (frameWidth == 0 || frameHeight == 0)
                {
                    throw new FormatException("is a GIF without a width or height");
                }

                // A frame that sticks out makes the screen larger, as Pillow has it.
                return new GifFrame(
                    Math.Max(width, left + frameWidth),
                    Math.Max(height, top + frameHeight),
                    left,
                    top,
                    frameWidth,
                    frameHeight,
                    (flags & 0x40) != 0,
                    ownColours > 0 ? own : palette,
                    ownColours > 0 ? ownColours : colours,
                    Math.Max(transparent, 0),
                    own + (3 * ownColours)
                );
            }
            else
            {
                at++; // garbage between blocks, which decoders skip
            }
        }

        throw new FormatException("is a GIF without a picture");
    }

    /// <summary>
    /// 256 colours as RGB: those that the file does not have are black; without any palette an index is its own gray.
    /// </summary>
    private static byte[] Palette(ReadOnlySpan<byte> file, GifFrame frame)
    {
        byte[] palette = new byte[3 * 256];
        if (frame.Colours == 0)
        {
            for (int i = 0; i < palette.Length; i++)
            {
                palette[i] = (byte)(i / 3);
            }

            return palette;
        }

        if (frame.Palette + (3 * frame.Colours) > file.Length)
        {
            throw EndsInHeaders();
        }

        file.Slice(frame.Palette, 3 * frame.Colours).CopyTo(palette);
        return palette;
    }

    /// <summary>Undoes LZW: the stored indexes, row by row. Grows with what is really there.</summary>
    private static byte[] Indexes(ReadOnlySpan<byte> file, GifFrame frame)
    {
        int wanted = checked((int)((long)frame.Width * frame.Height)),
            at = frame.Data;
        if (at >= file.Length)
        {
            throw EndsEarly();
        }

        int literalBits = file[at++];
        if (literalBits is < 1 or > 8)
        {
            throw Damaged();
        }

        var output = new GrowingIndexes(wanted);
        int clear = 1 << literalBits,
            end = clear + 1,
            bits = literalBits + 1,
            next = clear + 2,
            previous = -1;
        var prefix = new short[MostCodes];
        var suffix = new byte[MostCodes];
        var first = new byte[MostCodes];
        var length = new int[MostCodes];
        for (int i = 0; i < clear; i++)
        {
            (suffix[i], first[i], length[i], prefix[i]) = ((byte)i, (byte)i, 1, -1);
        }

        uint buffered = 0;
        int held = 0,
            block = 0;
        while (output.Count < wanted)
        {
            while (held < bits)
            {
                if (block == 0)
                {
                    if (at >= file.Length || (block = file[at++]) == 0)
                    {
                        throw EndsEarly();
                    }
                }

                if (at >= file.Length)
                {
                    throw EndsEarly();
                }

                buffered |= (uint)file[at++] << held;
                held += 8;
                block--;
            }

            int code = (int)(buffered & ((1u << bits) - 1));
            buffered >>= bits;
            held -= bits;
            if (code == clear)
            {
                (bits, next, previous) = (literalBits + 1, clear + 2, -1);
                continue;
            }

            if (code == end)
            {
                throw EndsEarly();
            }

            if (previous < 0 ? code > end : code > next)
            {
                throw Damaged();
            }

            if (previous >= 0 && next < MostCodes)
            {
                // The code after the last one known is the previous string and its own first index.
                prefix[next] = (short)previous;
                suffix[next] = code == next ? first[previous] : first[code];
                first[next] = first[previous];
                length[next] = length[previous] + 1;
                next++;
                if (next == 1 << bits && bits < 12)
                {
                    bits++;
                }
            }

            var target = output.Take(length[code]);
            for (int entry = code, i = length[code] - 1; i >= 0; entry = prefix[entry], i--)
            {
                if (i < target.Length)
                {
                    target[i] = suffix[entry]; // what is more than the picture is dropped
                }
            }

            previous = code;
        }

        return output.ToArray();
    }

    /// <summary>The rows in the order they are stored in.</summary>
    private static IEnumerable<int> Rows(int height, bool interlaced)
    {
        (int First, int Step)[] passes = interlaced ? [(0, 8), (4, 8), (2, 4), (1, 2)] : [(0, 1)];
        foreach (var (start, step) in passes)
        {
            for (int y = start; y < height; y += step)
            {
                yield return y;
            }
        }
    }

    private static (int At, int Colours) Table(int at, byte flags) => (at, (flags & 0x80) != 0 ? 2 << (flags & 7) : 0);

    private static int AfterBlocks(ReadOnlySpan<byte> file, int at)
    {
        while (at < file.Length && file[at] != 0)
        {
            at += 1 + file[at];
        }

        return at + 1;
    }

    private static int Short(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file[at..]);

    private static FormatException Damaged() => new("is damaged: its pixel data cannot be decoded");

    private static FormatException EndsEarly() => new("is damaged: its pixel data end too early");

    private static FormatException EndsInHeaders() => new("is damaged: the GIF ends inside its headers");

    /// <summary>Where the first frame lies, and what it needs.</summary>
    /// <param name="ScreenWidth">Columns of the picture.</param>
    /// <param name="ScreenHeight">Rows of the picture.</param>
    /// <param name="Left">First column of the frame.</param>
    /// <param name="Top">First row of the frame.</param>
    /// <param name="Width">Columns of the frame.</param>
    /// <param name="Height">Rows of the frame.</param>
    /// <param name="Interlaced">Rows are stored in four passes.</param>
    /// <param name="Palette">Where the palette begins.</param>
    /// <param name="Colours">Its colours; 0 = none.</param>
    /// <param name="Ground">Index of what the frame does not cover.</param>
    /// <param name="Data">Where the pixels begin.</param>
    private readonly record struct GifFrame(
        int ScreenWidth,
        int ScreenHeight,
        int Left,
        int Top,
        int Width,
        int Height,
        bool Interlaced,
        int Palette,
        int Colours,
        int Ground,
        int Data
    );

    /// <summary>Indexes in an array that doubles, so that a header alone takes no memory.</summary>
    private sealed class GrowingIndexes(int most)
    {
        private byte[] indexes = new byte[Math.Min(most, 1 << 16)];

        public int Count { get; private set; }

        /// <summary>Room for the next indexes, less where the picture ends.</summary>
        public Span<byte> Take(int count)
        {
            int taken = Math.Min(count, most - Count);
            if (Count + taken > indexes.Length)
            {
                Array.Resize(ref indexes, (int)Math.Min(most, Math.Max(2L * indexes.Length, Count + taken)));
            }

            var room = indexes.AsSpan(Count, taken);
            Count += taken;
            return room;
        }

        public byte[] ToArray() => indexes;
    }
}
