namespace Pipelines.Stages.Storage;

/// <summary>
/// Whether the workers of a store live, as this process sees it. A worker is dead at once where it is a process of this
/// machine that does not run, or an earlier life of one's own job element. Else it is stale when its counter has not
/// changed over <paramref name="patience"/> of this process's own monotonic clock: no time of one host is compared with
/// another's.
/// </summary>
/// <param name="root">The store's folder.</param>
/// <param name="patience">How long a counter may stay as it is.</param>
/// <param name="own">The job element that this process belongs to.</param>
/// <param name="time">The clock; tests bring their own.</param>
internal sealed class Heartbeats(string root, TimeSpan patience, JobElement? own, TimeProvider time)
{
    /// <summary>
    /// A file is read no more often than this: a claim is asked about again and again while one waits.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Seen> workers = new(StringComparer.Ordinal);
    private readonly Lock looking = new();

    /// <summary>Whether a worker is dead or stale, so that its claims are free.</summary>
    /// <param name="worker">Its name; what has none is known by <paramref name="claim"/>.</param>
    /// <param name="claim">The claim that names it.</param>
    public bool IsDead(string worker, string claim)
    {
        lock (looking)
        {
            Seen seen = Look(worker.Length > 0 ? worker : claim, worker);
            bool hasEnded =
                seen.Sign is { } sign
                && (sign.HasEnded || sign.Worker.IsRunning == false || own?.IsAfter(sign.Job) == true);
            return hasEnded || time.GetElapsedTime(seen.Changed) > patience;
        }
    }

    /// <summary>Who a worker is; null where it has left no file, or one that cannot be read.</summary>
    public WorkerSign? SignOf(string worker)
    {
        lock (looking)
        {
            return Look(worker, worker).Sign;
        }
    }

    private Seen Look(string name, string worker)
    {
        long now = time.GetTimestamp();
        if (workers.TryGetValue(name, out Seen? before) && time.GetElapsedTime(before.Looked, now) < Pause)
        {
            return before;
        }

        var read = worker.Length > 0 ? WorkerSign.Read(Heartbeat.PathOf(root, worker)) : null;
        bool isAsBefore = before is not null && (read is null || read.Value.Counter == before.Counter);
        return workers[name] = new Seen(
            read?.Sign ?? before?.Sign,
            read?.Counter ?? before?.Counter ?? 0,
            isAsBefore ? before!.Changed : now,
            now
        );
    }

    /// <summary>What was last seen of a worker.</summary>
    /// <param name="Sign">Who it is, as far as it was ever seen.</param>
    /// <param name="Counter">Its counter.</param>
    /// <param name="Changed">When that was first seen, by this process's clock.</param>
    /// <param name="Looked">When its file was last read.</param>
    private sealed record Seen(WorkerSign? Sign, long Counter, long Changed, long Looked);
}
