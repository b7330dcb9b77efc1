using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>
/// Where runs may lie in <c>artifacts/runs</c>: none inside the folder of another, whose files it would be among.
/// Members of a matrix may, their names hold a '='.
/// </summary>
public static class RunNames
{
    private static readonly string[] OwnFolders = ["tables", "figures", "overview"];

    /// <summary>Demands that a run does not lie inside another.</summary>
    /// <param name="runs">The folder <c>artifacts/runs</c>.</param>
    /// <param name="name">Name of the run that is about to begin.</param>
    /// <param name="names">Names of all runs that are about to begin.</param>
    /// <exception cref="InputException">It would lie inside another, of these or of those that are there.</exception>
    public static void RequireApart(string runs, string name, IReadOnlyCollection<string> names)
    {
        string[] parts = name.Split('/', 2);
        if (parts is [var outer, var inner])
        {
            if (IsMember(inner))
            {
                return;
            }

            if (OwnFolders.Contains(inner))
            {
                throw Refused(name, $"would lie in the folder '{inner}' of a run '{outer}'", name);
            }

            if (names.Contains(outer) || IsRun(Path.Combine(runs, outer)))
            {
                throw Refused(name, $"would lie inside the folder of the run '{outer}'", name);
            }
        }
        else if (Inside(runs, name) is { } there)
        {
            throw Refused(name, $"would have the run '{name}/{there}' inside its folder", name);
        }
    }

    private static string? Inside(string runs, string name)
    {
        string folder = Path.Combine(runs, name);
        return Directory.Exists(folder)
            ? Directory
                .EnumerateDirectories(folder)
                .Where(IsRun)
                .Select(d => Path.GetFileName(d))
                .FirstOrDefault(inner => !IsMember(inner))
            : null;
    }

    private static bool IsMember(string inner) => inner.Contains('=', StringComparison.Ordinal);

    private static bool IsRun(string folder) => File.Exists(Path.Combine(folder, RunFolder.SettingsFile));

    private static InputException Refused(string name, string why, string like) =>
        new(
            "name",
            $"the run '{name}' {why}, and they would overwrite each other's files.",
            $"Give it another name, for example --set name={like.Replace('/', '-')}-2."
        );
}
