using SkiaSharp;

namespace Pipelines.Models.Vision;

/// <summary>Encodes a picture as JPEG, for pages: a quarter of the bytes of a PNG file.</summary>
public static class JpegWriter
{
    /// <summary>The file's bytes.</summary>
    /// <param name="picture">What is transparent lies on white.</param>
    /// <param name="quality">1 to 100.</param>
    public static byte[] Encode(Picture picture, int quality)
    {
        ArgumentNullException.ThrowIfNull(picture);
        byte[] rgb = picture.OnWhite().Rgb;
        using var bitmap = new SKBitmap(
            new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque)
        );
        Span<byte> rgba = bitmap.GetPixelSpan();
        for (int from = 0, to = 0; from < rgb.Length; from += 3, to += 4)
        {
            rgb.AsSpan(from, 3).CopyTo(rgba[to..]);
            rgba[to + 3] = byte.MaxValue;
        }

        using SKData file = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality);
        return file.ToArray();
    }
}
