using Pipelines.Models.Vision;
using Pipelines.Stages.Data;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Pictures as a page holds them. As they come, 200 photographs would weigh tens of megabytes, and a page that heavy
/// freezes browsers.
/// </summary>
internal static class PagePicture
{
    /// <summary>Longest side of a picture that is shown alone, in pixels: twice its largest place.</summary>
    public const int Large = 480;

    /// <summary>Longest side of one among many.</summary>
    public const int Small = 224;

    private const int Quality = 82;

    /// <summary>The picture of a sample no larger than <paramref name="side"/>.</summary>
    public static byte[] Of(PictureLocation location, int side)
    {
        byte[] file = location.Read();
        return Of(file, () => PictureDecoder.Decode(file, location.Shown), side);
    }

    /// <summary>
    /// The picture no larger than <paramref name="side"/>, as a JPEG file; a file that is small enough stays as it is.
    /// </summary>
    /// <param name="file">The picture's file.</param>
    /// <param name="decoded">The same decoded, upright.</param>
    /// <param name="side">Longest side in pixels.</param>
    public static byte[] Of(byte[] file, Func<Picture> decoded, int side)
    {
        int bytesOfSide = side * side / 4; // what a JPEG of that size takes, generously
        if (file.Length <= bytesOfSide)
        {
            return file;
        }

        return JpegWriter.Encode(Fitted(decoded(), side), Quality);
    }

    /// <summary>The picture no larger than a side; never enlarged.</summary>
    public static Picture Fitted(Picture picture, int side)
    {
        double factor = Math.Min(1, (double)side / Math.Max(picture.Width, picture.Height));
        return PilResize.Resize(
            picture,
            Math.Max(1, (int)Math.Round(factor * picture.Width)),
            Math.Max(1, (int)Math.Round(factor * picture.Height))
        );
    }
}
