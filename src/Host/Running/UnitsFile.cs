using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// <c>units.txt</c> of a run's folder: the stored units that the run uses, one a line. Lines are added before units are
/// computed, so that <c>gc</c> spares what an interrupted run has done; a whole run leaves exactly its own. Processes
/// that work side by side add to files of their own.
/// </summary>
/// <param name="runFolder">The run's folder.</param>
/// <param name="added">The file that this process adds to; null = the one of a process alone.</param>
internal sealed class UnitsFile(string runFolder, string? added = null)
{
    /// <summary>Name of the file of a whole run, and of a process alone.</summary>
    public const string Name = "units.txt";

    private const string OfOthers = "units.*.txt";

    private readonly Lazy<HashSet<string>> written = new(() =>
        FilesIn(runFolder).SelectMany(WholeLines).ToHashSet(StringComparer.Ordinal)
    );

    /// <summary>A unit as a line.</summary>
    public static string Line(string kind, string key) => $"{kind} {key}";

    /// <summary>The lines of all runs below a folder.</summary>
    /// <exception cref="InputException">A whole run's file does not hold what the run wrote: results that it uses would
    /// be taken for unused.</exception>
    public static HashSet<string> AllOf(string runs)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        if (!Directory.Exists(runs))
        {
            return all;
        }

        string[] files = [Name, OfOthers, PublishedFiles.FileName];
        foreach (string folder in files.SelectMany(FoldersWith).Distinct(StringComparer.Ordinal).ToList())
        {
            all.UnionWith(LinesOf(folder));
        }

        return all;

        IEnumerable<string> FoldersWith(string file) =>
            Directory.EnumerateFiles(runs, file, SearchOption.AllDirectories).Select(f => Path.GetDirectoryName(f)!);
    }

    /// <summary>
    /// The lines of each run below a folder, by the run's name, as far as they can be read: what they are shown for is
    /// words for people.
    /// </summary>
    public static IReadOnlyDictionary<string, HashSet<string>> ByRun(string runs)
    {
        var found = new SortedDictionary<string, HashSet<string>>(StringComparer.Ordinal);
        try
        {
            if (!Directory.Exists(runs))
            {
                return found;
            }

            foreach (
                var run in Directory
                    .EnumerateFiles(runs, "units*.txt", SearchOption.AllDirectories)
                    .GroupBy(file => Path.GetDirectoryName(file)!, StringComparer.Ordinal)
            )
            {
                found[Path.GetRelativePath(runs, run.Key)] = [.. run.SelectMany(RegularFile.ReadAllLines)];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process may be removing a run
        }

        return found;
    }

    private static IEnumerable<string> FilesIn(string folder) =>
        Directory.EnumerateFiles(folder, OfOthers).Concat(new[] { Path.Combine(folder, Name) }.Where(File.Exists));

    private static IEnumerable<string> LinesOf(string folder) =>
        WholeLinesOf(folder).Concat(Directory.EnumerateFiles(folder, OfOthers).SelectMany(f => WholeLines(f)));

    /// <summary>What stands behind the last line feed was cut off when a process was killed.</summary>
    private static string[] WholeLines(string path) =>
        File.Exists(path) ? RegularFile.ReadAllText(path).Split('\n')[..^1] : [];

    private static string[] WholeLinesOf(string folder)
    {
        string path = Path.Combine(folder, Name);
        string[] whole = WholeLines(path);
        if (PublishedFiles.Read(folder) is { Units: var units } && UnitsMark.Of([.. whole.Take(units.Lines)]) != units)
        {
            throw new InputException(
                path,
                "is damaged: it does not name all stored results that the run uses.",
                "Run the experiment again, which writes it anew, or delete the run's folder. Nothing was removed."
            );
        }

        return whole;
    }

    /// <summary>Adds units that are about to be used.</summary>
    public void Add(IReadOnlyList<Unit> units)
    {
        string[] lines = [.. units.Select(Line).Where(written.Value.Add)];
        if (lines.Length == 0)
        {
            return;
        }

        // At once: what is written in one go is there whole, or not at all, for whoever reads beside. Behind a line
        // that was cut off when a process was killed another begins
        string path = added ?? Path.Combine(runFolder, Name);
        string begin =
            File.Exists(path) && RegularFile.ReadAllText(path) is { Length: > 0 } text && !text.EndsWith('\n')
                ? "\n"
                : "";
        using FileStream stream = RegularFile.Append(path);
        stream.Write(Encoding.UTF8.GetBytes(begin + string.Concat(lines.Select(line => line + "\n"))));
    }

    /// <summary>The run is whole: it uses these units and no others.</summary>
    /// <returns>What the file then holds.</returns>
    public UnitsMark Replace(IEnumerable<Unit> units)
    {
        var text = new StringBuilder();
        int lines = 0;
        foreach (Unit unit in units.DistinctBy(Fingerprint.Of))
        {
            text.Append(Line(unit)).Append('\n');
            lines++;
        }

        string path = Path.Combine(runFolder, Name);
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        if (!File.Exists(path) || !RegularFile.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
        {
            AtomicFile.Write(path, bytes);
        }

        foreach (string file in Directory.EnumerateFiles(runFolder, OfOthers))
        {
            File.Delete(file); // what they name is among them, or is no part of the run
        }

        return new UnitsMark(lines, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    private static string Line(Unit unit) => Line(unit.Kind, Fingerprint.Of(unit));
}
