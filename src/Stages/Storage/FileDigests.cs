using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// SHA-256 of files, remembered on disk by <see cref="FileIdentity"/>, for each host: weight files are read once. Files
/// that a run reads are looked at again
/// (<see cref="ChangeOf"/>) before what was computed from them is stored.
/// </summary>
public sealed class FileDigests
{
    private const int Block = 1 << 20,
        MemoryVersion = 2,
        MostHosts = 16;

    /// <summary>
    /// A file changed later than this before it was hashed may change once more without its times showing it: clocks of
    /// file systems tick a few times a second, some every two seconds.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    private static readonly JsonSerializerOptions Options = new()
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    private readonly string? memoryPath;
    private readonly ConcurrentDictionary<string, Known> known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, FileIdentity?> sources = new(StringComparer.Ordinal);
    private volatile bool changed;

    /// <summary>
    /// Files of so many bytes are hashed by one process of a host, while others wait for what it finds.
    /// </summary>
    internal long SharedFrom { get; set; } = 8 << 20;

    /// <summary>
    /// Where the digests of a store are remembered: on a disk that hosts share in a file for each, so that none
    /// overwrites what another has learnt.
    /// </summary>
    /// <param name="cache">The store's folder, which need not be there.</param>
    public static string MemoryIn(string cache) =>
        Path.Combine(
            cache,
            FileIdentity.IsOnOwnDisk(cache) ? "digests.json" : $"digests-{FileNames.Safe(Environment.MachineName)}.json"
        );

    /// <summary>
    /// Digests remembered in <paramref name="memoryPath"/>; null remembers them in this process only.
    /// </summary>
    public FileDigests(string? memoryPath)
    {
        this.memoryPath = memoryPath;
        if (memoryPath is null || !ReadMemory(memoryPath).TryGetValue(Environment.MachineName, out HostMemory? own))
        {
            return;
        }

        foreach (var (path, value) in own.Files)
        {
            known[path] = value with { Settled = true };
        }
    }

    /// <summary>SHA-256 of the file's bytes, hexadecimal.</summary>
    /// <exception cref="InputException">No such file, not readable, or somebody writes it just now.</exception>
    public string Of(string path)
    {
        string full = Path.GetFullPath(path);
        return Hash(full, IdentityOf(full)).Sha256;
    }

    /// <summary>
    /// As <see cref="Of"/>, of a file that the run reads: from now on, or from an earlier <see cref="Note"/>, it may
    /// not change.
    /// </summary>
    /// <exception cref="InputException">As <see cref="Of"/>; or the file is not what it was when it was first looked
    /// at.</exception>
    public string OfSource(string path)
    {
        string full = Path.GetFullPath(path);
        FileIdentity identity = IdentityOf(full);
        Known found = identity.Bytes < SharedFrom ? Hash(full, identity) : HashOnce(full, identity);
        return sources.GetOrAdd(full, found.Identity) == found.Identity
            ? found.Sha256
            : throw Changed(full, "changed while the run went on.");
    }

    /// <summary>
    /// Looks at a file that is about to be read, so that a change from here on is found by <see cref="OfSource"/> and
    /// <see cref="ChangeOf"/>. That it does not exist is also something that may change.
    /// </summary>
    public void Note(string path)
    {
        string full = Path.GetFullPath(path);
        sources.TryAdd(full, FileIdentity.Of(full));
    }

    /// <summary>
    /// What became of a file that the run reads since it was first looked at: an error that names it, or null where it
    /// is what it was.
    /// </summary>
    public InputException? ChangeOf(string path)
    {
        string full = Path.GetFullPath(path);
        if (!sources.TryGetValue(full, out FileIdentity? before))
        {
            return null;
        }

        FileIdentity? now = FileIdentity.Of(full);
        if (now == before)
        {
            return null;
        }

        if (now is null)
        {
            return Changed(full, "is gone, while the run went on.");
        }

        if (before is null || now with { Changed = before.Changed } != before)
        {
            return Changed(full, before is null ? "appeared while the run went on." : "changed while the run went on.");
        }

        // Only the entry changed (a link was made to it, rights were set), or somebody reset the time after writing:
        // the bytes tell.
        if (!known.TryGetValue(full, out Known? hashed) || hashed.Identity != before || Compute(full) != hashed.Sha256)
        {
            return Changed(full, "changed while the run went on.");
        }

        known[full] = hashed with { Identity = now };
        sources[full] = now;
        return null;
    }

    /// <summary>SHA-256 of several digests in order, each with its name.</summary>
    public static string Combine(IEnumerable<(string Name, string Sha256)> parts)
    {
        using var all = new MemoryStream(); // hashed in one go: a run's results are 100,000 such parts
        foreach (var (name, digest) in parts)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(name);
            all.Write(BitConverter.GetBytes(bytes.Length));
            all.Write(bytes);
            all.Write(Convert.FromHexString(digest));
        }

        return Convert.ToHexStringLower(SHA256.HashData(all.GetBuffer().AsSpan(0, (int)all.Length)));
    }

    /// <summary>SHA-256 of a text.</summary>
    public static string OfText(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes the memory; what other processes and hosts have written meanwhile stays.</summary>
    public void Save()
    {
        if (memoryPath is null || !changed)
        {
            return;
        }

        try
        {
            var hosts = ReadMemory(memoryPath);
            var files = new SortedDictionary<string, Known>(StringComparer.Ordinal);
            if (hosts.TryGetValue(Environment.MachineName, out HostMemory? own))
            {
                foreach (var (path, value) in own.Files)
                {
                    files[path] = value;
                }
            }

            foreach (var (path, value) in known.Where(k => k.Value.Settled))
            {
                files[path] = value;
            }

            hosts[Environment.MachineName] = new HostMemory(
                DateTime.UtcNow,
                files.ToDictionary(StringComparer.Ordinal)
            );

            // Containers have a new host name each time: only those that came last are remembered.
            var kept = hosts
                .OrderByDescending(h => h.Value.Saved)
                .Take(MostHosts)
                .ToDictionary(h => h.Key, HostMemory? (h) => h.Value, StringComparer.Ordinal);
            AtomicFile.Write(memoryPath, JsonSerializer.SerializeToUtf8Bytes(new Memory(MemoryVersion, kept), Options));
            changed = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that is full or read-only: files are hashed again the next time.
        }
    }

    /// <summary>SHA-256 of the file's bytes, read now.</summary>
    public static string Compute(string path) => Compute(path, null);

    private static string CopyAndCompute(string path, string target)
    {
        using var copy = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        string digest = Compute(path, copy.SafeFileHandle);
        DiskFlush.Of(copy);
        return digest;
    }

    private static string Compute(string path, SafeFileHandle? copy)
    {
        using SafeFileHandle file = RegularFile.OpenHandle(path);
        // A store has thousands of small files
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(RandomAccess.GetLength(file), 1, Block));
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (long at = 0; RandomAccess.Read(file, buffer, at) is > 0 and var read; at += read)
            {
                hash.AppendData(buffer, 0, read);
                if (copy is not null)
                {
                    RandomAccess.Write(copy, buffer.AsSpan(0, read), at);
                }
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Whether the digest of a file is known, so that it need not be read.</summary>
    public bool Knows(string path)
    {
        string full = Path.GetFullPath(path);
        return known.TryGetValue(full, out Known? before) && before.Identity == FileIdentity.Of(full);
    }

    /// <summary>Copies a file, and digests it while it is read.</summary>
    /// <param name="source">The file.</param>
    /// <param name="target">The copy; does not exist.</param>
    /// <returns>The digest; null where the file changed so shortly before that it may change again unseen.</returns>
    /// <exception cref="InputException">As <see cref="Of"/>; or the copy differs from what was known of the
    /// file.</exception>
    internal string? Copy(string source, string target)
    {
        string full = Path.GetFullPath(source);
        FileIdentity identity = IdentityOf(full);
        string? before = known.TryGetValue(full, out Known? found) && found.Identity == identity ? found.Sha256 : null;
        Known copied = HashBy(full, identity, () => CopyAndCompute(full, target));
        return before is not null && before != copied.Sha256
                ? throw new InputException(
                    full,
                    "was not read as it was before: the disk, or the way to it, is damaged."
                )
            : copied.Settled ? copied.Sha256
            : null;
    }

    /// <summary>Remembers the digest of a file that was made by another process of this machine.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">What it was then.</param>
    /// <param name="sha256">Its digest, which could be relied on.</param>
    internal void Learn(string path, FileIdentity identity, string sha256)
    {
        string full = Path.GetFullPath(path);
        known.GetOrAdd(full, _ =>
        {
            changed = true;
            return new Known(identity, sha256, Known.Seal(full, identity, sha256)) { Settled = true };
        });
    }

    private static FileIdentity IdentityOf(string full)
    {
        if (FileIdentity.Of(full) is { } identity)
        {
            return identity;
        }

        throw new InputException(full, WhyMissing(full));
    }

    private static string WhyMissing(string full)
    {
        if (new FileInfo(full).LinkTarget is not { } target)
        {
            return "there is no such file.";
        }

        string named = Path.GetFullPath(target, Path.GetDirectoryName(full)!);
        try
        {
            File.ResolveLinkTarget(full, returnFinalTarget: true);
            return $"is a link to {named}, which does not exist.";
        }
        catch (IOException)
        {
            return $"is a link to {named}, from where links lead in a circle.";
        }
    }

    private static InputException Changed(string full, string what) =>
        new(
            full,
            what,
            "What was computed from it is not stored. Run again when nobody writes it: what was stored before goes "
                + "on to be used."
        );

    /// <summary>
    /// As <see cref="Hash"/>, by one process of this host at a time, whose memory the next one reads.
    /// </summary>
    private Known HashOnce(string full, FileIdentity identity)
    {
        if (memoryPath is null || (known.TryGetValue(full, out Known? before) && before.Identity == identity))
        {
            return Hash(full, identity);
        }

        using var turn = FileLock.OfHost($"{memoryPath} {full}");
        if (turn.HasWaited && Remembered().TryGetValue(full, out Known? others) && others.Identity == identity)
        {
            return known[full] = others with { Settled = true };
        }

        Known found = Hash(full, identity);
        Save();
        return found;
    }

    private IReadOnlyDictionary<string, Known> Remembered() =>
        ReadMemory(memoryPath!).GetValueOrDefault(Environment.MachineName)?.Files
        ?? new Dictionary<string, Known>(StringComparer.Ordinal);

    private Known Hash(string full, FileIdentity identity)
    {
        return known.TryGetValue(full, out Known? before) && before.Identity == identity
            ? before
            : HashBy(full, identity, () => Compute(full));
    }

    private Known HashBy(string full, FileIdentity identity, Func<string> compute)
    {
        try
        {
            DateTime start = DateTime.UtcNow;
            string digest = compute();
            if (FileIdentity.Of(full) != identity)
            {
                throw new InputException(
                    full,
                    "changes while it is read: somebody writes it.",
                    "Run again when it is whole."
                );
            }

            changed = true;
            return known[full] = new Known(identity, digest, Known.Seal(full, identity, digest))
            {
                Settled =
                    start - DateTime.UnixEpoch - TimeSpan.FromTicks(Math.Max(identity.Changed, identity.Modified) / 100)
                    > Settling,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(full, $"cannot be read ({e.Message.TrimEnd('.')}).", null, e);
        }
    }

    /// <summary>What is remembered, by host. It is only a memory: what is damaged in it is hashed again.</summary>
    private static Dictionary<string, HostMemory> ReadMemory(string path)
    {
        var hosts = new Dictionary<string, HostMemory>(StringComparer.Ordinal);
        try
        {
            if (
                !File.Exists(path)
                || JsonSerializer.Deserialize<Memory>(RegularFile.ReadAllBytes(path), Options)
                    is not { Version: MemoryVersion } memory
            )
            {
                return hosts;
            }

            foreach (var (host, files) in memory.Hosts)
            {
                if (files is not null)
                {
                    hosts[host] = files with
                    {
                        Files = files
                            .Files.Where(f => f.Value is not null && f.Value.IsWhole(f.Key))
                            .ToDictionary(StringComparer.Ordinal),
                    };
                }
            }
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            hosts.Clear();
        }

        return hosts;
    }

    private sealed record Memory(int Version, Dictionary<string, HostMemory?> Hosts);

    /// <summary>What a host remembers.</summary>
    private sealed record HostMemory(DateTime Saved, Dictionary<string, Known> Files);

    /// <summary>
    /// A digest with the identity of the file that it was made of, and a check over both: one wrong digit would give a
    /// wrong key.
    /// </summary>
    private sealed record Known(FileIdentity Identity, string Sha256, string Check)
    {
        /// <summary>The file did not change just before it was hashed, so that any later change shows.</summary>
        [JsonIgnore]
        public bool Settled { get; init; }

        public static string Seal(string path, FileIdentity identity, string digest) =>
            OfText($"{path}\n{identity}\n{digest}")[..16];

        public bool IsWhole(string path) => Check == Seal(path, Identity, Sha256);
    }
}
