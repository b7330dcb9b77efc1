using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Stages.Reporting;

/// <summary>A small picture of a drawing: a JPEG file of a few kilobytes, so that many fit a page.</summary>
/// <param name="Jpeg">The file.</param>
/// <param name="Aspect">Width by height.</param>
internal sealed record Thumbnail(byte[] Jpeg, double Aspect)
{
    private const int Quality = 80;

    /// <summary>Longest side in pixels: twice what is shown, for sharp screens.</summary>
    private const int Side = 160;

    /// <summary>Of a picture file; null where there is none or it cannot be read.</summary>
    public static Thumbnail? Of(byte[]? file)
    {
        if (file is not { Length: > 0 })
        {
            return null;
        }

        try
        {
            Picture picture = PictureDecoder.Decode(file, "picture").OnWhite();
            return new Thumbnail(
                JpegWriter.Encode(PagePicture.Fitted(picture, Side), Quality),
                (double)picture.Width / picture.Height
            );
        }
        catch (InputException)
        {
            return null;
        }
    }

    /// <summary>Draws it as large as fits a box, in the middle.</summary>
    public Svg Draw(Svg svg, double x, double y, double width, double height, string? tip = null)
    {
        double w = Math.Min(width, height * Aspect),
            h = w / Aspect;
        return svg.Picture(Jpeg, x + ((width - w) / 2), y + ((height - h) / 2), w, h, tip);
    }
}
