using Pipelines.Host.Planning;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Running;

/// <summary>
/// <c>units.txt</c> of a run's folder: the stored units that the run uses, one a line. Lines are added before units are computed, so that <c>gc</c> spares what an
/// interrupted run has done; a whole run leaves exactly its own.
/// </summary>
internal sealed class UnitsFile(string runFolder)
{
    private const string Name = "units.txt";
    private readonly Lazy<HashSet<string>> written = new(() => File.Exists(Path.Combine(runFolder, Name)) ? File.ReadAllLines(Path.Combine(runFolder, Name)).ToHashSet(StringComparer.Ordinal) : []);

    /// <summary>A unit as a line.</summary>
    public static string Line(string kind, string key) => $"{kind} {key}";

    /// <summary>The lines of all runs below a folder.</summary>
    public static HashSet<string> AllOf(string runs) =>
        Directory.Exists(runs) ? Directory.EnumerateFiles(runs, Name, SearchOption.AllDirectories).SelectMany(File.ReadAllLines).ToHashSet(StringComparer.Ordinal) : [];

    /// <summary>Adds units that are about to be used.</summary>
    public void Add(IReadOnlyList<Unit> units)
    {
        string[] added = [.. units.Select(Line).Where(written.Value.Add)];
        if (added.Length == 0) return;
        using var writer = new StreamWriter(new FileStream(Path.Combine(runFolder, Name), FileMode.Append, FileAccess.Write, FileShare.ReadWrite));
        foreach (string line in added) writer.WriteLine(line);
    }

    /// <summary>The run is whole: it uses these units and no others.</summary>
    public void Replace(IEnumerable<Unit> units)
    {
        string[] lines = [.. units.Select(Line).Distinct()];
        if (written.Value.SetEquals(lines)) return;
        string temporary = Path.Combine(runFolder, $".{Name}.{Environment.ProcessId}");
        File.WriteAllLines(temporary, lines);
        File.Move(temporary, Path.Combine(runFolder, Name), overwrite: true);
    }

    private static string Line(Unit unit) => Line(unit.Kind, Fingerprint.Of(unit));
}
