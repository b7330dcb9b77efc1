using System.Text.Json;
using System.Text.Unicode;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Models.Text;

/// <summary>
/// Reads the small files of a hub folder: bytes without a byte-order mark, texts, JSON; every error names the file.
/// </summary>
internal static class HubJson
{
    private const string Remedy = "Download it again.";
    private const long LargestFile = 256 << 20;

    /// <summary>The bytes of a file, without a byte-order mark.</summary>
    /// <exception cref="InputException">It cannot be read, is far too large, or is a git-LFS pointer.</exception>
    public static byte[] Bytes(string file)
    {
        try
        {
            var info = new FileInfo(file);
            if (info.Length > LargestFile)
            {
                throw new InputException(
                    file,
                    Invariant.Text($"has {info.Length:N0} bytes, far more than such " + $"a file has."),
                    Remedy
                );
            }

            byte[] bytes = RegularFile.ReadAllBytes(file);
            if (GitLfs.IsPointer(bytes))
            {
                throw new InputException(
                    file,
                    "is a git-LFS pointer, not the file itself.",
                    "Run 'git lfs pull' in the folder, or download the file."
                );
            }

            return Utf8Text.WithoutMark(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(file, $"cannot be read ({e.Message.TrimEnd('.')}).", null, e);
        }
    }

    /// <summary>A file that holds text.</summary>
    /// <exception cref="InputException">As <see cref="Bytes"/>, or it is not UTF-8.</exception>
    public static string Text(string file)
    {
        byte[] bytes = Bytes(file);
        return Utf8.IsValid(bytes)
            ? System.Text.Encoding.UTF8.GetString(bytes)
            : throw new InputException(file, "is not UTF-8 text.", "Download it again.");
    }

    /// <summary>A file that holds a JSON object.</summary>
    /// <exception cref="InputException">As <see cref="Bytes"/>, or it holds something else.</exception>
    public static JsonElement Object(string file)
    {
        byte[] bytes = Bytes(file);
        try
        {
            JsonText.RequireWellFormed(bytes);
            using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 64 });
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? json.RootElement.Clone()
                : throw new InputException(file, "does not hold a JSON object.", Remedy);
        }
        catch (JsonException e)
        {
            throw new InputException(file, $"is damaged or no JSON file ({JsonText.Place(e)}).", Remedy, e);
        }
    }

    /// <summary>The bytes of a JSON file in which no object has a key twice and every text is one.</summary>
    /// <exception cref="InputException">As <see cref="Bytes"/>.</exception>
    /// <exception cref="JsonException">It is no such file.</exception>
    public static byte[] WellFormed(string file)
    {
        byte[] bytes = Bytes(file);
        JsonText.RequireWellFormed(bytes);
        return bytes;
    }

    /// <summary>A text of a JSON file; null for anything else, half a surrogate pair included.</summary>
    public static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
