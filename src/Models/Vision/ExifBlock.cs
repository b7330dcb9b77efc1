using System.Buffers.Binary;

namespace Pipelines.Models.Vision;

/// <summary>The orientation in an EXIF block.</summary>
internal static class ExifBlock
{
    private const int EntryBytes = 12;
    private const ushort OrientationTag = 0x0112,
        ShortType = 3;

    /// <summary>
    /// Reads the first directory of a TIFF structure as Pillow does: of a tag that is there twice the last counts, the
    /// value may be of any type of number, and what stands behind an entry that points outside the block is not seen.
    /// </summary>
    /// <param name="block">The block, from its byte-order mark or from JPEG's mark before it on.</param>
    /// <returns>null where the block has no such tag or is none; as stored where its value is no orientation.</returns>
    public static StatedOrientation? OrientationIn(ReadOnlySpan<byte> block)
    {
        while (block.StartsWith("Exif\0\0"u8))
        {
            block = block[6..];
        }

        bool little = block is [(byte)'I', (byte)'I', ..];
        if (block.Length < 14 || !(little || block is [(byte)'M', (byte)'M', ..]))
        {
            return null;
        }

        var tiff = new Numbers(block, little);
        long directory = tiff.Word(4);
        int entries = directory + 2 <= block.Length ? tiff.Short((int)directory) : 0;
        StatedOrientation? found = null;
        for (int i = 0; i < entries && directory + 2 + ((long)EntryBytes * (i + 1)) <= block.Length; i++)
        {
            int entry = (int)directory + 2 + (EntryBytes * i);
            ushort type = tiff.Short(entry + 2);
            long size = BytesOf(type) * (long)tiff.Word(entry + 4),
                at = size > 4 ? tiff.Word(entry + 8) : entry + 8;
            if (size > 0 && at + size > block.Length)
            {
                break;
            }

            if (size > 0 && tiff.Short(entry) == OrientationTag)
            {
                found = new StatedOrientation(OrientationOf(tiff.Value(type, (int)at)), IsPlain: type == ShortType);
            }
        }

        return found;
    }

    /// <summary>The orientation of a number; as stored where it is none.</summary>
    public static Orientation OrientationOf(double value) =>
        value is >= 1 and <= 8 && double.IsInteger(value) ? (Orientation)value : Orientation.AsStored;

    /// <summary>Bytes of a value of a type; 0 where TIFF has no such type.</summary>
    private static int BytesOf(ushort type) =>
        type switch
        {
            1 or 2 or 6 or 7 => 1,
            3 or 8 => 2,
            4 or 9 or 11 or 13 => 4,
            5 or 10 or 12 or 16 => 8,
            _ => 0,
        };

    /// <summary>Numbers of a block in its byte order.</summary>
    private readonly ref struct Numbers(ReadOnlySpan<byte> block, bool little)
    {
        private readonly ReadOnlySpan<byte> block = block;

        public ushort Short(int at) =>
            little
                ? BinaryPrimitives.ReadUInt16LittleEndian(block[at..])
                : BinaryPrimitives.ReadUInt16BigEndian(block[at..]);

        public uint Word(int at) =>
            little
                ? BinaryPrimitives.ReadUInt32LittleEndian(block[at..])
                : BinaryPrimitives.ReadUInt32BigEndian(block[at..]);

        /// <summary>The first value of an entry; NaN where it is bytes or a text.</summary>
        public double Value(ushort type, int at) =>
            type switch
            {
                3 => Short(at),
                4 or 13 => Word(at),
                5 => (double)Word(at) / Word(at + 4),
                6 => (sbyte)block[at],
                8 => (short)Short(at),
                9 => (int)Word(at),
                10 => (double)(int)Word(at) / (int)Word(at + 4),
                11 => BitConverter.UInt32BitsToSingle(Word(at)),
                12 => BitConverter.UInt64BitsToDouble(Long(at)),
                16 => Long(at),
                _ => double.NaN,
            };

        private ulong Long(int at) =>
            little
                ? BinaryPrimitives.ReadUInt64LittleEndian(block[at..])
                : BinaryPrimitives.ReadUInt64BigEndian(block[at..]);
    }
}
