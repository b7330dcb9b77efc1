using System.Globalization;
using System.Text;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// Numbered claims <c>.claims/ab/KEY.claim.1</c>, <c>.2</c>, ... of a store. A number is created by exactly one worker:
/// a file of one's own with a random token is given the claim's name, too (<see cref="HardLink"/>), and the name is
/// read back, whatever the reply was: the claim is mine if it holds my token. Where there are no links, a folder of
/// one's own that is not empty is renamed to the claim's name, which fails where that stands.
/// </summary>
/// <param name="root">The store's folder.</param>
/// <param name="link">Gives a file a second name; tests bring file systems of their own.</param>
internal sealed class ClaimFile(string root, Func<string, string, LinkOutcome> link)
{
    /// <summary>Name of the claims' folder in the store.</summary>
    public const string FolderName = ".claims";

    private const string Mark = ".claim.",
        InFolder = "claim"; // in a claim that is a folder
    private const int FolderDigits = 2;

    /// <summary>The store's folder.</summary>
    public string Root => root;

    /// <summary>The claims' folder.</summary>
    public string Folder => Path.Combine(root, FolderName);

    /// <summary>Where what is about a key lies: keys are spread over folders, none has more than a fraction.</summary>
    public string FolderOf(string key) => Path.Combine(Folder, key[..FolderDigits]);

    /// <summary>The claim of a number.</summary>
    public string PathOf(string key, int number) =>
        Path.Combine(FolderOf(key), string.Create(CultureInfo.InvariantCulture, $"{key}{Mark}{number}"));

    /// <summary>Key and number of a claim's file; null where it is something else.</summary>
    public static (string Key, int Number)? Named(string name)
    {
        int mark = name.IndexOf(Mark, StringComparison.Ordinal);
        return
            mark > 0
            && name[0] != '.'
            && int.TryParse(name.AsSpan(mark + Mark.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int n)
            ? (name[..mark], n)
            : null;
    }

    /// <summary>What the claim of a number says; null where there is none, as far as this host sees.</summary>
    public ClaimText? Read(string key, int number) => Read(PathOf(key, number));

    /// <summary>What a claim says.</summary>
    /// <param name="path">The claim: a file, or a folder that holds it.</param>
    public static ClaimText? Read(string path)
    {
        try
        {
            // Opened, not only asked for: whether it is there may be answered of old
            return ClaimText.Parse(RegularFile.ReadBeginning(path, ClaimText.LongestText + 1));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Replaced just now ("stale file handle"), or not ours to read
            return Directory.Exists(path) ? Read(Path.Combine(path, InFolder)) : ClaimText.Unreadable;
        }
    }

    /// <summary>Creates the claim of a number.</summary>
    /// <returns>Whether it is <paramref name="own"/>.</returns>
    public bool TryCreate(string key, int number, ClaimText own)
    {
        string claim = PathOf(key, number),
            temporary = Path.Combine(Path.GetDirectoryName(claim)!, $".{own.Token}");
        Directory.CreateDirectory(Path.GetDirectoryName(claim)!);
        try
        {
            WriteNew(temporary, own);
            if (link(temporary, claim) == LinkOutcome.Unsupported)
            {
                File.Delete(temporary);
                Directory.CreateDirectory(temporary);
                WriteNew(Path.Combine(temporary, InFolder), own);
                TryMove(temporary, claim);
            }

            return Read(claim)?.Token == own.Token;
        }
        finally
        {
            TryRemove(temporary);
        }
    }

    /// <summary>Writes one's own claim anew: that it is over.</summary>
    public void Replace(string key, int number, ClaimText own)
    {
        string path = PathOf(key, number);
        AtomicFile.Write(Directory.Exists(path) ? Path.Combine(path, InFolder) : path, own.ToString(), flush: false);
    }

    /// <summary>Removes one's own claim, or one that nobody needs.</summary>
    /// <exception cref="IOException">It stays.</exception>
    public void Delete(string key, int number) => Remove(PathOf(key, number));

    /// <summary>All claims, as their folders list them now.</summary>
    public IEnumerable<(string Key, int Number)> All() =>
        Directory.Exists(Folder)
            ? Directory
                .EnumerateDirectories(Folder)
                .SelectMany(Directory.EnumerateFileSystemEntries)
                .Select(p => Named(Path.GetFileName(p)))
                .OfType<(string Key, int Number)>()
            : [];

    private static void WriteNew(string path, ClaimText own)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
        stream.Write(Encoding.UTF8.GetBytes(own.ToString()));
    }

    private static void TryMove(string folder, string name)
    {
        try
        {
            Directory.Move(folder, name);
        }
        catch (IOException)
        {
            // It stands, or the reply was lost: reading it tells
        }
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }

    private static void TryRemove(string path)
    {
        try
        {
            Remove(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left for gc
        }
    }
}
