using Pipelines.Spec;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// A sample's baseline, prefix, passes and gradients come from one class of arithmetic: before a unit is begun, the
/// manifests of what is stored of its sample, and of what it reads that was computed over pictures, are asked for
/// theirs. What has no class, of versions that did not note it, is taken for one's own.
/// </summary>
/// <param name="own">The class of this process.</param>
/// <param name="mixing">What is done where classes would meet.</param>
/// <param name="store">Holds the manifests.</param>
internal sealed class ClassRule(string own, MixingKind mixing, ArtifactStore store)
{
    private readonly Dictionary<string, HashSet<Unit>> ofPicture = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> classes = new(StringComparer.Ordinal); // by key of a stored unit

    /// <summary>The class of this process.</summary>
    public string Own => own;

    /// <summary>What is done where classes would meet.</summary>
    public MixingKind Mixing => mixing;

    /// <summary>A unit is known: it is one of its picture's.</summary>
    public void Know(Unit unit)
    {
        if (unit.AnyClass || unit.Picture is not { } picture)
        {
            return;
        }

        if (!ofPicture.TryGetValue(picture, out HashSet<Unit>? known))
        {
            ofPicture[picture] = known = [];
        }

        known.Add(unit);
    }

    /// <summary>Another class that the unit would meet; null where it meets none.</summary>
    public string? OtherBehind(Unit unit)
    {
        if (unit.AnyClass || unit.Picture is not { } picture || mixing == MixingKind.Allow)
        {
            return null;
        }

        IEnumerable<Unit> read = unit.Inputs.Where(i => i.Pictures.Count > 0 && !i.AnyClass);
        return read.Concat(ofPicture.GetValueOrDefault(picture) ?? [])
            .Select(ClassOf)
            .FirstOrDefault(c => c is not null && c != own);
    }

    private string? ClassOf(Unit unit)
    {
        string key = Fingerprint.Of(unit);
        if (classes.TryGetValue(key, out string? known))
        {
            return known;
        }

        if (!store.Has(unit.Kind, key))
        {
            return null;
        }

        return classes[key] = store.ManifestOf(unit.Kind, key)?.NumericClass;
    }
}
