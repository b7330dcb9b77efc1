using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>.claims/ab/KEY.failed</c>: why a unit failed, in one line, as the last worker that tried it says. It keeps nobody
/// from trying again, and counts for nothing once the unit is stored.
/// </summary>
/// <param name="root">The store's folder.</param>
internal sealed class FailureNotes(string root)
{
    private const string Extension = ".failed";
    private readonly ClaimFile files = new(root, HardLink.Make);

    /// <summary>Notes a failure.</summary>
    public void Write(string key, string why)
    {
        string path = PathOf(key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, why.ReplaceLineEndings(" ") + "\n", flush: false);
    }

    /// <summary>Keys of the units that failed, as the folders list them now.</summary>
    public IReadOnlyList<string> Keys() =>
        Directory.Exists(files.Folder)
            ?
            [
                .. Directory
                    .EnumerateDirectories(files.Folder)
                    .SelectMany(d => Directory.EnumerateFiles(d, "*" + Extension))
                    .Select(f => Path.GetFileNameWithoutExtension(f)),
            ]
            : [];

    /// <summary>Why a unit failed; empty where nobody noted it.</summary>
    public string Why(string key)
    {
        try
        {
            return RegularFile.ReadAllText(PathOf(key)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Removes a note.</summary>
    public void Delete(string key) => File.Delete(PathOf(key));

    private string PathOf(string key) => Path.Combine(files.FolderOf(key), key + Extension);
}
