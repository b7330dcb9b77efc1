using System.Text.Json;
using System.Text.Json.Serialization;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// What stands in an artifact's manifest.json: what it is, what its key is made of in readable form, and its files with
/// their checksums.
/// </summary>
/// <param name="Stage">Stage kind.</param>
/// <param name="Version">Stage version.</param>
/// <param name="Unit">What the artifact covers.</param>
/// <param name="Key">SHA-256, hexadecimal.</param>
/// <param name="Parts">Name, shown value and hash of every key part.</param>
/// <param name="Files">Files with length in bytes and SHA-256.</param>
/// <param name="Device">Device that computed it.</param>
/// <param name="Libraries">Versions of the libraries that take part in the arithmetic.</param>
/// <param name="Finished">When it was finished, UTC.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="Work">Its size in the stage's measure.</param>
/// <param name="Origin">Where it was computed; null in those of versions that did not note it.</param>
/// <param name="NumericClass">The class of the arithmetic (<see cref="Storage.NumericClass"/>): within one the same
/// inputs give the same bits. No part of the key; null in those of versions that did not note it.</param>
public sealed record Manifest(
    string Stage,
    int Version,
    string Unit,
    string Key,
    IReadOnlyList<ManifestPart> Parts,
    IReadOnlyList<ManifestFile> Files,
    string Device,
    IReadOnlyDictionary<string, string> Libraries,
    DateTime Finished,
    double Seconds,
    long Work,
    Origin? Origin = null,
    string? NumericClass = null
)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "manifest.json";

    private const int LongestFile = 64 << 20;

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>Nothing in its lists is null, which JSON allows, and its files are files of its folder.</summary>
    [JsonIgnore]
    private bool IsSound =>
        Parts.All(p => p is not null)
        && Libraries.Values.All(l => l is not null)
        && Files.All(f => f is { Bytes: >= 0 } && !Path.IsPathRooted(f.Name) && !f.Name.Split('/').Contains(".."));

    /// <summary>UTF-8 JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    /// <summary>Reads the manifest of an artifact of a store; null if it is missing or damaged.</summary>
    internal static Manifest? Of(string root, string kind, string key) => Read(Path.Combine(root, kind, key, FileName));

    /// <summary>Reads a manifest; null if it is damaged, or cannot be read.</summary>
    public static Manifest? Read(string path)
    {
        try
        {
            return Load(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads a manifest; null if it is surely missing or damaged.</summary>
    /// <exception cref="IOException">It cannot be read: nobody knows.</exception>
    internal static Manifest? Load(string path)
    {
        try
        {
            return
                NetworkDisk.LengthOf(path) < LongestFile
                && JsonSerializer.Deserialize<Manifest>(RegularFile.ReadAllBytes(path), Options)
                    is { IsSound: true } manifest
                ? manifest
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A key part in readable form.</summary>
/// <param name="Name">Name.</param>
/// <param name="Value">Value as people read it.</param>
/// <param name="Hash">Hash of the part alone: tells whether it changed even where the shown value is cut short.</param>
public sealed record ManifestPart(string Name, string Value, string Hash);

/// <summary>A file of an artifact.</summary>
/// <param name="Name">Relative to the artifact's folder.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Sha256">Hexadecimal.</param>
public sealed record ManifestFile(string Name, long Bytes, string Sha256);
