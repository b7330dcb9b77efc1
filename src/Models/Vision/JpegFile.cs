using System.Buffers.Binary;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Vision;

/// <summary>
/// Walks the markers of a JPEG up to its first scan: only baseline, extended and progressive Huffman files of 8 bits
/// pass, and only with an end marker (a decoder would fill what is missing with gray).
/// </summary>
internal static class JpegFile
{
    /// <summary>
    /// A block of 64 pixels costs at least two codes of one bit, its mean and its end: 256 pixels a byte.
    /// </summary>
    private const long SequentialPixelsPerByte = 256;

    /// <summary>In a progressive file ends of blocks are counted in runs: a bit for the mean alone.</summary>
    private const long ProgressivePixelsPerByte = 512;

    private const byte EndOfImage = 0xD9,
        StartOfScan = 0xDA,
        LastBaselineKind = 0xC2,
        Progressive = 0xC2;

    /// <summary>Reads the header.</summary>
    /// <param name="file">The whole file, which starts with FF D8.</param>
    /// <exception cref="FormatException">Damaged or of an unsupported kind; says which.</exception>
    public static PictureHeader Read(ReadOnlySpan<byte> file)
    {
        PictureHeader? header = null;
        int at = 2;
        while (at + 4 <= file.Length)
        {
            byte marker = file[at + 1];
            if (file[at] != 0xFF || marker == 0xFF)
            {
                at++; // fill bytes, or garbage between segments, which decoders skip
            }
            else if (marker is 0x00 or 0x01 or (>= 0xD0 and <= 0xD8))
            {
                at += 2; // markers without a segment
            }
            else if (marker == EndOfImage)
            {
                throw new FormatException("is a JPEG without pixel data");
            }
            else if (marker == StartOfScan)
            {
                return file[at..].IndexOf<byte>([0xFF, EndOfImage]) >= 0
                    ? header ?? throw new FormatException("is a JPEG without a size")
                    : throw new FormatException("is damaged: the JPEG ends before its end marker");
            }
            else
            {
                // Start of frame; C4, C8, CC are tables
                if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
                {
                    header = ReadFrame(marker, file[(at + 4)..], file.Length);
                }

                at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            }
        }

        throw new FormatException("is damaged: the JPEG ends inside its headers");
    }

    private static PictureHeader ReadFrame(byte marker, ReadOnlySpan<byte> frame, long fileLength)
    {
        if (marker > LastBaselineKind)
        {
            throw new FormatException(
                Invariant.Text($"is a JPEG of the kind SOF{marker - 0xC0}, which is not supported")
            );
        }

        if (frame.Length < 5)
        {
            throw new FormatException("is damaged: the JPEG ends inside its headers");
        }

        if (frame[0] != 8)
        {
            throw new FormatException(Invariant.Text($"is a JPEG of {frame[0]} bits a sample, which is not supported"));
        }

        int height = BinaryPrimitives.ReadUInt16BigEndian(frame[1..]),
            width = BinaryPrimitives.ReadUInt16BigEndian(frame[3..]);
        if (width == 0 || height == 0)
        {
            throw new FormatException("is a JPEG without a width or height");
        }

        long most = fileLength * (marker == Progressive ? ProgressivePixelsPerByte : SequentialPixelsPerByte);
        return (long)width * height <= most
            ? new PictureHeader(width, height)
            : throw new FormatException(
                Invariant.Text(
                    $"says it has {width} x {height} pixels, more than a file of {fileLength:N0} bytes can hold"
                )
            );
    }
}
