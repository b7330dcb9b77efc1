using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Models.Families;

/// <summary>
/// The hub's download cache: <c>models--org--name</c> with <c>refs/main</c>, which holds a revision, and
/// <c>snapshots/revision</c>, which is the model folder.
/// </summary>
public static class HubCache
{
    private const string Prefix = "models--";

    /// <summary>
    /// The model folder that a repository's folder stands for: the snapshot of refs/main, else the only one. Any other
    /// folder is itself.
    /// </summary>
    /// <exception cref="InputException">A repository's folder without snapshot, or with several and no refs/main that
    /// names one.</exception>
    public static string Resolve(string folder)
    {
        string snapshots = Path.Combine(folder, "snapshots");
        if (File.Exists(Path.Combine(folder, "config.json")) || !Directory.Exists(snapshots))
        {
            return folder;
        }

        string main = Path.Combine(folder, "refs", "main");
        try
        {
            string[] revisions =
            [
                .. Directory
                    .EnumerateDirectories(snapshots)
                    .Select(d => Path.GetFileName(d))
                    .Order(StringComparer.Ordinal),
            ];
            string? named = File.Exists(main) ? RegularFile.ReadAllText(main).Trim() : null;
            if (named is not null)
            {
                return revisions.Contains(named)
                    ? Path.Combine(snapshots, named)
                    : throw new InputException(
                        main,
                        $"names the revision '{named}', which has no folder in snapshots.",
                        "Download the model again, or name a snapshot's folder."
                    );
            }

            return revisions switch
            {
                [string only] => Path.Combine(snapshots, only),
                [] => throw new InputException(
                    folder,
                    "there is no snapshot in this folder of the hub's cache.",
                    "Download the model again."
                ),
                _ => throw new InputException(
                    folder,
                    $"there are {revisions.Length} snapshots and no refs/main that names one: "
                        + $"{string.Join(", ", revisions.Take(8))}{(revisions.Length > 8 ? ", …" : "")}.",
                    $"Name one of them: {Path.Combine(snapshots, revisions[0])}."
                ),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(folder, $"cannot be read ({e.Message.TrimEnd('.')}).", null, e);
        }
    }

    /// <summary>
    /// The repository, <c>org/name</c>, that a snapshot's folder belongs to; null for a folder outside the hub's cache.
    /// </summary>
    public static string? RepositoryOf(string folder)
    {
        var snapshot = new DirectoryInfo(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        return
            snapshot.Parent is { Name: "snapshots", Parent.Name: { } repository }
            && repository.StartsWith(Prefix, StringComparison.Ordinal)
            ? repository[Prefix.Length..].Replace("--", "/", StringComparison.Ordinal)
            : null;
    }
}
