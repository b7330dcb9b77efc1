using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.ExceptionServices;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Planning;

/// <summary>
/// Units and the store: which are there, and how one is computed. An artifact is checked once a process, when its files
/// are read, or whenever it is asked about.
/// </summary>
internal sealed class Catalog
{
    private readonly ArtifactStore store;
    private readonly string device;
    private readonly bool verify;
    private readonly Origin? origin;
    private readonly ConcurrentDictionary<string, string> sound = new(StringComparer.Ordinal);

    /// <summary>Keys of units that were found damaged or gone, and not computed since.</summary>
    private readonly ConcurrentDictionary<string, bool> lost = new(StringComparer.Ordinal);

    private int computed,
        losses;

    /// <param name="store">Keeps the units.</param>
    /// <param name="device">Written into manifests.</param>
    /// <param name="verify">Believe that a unit is stored only after its files were looked at, all their bytes.</param>
    /// <param name="origin">This process; written into manifests.</param>
    public Catalog(ArtifactStore store, string device, bool verify = false, Origin? origin = null)
    {
        this.store = store;
        this.device = device;
        this.verify = verify;
        this.origin = origin;
        Artifacts = new Artifacts(Has, FolderOf);
    }

    /// <summary>The class of this process's arithmetic in what is run now; written into manifests.</summary>
    public string? NumericClass { get; set; }

    /// <summary>What is there, as stages see it.</summary>
    public Artifacts Artifacts { get; }

    /// <summary>The store.</summary>
    public ArtifactStore Store => store;

    /// <summary>Units that were taken for stored and turned out to be gone or damaged.</summary>
    public int Losses => losses;

    /// <summary>A unit is believed to be stored only after its files were looked at.</summary>
    public bool Verifies => verify;

    /// <summary>Units computed by this process.</summary>
    public int Computed => computed;

    /// <summary>
    /// Does something over again whenever a unit that it reads turns out to be lost: that one counts as missing then.
    /// </summary>
    public T Rereading<T>(Func<T> work)
    {
        while (true)
        {
            int before = losses;
            try
            {
                return work();
            }
            catch (Exception e) when (LostUnitException.IsCauseOf(e) && losses > before)
            {
                // One unit less is believed: this ends
            }
        }
    }

    /// <summary>Some units, each once. Keys are made side by side: a large experiment has 100,000.</summary>
    public static IReadOnlyList<Unit> Distinct(IReadOnlyList<Unit> units)
    {
        SideBySide(units.Count, i => _ = units[i].Key);
        return [.. units.DistinctBy(Fingerprint.Of)];
    }

    /// <summary>
    /// Those of some units that are not stored, in order; files are checked side by side where that is asked for.
    /// </summary>
    public IReadOnlyList<Unit> Open(IReadOnlyList<Unit> units)
    {
        bool[] stored = new bool[units.Count];
        SideBySide(units.Count, i => stored[i] = Artifacts.Has(units[i]));
        return [.. units.Where((_, i) => !stored[i])];
    }

    private static void SideBySide(int count, Action<int> work)
    {
        try
        {
            Parallel.For(0, count, work);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]); // what is wrong with one is told as if it were alone
        }
    }

    /// <summary>
    /// Computes and stores a unit, unless a file that it reads is not, or no longer, the one that its key says.
    /// </summary>
    /// <param name="unit">The unit.</param>
    /// <param name="advance">Told of work done.</param>
    /// <param name="cancel">Interrupted.</param>
    /// <param name="publishing">Called before the result is published; an exception keeps it from that.</param>
    /// <exception cref="InputException">Such a file changed; names it.</exception>
    public void Compute(Unit unit, Action<long> advance, CancellationToken cancel, Action? publishing = null)
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
                    Libraries.Value,
                    DateTime.UtcNow,
                    seconds,
                    unit.Work,
                    origin,
                    NumericClass
                ),
            publishing
        );
        sound[key] = store.FolderOf(unit.Kind, key);
        lost.TryRemove(key, out _);
        Interlocked.Increment(ref computed);
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

    /// <summary>The libraries that decide the last digits of a sum, with their versions.</summary>
    public static IEnumerable<string> ArithmeticLibraries =>
        [
            $"torchsharp {VersionOf(typeof(TorchSharp.torch).Assembly)}",
            .. TorchNative.InstalledVersion is { } named ? [$"libtorch {named}"] : (string[])[],
        ];

    /// <summary>Read when the first result is stored: by then libtorch is loaded.</summary>
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Libraries = new(() =>
    {
        var versions = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["pipelines"] = typeof(Unit).Assembly.GetName().Version?.ToString() ?? "",
            [".net"] = Environment.Version.ToString(),
            ["torchsharp"] = VersionOf(typeof(TorchSharp.torch).Assembly),
            ["ml.net"] = VersionOf(typeof(Microsoft.ML.MLContext).Assembly),
            ["parquet.net"] = VersionOf(typeof(Parquet.ParquetReader).Assembly),
        };
        if (TorchNative.InstalledVersion is { } named)
        {
            versions["libtorch"] = named; // else the one that belongs to this TorchSharp
        }

        return versions;
    });

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? assembly.GetName().Version?.ToString()
        ?? "";

    private static string Short(string text) => text.Length <= 200 ? text : text[..199] + "…";

    /// <summary>
    /// Whether a unit is stored now: others may have computed it since this process last looked, and what it found
    /// damaged, too.
    /// </summary>
    public bool HasNow(Unit unit)
    {
        string key = Fingerprint.Of(unit);
        if (sound.ContainsKey(key))
        {
            return true;
        }

        if (!store.HasNow(unit.Kind, key) || ((verify || lost.ContainsKey(key)) && Check(unit) is null))
        {
            return false;
        }

        lost.TryRemove(key, out _);
        return true;
    }

    /// <summary>
    /// Another worker says that a unit is stored. Of one that is not, whoever reads it finds that it is lost.
    /// </summary>
    public void Believe(Unit unit) => store.Believe(unit.Kind, Fingerprint.Of(unit));

    /// <summary>
    /// Whether a unit is known to be stored, as far as can be told without a look at the disk: for what people are
    /// shown.
    /// </summary>
    public bool Knows(Unit unit)
    {
        string key = Fingerprint.Of(unit);
        return sound.ContainsKey(key) || (!lost.ContainsKey(key) && store.Knows(unit.Kind, key));
    }

    /// <summary>
    /// Looks again at what was found sound before, where a file of the store is gone: a disk that is cleaned up under a
    /// run takes units away, whole or file by file, that nobody looks at again.
    /// </summary>
    /// <param name="failure">What a unit failed for.</param>
    /// <returns>That units are lost, of which one is named; null where the failure is not theirs.</returns>
    public LostUnitException? LossBehind(Exception failure)
    {
        if (MissingFile(failure) is not { } missing)
        {
            return null;
        }

        bool IsSuspect(string folder) =>
            missing.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            || !Directory.Exists(folder);
        string? gone = null;
        foreach (var (key, folder) in sound.Where(known => IsSuspect(known.Value)))
        {
            string kind = Path.GetFileName(Path.GetDirectoryName(folder)!);
            if (store.Find(kind, key, hashAll: verify) is null && sound.TryRemove(key, out _))
            {
                lost[key] = true;
                Interlocked.Increment(ref losses);
                gone = folder;
            }
        }

        return gone is null ? null : new LostUnitException(gone, failure);
    }

    /// <summary>
    /// The file of the store that a failure is about; null where it is about none. A folder that is missing has its
    /// path in the message alone.
    /// </summary>
    private string? MissingFile(Exception? failure) =>
        failure switch
        {
            null => null,
            FileNotFoundException { FileName: { } name } => IsOfStore(name) ? name : null,
            DirectoryNotFoundException => IsOfStore(failure.Message) ? failure.Message : null,
            AggregateException several => several
                .InnerExceptions.Select(MissingFile)
                .FirstOrDefault(f => f is not null),
            _ => MissingFile(failure.InnerException),
        };

    private bool IsOfStore(string text) => text.Contains(store.Root, StringComparison.Ordinal);

    private bool Has(Unit unit)
    {
        string key = Fingerprint.Of(unit);
        return sound.ContainsKey(key)
            || (!lost.ContainsKey(key) && store.Has(unit.Kind, key) && (!verify || Check(unit) is not null));
    }

    /// <exception cref="LostUnitException">The unit was taken for stored.</exception>
    private string? FolderOf(Unit unit)
    {
        string key = Fingerprint.Of(unit);
        if (sound.TryGetValue(key, out string? folder))
        {
            return folder;
        }

        if (lost.ContainsKey(key))
        {
            throw new LostUnitException(unit); // another thread has found it so
        }

        return store.Has(unit.Kind, key) ? Check(unit) ?? throw new LostUnitException(unit) : null;
    }

    /// <summary>Folder of a unit whose files are sound; else it is lost.</summary>
    private string? Check(Unit unit)
    {
        string key = Fingerprint.Of(unit);
        if (store.Find(unit.Kind, key, hashAll: verify) is not null)
        {
            return sound[key] = store.FolderOf(unit.Kind, key);
        }

        lost[key] = true;
        Interlocked.Increment(ref losses);
        return null;
    }
}
