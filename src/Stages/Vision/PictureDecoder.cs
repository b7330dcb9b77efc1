using Pipelines.Stages.Errors;
using SkiaSharp;

namespace Pipelines.Stages.Vision;

/// <summary>
/// Decodes PNG and JPEG as Pillow does (<c>Image.open(f).convert('RGB')</c>, then <c>ImageOps.exif_transpose</c>): alpha is dropped, not blended; of 16 bits the high byte counts,
/// in gray too (Pillow clamps 16-bit gray instead); EXIF orientation is followed.
/// </summary>
internal static class PictureDecoder
{
    /// <summary>Pillow's limit: larger pictures are refused.</summary>
    public const long MaxPixels = 178_956_970;

    private const string Remedy = "Replace the picture or leave it out of the folder.";

    /// <summary>Decodes a file.</summary>
    /// <exception cref="InputException">Missing, damaged, too large, or neither PNG nor JPEG; names the file.</exception>
    public static Picture Decode(string path)
    {
        try
        {
            return Decode(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be read ({e.Message})", null, e);
        }
    }

    /// <summary>Decodes the bytes of a file; what it is, is judged by content, never by name.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">The file's name for messages.</param>
    /// <exception cref="InputException">Damaged, too large, or neither PNG nor JPEG.</exception>
    public static Picture Decode(byte[] bytes, string name)
    {
        try
        {
            var format = FormatOf(bytes);
            return DecodeAs(format, bytes);
        }
        catch (FormatException e)
        {
            throw new InputException(name, $"{e.Message}.", Remedy, e);
        }
    }

    /// <summary>Width and height of a file's picture, upright, without its pixels: their data may still be damaged.</summary>
    /// <exception cref="InputException">Missing, a damaged header, or neither PNG nor JPEG; names the file.</exception>
    public static (int Width, int Height) ReadSize(string path)
    {
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            bool png = FormatOf(bytes) == PictureFormat.Png;
            PictureHeader header = png ? PngFile.Read(bytes) : JpegFile.Read(bytes);
            return (png ? header.Orientation : OriginOf(bytes)) >= Orientation.Transposed ? (header.Height, header.Width) : (header.Width, header.Height);
        }
        catch (FormatException e)
        {
            throw new InputException(path, $"{e.Message}.", Remedy, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be read ({e.Message})", null, e);
        }
    }

    /// <summary>Orientation of a JPEG; the codec reads the header only.</summary>
    private static Orientation OriginOf(byte[] bytes)
    {
        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data) ?? throw new FormatException("is damaged: its header cannot be decoded");
        return (Orientation)codec.EncodedOrigin;
    }

    private static PictureFormat FormatOf(byte[] bytes) => bytes switch
    {
        [] => throw new FormatException("is empty"),
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => PictureFormat.Png,
        [0xFF, 0xD8, 0xFF, ..] => PictureFormat.Jpeg,
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => throw new FormatException("is a GIF; only PNG and JPEG are read"),
        [(byte)'B', (byte)'M', ..] => throw new FormatException("is a BMP; only PNG and JPEG are read"),
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => throw new FormatException("is a WebP; only PNG and JPEG are read"),
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => throw new FormatException("is a TIFF; only PNG and JPEG are read"),
        _ when bytes.AsSpan().StartsWith("version https://git-lfs"u8) => throw new FormatException("is a git-LFS pointer, not the picture (run 'git lfs pull')"),
        _ => throw new FormatException("is no PNG or JPEG"),
    };

    private static Picture DecodeAs(PictureFormat format, byte[] bytes)
    {
        // All checks come before the decoder allocates. The smallest code a format has bounds what a file of this length can hold.
        var header = format == PictureFormat.Png ? PngFile.Read(bytes) : JpegFile.Read(bytes);
        long pixels = (long)header.Width * header.Height;
        if (pixels > MaxPixels)
        {
            throw new FormatException(FormattableString.Invariant($"says it has {header.Width} x {header.Height} pixels, more than {MaxPixels:N0}"));
        }

        if (pixels > bytes.Length * (format == PictureFormat.Png ? PngFile.MaxPixelsPerByte : JpegFile.MaxPixelsPerByte))
        {
            throw new FormatException(FormattableString.Invariant($"says it has {header.Width} x {header.Height} pixels, more than a file of {bytes.Length:N0} bytes can hold"));
        }

        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data) ?? throw new FormatException("is damaged: its header cannot be decoded");
        if (codec.Info.Width != header.Width || codec.Info.Height != header.Height)
        {
            throw new FormatException("is damaged: it states two sizes");
        }

        byte[] rgba = new byte[4 * pixels];
        SKCodecResult result;
        unsafe
        {
            fixed (byte* target = rgba)
            {
                // Unpremultiplied and without a colour space, so that no value is changed.
                result = codec.GetPixels(new SKImageInfo(header.Width, header.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null), (nint)target);
            }
        }

        if (result != SKCodecResult.Success)
        {
            throw new FormatException(result == SKCodecResult.IncompleteInput ? "is damaged: its pixel data end too early" : "is damaged: its pixel data cannot be decoded");
        }

        byte[] rgb = new byte[3 * pixels];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
        }

        return new Picture(header.Width, header.Height, rgb).Turned(format == PictureFormat.Png ? header.Orientation : (Orientation)codec.EncodedOrigin);
    }

    private enum PictureFormat
    {
        Png,
        Jpeg,
    }
}

/// <summary>What a picture file says before its pixels.</summary>
/// <param name="Width">Stored columns.</param>
/// <param name="Height">Stored rows.</param>
/// <param name="Orientation">How the stored picture is to be turned; <see cref="Orientation.AsStored"/> where the decoder finds it out.</param>
internal readonly record struct PictureHeader(int Width, int Height, Orientation Orientation);
