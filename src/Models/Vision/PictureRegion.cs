namespace Pipelines.Models.Vision;

/// <summary>
/// An upright rectangle over a picture. Edges are shares of the picture's width and height, (0, 0) the upper left
/// corner; it may reach beyond the picture, as a padded token does.
/// </summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Upper edge.</param>
/// <param name="Right">Right edge, not left of <paramref name="Left"/>.</param>
/// <param name="Bottom">Lower edge, not above <paramref name="Top"/>.</param>
public readonly record struct PictureRegion(double Left, double Top, double Right, double Bottom)
{
    /// <summary>The whole picture.</summary>
    public static readonly PictureRegion Whole = new(0, 0, 1, 1);

    /// <summary>In units of the picture's area.</summary>
    public double Area => (Right - Left) * (Bottom - Top);

    /// <summary>The share of this region that another one covers, 0..1.</summary>
    public double CoveredBy(PictureRegion other)
    {
        double width = Math.Min(Right, other.Right) - Math.Max(Left, other.Left),
            height = Math.Min(Bottom, other.Bottom) - Math.Max(Top, other.Top);
        return width <= 0 || height <= 0 ? 0 : Math.Min(1, width * height / Area);
    }

    /// <summary>A part of this region, given in shares of it.</summary>
    public PictureRegion Part(PictureRegion part)
    {
        double width = Right - Left,
            height = Bottom - Top;
        return new PictureRegion(
            Left + (part.Left * width),
            Top + (part.Top * height),
            Left + (part.Right * width),
            Top + (part.Bottom * height)
        );
    }

    /// <summary>
    /// This region in shares of another, cut at its edges: the reverse of <see cref="Part"/>. Null where they have
    /// nothing in common.
    /// </summary>
    public PictureRegion? Within(PictureRegion whole)
    {
        double width = whole.Right - whole.Left,
            height = whole.Bottom - whole.Top;
        var within = new PictureRegion(
            Math.Clamp((Left - whole.Left) / width, 0, 1),
            Math.Clamp((Top - whole.Top) / height, 0, 1),
            Math.Clamp((Right - whole.Left) / width, 0, 1),
            Math.Clamp((Bottom - whole.Top) / height, 0, 1)
        );
        return within.Area > 0 ? within : null;
    }

    /// <summary>This region cut into equal cells, row by row.</summary>
    public IEnumerable<PictureRegion> Cells(int rows, int columns)
    {
        PictureRegion whole = this;
        return Enumerable
            .Range(0, rows * columns)
            .Select(i =>
                whole.Part(
                    new PictureRegion(
                        (double)(i % columns) / columns,
                        (double)(i / columns) / rows,
                        (double)((i % columns) + 1) / columns,
                        (double)((i / columns) + 1) / rows
                    )
                )
            );
    }
}
