namespace Pipelines.Models.Vision;

/// <summary>
/// EXIF orientation: where the stored picture's first row and first column belong in the upright picture.
/// </summary>
public enum Orientation
{
    /// <summary>Top, left: nothing to do.</summary>
    AsStored = 1,

    /// <summary>Top, right: mirrored.</summary>
    Mirrored = 2,

    /// <summary>Bottom, right: half a turn.</summary>
    HalfTurn = 3,

    /// <summary>Bottom, left: upside down mirrored.</summary>
    Flipped = 4,

    /// <summary>Left, top: rows and columns swapped.</summary>
    Transposed = 5,

    /// <summary>Right, top: a quarter turn clockwise makes it upright.</summary>
    QuarterTurn = 6,

    /// <summary>Right, bottom: swapped across the other diagonal.</summary>
    Transversed = 7,

    /// <summary>Left, bottom: three quarters of a turn clockwise make it upright.</summary>
    ThreeQuarterTurn = 8,
}

/// <summary>An orientation that a file states.</summary>
/// <param name="Value">How its picture is stored.</param>
/// <param name="IsPlain">It stands where the format has it, in EXIF's own type.</param>
internal readonly record struct StatedOrientation(Orientation Value, bool IsPlain);
