using Pipelines.Stages.Models;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Planning;

/// <summary>Why a unit is missing: the stored unit of the same name that comes nearest, and what differs from it.</summary>
internal sealed class Reasons(ArtifactStore store)
{
    private readonly Dictionary<string, ILookup<string, Manifest>> stored = new(StringComparer.Ordinal);

    /// <summary>What differs, part by part; one sentence where nothing comes near.</summary>
    public IReadOnlyList<string> Why(Unit unit)
    {
        Manifest? nearest = Stored(unit.Kind)[unit.Name]
            .Where(m => m.Key != Fingerprint.Of(unit))
            .OrderBy(m => Differences(unit, m).Count).ThenByDescending(m => m.Finished).FirstOrDefault();
        return nearest is null ? ["never computed"] : Differences(unit, nearest) is { Count: > 0 } found ? found : ["its artifact was lost or damaged"];
    }

    /// <summary>Median seconds per unit of work of stored units of the kind, those with the same model first; null where none is stored.</summary>
    public double? SecondsPerWork(Unit unit)
    {
        string? model = unit.Parts.FirstOrDefault(p => p.Name == ModelWeights) is { } part ? Fingerprint.Of(part) : null;
        var rates = Stored(unit.Kind).SelectMany(g => g)
            .Where(m => m.Work > 0 && (model is null || m.Parts.Any(p => p.Name == ModelWeights && p.Hash == model)))
            .Select(m => m.Seconds / m.Work).Order().ToList();
        return rates.Count == 0 ? null : rates[rates.Count / 2];
    }

    /// <summary>Name of the key part that holds the digest of the weights.</summary>
    internal const string ModelWeights = ModelFiles.Weights;

    private static List<string> Differences(Unit unit, Manifest before)
    {
        var differences = new List<string>();
        if (before.Version != unit.Version) differences.Add($"stage version {before.Version} -> {unit.Version}");
        var old = before.Parts.DistinctBy(p => p.Name).ToDictionary(p => p.Name, StringComparer.Ordinal);
        foreach (KeyPart part in unit.Parts)
        {
            if (!old.Remove(part.Name, out ManifestPart? was)) differences.Add($"{part.Name} is new ({part.Shown})");
            else if (was.Hash != Fingerprint.Of(part)) differences.Add(Changed(part, was));
        }

        differences.AddRange(old.Keys.Select(name => $"{name} is gone"));
        return differences;
    }

    private static string Changed(KeyPart part, ManifestPart was) => part switch
    {
        KeyPart.Inputs => $"input {part.Name} changed",
        KeyPart.Digest digest => $"{part.Name} changed: other bytes in {digest.Of}",
        _ => $"{part.Name} changed {was.Value} -> {part.Shown}",
    };

    private ILookup<string, Manifest> Stored(string kind)
    {
        if (!stored.TryGetValue(kind, out var found)) stored[kind] = found = store.All(kind).ToLookup(m => m.Unit, StringComparer.Ordinal);
        return found;
    }
}
