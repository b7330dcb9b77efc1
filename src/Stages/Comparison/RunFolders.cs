using Pipelines.Domain.Errors;
using Pipelines.Spec.Reading;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>Finds runs by their names under <c>artifacts/runs</c>, or by their folders.</summary>
/// <param name="artifacts">The artifacts folder.</param>
public sealed class RunFolders(string artifacts)
{
    private const int Listed = 12,
        Deepest = 4;
    private readonly string root = Path.GetFullPath(Path.Combine(artifacts, "runs"));

    /// <summary>Opens a run.</summary>
    /// <param name="run">Its name, or its folder.</param>
    /// <exception cref="InputException">There is none; names the nearest.</exception>
    public FinishedRun Open(string run)
    {
        string? folder =
            run.Length == 0
                ? null
                : new[] { Path.GetFullPath(Path.Combine(root, run)), Path.GetFullPath(run) }.FirstOrDefault(IsRun);
        return folder is null ? throw NotFound(run) : FinishedRun.Open(folder, NameOf(folder));
    }

    /// <summary>Names of the runs, in order.</summary>
    public IReadOnlyList<string> Names() =>
        [.. Runs(root, Deepest).Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal)];

    private string NameOf(string folder) => IsInside(folder) ? Path.GetRelativePath(root, folder) : folder;

    private bool IsInside(string folder) =>
        folder.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private InputException NotFound(string run)
    {
        string full = run.Length == 0 ? root : Path.GetFullPath(run),
            shown = run.Length == 0 ? "''" : run;
        if (File.Exists(full))
        {
            return new InputException(
                shown,
                "is a file.",
                $"Name the folder of a run, or the name that it has under {root}.{Others()}"
            );
        }

        string[] inside =
        [
            .. new[] { Path.Combine(root, run), full }
                .Where(f => run.Length > 0 && Directory.Exists(f))
                .SelectMany(f => Runs(f, Deepest))
                .Distinct()
                .Take(Listed),
        ];
        if (inside.Length > 0)
        {
            return new InputException(
                shown,
                "is no run, but a folder of runs.",
                $"Name one of them: {string.Join(", ", inside.Select(NameOf))}."
            );
        }

        if (run.Length > 0 && Directory.Exists(full))
        {
            return new InputException(
                shown,
                $"is no run's folder: it has no {RunFolder.SettingsFile}.",
                $"Name the folder of a run.{Others()}"
            );
        }

        string? near = Nearest.To(run, Names());
        return new InputException(
            shown,
            $"there is no such run (looked for {Path.Combine(root, run)} and for the folder {full}).",
            near is null ? Others().TrimStart() : $"Did you mean {near}?{Others()}"
        );
    }

    private string Others()
    {
        IReadOnlyList<string> names = Names();
        if (names.Count == 0)
        {
            return $" There is no run in {root}: --artifacts DIR names another artifacts folder.";
        }

        string what = names.Count == 1 ? "The run" : "The runs",
            first = string.Join(", ", names.Take(Listed)),
            more = names.Count > Listed ? $" and {names.Count - Listed} more" : "";
        return $" {what} there: {first}{more}.";
    }

    /// <summary>
    /// Runs below a folder; those of a matrix lie inside the folder of its name. What a run itself holds is not looked
    /// into.
    /// </summary>
    private static IEnumerable<string> Runs(string folder, int depth)
    {
        if (depth == 0 || !Directory.Exists(folder))
        {
            return [];
        }

        try
        {
            return
            [
                .. Directory
                    .EnumerateDirectories(folder)
                    .Where(f => Path.GetFileName(f) is not ("tables" or "figures") and not ['.', ..])
                    .Order(StringComparer.Ordinal)
                    .SelectMany(f => IsRun(f) ? Runs(f, depth - 1).Prepend(f) : Runs(f, depth - 1)),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // what cannot be listed is not offered
        }
    }

    private static bool IsRun(string folder) => File.Exists(Path.Combine(folder, RunFolder.SettingsFile));
}
