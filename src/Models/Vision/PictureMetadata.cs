using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Pipelines.Models.Vision;

/// <summary>
/// What a picture file says beside its pixels about how it is to be turned. Only that is looked for and only that is
/// read: the pixels between are stepped over.
/// </summary>
/// <param name="Exif">EXIF block, from its byte-order mark or JPEG's mark before it on; null where there is
/// none.</param>
/// <param name="Profile">EXIF block that ImageMagick writes into a PNG as hexadecimal text; null where there is
/// none.</param>
/// <param name="Xmp">XMP packet; null where there is none.</param>
internal sealed record PictureMetadata(byte[]? Exif, byte[]? Profile, byte[]? Xmp)
{
    private const int PngSignature = 8,
        PngLongestKey = 79,
        LongestText = 1 << 20; // Pillow's limit for a text of a PNG

    private const byte StartOfScan = 0xDA,
        EndOfImage = 0xD9,
        Application1 = 0xE1;

    private static readonly PictureMetadata Nothing = new(null, null, null);

    /// <summary>
    /// How the picture is stored, as Pillow's <c>exif_transpose</c> finds it: EXIF, else ImageMagick's profile; where
    /// neither has the tag, the first <c>tiff:Orientation</c> of XMP. Plain where nothing says otherwise.
    /// </summary>
    public StatedOrientation Stated
    {
        get
        {
            if (ExifBlock.OrientationIn(Exif ?? Profile) is { } stated)
            {
                return stated with { IsPlain = stated.IsPlain && Exif is not null };
            }

            return InXmp(Xmp) is { } other
                ? new StatedOrientation(other, IsPlain: false)
                : new StatedOrientation(Orientation.AsStored, IsPlain: true);
        }
    }

    /// <summary>Reads the metadata of a file; a damaged one has what stands before the damage.</summary>
    /// <param name="format">What the file is.</param>
    /// <param name="file">The whole file; its position is moved.</param>
    public static PictureMetadata Of(PictureFormat format, Stream file)
    {
        var bytes = new Source(file);
        return format switch
        {
            PictureFormat.Png => OfPng(bytes),
            PictureFormat.Jpeg => OfJpeg(bytes),
            PictureFormat.WebP => OfWebP(bytes),
            _ => Nothing,
        };
    }

    /// <summary>Chunks eXIf and texts, which may stand before or behind the pixels.</summary>
    private static PictureMetadata OfPng(Source file)
    {
        PictureMetadata found = Nothing;
        long length;
        for (long at = PngSignature; at + 12 <= file.Length; at += 12 + length)
        {
            length = BinaryPrimitives.ReadUInt32BigEndian(file.Bytes(at, 4));
            if (at + 12 + length > file.Length)
            {
                break;
            }

            string name = Encoding.Latin1.GetString(file.Bytes(at + 4, 4));
            if (name == "eXIf")
            {
                found = found with { Exif = file.Bytes(at + 8, length) };
            }
            else if (name is "tEXt" or "zTXt" or "iTXt")
            {
                ReadOnlySpan<byte> start = file.Bytes(at + 8, Math.Min(length, PngLongestKey + 1));
                int key = start.IndexOf((byte)0);
                found = (key < 0 ? "" : Encoding.Latin1.GetString(start[..key])) switch
                {
                    "XML:com.adobe.xmp" when Text(name, Value()) is { } xmp => found with { Xmp = xmp },
                    "Raw profile type exif" when Text(name, Value()) is { } raw => found with
                    {
                        Profile = FromHexadecimal(raw),
                    },
                    _ => found,
                };

                byte[] Value() => file.Bytes(at + 8 + key + 1, length - key - 1);
            }
        }

        return found;
    }

    /// <summary>Segments APP1 before the first scan: one EXIF block in one or several, and XMP.</summary>
    private static PictureMetadata OfJpeg(Source file)
    {
        PictureMetadata found = Nothing;
        for (long at = 2; at + 4 <= file.Length;)
        {
            byte[] head = file.Bytes(at, 4);
            byte marker = head[1];
            if (head[0] != 0xFF || marker == 0xFF)
            {
                at++; // fill bytes, or garbage between segments, which decoders skip
            }
            else if (marker is 0x00 or 0x01 or (>= 0xD0 and <= 0xD8))
            {
                at += 2; // markers without a segment
            }
            else if (marker is StartOfScan or EndOfImage)
            {
                break;
            }
            else
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(2));
                if (marker == Application1)
                {
                    found = found.With(file.Bytes(at + 4, Math.Min(length - 2, file.Length - at - 4)));
                }

                at += 2 + length;
            }
        }

        return found;
    }

    /// <summary>What an APP1 segment adds.</summary>
    private PictureMetadata With(ReadOnlySpan<byte> segment)
    {
        ReadOnlySpan<byte> exif = "Exif\0\0"u8,
            xmp = "http://ns.adobe.com/xap/1.0/\0"u8;
        return segment.StartsWith(exif) ? this with { Exif = [.. Exif ?? exif, .. segment[exif.Length..]] }
            : segment.StartsWith(xmp) ? this with { Xmp = segment[xmp.Length..].ToArray() }
            : this;
    }

    /// <summary>Chunks EXIF and XMP, each only where the first chunk says that there is one.</summary>
    private static PictureMetadata OfWebP(Source file)
    {
        const int firstChunk = 12;
        const byte exif = 8,
            xmp = 4;
        PictureMetadata found = Nothing;
        byte flags = 0;
        long length;
        for (long at = firstChunk; at + 8 <= file.Length; at += 8 + length + (length % 2))
        {
            length = BinaryPrimitives.ReadUInt32LittleEndian(file.Bytes(at + 4, 4));
            long whole = Math.Min(length, file.Length - at - 8);
            string name = Encoding.Latin1.GetString(file.Bytes(at, 4));
            if (at == firstChunk && name == "VP8X" && whole > 0)
            {
                flags = file.Bytes(at + 8, 1)[0];
            }
            else if (name == "EXIF" && (flags & exif) != 0)
            {
                found = found with { Exif = found.Exif ?? file.Bytes(at + 8, whole) };
            }
            else if (name == "XMP " && (flags & xmp) != 0)
            {
                found = found with { Xmp = found.Xmp ?? file.Bytes(at + 8, whole) };
            }
        }

        return found;
    }

    /// <summary>
    /// The text of a PNG's chunk behind its key; null where it cannot be inflated or is longer than Pillow takes.
    /// </summary>
    private static byte[]? Text(string chunk, byte[] value)
    {
        if (chunk == "tEXt")
        {
            return value;
        }

        if (chunk == "zTXt")
        {
            return value is [0, ..] ? Inflated(value.AsSpan(1)) : null;
        }

        // Whether it is deflated, how, language, key in that language, text
        int language = value.Length < 2 ? -1 : value.AsSpan(2).IndexOf((byte)0),
            key = language < 0 ? -1 : value.AsSpan(3 + language).IndexOf((byte)0);
        if (key < 0)
        {
            return null;
        }

        Span<byte> text = value.AsSpan(4 + language + key);
        return value[0] == 0 ? text.ToArray()
            : value[1] == 0 ? Inflated(text)
            : null;
    }

    private static byte[]? Inflated(ReadOnlySpan<byte> deflated)
    {
        try
        {
            using var inflated = new ZLibStream(new MemoryStream(deflated.ToArray()), CompressionMode.Decompress);
            byte[] text = new byte[LongestText + 1];
            int length = inflated.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return length <= LongestText ? text[..length] : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>
    /// ImageMagick's text: an empty line, the name, the length, lines of hexadecimal digits. null where it is another.
    /// </summary>
    private static byte[]? FromHexadecimal(ReadOnlySpan<byte> text)
    {
        const int linesBefore = 3;
        string[] lines = Encoding.Latin1.GetString(text).Split('\n');
        try
        {
            return Convert.FromHexString(
                string.Concat(lines.Skip(linesBefore).SelectMany(l => l).Where(c => !char.IsWhiteSpace(c)))
            );
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Pillow's expression <c>tiff:Orientation(="|&gt;)([0-9])</c>; null where it is nowhere.</summary>
    private static Orientation? InXmp(ReadOnlySpan<byte> packet)
    {
        ReadOnlySpan<byte> name = "tiff:Orientation"u8;
        while (packet.IndexOf(name) is >= 0 and var at)
        {
            packet = packet[(at + name.Length)..];
            ReadOnlySpan<byte> value =
                packet.StartsWith("=\""u8) ? packet[2..]
                : packet.StartsWith(">"u8) ? packet[1..]
                : [];
            if (value is [>= (byte)'0' and <= (byte)'9', ..])
            {
                return ExifBlock.OrientationOf(value[0] - '0');
            }
        }

        return null;
    }

    /// <summary>Pieces of a file.</summary>
    private readonly struct Source(Stream stream)
    {
        public long Length { get; } = stream.Length;

        /// <summary>Bytes from an offset on, which the file has.</summary>
        public byte[] Bytes(long offset, long count)
        {
            byte[] bytes = new byte[Math.Max(0, count)];
            stream.Position = offset;
            int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read == bytes.Length ? bytes : throw new EndOfStreamException("the file has become shorter");
        }
    }
}
