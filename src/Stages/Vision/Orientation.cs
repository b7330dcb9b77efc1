using System.Buffers.Binary;

namespace Pipelines.Stages.Vision;

/// <summary>
/// EXIF orientation: where the stored picture's first row and first column belong in the upright picture.
/// </summary>
internal enum Orientation
{
    /// <summary>Top, left: nothing to do.</summary>
    AsStored = 1,

    /// <summary>Top, right: mirrored.</summary>
    Mirrored = 2,

    /// <summary>Bottom, right: half a turn.</summary>
    HalfTurn = 3,

    /// <summary>Bottom, left: upside down mirrored.</summary>
    Flipped = 4,

    /// <summary>Left, top: rows and columns swapped.</summary>
    Transposed = 5,

    /// <summary>Right, top: a quarter turn clockwise makes it upright.</summary>
    QuarterTurn = 6,

    /// <summary>Right, bottom: swapped across the other diagonal.</summary>
    Transversed = 7,

    /// <summary>Left, bottom: three quarters of a turn clockwise make it upright.</summary>
    ThreeQuarterTurn = 8,
}

/// <summary>The orientation in an EXIF block.</summary>
internal static class Exif
{
    private const ushort OrientationTag = 0x0112,
        ShortType = 3;

    /// <summary>
    /// Reads the first directory of a TIFF structure. Damaged blocks and orientations that do not exist count as none.
    /// </summary>
    /// <param name="tiff">The block, from its byte-order mark on.</param>
    public static Orientation Orientation(ReadOnlySpan<byte> tiff)
    {
        bool little = tiff is [(byte)'I', (byte)'I', ..];
        if (tiff.Length < 14 || !(little || tiff is [(byte)'M', (byte)'M', ..]))
        {
            return Vision.Orientation.AsStored;
        }

        long directory = little
            ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..])
            : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        int entries = directory + 2 <= tiff.Length ? Short(tiff, (int)directory, little) : 0;
        for (int i = 0; i < entries && directory + 2 + (12L * (i + 1)) <= tiff.Length; i++)
        {
            int entry = (int)directory + 2 + (12 * i);
            if (Short(tiff, entry, little) == OrientationTag && Short(tiff, entry + 2, little) == ShortType)
            {
                int value = Short(tiff, entry + 8, little);
                return value is >= 1 and <= 8 ? (Orientation)value : Vision.Orientation.AsStored;
            }
        }

        return Vision.Orientation.AsStored;
    }

    private static ushort Short(ReadOnlySpan<byte> tiff, int at, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(tiff[at..]) : BinaryPrimitives.ReadUInt16BigEndian(tiff[at..]);
}
