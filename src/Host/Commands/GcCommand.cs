using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Host.Running;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Commands;

/// <summary>
/// <c>gc</c>: removes what no run uses. Work in flight is left alone, whichever machine it is on, and what is left is
/// said.
/// </summary>
internal static class GcCommand
{
    /// <summary>Removes stored results that are in no <c>runs/*/units.txt</c>.</summary>
    public static int Execute(string artifacts, bool dryRun)
    {
        string cache = Path.Combine(artifacts, "cache"),
            runs = Path.Combine(artifacts, "runs");
        if (!Directory.Exists(cache))
        {
            throw new InputException(artifacts, "there is no cache here.", "Name the folder with --artifacts.");
        }

        var digests = new FileDigests(null);
        using ArtifactStore store = dryRun ? ArtifactStore.ToRead(cache, digests) : new ArtifactStore(cache, digests);
        HashSet<string> used = UnitsFile.AllOf(runs);
        Collected collected = store.Collect((kind, key) => used.Contains(UnitsFile.Line(kind, key)), dryRun);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Format.Many(collected.Count, "artifact")}, {collected.Bytes / 1e6:0.0} MB "
                    + $"{(dryRun ? "would be" : collected.Count == 1 ? "was" : "were")} removed; "
                    + $"{Format.Count(used.Count)} {(used.Count == 1 ? "is" : "are")} in use."
            )
        );
        if (collected.Claims > 0)
        {
            Console.WriteLine(
                $"{Format.Many(collected.Claims, "claim")} and signs of life of processes that have ended "
                    + $"{(dryRun ? "would go" : "went")}, too."
            );
        }

        foreach (var (folder, holder) in collected.Left)
        {
            Console.WriteLine($"left: {folder}, {WhyLeft(holder)}.");
        }

        return Program.Done;
    }

    private static string WhyLeft(LeaseHolder holder)
    {
        string sign = holder.Silence is { } silence ? $", last sign {Format.Duration(silence.TotalSeconds)} ago" : "";
        return holder.State == WorkerState.AtWork
            ? $"unfinished work of {holder.Name}{sign}"
            : $"unfinished work of {holder.Name}, of which is unclear whether it still runs{sign}";
    }
}
