using Pipelines.Stages.Models;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Planning;

/// <summary>
/// Why a unit is missing: the stored unit of the same name that comes nearest, and what differs from it.
/// </summary>
internal sealed class Reasons(ArtifactStore store)
{
    private readonly Dictionary<string, ILookup<string, Manifest>> stored = new(StringComparer.Ordinal);

    /// <summary>What differs, part by part; one sentence where nothing comes near.</summary>
    public IReadOnlyList<string> Why(Unit unit)
    {
        Manifest? nearest = Stored(unit.Kind)[unit.Name]
            .Where(m => m.Key != Fingerprint.Of(unit))
            .OrderBy(m => Differences(unit, m).Count)
            .ThenByDescending(m => m.Finished)
            .FirstOrDefault();
        return nearest is null ? ["never computed"]
            : Differences(unit, nearest) is { Count: > 0 } found ? found
            : ["its artifact was lost or damaged"];
    }

    /// <summary>
    /// Mean seconds per unit of work of the stored units of a kind and class; null where none is stored. The mean, not
    /// the median: the first unit of a sample prepares its picture for the others.
    /// </summary>
    /// <param name="kind">Stage kind.</param>
    /// <param name="class">As <see cref="PlannedWork.ClassOf"/>.</param>
    /// <param name="alike">Hashes of key parts that decide about time: units that have such a part must have this
    /// one.</param>
    public double? SecondsPerWork(string kind, string @class, IReadOnlyDictionary<string, string> alike)
    {
        double seconds = 0,
            work = 0;
        foreach (Manifest m in Stored(kind).SelectMany(g => g))
        {
            if (
                PlannedWork.ClassOf(kind, m.Unit) != @class
                || !m.Parts.All(p => !alike.TryGetValue(p.Name, out string? hash) || hash == p.Hash)
            )
            {
                continue;
            }

            seconds += m.Seconds;
            work += Math.Max(1, m.Work);
        }

        return work > 0 ? seconds / work : null;
    }

    /// <summary>Name of the key part that holds the digest of the weights.</summary>
    internal const string ModelWeights = ModelFiles.Weights;

    private static List<string> Differences(Unit unit, Manifest before)
    {
        var differences = new List<string>();
        if (before.Version != unit.Version)
        {
            differences.Add($"stage version {before.Version} -> {unit.Version}");
        }

        var old = before.Parts.DistinctBy(p => p.Name).ToDictionary(p => p.Name, StringComparer.Ordinal);
        foreach (KeyPart part in unit.Parts)
        {
            if (!old.Remove(part.Name, out ManifestPart? was))
            {
                differences.Add($"{part.Name} is new ({OneLine.Of(part.Shown)})");
            }
            else if (was.Hash != Fingerprint.Of(part))
            {
                differences.Add(Changed(part, was));
            }
        }

        differences.AddRange(old.Keys.Select(name => $"{name} is gone"));
        return differences;
    }

    private static string Changed(KeyPart part, ManifestPart was) =>
        part switch
        {
            KeyPart.Inputs => $"input {part.Name} changed",
            KeyPart.Digest digest => $"{part.Name} changed: other bytes in {OneLine.Of(digest.Of)}",
            _ => OneLine.Change(part.Name, was.Value, part.Shown),
        };

    private ILookup<string, Manifest> Stored(string kind)
    {
        if (!stored.TryGetValue(kind, out var found))
        {
            stored[kind] = found = store.All(kind).ToLookup(m => m.Unit, StringComparer.Ordinal);
        }

        return found;
    }
}
