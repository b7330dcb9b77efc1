namespace Pipelines.Stages.Data;

/// <summary>One picture of a data set.</summary>
/// <param name="SampleId">Unique in the set and stable: COCO's image id, else the path below the folder with
/// '/'.</param>
/// <param name="File">Path below the picture folder with '/': the same on every machine.</param>
/// <param name="FullPath">Where the file lies here.</param>
/// <param name="Category">What the picture shows; null where nothing says so, then no answer is judged.</param>
/// <param name="SuperCategory">COCO's super-category, or null.</param>
/// <param name="Domain">DomainNet's domain (style), or null.</param>
/// <param name="LeftOut">Why the picture is never asked about (it may still be a baseline picture), or null.</param>
/// <param name="Box">Where its one main object lies, or null.</param>
public sealed record DataItem(
    string SampleId,
    string File,
    string FullPath,
    string? Category = null,
    string? SuperCategory = null,
    string? Domain = null,
    string? LeftOut = null,
    ObjectBox? Box = null
)
{
    /// <summary>
    /// Why there is no such picture to read, as far as the folder's listing tells, or null: it is asked about and drawn
    /// in vain, with this reason.
    /// </summary>
    public string? Gone { get; init; }

    /// <summary>The picture's own question; null where the experiment asks all pictures the same.</summary>
    public Question? Question { get; init; }

    /// <summary>Where the picture lies; a part of another file for pictures inside files of questions.</summary>
    public PictureLocation Location { get; init; } = new PictureFile(FullPath);
}
