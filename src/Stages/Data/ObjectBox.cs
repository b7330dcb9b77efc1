using Pipelines.Models.Vision;

namespace Pipelines.Stages.Data;

/// <summary>Where a picture's one main object lies, by the annotations' box.</summary>
/// <param name="Region">The box within the picture.</param>
/// <param name="Width">Columns of the picture that was annotated.</param>
/// <param name="Height">Rows of it.</param>
public sealed record ObjectBox(PictureRegion Region, long Width, long Height)
{
    /// <summary>
    /// A box of the annotations, cut at the picture's edges; null where nothing of it lies in the picture.
    /// </summary>
    /// <param name="x">Left edge in pixels.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="w">Columns.</param>
    /// <param name="h">Rows.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    public static ObjectBox? Of(double x, double y, double w, double h, long width, long height)
    {
        var region = new PictureRegion(Edge(x, width), Edge(y, height), Edge(x + w, width), Edge(y + h, height));
        return region.Right > region.Left && region.Bottom > region.Top ? new ObjectBox(region, width, height) : null;
    }

    /// <summary>
    /// Whether a picture has the shape of the one that was annotated, to a pixel; a copy of another size may. One that
    /// was turned since (EXIF) has not, and the box is none of its.
    /// </summary>
    public bool Fits(int width, int height) =>
        Math.Abs(((double)Width * height / Height) - width) <= 1
        || Math.Abs(((double)Height * width / Width) - height) <= 1;

    private static double Edge(double pixels, long side) => Math.Clamp(pixels / side, 0, 1);
}
