using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Models.Vision;

/// <summary>
/// Whether pictures decode, remembered by the digest of their bytes: a baseline is drawn from pictures that do, every
/// time a plan is made. A memory only: what it lacks, or another version wrote, or is damaged, is tried again.
/// </summary>
/// <param name="memoryPath">File of the memory; null remembers in this process only.</param>
public sealed class PictureVerdicts(string? memoryPath)
{
    /// <summary>Raised when a decoder accepts or refuses other files than before, or says so otherwise.</summary>
    private const int Version = 1;

    private const char Separator = ' ';

    private readonly ConcurrentDictionary<string, string> reasons = Read(memoryPath);
    private volatile bool changed;

    /// <summary>Why a picture cannot be decoded, a sentence without its subject; null where it can.</summary>
    /// <param name="sha256">Digest of the file's bytes.</param>
    /// <param name="decode">Decodes it.</param>
    public string? Of(string sha256, Func<Picture> decode)
    {
        if (!reasons.TryGetValue(sha256, out string? reason))
        {
            reasons[sha256] = reason = Try(decode);
            changed = true;
        }

        return reason.Length == 0 ? null : reason;
    }

    /// <summary>Writes the memory.</summary>
    public void Save()
    {
        if (memoryPath is null || !changed)
        {
            return;
        }

        string body = string.Concat(
            reasons.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key}{Separator}{r.Value}\n")
        );
        try
        {
            AtomicFile.Write(memoryPath, Head(body) + body, flush: false);
            changed = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that is full or read-only: pictures are decoded again the next time.
        }
    }

    private static string Try(Func<Picture> decode)
    {
        try
        {
            decode();
            return "";
        }
        catch (InputException e)
        {
            return e.What.TrimEnd('.').ReplaceLineEndings(" ");
        }
    }

    /// <summary>The first line: version, and a digest of the rest by which damage is known.</summary>
    private static string Head(string body) =>
        Invariant.Text(
            $"pictures {Version} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)))}\n"
        );

    private static ConcurrentDictionary<string, string> Read(string? path)
    {
        var reasons = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        try
        {
            string text = path is not null && File.Exists(path) ? RegularFile.ReadAllText(path) : "";
            string body = text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];
            if (text != Head(body) + body)
            {
                return reasons;
            }

            foreach (string line in body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                int end = line.IndexOf(Separator, StringComparison.Ordinal);
                reasons[line[..end]] = line[(end + 1)..];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No memory, then.
        }

        return reasons;
    }
}
