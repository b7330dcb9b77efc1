using System.Security.Cryptography;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// The content-addressed store <c>cache/&lt;stage&gt;/&lt;key&gt;/</c>. What exists under its final name is whole:
/// files are written to a temporary folder beside the target, flushed and renamed together with their manifest. Damaged
/// artifacts are set aside, reported and computed again. Several processes may share one store, on several machines
/// even: each has a lease there, and whatever it has not finished is known by the lease's id.
/// </summary>
public sealed class ArtifactStore : IDisposable
{
    /// <summary>
    /// Files above this are hashed again only when their identity differs from the last time they were found sound.
    /// </summary>
    private const long AlwaysHashedBelow = 8 << 20;

    private const string TemporaryPrefix = KindListing.TemporaryPrefix;
    private const string DamagedFolder = ".damaged";
    private readonly StoreLease? lease;

    /// <summary>A store in <paramref name="root"/> to compute into; the folder is made where it is missing.</summary>
    /// <exception cref="InputException">The folder cannot be written.</exception>
    public ArtifactStore(string root, FileDigests digests)
        : this(root, digests, Take(Path.GetFullPath(root))) { }

    private ArtifactStore(string root, FileDigests digests, StoreLease? lease)
    {
        Root = Path.GetFullPath(root);
        Digests = digests;
        this.lease = lease;
        Index = new StoreIndex(Root, lease);
    }

    /// <summary>A store that is only looked at: nothing in it is written, moved or made.</summary>
    public static ArtifactStore ToRead(string root, FileDigests digests) => new(root, digests, null);

    /// <summary>Digests of the files that units read and of large artifacts.</summary>
    public FileDigests Digests { get; }

    /// <summary>This process, as others know it in the store.</summary>
    /// <exception cref="InvalidOperationException">The store is only looked at.</exception>
    public StoreLease Lease => lease ?? throw new InvalidOperationException($"{Root} is only looked at.");

    /// <summary>Whose the unfinished things in the store are.</summary>
    public Leases Leases => new(Root, lease?.Renew() ?? DateTime.UtcNow);

    /// <summary>The folder that holds one folder a stage kind.</summary>
    public string Root { get; }

    /// <summary>What is stored, without a look at each artifact.</summary>
    internal StoreIndex Index { get; }

    /// <summary>Called with a sentence when an artifact is found damaged.</summary>
    public Action<string>? Damaged { get; set; }

    /// <summary>Folder of an artifact, whether it exists or not.</summary>
    public string FolderOf(string kind, string key) => Path.Combine(Root, kind, key);

    /// <summary>
    /// Whether the artifact is there. Its files are not looked at (<see cref="Find"/> does), and of what was there
    /// when the store was first asked, it is not noticed at once that somebody removed it.
    /// </summary>
    public bool Has(string kind, string key) => Index.Has(kind, key);

    /// <inheritdoc cref="StoreIndex.Believe"/>
    public void Believe(string kind, string key) => Index.Believe(kind, key);

    /// <inheritdoc cref="StoreIndex.Knows"/>
    public bool Knows(string kind, string key) => Index.Knows(kind, key);

    /// <inheritdoc cref="StoreIndex.HasNow"/>
    public bool HasNow(string kind, string key) => Index.HasNow(kind, key);

    /// <summary>
    /// Whether an artifact that is not there was there once, as far as the store's index remembers: it chooses words.
    /// </summary>
    public bool WasStored(string kind, string key) => Index.IsNoted(kind, key);

    /// <summary>The artifact, or null where it is missing or damaged (then it is set aside).</summary>
    /// <param name="kind">Stage kind.</param>
    /// <param name="key">Key.</param>
    /// <param name="hashAll">Hash large files, too, whose identity is that of the last time.</param>
    /// <exception cref="InputException">A file cannot be read, so that nobody knows whether it is damaged; or what is
    /// damaged cannot be set aside.</exception>
    public Manifest? Find(string kind, string key, bool hashAll = false)
    {
        string folder = FolderOf(kind, key);
        if (!Read(folder, "", NetworkDisk.IsThere))
        {
            Index.Remove(kind, key);
            return null;
        }

        string? problem;
        Manifest? manifest = Read(folder, Manifest.FileName, Manifest.Load);
        if (manifest is null)
        {
            problem = "its manifest is missing or damaged";
        }
        else if (manifest.Key != key || manifest.Stage != kind)
        {
            problem = "its manifest belongs to another artifact";
        }
        else
        {
            problem = manifest.Files.Select(f => Check(folder, f, hashAll)).FirstOrDefault(p => p is not null);
        }

        if (problem is null)
        {
            return manifest;
        }

        if (lease is null)
        {
            Damaged?.Invoke($"{kind} {key[..12]}: {problem}; a run sets it aside and computes it again.");
        }
        else
        {
            SetAside(kind, key, problem);
        }

        return null;
    }

    /// <summary>
    /// Keys of the artifacts of a stage kind by what they cover (<see cref="Manifest.Unit"/>); without those whose
    /// manifest is damaged. It chooses what is told to people: a name may be that of an artifact which was replaced.
    /// </summary>
    public ILookup<string, string> ByName(string kind) => Index.ByName(kind);

    /// <summary>The manifest of an artifact; null where it is damaged. The files are not looked at.</summary>
    public Manifest? ManifestOf(string kind, string key) => Manifest.Of(Root, kind, key);

    /// <summary>Stage kinds with artifacts.</summary>
    public IEnumerable<string> Kinds() =>
        Directory.Exists(Root)
            ? Directory
                .EnumerateDirectories(Root)
                .Select(d => Path.GetFileName(d))
                .Where(k => k[0] != '.')
                .Order(StringComparer.Ordinal)
            : [];

    /// <summary>Computes and stores an artifact. An exception leaves nothing behind.</summary>
    /// <param name="kind">Stage kind.</param>
    /// <param name="key">Key.</param>
    /// <param name="compute">Writes the files into the folder that it is given.</param>
    /// <param name="describe">Makes the manifest from the files and the seconds taken.</param>
    /// <param name="publishing">Called when all is written and before it is published: an exception leaves nothing
    /// behind.</param>
    public Manifest Write(
        string kind,
        string key,
        Action<string> compute,
        Func<IReadOnlyList<ManifestFile>, double, Manifest> describe,
        Action? publishing = null
    )
    {
        string parent = Path.Combine(Root, kind),
            final = FolderOf(kind, key);
        string temporary = Path.Combine(parent, $"{TemporaryPrefix}{Lease.Id}-{Guid.NewGuid():N}");
        NetworkDisk.MakeFolder(temporary);
        try
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            compute(temporary);
            double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
            var files = Directory
                .EnumerateFiles(temporary, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(path => FlushAndDescribe(temporary, path))
                .ToList();
            Manifest manifest = describe(files, seconds);
            using (var stream = new FileStream(Path.Combine(temporary, Manifest.FileName), FileMode.CreateNew))
            {
                stream.Write(manifest.ToJson());
                DiskFlush.Of(stream);
            }

            DiskFlush.OfFolder(temporary);

            publishing?.Invoke();
            NetworkDisk.Persist(() => Publish(temporary, final));
            Index.Add(kind, key, manifest.Unit);
            return manifest;
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                TryDelete(temporary);
            }
        }
    }

    /// <summary>
    /// Removes what processes left behind that have surely ended. What may be at work, in another container or on
    /// another machine, is left alone.
    /// </summary>
    /// <returns>Folders removed.</returns>
    public int RemoveLeftovers()
    {
        Leases leases = Leases;
        int removed = 0;
        foreach (
            string folder in Kinds()
                .SelectMany(k => Index.Unfinished(k).Select(name => Path.Combine(Root, k, name)))
                .Where(Directory.Exists)
                .ToList()
        )
        {
            if (HolderOf(leases, folder).State != WorkerState.Ended)
            {
                continue;
            }

            TryDelete(folder);
            removed++;
        }

        leases.RemoveOld();
        return removed;
    }

    /// <summary>
    /// Removes artifacts, everything set aside, and what processes left behind that have surely ended.
    /// </summary>
    /// <param name="keep">Whether an artifact stays.</param>
    /// <param name="dryRun">Only count.</param>
    public Collected Collect(Func<string, string, bool> keep, bool dryRun)
    {
        Leases leases = Leases;
        int count = 0;
        long bytes = 0;
        var left = new List<(string, LeaseHolder)>();
        foreach (
            string folder in Kinds().SelectMany(k => Directory.EnumerateDirectories(Path.Combine(Root, k))).ToList()
        )
        {
            string name = Path.GetFileName(folder),
                kind = Path.GetFileName(Path.GetDirectoryName(folder)!);
            if (name.StartsWith(TemporaryPrefix, StringComparison.Ordinal))
            {
                LeaseHolder holder = HolderOf(leases, folder);
                if (holder.State != WorkerState.Ended)
                {
                    left.Add((folder, holder));
                    continue;
                }
            }
            else if (name != DamagedFolder && keep(kind, name))
            {
                continue;
            }

            count++;
            bytes += BytesOf(folder);
            if (!dryRun)
            {
                TryDelete(folder);
                Index.Remove(kind, name);
            }
        }

        HashSet<string> stored = [.. Kinds().SelectMany(KeysOf)];
        int claims = new OldClaims(Root, leases).Remove(stored.Contains, dryRun);
        if (!dryRun)
        {
            leases.RemoveOld();
        }

        return new Collected(count, bytes, left) { Claims = claims };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Index.Dispose();
        lease?.Dispose();
    }

    private static StoreLease Take(string root)
    {
        try
        {
            return NetworkDisk.Persist(() =>
            {
                Directory.CreateDirectory(root);
                return StoreLease.Take(root);
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(root, "cannot be made or written.", "Name another folder with --artifacts.", e);
        }
    }

    /// <summary>Whose unfinished work a folder is: its name holds the id of a lease.</summary>
    private static LeaseHolder HolderOf(Leases leases, string folder) =>
        leases.Of(Path.GetFileName(folder)[TemporaryPrefix.Length..].Split('-')[0], folder);

    private IEnumerable<string> KeysOf(string kind) =>
        Directory.EnumerateDirectories(Path.Combine(Root, kind)).Select(d => Path.GetFileName(d));

    private static long BytesOf(string folder)
    {
        try
        {
            return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
        }
        catch (IOException)
        {
            return 0; // another process removes it just now
        }
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process works on it: what is left over is removed the next time.
        }
    }

    /// <summary>Gives a folder its name, unless another process was faster with the same bytes.</summary>
    private static void Publish(string temporary, string final)
    {
        try
        {
            Directory.Move(temporary, final); // a folder that is not empty: never in place of one that stands
        }
        catch (IOException) when (NetworkDisk.IsThere(final))
        {
            // Or it was this one, and the reply was lost
        }
    }

    private static ManifestFile FlushAndDescribe(string folder, string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        string digest = Convert.ToHexStringLower(SHA256.HashData(stream));
        DiskFlush.Of(stream);
        return new ManifestFile(
            Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'),
            stream.Length,
            digest
        );
    }

    private string? Check(string folder, ManifestFile file, bool hashAll)
    {
        if (file.Name.Contains('\0', StringComparison.Ordinal))
        {
            return "its manifest names no file";
        }

        return Read(folder, file.Name, path =>
        {
            if (NetworkDisk.LengthOf(path) is not { } bytes)
            {
                return $"{file.Name} is missing";
            }

            if (bytes != file.Bytes)
            {
                return $"{file.Name} has {bytes} bytes instead of {file.Bytes}";
            }

            string found = hashAll || file.Bytes < AlwaysHashedBelow ? FileDigests.Compute(path) : Digests.Of(path);
            return found == file.Sha256 ? null : $"{file.Name} has another checksum than when it was written";
        });
    }

    /// <summary>
    /// Reads a file of an artifact, of which nobody knows whether it is damaged if that cannot be done.
    /// </summary>
    private static T Read<T>(string folder, string name, Func<string, T> read)
    {
        string path = Path.Combine(folder, name);
        try
        {
            return NetworkDisk.Persist(() => read(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                path,
                $"cannot be read ({e.Message.TrimEnd('.')}).",
                $"Make it readable, or delete {folder}: what it holds is then computed again.",
                e
            );
        }
    }

    private void SetAside(string kind, string key, string problem)
    {
        Index.Remove(kind, key);
        string artifact = FolderOf(kind, key),
            aside = Path.Combine(Root, kind, DamagedFolder);
        string target = Path.Combine(aside, $"{key}-{DateTime.UtcNow:yyyyMMdd-HHmmss-fff}");
        try
        {
            Directory.CreateDirectory(aside);
            Directory.Move(artifact, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!NetworkDisk.IsThere(artifact))
            {
                return; // another process set it aside
            }

            throw new InputException(
                artifact,
                $"is damaged ({problem}) and cannot be moved to {aside} ({e.Message.TrimEnd('.')}).",
                "Delete it, or make it and that folder yours to write.",
                e
            );
        }

        Damaged?.Invoke($"{kind} {key[..12]}: {problem}; set aside in {target} and computed again.");
    }
}

/// <summary>What was removed from a store, or would be.</summary>
/// <param name="Count">Artifacts.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Left">Unfinished work that is or may be somebody's.</param>
public sealed record Collected(int Count, long Bytes, IReadOnlyList<(string Folder, LeaseHolder Holder)> Left)
{
    /// <summary>Claims that are needed no more, and heartbeats of processes that have ended.</summary>
    public int Claims { get; init; }
}
