using System.Buffers.Binary;

namespace Pipelines.Fuzz.Mutators;

/// <summary>A segment of a JPEG.</summary>
/// <param name="Marker">Its second byte.</param>
/// <param name="Data">Its content without the length.</param>
/// <param name="Tail">What follows up to the next segment: the coded pixels of a scan.</param>
internal sealed record JpegSegment(byte Marker, byte[] Data, byte[] Tail);

/// <summary>A JPEG as its segments, written back with right lengths.</summary>
internal static class JpegSegments
{
    private const byte StartOfScan = 0xDA,
        EndOfImage = 0xD9;

    /// <summary>The segments up to the first that is cut off.</summary>
    public static List<JpegSegment> Parse(byte[] file)
    {
        var segments = new List<JpegSegment>();
        for (int at = 2; at + 4 <= file.Length && file[at] == 0xFF && file[at + 1] != EndOfImage;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2)),
                end = at + 2 + length;
            if (length < 2 || end > file.Length)
            {
                break;
            }

            int next = file[at + 1] == StartOfScan ? NextMarker(file, end) : end;
            segments.Add(new JpegSegment(file[at + 1], file[(at + 4)..end], file[end..next]));
            at = next;
        }

        return segments;
    }

    /// <summary>The file, with its end marker.</summary>
    public static byte[] Write(IEnumerable<JpegSegment> segments)
    {
        using var file = new MemoryStream();
        file.Write([0xFF, 0xD8]);
        Span<byte> length = stackalloc byte[2];
        foreach (JpegSegment segment in segments)
        {
            byte[] data =
                segment.Data.Length <= ushort.MaxValue - 2 ? segment.Data : segment.Data[..(ushort.MaxValue - 2)];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)(data.Length + 2));
            file.Write([0xFF, segment.Marker]);
            file.Write(length);
            file.Write(data);
            file.Write(segment.Tail);
        }

        file.Write([0xFF, EndOfImage]);
        return file.ToArray();
    }

    /// <summary>Where the coded pixels end: at a marker that is neither a stuffed byte nor a restart.</summary>
    private static int NextMarker(byte[] file, int at)
    {
        while (at + 1 < file.Length && !(file[at] == 0xFF && file[at + 1] is not (0 or (>= 0xD0 and <= 0xD7))))
        {
            at++;
        }

        return at + 1 < file.Length ? at : file.Length;
    }
}
