using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>How a claim looks to somebody who only looks.</summary>
public enum ClaimState
{
    /// <summary>Nobody has it.</summary>
    None,

    /// <summary>A worker that has left a sign, and is not known to be dead.</summary>
    Held,

    /// <summary>A worker that is surely dead: the next one takes it over.</summary>
    Stale,

    /// <summary>It cannot be read, or says nothing of a worker that anything is known of.</summary>
    Unknown,
}

/// <summary>A worker of a store, as it looks from here.</summary>
/// <param name="Name">Process, host and job.</param>
/// <param name="IsRunning">Whether it runs; null where that cannot be seen from here.</param>
public sealed record WorkerSeen(string Name, bool? IsRunning);

/// <summary>
/// All claims of a store at a moment, from one listing of their folders. Nothing is written. Whether a worker elsewhere
/// lives takes minutes of watching its counter, and is not told.
/// </summary>
public sealed class ClaimsSeen
{
    private readonly Dictionary<string, ClaimText> claims = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WorkerSeen?> workers = new(StringComparer.Ordinal);
    private readonly HashSet<string> failed;
    private readonly FailureNotes failures;
    private readonly string root;

    /// <summary>Looks at a store.</summary>
    /// <param name="root">Its folder.</param>
    public ClaimsSeen(string root)
    {
        this.root = root;
        var files = new ClaimFile(root, HardLink.Make);
        foreach (var ofKey in files.All().GroupBy(c => c.Key, StringComparer.Ordinal))
        {
            // The highest number counts
            if (files.Read(ofKey.Key, ofKey.Max(c => c.Number)) is { IsOver: false } claim)
            {
                claims[ofKey.Key] = claim;
            }
        }

        failures = new FailureNotes(root);
        failed = [.. failures.Keys()];
    }

    /// <summary>Workers that have left a sign.</summary>
    public IReadOnlyList<WorkerSeen> Workers =>
        [.. Heartbeat.All(root).Select(WorkerOf).OfType<WorkerSeen>().OrderBy(w => w.Name, StringComparer.Ordinal)];

    /// <summary>The state of a claim, and whose it is as far as that is known.</summary>
    public (ClaimState State, WorkerSeen? Worker) Of(string key)
    {
        if (!claims.TryGetValue(key, out ClaimText? claim))
        {
            return (ClaimState.None, null);
        }

        WorkerSeen? worker = claim.Worker.Length > 0 ? WorkerOf(claim.Worker) : null;
        return worker switch
        {
            null => (ClaimState.Unknown, null),
            { IsRunning: false } => (ClaimState.Stale, worker),
            _ => (ClaimState.Held, worker),
        };
    }

    /// <summary>Why a unit failed when it was last tried; null where it did not.</summary>
    public string? FailureOf(string key) => failed.Contains(key) ? failures.Why(key) : null;

    private WorkerSeen? WorkerOf(string name)
    {
        if (!workers.TryGetValue(name, out WorkerSeen? seen))
        {
            seen = WorkerSign.Read(Heartbeat.PathOf(root, name)) is var (sign, _)
                ? new WorkerSeen(sign.ToString(), sign.HasEnded ? false : sign.Worker.IsRunning)
                : null;
            workers[name] = seen;
        }

        return seen;
    }
}
