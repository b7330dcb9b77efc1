using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// The units about each picture, as far as they are known. A worker that leaves a picture with all of them stored says
/// so with their digest, and others who know the same units need not look at each: 512 workers that ask the file system
/// about every unit of every other would be its heaviest users.
/// </summary>
internal sealed class PictureUnits
{
    private readonly Dictionary<string, HashSet<Unit>> units = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> digests = new(StringComparer.Ordinal);

    /// <summary>A unit is known.</summary>
    public void Know(Unit unit)
    {
        if (unit.Picture is not { } picture)
        {
            return;
        }

        if (!units.TryGetValue(picture, out HashSet<Unit>? known))
        {
            units[picture] = known = [];
        }

        if (known.Add(unit))
        {
            digests.Remove(picture);
        }
    }

    /// <summary>The units about a picture.</summary>
    public IReadOnlyCollection<Unit> Of(string picture) => units.GetValueOrDefault(picture) ?? [];

    /// <summary>Digest of their keys.</summary>
    public string DigestOf(string picture)
    {
        if (!digests.TryGetValue(picture, out string? digest))
        {
            IEnumerable<string> keys = Of(picture).Select(Fingerprint.Of).Order(StringComparer.Ordinal);
            digests[picture] = digest = FileDigests.OfText(string.Join('\n', keys));
        }

        return digest;
    }
}
