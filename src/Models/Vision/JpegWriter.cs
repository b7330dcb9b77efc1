using SkiaSharp;

namespace Pipelines.Models.Vision;

/// <summary>
/// Encodes a picture as baseline JPEG without metadata: small pictures of a page, in a tenth of the bytes of
/// <see cref="PngWriter"/>. Nothing is computed from them. The same picture gives the same bytes on one machine.
/// </summary>
public static class JpegWriter
{
    /// <summary>The file's bytes.</summary>
    /// <param name="picture">Without its transparency.</param>
    /// <param name="quality">1 to 100.</param>
    public static byte[] Encode(Picture picture, int quality)
    {
        using var bitmap = new SKBitmap(
            new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque)
        );
        Span<byte> rgba = bitmap.GetPixelSpan();
        for (int from = 0, to = 0; from < picture.Rgb.Length; from += 3, to += 4)
        {
            picture.Rgb.AsSpan(from, 3).CopyTo(rgba[to..]);
            rgba[to + 3] = byte.MaxValue;
        }

        using SKData file = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality);
        return file.ToArray();
    }
}
