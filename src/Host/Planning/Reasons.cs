using Pipelines.Host.Running;
using Pipelines.Models.Families;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Planning;

/// <summary>
/// Why a unit is missing: the stored unit of the same name that comes nearest, and what differs from it. What the run
/// itself has used comes before what other runs use, however much of it differs: a person compares with the run as it
/// was, not with whatever was tried meanwhile.
/// </summary>
/// <param name="store">The stored units.</param>
/// <param name="runs">Folder with one folder a run.</param>
internal sealed class Reasons(ArtifactStore store, string runs)
{
    private const int RunsNamed = 2;

    /// <summary>Stored units whose times are averaged: more do not tell more, and each is a file to be read.</summary>
    private const int TimesRead = 500;

    private readonly Lazy<IReadOnlyDictionary<string, HashSet<string>>> used = new(() => UnitsFile.ByRun(runs));
    private readonly Dictionary<string, ILookup<string, string>> stored = new(StringComparer.Ordinal);

    /// <summary>
    /// What differs, part by part, and from what where that is not of the run; one sentence where nothing comes near,
    /// or where the unit itself was there.
    /// </summary>
    /// <param name="unit">The unit.</param>
    /// <param name="run">Name of the run that wants it.</param>
    public IReadOnlyList<string> Why(Unit unit, string run)
    {
        if (store.WasStored(unit.Kind, Fingerprint.Of(unit)))
        {
            return ["was stored, and is gone or damaged"];
        }

        Manifest[] near =
        [
            .. Read(unit.Kind, Stored(unit.Kind)[unit.Name])
                .Where(m => m.Unit == unit.Name && m.Key != Fingerprint.Of(unit)),
        ];
        if (near.Length == 0)
        {
            return ["never computed"];
        }

        Manifest nearest = near.OrderBy(m =>
                IsOf(run, m) ? 0
                : RunsOf(m).Any() ? 1
                : 2
            )
            .ThenBy(m => Differences(unit, m).Count)
            .ThenByDescending(m => m.Finished)
            .First();
        List<string> found = Differences(unit, nearest);
        if (found.Count == 0)
        {
            return ["its artifact was lost or damaged"];
        }

        if (!IsOf(run, nearest))
        {
            string[] others = [.. RunsOf(nearest)];
            found.Add(
                others.Length switch
                {
                    0 => "compared with results that no run uses",
                    1 => $"compared with the run {others[0]}",
                    <= RunsNamed => $"compared with the runs {string.Join(" and ", others)}",
                    _ => $"compared with the runs {string.Join(", ", others.Take(RunsNamed))} and "
                        + $"{Format.Count(others.Length - RunsNamed)} more",
                }
            );
        }

        return found;
    }

    private bool IsOf(string run, Manifest m) =>
        used.Value.TryGetValue(run, out var lines) && lines.Contains(LineOf(m));

    private IEnumerable<string> RunsOf(Manifest m)
    {
        string line = LineOf(m);
        return used.Value.Where(r => r.Value.Contains(line)).Select(r => r.Key);
    }

    private static string LineOf(Manifest m) => UnitsFile.Line(m.Stage, m.Key);

    /// <summary>
    /// Mean seconds per unit of work of stored units of a kind and class; null where none is stored. The mean, not the
    /// median: the first unit of a sample prepares its picture for the others. Where there are many, some are asked, in
    /// the order of their keys, which is none.
    /// </summary>
    /// <param name="kind">Stage kind.</param>
    /// <param name="class">As <see cref="PlannedWork.ClassOf"/>.</param>
    /// <param name="alike">Hashes of key parts that decide about time: units that have such a part must have this
    /// one.</param>
    public double? SecondsPerWork(string kind, string @class, IReadOnlyDictionary<string, string> alike)
    {
        double seconds = 0,
            work = 0;
        var ofClass = Stored(kind)
            .Where(g => PlannedWork.ClassOf(kind, g.Key) == @class)
            .SelectMany(g => g)
            .Order(StringComparer.Ordinal);
        var timed = Read(kind, ofClass)
            .Where(m => m.Parts.All(p => !alike.TryGetValue(p.Name, out string? hash) || hash == p.Hash));
        foreach (Manifest m in timed.Take(TimesRead))
        {
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
            KeyPart.Digest digest => Changed(digest, was.Value),
            _ => OneLine.Change(part.Name, was.Value, part.Shown),
        };

    /// <summary>
    /// A digest tells that something differs, not what: the files may be others, or the same with other bytes.
    /// </summary>
    private static string Changed(KeyPart.Digest now, string before)
    {
        string of = OneLine.Of(now.Of),
            was = OneLine.Of(KeyPart.Digest.OfShown(before));
        return of != was ? $"{now.Name} changed {was} -> {of}"
            : now.Files.Count == 0 ? $"{now.Name} changed ({of})"
            : now.IsOneFile ? $"{now.Name} changed: another {of}, or other bytes in it"
            : $"{now.Name} changed: others, or other bytes in them ({of})";
    }

    private ILookup<string, string> Stored(string kind)
    {
        if (!stored.TryGetValue(kind, out var found))
        {
            stored[kind] = found = store.ByName(kind);
        }

        return found;
    }

    private IEnumerable<Manifest> Read(string kind, IEnumerable<string> keys) =>
        keys.Select(k => store.ManifestOf(kind, k)).OfType<Manifest>();
}
