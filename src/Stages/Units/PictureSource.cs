using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>A picture as a unit depends on it: what its file holds, under a name that is the same everywhere.</summary>
/// <param name="SampleId">Its id.</param>
/// <param name="File">Path below the picture folder.</param>
/// <param name="Location">Where it lies here; no part of the key.</param>
/// <param name="Gone">Why there is no such picture; the digest says the same.</param>
/// <param name="Digest">Of the file and of all that decides how it is read.</param>
/// <param name="LabelFiles">Files that say what the pictures show: looked at again, no part of the key.</param>
public sealed record PictureSource(
    string SampleId,
    string File,
    PictureLocation Location,
    string? Gone,
    string Digest,
    IReadOnlyList<string> LabelFiles
) : IKeyed
{
    /// <summary>The picture of an item.</summary>
    internal static PictureSource Of(DataItem item, string digest, IReadOnlyList<string> labelFiles) =>
        new(item.SampleId, item.File, item.Location, item.Gone, digest, labelFiles);

    IEnumerable<KeyPart> IKeyed.KeyParts(string name) =>
        [new KeyPart.Digest(name, File, Digest) { Files = [Location.Container, .. LabelFiles] }];
}

/// <summary>Pictures as a unit depends on them, in order.</summary>
/// <param name="Pictures">The pictures.</param>
public sealed record PictureSources(IReadOnlyList<PictureSource> Pictures) : IKeyed
{
    IEnumerable<KeyPart> IKeyed.KeyParts(string name) =>
        [
            new KeyPart.Digest(
                name,
                $"{Pictures.Count} {(Pictures.Count == 1 ? "picture" : "pictures")}",
                FileDigests.Combine(Pictures.Select(p => (p.SampleId, p.Digest)))
            )
            {
                Files =
                [
                    .. Pictures.Select(p => p.Location.Container).Distinct(),
                    .. Pictures.SelectMany(p => p.LabelFiles).Distinct(),
                ],
            },
        ];
}
