using System.Security.Cryptography;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>
/// The content-addressed store <c>cache/&lt;stage&gt;/&lt;key&gt;/</c>. What exists under its final name is whole: files are written to a temporary folder beside the
/// target, flushed and renamed together with their manifest. Damaged artifacts are set aside, reported and computed again. Several processes may share one store.
/// </summary>
internal sealed class ArtifactStore
{
    /// <summary>Files above this are hashed again only when their length or time of change differ from the last time they were found sound.</summary>
    private const long AlwaysHashedBelow = 8 << 20;

    private const string TemporaryPrefix = ".tmp-";
    private const string DamagedFolder = ".damaged";
    private readonly FileDigests digests;

    /// <summary>A store in <paramref name="root"/>, which is made where it is missing.</summary>
    /// <exception cref="InputException">The folder cannot be written.</exception>
    public ArtifactStore(string root, FileDigests digests)
    {
        Root = Path.GetFullPath(root);
        this.digests = digests;
        try
        {
            Directory.CreateDirectory(Root);
            string probe = Path.Combine(Root, $"{TemporaryPrefix}{Environment.ProcessId}-probe");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(Root, "cannot be made or written.", "Name another folder with --artifacts.", e);
        }
    }

    /// <summary>The folder that holds one folder a stage kind.</summary>
    public string Root { get; }

    /// <summary>Called with a sentence when an artifact is found damaged.</summary>
    public Action<string>? Damaged { get; set; }

    /// <summary>Folder of an artifact, whether it exists or not.</summary>
    public string FolderOf(string kind, string key) => Path.Combine(Root, kind, key);

    /// <summary>The artifact, or null where it is missing or damaged (then it is set aside).</summary>
    public Manifest? Find(string kind, string key)
    {
        string folder = FolderOf(kind, key);
        if (!Directory.Exists(folder)) return null;
        string? problem;
        Manifest? manifest = Manifest.Read(Path.Combine(folder, Manifest.FileName));
        if (manifest is null) problem = "its manifest is missing or damaged";
        else if (manifest.Key != key || manifest.Stage != kind) problem = "its manifest belongs to another artifact";
        else problem = manifest.Files.Select(f => Check(folder, f)).FirstOrDefault(p => p is not null);
        if (problem is null) return manifest;
        SetAside(kind, key, problem);
        return null;
    }

    /// <summary>Manifests of all artifacts of a stage kind; damaged ones are left out.</summary>
    public IEnumerable<Manifest> All(string kind)
    {
        string folder = Path.Combine(Root, kind);
        if (!Directory.Exists(folder)) return [];
        return Directory.EnumerateDirectories(folder)
            .Where(d => Path.GetFileName(d)[0] != '.')
            .Select(d => Manifest.Read(Path.Combine(d, Manifest.FileName)))
            .OfType<Manifest>();
    }

    /// <summary>Stage kinds with artifacts.</summary>
    public IEnumerable<string> Kinds() => Directory.EnumerateDirectories(Root).Select(d => Path.GetFileName(d)).Where(k => k[0] != '.').Order(StringComparer.Ordinal);

    /// <summary>Computes and stores an artifact. An exception leaves nothing behind.</summary>
    /// <param name="kind">Stage kind.</param>
    /// <param name="key">Key.</param>
    /// <param name="compute">Writes the files into the folder that it is given.</param>
    /// <param name="describe">Makes the manifest from the files and the seconds taken.</param>
    public Manifest Write(string kind, string key, Action<string> compute, Func<IReadOnlyList<ManifestFile>, double, Manifest> describe)
    {
        string parent = Path.Combine(Root, kind), final = FolderOf(kind, key);
        string temporary = Path.Combine(parent, $"{TemporaryPrefix}{Environment.ProcessId}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(temporary);
        try
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            compute(temporary);
            double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
            var files = Directory.EnumerateFiles(temporary, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Select(path => FlushAndDescribe(temporary, path)).ToList();
            Manifest manifest = describe(files, seconds);
            using (var stream = new FileStream(Path.Combine(temporary, Manifest.FileName), FileMode.CreateNew))
            {
                stream.Write(manifest.ToJson());
                stream.Flush(flushToDisk: true);
            }

            try
            {
                Directory.Move(temporary, final);
            }
            catch (IOException) when (Directory.Exists(final))
            {
                // Another process was faster with the same bytes.
            }

            return manifest;
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Removes what killed processes left behind.</summary>
    /// <returns>Folders removed.</returns>
    public int RemoveLeftovers()
    {
        int removed = 0;
        foreach (string kind in Kinds())
        {
            foreach (string folder in Directory.EnumerateDirectories(Path.Combine(Root, kind), TemporaryPrefix + "*"))
            {
                string[] parts = Path.GetFileName(folder)[TemporaryPrefix.Length..].Split('-');
                if (int.TryParse(parts[0], out int process) && !IsRunning(process))
                {
                    TryDelete(folder);
                    removed++;
                }
            }
        }

        return removed;
    }

    /// <summary>Removes artifacts and everything set aside.</summary>
    /// <param name="keep">Whether an artifact stays.</param>
    /// <param name="dryRun">Only count.</param>
    /// <returns>Artifacts removed and their bytes.</returns>
    public (int Count, long Bytes) Collect(Func<string, string, bool> keep, bool dryRun)
    {
        int count = 0;
        long bytes = 0;
        foreach (string kind in Kinds().ToList())
        {
            foreach (string folder in Directory.EnumerateDirectories(Path.Combine(Root, kind)).ToList())
            {
                string name = Path.GetFileName(folder);
                bool inUse = name.StartsWith(TemporaryPrefix, StringComparison.Ordinal)
                    ? int.TryParse(name[TemporaryPrefix.Length..].Split('-')[0], out int process) && IsRunning(process)
                    : name != DamagedFolder && keep(kind, name);
                if (inUse) continue;
                count++;
                bytes += Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
                if (!dryRun) TryDelete(folder);
            }
        }

        return (count, bytes);
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using var found = System.Diagnostics.Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
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

    private static ManifestFile FlushAndDescribe(string folder, string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        string digest = Convert.ToHexStringLower(SHA256.HashData(stream));
        stream.Flush(flushToDisk: true);
        return new ManifestFile(Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'), stream.Length, digest);
    }

    private string? Check(string folder, ManifestFile file)
    {
        string path = Path.Combine(folder, file.Name);
        var info = new FileInfo(path);
        if (!info.Exists) return $"{file.Name} is missing";
        if (info.Length != file.Bytes) return $"{file.Name} has {info.Length} bytes instead of {file.Bytes}";
        string found = file.Bytes < AlwaysHashedBelow ? FileDigests.Compute(path) : digests.Of(path);
        return found == file.Sha256 ? null : $"{file.Name} has another checksum than when it was written";
    }

    private void SetAside(string kind, string key, string problem)
    {
        string aside = Path.Combine(Root, kind, DamagedFolder);
        Directory.CreateDirectory(aside);
        string target = Path.Combine(aside, $"{key}-{DateTime.UtcNow:yyyyMMdd-HHmmss-fff}");
        try
        {
            Directory.Move(FolderOf(kind, key), target);
        }
        catch (IOException) when (!Directory.Exists(FolderOf(kind, key)))
        {
            return; // another process set it aside
        }

        Damaged?.Invoke($"{kind} {key[..12]}: {problem}; set aside in {target} and computed again.");
    }
}
