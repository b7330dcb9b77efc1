namespace Pipelines.Stages.Storage;

/// <summary>
/// When the entries of a folder last changed, as its file system says: an entry that is added, removed or renamed
/// changes both times. A copy of a folder can be given the first time of the original (<c>rsync -a</c>), never the
/// second. Numbers of file and file system are no part of it: they differ between the hosts that share a store.
/// </summary>
/// <param name="Modified">Last change of the entries, in nanoseconds since 1970.</param>
/// <param name="Changed">Last change of entries, name or rights, likewise.</param>
internal readonly record struct FolderStamp(long Modified, long Changed)
{
    /// <summary>
    /// A folder that changed later than this before it was read may change once more without its times showing it:
    /// clocks of file systems tick a few times a second, some every two seconds.
    /// </summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>The stamp of a folder; null where there is none, or where the system knows no time of change.</summary>
    public static FolderStamp? Of(string folder) =>
        FileIdentity.TimesOfFolder(folder) is { } times ? new FolderStamp(times.Modified, times.Changed) : null;

    /// <summary>Whether the last change lies so far back that any later one shows.</summary>
    /// <param name="now">Now, by the clock of the folder's file system.</param>
    /// <param name="settling">So far back.</param>
    public bool IsSettled(DateTime now, TimeSpan settling) => AgeOf(now, Math.Max(Modified, Changed)) > settling;

    /// <summary>
    /// Whether the folder has changed just now: of one into which a file was just written this is true, unless its file
    /// system keeps no times of folders.
    /// </summary>
    public bool IsFresh(DateTime now) => AgeOf(now, Modified) <= Settling;

    private static TimeSpan AgeOf(DateTime now, long nanoseconds) =>
        now - DateTime.UnixEpoch - TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
}
