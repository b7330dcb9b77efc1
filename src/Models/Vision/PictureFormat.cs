using Pipelines.Files;

namespace Pipelines.Models.Vision;

/// <summary>The formats that are read.</summary>
public enum PictureFormat
{
    /// <summary>PNG.</summary>
    Png,

    /// <summary>JPEG.</summary>
    Jpeg,

    /// <summary>WebP; of a moving picture the first frame.</summary>
    WebP,

    /// <summary>GIF, the first frame.</summary>
    Gif,

    /// <summary>Windows bitmap.</summary>
    Bmp,
}

/// <summary>Tells what a file is by its first bytes, never by its name.</summary>
public static class PictureFormats
{
    /// <summary>The formats in words.</summary>
    public const string Read = "PNG, JPEG, WebP, GIF and BMP";

    /// <summary>Bytes that <see cref="Of"/> and <see cref="IsPicture"/> look at.</summary>
    public const int Signature = 32;

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The format of a file.</summary>
    /// <param name="start">The file's first <see cref="Signature"/> bytes, or all of a shorter one.</param>
    /// <exception cref="FormatException">It is none that is read; says what it is.</exception>
    public static PictureFormat Of(ReadOnlySpan<byte> start) =>
        start switch
        {
            [] => throw new FormatException("is empty"),
            _ when start.StartsWith(PngSignature) => PictureFormat.Png,
            [0xFF, 0xD8, 0xFF, ..] => PictureFormat.Jpeg,
            _ when start.StartsWith("GIF87a"u8) || start.StartsWith("GIF89a"u8) => PictureFormat.Gif,
            _ when start
                    is [
                        (byte)'R',
                        (byte)'I',
                        (byte)'F',
                        (byte)'F',
                        _,
                        _,
                        _,
                        _,
                        (byte)'W',
                        (byte)'E',
                        (byte)'B',
                        (byte)'P',
                        ..,
                    ] => PictureFormat.WebP,
            _ when BmpFile.IsBmp(start) => PictureFormat.Bmp,
            _ when GitLfs.IsPointer(start) => throw new FormatException(
                "is a git-LFS pointer, not the picture (run 'git lfs pull')"
            ),
            _ when Foreign(start) is { } name => throw new FormatException($"is {name}; read are {Read}"),
            _ => throw new FormatException($"is no picture that is read ({Read})"),
        };

    /// <summary>
    /// Whether a file is a picture of any format, read or not, or stands for one (a git-LFS pointer).
    /// </summary>
    /// <param name="start">As for <see cref="Of"/>.</param>
    public static bool IsPicture(ReadOnlySpan<byte> start)
    {
        if (Foreign(start) is not null || GitLfs.IsPointer(start))
        {
            return true;
        }

        try
        {
            Of(start);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>A picture format that is known and not read.</summary>
    private static string? Foreign(ReadOnlySpan<byte> start) =>
        start switch
        {
            [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => "a TIFF",
            [(byte)'I', (byte)'I', 43, 0, ..] or [(byte)'M', (byte)'M', 0, 43, ..] => "a BigTIFF",
            [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => Brand(start[8..]),
            [0xFF, 0x0A, ..] or [0, 0, 0, 0x0C, (byte)'J', (byte)'X', (byte)'L', (byte)' ', ..] => "a JPEG XL",
            [0, 0, 0, 0x0C, (byte)'j', (byte)'P', (byte)' ', (byte)' ', ..] or [0xFF, 0x4F, 0xFF, 0x51, ..] =>
                "a JPEG 2000",
            [0, 0, 1, 0, > 0, 0, ..] => "an icon",
            [(byte)'8', (byte)'B', (byte)'P', (byte)'S', ..] => "a Photoshop file",
            [(byte)'P', >= (byte)'1' and <= (byte)'7', (byte)'\n' or (byte)'\r' or (byte)' ', ..] => "a PNM",
            _ when start.StartsWith("<svg"u8) => "an SVG",
            _ => null,
        };

    /// <summary>Files that begin with an ftyp box; films are no pictures.</summary>
    private static string? Brand(ReadOnlySpan<byte> brand) =>
        brand.StartsWith("avi"u8) ? "an AVIF"
        : brand.StartsWith("hei"u8)
        || brand.StartsWith("hev"u8)
        || brand.StartsWith("mif1"u8)
        || brand.StartsWith("msf1"u8)
            ? "a HEIC"
        : null;
}

/// <summary>What a picture file says before its pixels.</summary>
/// <param name="Width">Stored columns.</param>
/// <param name="Height">Stored rows.</param>
internal readonly record struct PictureHeader(int Width, int Height);
