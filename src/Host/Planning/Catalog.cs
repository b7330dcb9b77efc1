using System.Collections.Concurrent;
using System.Reflection;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Planning;

/// <summary>
/// Units and the store: which are there, and how one is computed. An artifact is checked once a process.
/// </summary>
internal sealed class Catalog
{
    private readonly ArtifactStore store;
    private readonly string device;
    private readonly ConcurrentDictionary<string, string> sound = new(StringComparer.Ordinal);

    /// <summary>Units kept in <paramref name="store"/>; <paramref name="device"/> is written into manifests.</summary>
    public Catalog(ArtifactStore store, string device)
    {
        this.store = store;
        this.device = device;
        Artifacts = new Artifacts(FolderOf);
    }

    /// <summary>What is there, as stages see it.</summary>
    public Artifacts Artifacts { get; }

    /// <summary>The store.</summary>
    public ArtifactStore Store => store;

    /// <summary>
    /// Those of some units that are stored. Their files are checked side by side: a large experiment has tens of
    /// thousands.
    /// </summary>
    public HashSet<Unit> Stored(IReadOnlyCollection<Unit> units) =>
        [.. units.AsParallel().AsOrdered().Where(Artifacts.Has)];

    /// <summary>
    /// Computes and stores a unit, unless a file that it reads is not, or no longer, the one that its key says.
    /// </summary>
    /// <exception cref="InputException">Such a file changed; names it.</exception>
    public void Compute(Unit unit, Action<long> advance, CancellationToken cancel)
    {
        string key = Fingerprint.Of(unit);
        store.Write(
            unit.Kind,
            key,
            folder => Compute(unit, new UnitRun(folder, Artifacts, advance, cancel)),
            (files, seconds) =>
                new Manifest(
                    unit.Kind,
                    unit.Version,
                    unit.Name,
                    key,
                    [.. unit.Parts.Select(p => new ManifestPart(p.Name, Short(p.Shown), Fingerprint.Of(p)))],
                    files,
                    device,
                    Libraries,
                    DateTime.UtcNow,
                    seconds,
                    unit.Work
                )
        );
        sound[key] = store.FolderOf(unit.Kind, key);
    }

    private void Compute(Unit unit, UnitRun run)
    {
        if (ChangeOfSources(unit) is { } before)
        {
            throw before;
        }

        try
        {
            unit.Compute(run);
        }
        catch (Exception e) when (e is not OperationCanceledException && ChangeOfSources(unit) is { } cause)
        {
            // A file in the middle of being written reads as damaged
            throw new InputException(cause.Where, cause.What, cause.Remedy, e);
        }

        if (ChangeOfSources(unit) is { } after)
        {
            throw after;
        }
    }

    private InputException? ChangeOfSources(Unit unit) =>
        unit
            .Parts.OfType<KeyPart.Digest>()
            .SelectMany(d => d.Files)
            .Select(store.Digests.ChangeOf)
            .FirstOrDefault(change => change is not null);

    private static IReadOnlyDictionary<string, string> Libraries { get; } =
        new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["pipelines"] = typeof(Unit).Assembly.GetName().Version?.ToString() ?? "",
            [".net"] = Environment.Version.ToString(),
            ["torchsharp"] = VersionOf(typeof(TorchSharp.torch).Assembly),
            ["ml.net"] = VersionOf(typeof(Microsoft.ML.MLContext).Assembly),
            ["parquet.net"] = VersionOf(typeof(Parquet.ParquetReader).Assembly),
        };

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? assembly.GetName().Version?.ToString()
        ?? "";

    private static string Short(string text) => text.Length <= 200 ? text : text[..199] + "…";

    private string? FolderOf(Unit unit)
    {
        string key = Fingerprint.Of(unit);
        if (sound.TryGetValue(key, out string? folder))
        {
            return folder;
        }

        return store.Find(unit.Kind, key) is null ? null : sound[key] = store.FolderOf(unit.Kind, key);
    }
}
