using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>.leases/ID.json</c> of a store: says that a process works in it, and is renewed as long as it does. Names of
/// unfinished folders hold the id, so that whoever finds one can tell whose it is.
/// </summary>
public sealed class StoreLease : IDisposable
{
    private const int LooksBeforeGone = 7;
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10),
        BetweenLooks = TimeSpan.FromMilliseconds(500);

    private readonly string path;
    private readonly Timer timer;
    private readonly Lock renewing = new();
    private bool ended;

    private StoreLease(string path, string id)
    {
        this.path = path;
        Id = id;
        timer = new Timer(_ => Renew(), null, Renewal, Renewal);
    }

    /// <summary>Names the process in this store.</summary>
    public string Id { get; }

    /// <summary>Begins to work in a store.</summary>
    /// <param name="root">The store's folder.</param>
    public static StoreLease Take(string root)
    {
        string id = Guid.NewGuid().ToString("N"),
            path = Leases.PathOf(root, id);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, Worker.Current.ToJson());
        return new StoreLease(path, id);
    }

    /// <summary>Renews the lease.</summary>
    /// <returns>Now, by the clock that the store's file system gives files their times by; this machine's where it
    /// cannot be renewed.</returns>
    public DateTime Renew()
    {
        lock (renewing)
        {
            try
            {
                // Written anew rather than given a time: the time then is the file system's own, which is the same for
                // all that share it.
                if (!ended && Directory.Exists(Path.GetDirectoryName(path)))
                {
                    AtomicFile.Write(path, Worker.Current.ToJson());
                }

                return File.Exists(path) ? File.GetLastWriteTimeUtc(path) : DateTime.UtcNow;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return DateTime.UtcNow; // tried again at the next renewal
            }
        }
    }

    /// <summary>
    /// Whether the store itself is gone: nobody removes the folder of leases but whoever deletes the store or takes its
    /// disk away. A disk that does not tell is not gone, and on one that is late with its news (others' leases come and
    /// go in that folder) it must be missing for a while.
    /// </summary>
    public bool IsStoreGone()
    {
        try
        {
            for (int look = 1; !NetworkDisk.IsThere(Path.GetDirectoryName(path)!); look++)
            {
                if (look == LooksBeforeGone)
                {
                    return true;
                }

                Thread.Sleep(BetweenLooks);
            }
        }
        catch (IOException)
        {
            // It does not tell
        }

        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        timer.Dispose();
        lock (renewing)
        {
            ended = true;
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is left, and known as that of a process that has ended.
            }
        }
    }
}

/// <summary>Whether a process is at work.</summary>
public enum WorkerState
{
    /// <summary>It is, or it cannot be seen from here and has given a sign not long ago.</summary>
    AtWork,

    /// <summary>
    /// It cannot be seen from here, and has given no sign for a while: it may have died, or be paused, or cut off.
    /// </summary>
    Unclear,

    /// <summary>It has ended.</summary>
    Ended,
}

/// <summary>A process that works, or has worked, in a store.</summary>
/// <param name="Id">Id of its lease.</param>
/// <param name="State">Whether it is at work.</param>
/// <param name="Silence">Time since its last sign; null where it left no lease.</param>
/// <param name="Name">What people know it by.</param>
public sealed record LeaseHolder(string Id, WorkerState State, TimeSpan? Silence, string Name);

/// <summary>The leases of a store, those of other processes among them.</summary>
/// <param name="root">The store's folder.</param>
/// <param name="now">Now, by the file system's clock.</param>
public sealed class Leases(string root, DateTime now)
{
    /// <summary>Name of their folder in the store.</summary>
    internal const string FolderName = ".leases";

    private const string Extension = ".json";

    /// <summary>
    /// A holder that cannot be seen from here counts as at work so long after its last sign: many renewals, because a
    /// busy disk or a clock set right must not cost a run.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>
    /// And so long after it as dead: longer than a night in which a container is paused or a machine asleep.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromDays(2);

    /// <summary>File of a lease.</summary>
    public static string PathOf(string root, string id) => Path.Combine(root, FolderName, id + Extension);

    /// <summary>All leases that there are.</summary>
    public IReadOnlyList<LeaseHolder> All() =>
        Directory.Exists(Path.Combine(root, FolderName))
            ?
            [
                .. Directory
                    .EnumerateFiles(Path.Combine(root, FolderName), "*" + Extension)
                    .Select(f => Of(Path.GetFileNameWithoutExtension(f))),
            ]
            : [];

    /// <summary>Who holds a lease.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="trace">A file or folder of the holder: its time stands for the last sign where there is no
    /// lease.</param>
    public LeaseHolder Of(string id, string? trace = null)
    {
        string path = PathOf(root, id);
        Worker? worker = Worker.Read(path);
        string name = worker?.ToString() ?? "an unknown process";
        DateTime? sign = NetworkDisk.IsThere(path) ? NetworkDisk.Persist(() => File.GetLastWriteTimeUtc(path)) : null;
        if (worker?.IsRunning is { } running)
        {
            return new LeaseHolder(id, running ? WorkerState.AtWork : WorkerState.Ended, now - sign, name);
        }

        DateTime? last = sign ?? (trace is null ? null : LastChange(trace));
        if (last is null)
        {
            return new LeaseHolder(id, WorkerState.Ended, null, name); // no lease, and nothing left of it
        }

        TimeSpan silence = now - last.Value;
        WorkerState state =
            silence > Limit ? WorkerState.Ended
            : silence > Patience ? WorkerState.Unclear
            : WorkerState.AtWork;
        return new LeaseHolder(id, state, silence, name);
    }

    /// <summary>
    /// Removes the leases of processes that ended long ago. A younger one stays: it says that what is left in a run's
    /// folder is nobody's.
    /// </summary>
    public void RemoveOld()
    {
        foreach (LeaseHolder holder in All().Where(h => h.State == WorkerState.Ended && h.Silence > Limit))
        {
            try
            {
                File.Delete(PathOf(root, holder.Id));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next process tries again.
            }
        }
    }

    /// <summary>The latest time of a file or folder and of what lies in it; null where it is gone.</summary>
    private static DateTime? LastChange(string path)
    {
        try
        {
            if (File.Exists(path))
            {
                return File.GetLastWriteTimeUtc(path);
            }

            return Directory.Exists(path)
                ? Directory
                    .EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories)
                    .Select(File.GetLastWriteTimeUtc)
                    .Append(Directory.GetLastWriteTimeUtc(path))
                    .Max()
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return DateTime.UtcNow; // somebody works on it just now
        }
    }
}
