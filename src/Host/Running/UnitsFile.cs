using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// <c>units.txt</c> of a run's folder: the stored units that the run uses, one a line. Lines are added before units are
/// computed, so that <c>gc</c> spares what an interrupted run has done; a whole run leaves exactly its own.
/// </summary>
internal sealed class UnitsFile(string runFolder)
{
    private const string Name = "units.txt";
    private readonly Lazy<HashSet<string>> written = new(() =>
        File.Exists(Path.Combine(runFolder, Name))
            ? RegularFile.ReadAllLines(Path.Combine(runFolder, Name)).ToHashSet(StringComparer.Ordinal)
            : []
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

        foreach (string folder in FoldersWith(Name).Union(FoldersWith(PublishedFiles.FileName)).ToList())
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

            foreach (string file in Directory.EnumerateFiles(runs, Name, SearchOption.AllDirectories))
            {
                found[Path.GetRelativePath(runs, Path.GetDirectoryName(file)!)] = [.. RegularFile.ReadAllLines(file)];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process may be removing a run
        }

        return found;
    }

    private static string[] LinesOf(string folder)
    {
        string path = Path.Combine(folder, Name);
        string[] lines = File.Exists(path) ? RegularFile.ReadAllText(path).Split('\n') : [""];
        string[] whole = lines[..^1]; // what stands behind the last line feed was cut off when a process was killed
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
        string[] added = [.. units.Select(Line).Where(written.Value.Add)];
        if (added.Length == 0)
        {
            return;
        }

        // At once: other processes of the run add theirs at the same time
        using FileStream stream = RegularFile.Append(Path.Combine(runFolder, Name));
        stream.Write(Encoding.UTF8.GetBytes(string.Concat(added.Select(line => line + "\n"))));
    }

    /// <summary>The run is whole: it uses these units and no others.</summary>
    /// <returns>What the file then holds.</returns>
    public UnitsMark Replace(IEnumerable<Unit> units)
    {
        var text = new StringBuilder();
        int lines = 0;
        foreach (Unit unit in units.DistinctBy(Fingerprint.Of))
        {
            text.Append(unit.Kind).Append(' ').Append(Fingerprint.Of(unit)).Append('\n');
            lines++;
        }

        string path = Path.Combine(runFolder, Name);
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        if (!File.Exists(path) || !RegularFile.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
        {
            AtomicFile.Write(path, bytes);
        }

        return new UnitsMark(lines, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    private static string Line(Unit unit) => Line(unit.Kind, Fingerprint.Of(unit));
}
