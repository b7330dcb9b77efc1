using Pipelines.Host.Running;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Commands;

/// <summary><c>gc</c>: removes what no run uses.</summary>
internal static class GcCommand
{
    /// <summary>Removes stored results that are in no <c>runs/*/units.txt</c>.</summary>
    public static int Execute(string artifacts, bool dryRun)
    {
        string cache = Path.Combine(artifacts, "cache"), runs = Path.Combine(artifacts, "runs");
        if (!Directory.Exists(cache)) throw new InputException(artifacts, "there is no cache here.", "Name the folder with --artifacts.");
        HashSet<string> used = UnitsFile.AllOf(runs);
        var store = new ArtifactStore(cache, new FileDigests(null));
        var (count, bytes) = store.Collect((kind, key) => used.Contains(UnitsFile.Line(kind, key)), dryRun);
        Console.WriteLine(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count} artifacts, {bytes / 1e6:0.0} MB {(dryRun ? "would be" : "were")} removed; {used.Count} are in use."));
        return Program.Done;
    }
}
