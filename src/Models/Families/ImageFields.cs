using Pipelines.Domain;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families;

/// <summary>
/// The fields of <c>model.image</c> that a family has, with what stands where the spec is silent: mean keys and values
/// are by position, so the defaults give every picture one number of image tokens.
/// </summary>
public sealed record ImageFields
{
    /// <summary><c>fit</c>: what the folder's own processor does to a picture that is not square; null = no such
    /// field.</summary>
    public Func<PreprocessorConfig, ImageFit>? PublishedFit { get; init; }

    /// <summary>
    /// <c>size</c> and <c>other_sizes</c>: pixels a side of the one size, 0 = each picture's own; null = no such
    /// fields.
    /// </summary>
    public int? Size { get; init; }

    /// <summary><c>tiles</c>: tiles at most; null = no such field.</summary>
    public int? Tiles { get; init; }

    /// <summary>Every picture becomes the same number of image tokens, whatever is chosen.</summary>
    public bool AreOfOneNumber => Size is null && Tiles is null;

    /// <summary>Names of the fields, in the order in which messages list them.</summary>
    public IReadOnlyList<string> Names =>
        [
            .. PublishedFit is null ? Array.Empty<string>() : ["fit"],
            .. Tiles is null ? Array.Empty<string>() : ["tiles"],
            .. Size is null ? Array.Empty<string>() : ["size", "other_sizes"],
        ];
}
