using Pipelines.Domain.Errors;
using Pipelines.Files;
using SkiaSharp;

namespace Pipelines.Models.Vision;

/// <summary>
/// Decodes PNG, JPEG, WebP, GIF and BMP as Pillow does (<c>Image.open(f).convert('RGB')</c>, then
/// <c>ImageOps.exif_transpose</c>): alpha is kept beside the colours, not blended; of 16 bits the high byte counts, in
/// gray too (Pillow clamps 16-bit gray instead); of moving pictures the first frame; the orientation is followed
/// wherever Pillow finds it (<see cref="PictureMetadata"/>). What a file is, is judged by its content, never by its
/// name.
/// </summary>
public static class PictureDecoder
{
    /// <summary>Pillow's limit: larger pictures are refused.</summary>
    public const long MaxPixels = 178_956_970;

    /// <summary>
    /// Raised when a decoder other than those of PNG and JPEG reads a file differently or no longer: part of such a
    /// file's digest.
    /// </summary>
    public const int Version = 1;

    private const string Remedy = "Replace the picture or leave it out of the folder.";

    /// <summary>A picture of so many pixels is decoded whatever its file's length: 28 MB.</summary>
    private const long ModestPixels = 1 << 22;

    /// <summary>
    /// Of formats in which one code stands for any number of pixels: more a byte, in more than a modest picture, is
    /// taken for a bomb.
    /// </summary>
    private const long BombPixelsPerByte = 1024;

    /// <summary>Decodes a file.</summary>
    /// <exception cref="InputException">Missing, damaged, too large, or of no format that is read; names the
    /// file.</exception>
    public static Picture Decode(string path) => Decode(Bytes(path), path);

    /// <summary>Decodes the bytes of a file.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">The file's name for messages.</param>
    /// <exception cref="InputException">Damaged, too large, or of no format that is read.</exception>
    public static Picture Decode(byte[] bytes, string name)
    {
        try
        {
            return DecodeAs(PictureFormats.Of(bytes), bytes);
        }
        catch (FormatException e)
        {
            throw new InputException(name, $"{e.Message}.", Remedy, e);
        }
    }

    /// <summary>
    /// Width and height of a file's picture, upright, without its pixels: their data may still be damaged.
    /// </summary>
    /// <exception cref="InputException">Missing, a damaged header, or of no format that is read; names the
    /// file.</exception>
    public static (int Width, int Height) ReadSize(string path) => ReadSize(Bytes(path), path);

    /// <summary>The same of the bytes of a file.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">The file's name for messages.</param>
    /// <exception cref="InputException">A damaged header, or of no format that is read.</exception>
    public static (int Width, int Height) ReadSize(byte[] bytes, string name)
    {
        try
        {
            var format = PictureFormats.Of(bytes);
            PictureHeader header = HeaderOf(format, bytes);
            return OrientationOf(format, bytes) >= Orientation.Transposed
                ? (header.Height, header.Width)
                : (header.Width, header.Height);
        }
        catch (FormatException e)
        {
            throw new InputException(name, $"{e.Message}.", Remedy, e);
        }
    }

    /// <summary>What a file is, from its first bytes; null where it is no picture that is read.</summary>
    /// <exception cref="InputException">It cannot be opened.</exception>
    public static PictureFormat? FormatOf(string path)
    {
        try
        {
            return PictureFormats.Of(Start(path));
        }
        catch (FormatException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>
    /// How a file's picture is turned, where that is told by other means than EXIF's plain tag; null where it is not,
    /// or the file is no picture.
    /// </summary>
    /// <exception cref="InputException">It cannot be opened.</exception>
    public static Orientation? TurnedByOtherMeans(string path)
    {
        if (FormatOf(path) is not { } format)
        {
            return null;
        }

        try
        {
            using FileStream file = RegularFile.Open(path);
            return
                PictureMetadata.Of(format, file).Stated is { IsPlain: false, Value: var orientation }
                && orientation != Orientation.AsStored
                ? orientation
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>The first bytes of a file, enough to tell what it is.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static byte[] Start(string path)
    {
        using var stream = RegularFile.Open(path, buffer: 1);
        byte[] start = new byte[PictureFormats.Signature];
        return start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
    }

    /// <summary>
    /// The whole file, once its first bytes say that it is a picture: a film or an archive is not read into memory.
    /// </summary>
    private static byte[] Bytes(string path)
    {
        try
        {
            PictureFormats.Of(Start(path));
            return RegularFile.ReadAllBytes(path);
        }
        catch (FormatException e)
        {
            throw new InputException(path, $"{e.Message}.", Remedy, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    private static InputException Unreadable(string path, Exception e)
    {
        bool missing = e is FileNotFoundException or DirectoryNotFoundException;
        return new InputException(
            path,
            missing ? "cannot be read: there is no such file." : $"cannot be read ({e.Message.TrimEnd('.')}).",
            null,
            e
        );
    }

    private static PictureHeader HeaderOf(PictureFormat format, byte[] bytes) =>
        format switch
        {
            PictureFormat.Png => PngFile.Read(bytes),
            PictureFormat.Jpeg => JpegFile.Read(bytes),
            PictureFormat.WebP => WebPFile.Read(bytes),
            PictureFormat.Gif => GifFile.Read(bytes),
            PictureFormat.Bmp => BmpFile.Read(bytes),
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        };

    private static Orientation OrientationOf(PictureFormat format, byte[] bytes) =>
        PictureMetadata.Of(format, new MemoryStream(bytes, writable: false)).Stated.Value;

    private static Picture DecodeAs(PictureFormat format, byte[] bytes)
    {
        // All checks come before the decoder allocates.
        var header = HeaderOf(format, bytes);
        RequireRoom(format, header, bytes.Length);
        Picture stored = format switch
        {
            PictureFormat.Gif => GifFile.Decode(bytes),
            PictureFormat.Bmp => BmpFile.Decode(bytes),
            PictureFormat.Png => DecodePng(bytes, header),
            _ => DecodeBySkia(bytes, header),
        };
        return stored.Turned(OrientationOf(format, bytes));
    }

    private static Picture DecodePng(byte[] bytes, PictureHeader header)
    {
        byte[] essential = PngFile.Essential(bytes);
        PngFile.RequireData(essential, header);
        return DecodeBySkia(essential, header);
    }

    /// <summary>
    /// Refuses what a file of this length cannot hold by the smallest code that its format has (a JPEG's header has
    /// been judged so already), and bombs where there is no smallest.
    /// </summary>
    private static void RequireRoom(PictureFormat format, PictureHeader header, long length)
    {
        long pixels = (long)header.Width * header.Height;
        string size = Invariant.Text($"says it has {header.Width} x {header.Height} pixels");
        if (pixels > MaxPixels)
        {
            throw new FormatException(Invariant.Text($"{size}, more than {MaxPixels:N0}"));
        }

        switch (format)
        {
            case PictureFormat.Png when pixels > length * PngFile.MaxPixelsPerByte:
                throw new FormatException(Invariant.Text($"{size}, more than a file of {length:N0} bytes can hold"));
            case PictureFormat.WebP
            or PictureFormat.Gif
            or PictureFormat.Bmp when pixels > Math.Max(ModestPixels, length * BombPixelsPerByte):
                throw new FormatException(
                    Invariant.Text(
                        $"{size} in {length:N0} bytes, more than {BombPixelsPerByte} pixels a byte: it is taken for "
                            + $"a decompression bomb"
                    )
                );
        }
    }

    private static Picture DecodeBySkia(byte[] bytes, PictureHeader header)
    {
        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data) ?? throw new FormatException("is damaged: its header cannot be decoded");
        if (codec.Info.Width != header.Width || codec.Info.Height != header.Height)
        {
            throw new FormatException("is damaged: it states two sizes");
        }

        long pixels = (long)header.Width * header.Height;
        byte[] rgba = new byte[4 * pixels];
        SKCodecResult result;
        unsafe
        {
            fixed (byte* target = rgba)
            {
                // Unpremultiplied and without a colour space, so that no value is changed.
                result = codec.GetPixels(
                    new SKImageInfo(header.Width, header.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null),
                    (nint)target
                );
            }
        }

        if (result != SKCodecResult.Success)
        {
            throw new FormatException(
                result == SKCodecResult.IncompleteInput
                    ? "is damaged: its pixel data end too early"
                    : "is damaged: its pixel data cannot be decoded"
            );
        }

        byte[] rgb = new byte[3 * pixels];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
        }

        return new Picture(header.Width, header.Height, rgb)
        {
            Alpha = codec.Info.AlphaType == SKAlphaType.Opaque ? null : AlphaOf(bytes, rgba),
        };
    }

    /// <summary>
    /// What is transparent; null where nothing is. Pillow opens a PNG of colours with one transparent colour as RGB and
    /// leaves that colour as it is.
    /// </summary>
    private static byte[]? AlphaOf(byte[] file, byte[] rgba)
    {
        const int colourType = 25,
            ofColours = 2;
        bool isPng = PictureFormats.Of(file) == PictureFormat.Png;
        if (isPng && file[colourType] == ofColours)
        {
            return null;
        }

        byte[] alpha = new byte[rgba.Length / 4];
        bool isCovered = true;
        for (int i = 0; i < alpha.Length; i++)
        {
            alpha[i] = rgba[(4 * i) + 3];
            isCovered &= alpha[i] == byte.MaxValue;
        }

        return isCovered ? null : alpha;
    }
}
