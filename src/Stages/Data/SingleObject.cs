using System.Globalization;

namespace Pipelines.Stages.Data;

/// <summary>
/// When a picture holds one single main object: exactly one non-crowd instance covers at least
/// <paramref name="MinArea"/> of the picture, and every other instance, crowds included, covers less than
/// <paramref name="OthersBelow"/>. The paper names no thresholds.
/// </summary>
/// <param name="MinArea">Share of the picture's area, 0..1.</param>
/// <param name="OthersBelow">Share of the picture's area, 0..1.</param>
internal sealed record SingleObject(double MinArea, double OthersBelow)
{
    /// <summary>Why a picture with these instances does not count, or null where it does.</summary>
    /// <param name="instances">The picture's instances.</param>
    /// <param name="area">Width times height, square pixels.</param>
    public string? LeftOut(InstanceTally instances, double area)
    {
        double main = instances.Largest / area,
            second = instances.Second / area,
            crowd = instances.LargestCrowd / area;
        return instances.Count == 0 ? "no instance is annotated"
            : instances.Largest < 0 || main < MinArea
                ? $"no single instance covers {Percent(MinArea)} of the picture (min_area)"
            : instances.Second >= 0 && second >= MinArea
                ? $"several instances cover {Percent(MinArea)} of the picture (min_area)"
            : instances.Second >= 0 && second >= OthersBelow
                ? $"a second instance covers {Percent(OthersBelow)} of the picture (others_below)"
            : instances.LargestCrowd >= 0 && crowd >= OthersBelow
                ? $"a crowd covers {Percent(OthersBelow)} of the picture (others_below)"
            : null;
    }

    private static string Percent(double share) =>
        (100 * share).ToString("0.####", CultureInfo.InvariantCulture) + " %";
}

/// <summary>
/// What <see cref="SingleObject"/> needs to know of a picture's instances: constant space however many there are. Areas
/// are -1 where there is none.
/// </summary>
internal struct InstanceTally
{
    /// <summary>A picture without instances.</summary>
    public InstanceTally() { }

    /// <summary>Instances, crowds included.</summary>
    public int Count { get; private set; }

    /// <summary>Area of the largest non-crowd instance, square pixels; of equal ones the first.</summary>
    public double Largest { get; private set; } = -1;

    /// <summary>Category id of the largest non-crowd instance.</summary>
    public CocoId Category { get; private set; }

    /// <summary>
    /// The annotations' box of the largest non-crowd instance: x, y, width, height in pixels; null where it has none.
    /// </summary>
    public double[]? Box { get; private set; }

    /// <summary>Area of the second largest non-crowd instance, square pixels.</summary>
    public double Second { get; private set; } = -1;

    /// <summary>Area of the largest crowd, square pixels.</summary>
    public double LargestCrowd { get; private set; } = -1;

    /// <summary>Adds an instance.</summary>
    /// <param name="area">Square pixels, not negative.</param>
    /// <param name="category">Category id.</param>
    /// <param name="crowd">COCO's iscrowd.</param>
    /// <param name="box">COCO's bbox: x, y, width, height in pixels; null = none.</param>
    public void Add(double area, CocoId category, bool crowd, double[]? box = null)
    {
        Count++;
        if (crowd)
        {
            LargestCrowd = Math.Max(LargestCrowd, area);
        }
        else if (area > Largest)
        {
            (Largest, Second, Category, Box) = (area, Largest, category, box);
        }
        else
        {
            Second = Math.Max(Second, area);
        }
    }
}
