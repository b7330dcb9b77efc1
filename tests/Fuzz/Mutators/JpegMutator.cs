using System.Buffers.Binary;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages JPEG behind its lengths: frame and scan headers, tables, EXIF blocks, many scans, coded pixels.
/// </summary>
internal sealed class JpegMutator : Mutator
{
    private const int ManyScans = 300;
    private static readonly byte[] Markers =
    [
        0xC0,
        0xC1,
        0xC2,
        0xC3,
        0xC4,
        0xC8,
        0xC9,
        0xDA,
        0xDB,
        0xDC,
        0xDD,
        0xE0,
        0xE1,
        0xE2,
        0xEE,
        0xFE,
        0x01,
        0xD0,
        0xD8,
    ];
    private static readonly ushort[] Sides = [0, 1, 8, 17, 500, 4096, 32768, 65500, 65535];
    private static readonly byte[][] Exif =
    [
        .. new[]
        {
            "Exif\0\0II*\0\x08\0\0\0",
            "Exif\0\0MM\0*\0\0\0\x08",
            "Exif\0\0II*\0\u00ff\u00ff\u00ff\u00ff",
            "Exif\0\0",
        }.Select(System.Text.Encoding.Latin1.GetBytes),
    ];
    private static readonly BytesMutator Bytes = new();

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        List<JpegSegment> segments = JpegSegments.Parse(input);
        if (segments.Count == 0 || random.OneIn(10))
        {
            return Bytes.Mutate(input, random);
        }

        int at = random.Below(segments.Count),
            other = random.Below(segments.Count);
        JpegSegment segment = segments[at];
        switch (random.Below(10))
        {
            case 0 or 1:
                segments[at] = segment with { Data = Bytes.Mutate(segment.Data, random) };
                break;
            case 2
            or 3
                when segments.FindIndex(s => s.Marker is >= 0xC0 and <= 0xC2 && s.Data.Length >= 6)
                    is >= 0
                        and var frame:
                segments[frame] = segments[frame] with { Data = Frame(segments[frame].Data, random) };
                break;
            case 4:
                segments.RemoveAt(at);
                break;
            case 5:
                segments.Insert(other, segment);
                break;
            case 6:
                segments[at] = segment with { Marker = random.Pick(Markers) };
                break;
            case 7:
                segments.Insert(0, new JpegSegment(0xE1, Bytes.Mutate(random.Pick(Exif), random), []));
                break;
            case 8 when segments.FindLast(s => s.Marker == 0xDA) is { } scan:
                segments.AddRange(Enumerable.Repeat(scan, random.OneIn(4) ? ManyScans : 1));
                break;
            default:
                segments[^1] = segments[^1] with { Tail = Bytes.Mutate(segments[^1].Tail, random) };
                break;
        }

        return JpegSegments.Write(segments);
    }

    public override IEnumerable<byte[]> Shrunk(byte[] input)
    {
        List<JpegSegment> segments = JpegSegments.Parse(input);
        for (int at = 0; at < segments.Count; at++)
        {
            yield return JpegSegments.Write(segments.Where((_, i) => i != at));
        }
    }

    private static byte[] Frame(byte[] data, RandomStream random)
    {
        byte[] frame = [.. data];
        int field = random.Below(frame.Length);
        if (random.OneIn(2))
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1 + (2 * random.Below(2))), random.Pick(Sides));
        }
        else
        {
            frame[field] = random.Pick<byte>([0, 1, 2, 3, 4, 8, 12, 0x11, 0x22, 0x44, 0xF1, 255]);
        }

        return frame;
    }
}
