using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>SHA-256 of files, remembered by path, length and time of change: weight files are read once.</summary>
internal sealed class FileDigests
{
    private const int Block = 1 << 20;

    private readonly string? memoryPath;
    private readonly ConcurrentDictionary<string, Known> known = new(StringComparer.Ordinal);
    private volatile bool changed;

    /// <summary>Digests remembered in <paramref name="memoryPath"/>; null remembers them in this process only.</summary>
    public FileDigests(string? memoryPath)
    {
        this.memoryPath = memoryPath;
        if (memoryPath is null || !File.Exists(memoryPath)) return;
        try
        {
            foreach (var (path, value) in JsonSerializer.Deserialize<Dictionary<string, Known>>(File.ReadAllBytes(memoryPath)) ?? [])
            {
                known[path] = value;
            }
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            known.Clear(); // only a memory: everything is hashed again
        }
    }

    /// <summary>SHA-256 of the file's bytes, hexadecimal.</summary>
    public string Of(string path)
    {
        string full = Path.GetFullPath(path);
        var info = new FileInfo(full);
        if (info.LinkTarget is not null) info = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
        if (!info.Exists) throw new InputException(full, info.FullName == full ? "there is no such file." : $"is a link to {info.FullName}, which does not exist.");
        if (known.TryGetValue(full, out Known? before) && before.Bytes == info.Length && before.ChangedUtc == info.LastWriteTimeUtc.Ticks) return before.Sha256;
        string digest;
        try
        {
            digest = Compute(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(full, $"cannot be read ({e.Message.TrimEnd('.')}).", null, e);
        }

        known[full] = new Known(info.Length, info.LastWriteTimeUtc.Ticks, digest);
        changed = true;
        return digest;
    }

    /// <summary>SHA-256 of several digests in order, each with its name.</summary>
    public static string Combine(IEnumerable<(string Name, string Sha256)> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, digest) in parts)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(name);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
            hash.AppendData(Convert.FromHexString(digest));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>SHA-256 of a text.</summary>
    public static string OfText(string text) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes the memory.</summary>
    public void Save()
    {
        if (memoryPath is null || !changed) return;
        string temporary = $"{memoryPath}.{Environment.ProcessId}.{Guid.NewGuid():N}";
        try
        {
            File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(new SortedDictionary<string, Known>(known, StringComparer.Ordinal)));
            File.Move(temporary, memoryPath, overwrite: true);
            changed = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that is full or read-only: files are hashed again the next time.
        }
    }

    /// <summary>SHA-256 of the file's bytes, read now.</summary>
    public static string Compute(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(RandomAccess.GetLength(file), 1, Block)); // a store has thousands of small files
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (long at = 0; RandomAccess.Read(file, buffer, at) is > 0 and var read; at += read) hash.AppendData(buffer, 0, read);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed record Known(long Bytes, long ChangedUtc, string Sha256);
}
