using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// Claims and heartbeats that nobody needs any more: <c>gc</c> removes them. A claim is needed as long as its worker
/// may be at work and has not given it up, unless what it is on stands. A lower number stays below one that is needed:
/// else somebody would count from there.
/// </summary>
/// <param name="root">The store's folder.</param>
/// <param name="leases">Who is at work in the store: a worker has one name for lease, claims and heartbeat.</param>
internal sealed class OldClaims(string root, Leases leases)
{
    private readonly ClaimFile files = new(root, HardLink.Make);
    private readonly Dictionary<string, bool> ended = new(StringComparer.Ordinal);

    /// <summary>Removes them.</summary>
    /// <param name="stands">Whether a unit of this key is stored.</param>
    /// <param name="dryRun">Only count.</param>
    /// <returns>How many files.</returns>
    public int Remove(Func<string, bool> stands, bool dryRun)
    {
        int removed = 0;
        foreach (var ofKey in files.All().GroupBy(c => c.Key, StringComparer.Ordinal).ToList())
        {
            if (!stands(ofKey.Key) && ofKey.Any(c => IsNeeded(c.Key, c.Number)))
            {
                continue;
            }

            foreach (var (key, number) in ofKey)
            {
                removed += dryRun || TryDelete(key, number) ? 1 : 0;
            }
        }

        var failures = new FailureNotes(root);
        foreach (string key in failures.Keys().Where(stands))
        {
            removed++;
            if (!dryRun)
            {
                failures.Delete(key);
            }
        }

        foreach (string worker in Heartbeat.All(root).Where(HasEnded))
        {
            removed++;
            if (!dryRun)
            {
                File.Delete(Heartbeat.PathOf(root, worker));
            }
        }

        return removed;
    }

    private bool TryDelete(string key, int number)
    {
        try
        {
            files.Delete(key, number);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // another's, or the disk's trouble: left for the next time
        }
    }

    private bool IsNeeded(string key, int number) =>
        files.Read(key, number) is { IsOver: false } claim && (claim.Worker.Length == 0 || !HasEnded(claim.Worker));

    private bool HasEnded(string worker)
    {
        if (!ended.TryGetValue(worker, out bool has))
        {
            string heartbeat = Heartbeat.PathOf(root, worker);
            has =
                WorkerSign.Read(heartbeat) is { Sign.HasEnded: true }
                || leases.Of(worker, heartbeat).State == WorkerState.Ended;
            ended[worker] = has;
        }

        return has;
    }
}
