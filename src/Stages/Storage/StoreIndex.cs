using System.Collections.Concurrent;
using System.Diagnostics;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>.index</c> of a store: what is stored, without a look at each unit. Two hints, neither of which is ever trusted
/// blindly: a <see cref="KindListing"/> a stage kind, which counts only while the kind's folder has the times that it
/// had when it was listed, and a <see cref="UnitJournal"/> a process, which says what units are called, and by which
/// only words are chosen. All of it may be deleted at any time. Why it is so:
/// docs/decisions/0007-index-of-the-store.md.
/// </summary>
/// <param name="root">The store's folder.</param>
/// <param name="lease">This process; null where the store is only looked at and nothing is kept.</param>
internal sealed class StoreIndex(string root, StoreLease? lease) : IDisposable
{
    /// <summary>Begins with a dot: versions that know no index take every other folder for that of a kind.</summary>
    public const string FolderName = ".index";

    /// <summary>Answers of the disk's server are as old as this at most.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(0.5);

    private const string Journal = ".journal",
        Merged = ".merged";

    /// <summary>More files than this are merged by the process that reads them.</summary>
    private const int MostJournals = 8,
        UnitsOfFrame = 4096;

    private readonly string folder = Path.Combine(root, FolderName);
    private readonly ConcurrentDictionary<string, Lazy<Known>> kinds = new(StringComparer.Ordinal);
    private readonly Lazy<DateTime?> begun = new(() => Now(root, lease));
    private readonly Lock noting = new();
    private IReadOnlyList<NamedUnit>? noted;
    private HashSet<(string Kind, KeyBytes Key)>? notedKeys;
    private UnitJournal? journal;
    private bool notesNothing = lease is null;

    /// <summary>How long a folder must have been left alone for its times to tell of any change.</summary>
    internal TimeSpan Settling { get; set; } = FolderStamp.Settling;

    /// <summary>
    /// Whether a unit is stored, as of now or of the first question about its kind. What is not known to be there is
    /// looked for, once that is a moment ago: somebody may have stored it meanwhile. At the start of a run all units
    /// are asked about, by every worker that is started with it.
    /// </summary>
    public bool Has(string kind, string key) => IsThere(kind, key, isListingEnough: true);

    /// <summary>
    /// As <see cref="Has"/>, asked of the disk's server: on a shared disk "not there" may be an answer of a minute ago.
    /// A folder whose own times are asked for anew lets go of the names that it was remembered not to have; once a
    /// while is enough for all that is asked about it. Where many were asked for one by one the folder is listed again:
    /// else every worker would ask about each unit of every other.
    /// </summary>
    public bool HasNow(string kind, string key)
    {
        Known known = Of(kind);
        if (known.IsDue(Freshness))
        {
            _ = FolderStamp.Of(Path.Combine(root, kind));
        }

        if (known.IsListingDue())
        {
            Try(() => known.List(() => KindListing.Of(Path.Combine(root, kind)).Keys));
        }

        return IsThere(kind, key, isListingEnough: false);
    }

    /// <summary>Names of the folders of a kind that are not whole, as of the first question about it.</summary>
    public IReadOnlyList<string> Unfinished(string kind) => Of(kind).Listing.Unfinished;

    /// <summary>
    /// Whether somebody has noted that he stored a unit, be it still there or not. Notes of what is gone are kept until
    /// journals are merged.
    /// </summary>
    public bool IsNoted(string kind, string key)
    {
        lock (noting)
        {
            notedKeys ??= [.. Noted().Select(u => (u.Kind, u.Key))];
            return KeyBytes.Of(key) is { } known && notedKeys.Contains((kind, known));
        }
    }

    /// <summary>A unit is stored.</summary>
    public void Add(string kind, string key, string name)
    {
        if (KeyBytes.Of(key) is { } known)
        {
            Of(kind).Since[known] = true;
            Note([new NamedUnit(kind, known, name)]);
        }
    }

    /// <summary>Another worker says that a unit is stored. Where that is not so, whoever reads it finds out.</summary>
    public void Believe(string kind, string key)
    {
        if (KeyBytes.Of(key) is { } known)
        {
            Of(kind).Since[known] = true;
        }
    }

    /// <summary>Whether a unit is known to be stored, without a look at the disk.</summary>
    public bool Knows(string kind, string key) => KeyBytes.Of(key) is { } known && Of(kind).Has(known);

    /// <summary>A unit is no longer where it was.</summary>
    public void Remove(string kind, string key)
    {
        if (KeyBytes.Of(key) is { } known)
        {
            Of(kind).Since[known] = false;
        }
    }

    /// <summary>
    /// Keys of the stored units of a kind by the units' names. A name that nobody has noted is read in the unit's
    /// manifest; those without a sound one are left out.
    /// </summary>
    public ILookup<string, string> ByName(string kind)
    {
        KeyBytes[] keys = [.. Of(kind).Keys];
        var names = new Dictionary<KeyBytes, string>(keys.Length);
        foreach (NamedUnit unit in Noted().Where(u => u.Kind == kind))
        {
            names[unit.Key] = unit.Name;
        }

        NamedUnit[] read =
        [
            .. keys.AsParallel()
                .Where(k => !names.ContainsKey(k))
                .Select(k => (Key: k, Manifest: Manifest.Of(root, kind, k.ToString())))
                .Where(m => m.Manifest is not null)
                .Select(m => new NamedUnit(kind, m.Key, m.Manifest!.Unit)),
        ];
        foreach (NamedUnit unit in read)
        {
            names[unit.Key] = unit.Name;
        }

        Note(read);
        return keys.Where(names.ContainsKey).ToLookup(k => names[k], k => k.ToString(), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (noting)
        {
            notesNothing = true;
            journal?.Dispose();
        }
    }

    private bool IsThere(string kind, string key, bool isListingEnough)
    {
        if (KeyBytes.Of(key) is not { } known)
        {
            return Directory.Exists(Path.Combine(root, kind, key));
        }

        Known there = Of(kind);
        if (there.Has(known))
        {
            return true;
        }

        if ((isListingEnough && there.IsYoung) || !Directory.Exists(Path.Combine(root, kind, key)))
        {
            return false;
        }

        there.Find(known);
        return true;
    }

    private Known Of(string kind) => kinds.GetOrAdd(kind, k => new Lazy<Known>(() => new Known(ListingOf(k)))).Value;

    /// <summary>
    /// What lies in a kind's folder now: as it was kept, if the folder's times are those of then, else listed. A
    /// listing is kept if the folder had been left alone for a while before, and was while it was listed: then any
    /// later change gives it other times.
    /// </summary>
    private KindListing ListingOf(string kind)
    {
        string listed = Path.Combine(root, kind);
        DateTime? now = begun.Value; // before the folder is looked at: what changes from here on is later
        if (FolderStamp.Of(listed) is not { } stamp)
        {
            return KindListing.Of(listed);
        }

        if (KindListing.Kept(folder, kind, stamp) is { } kept)
        {
            return kept;
        }

        var found = KindListing.Of(listed);
        if (now is { } since && stamp.IsSettled(since, Settling) && FolderStamp.Of(listed) == stamp)
        {
            Try(() =>
            {
                Directory.CreateDirectory(folder);
                found.Keep(folder, kind, stamp);
            });
        }

        return found;
    }

    /// <summary>
    /// Now, by the clock of the store's file system; null where nothing is kept: the store is only looked at, or its
    /// file system keeps no times of folders (that of the leases has just got an entry).
    /// </summary>
    private static DateTime? Now(string root, StoreLease? lease) =>
        lease?.Renew() is { } now
        && FolderStamp.Of(Path.Combine(root, Leases.FolderName)) is { } stamp
        && stamp.IsFresh(now)
            ? now
            : null;

    /// <summary>What all journals say; read once.</summary>
    private IReadOnlyList<NamedUnit> Noted()
    {
        lock (noting)
        {
            return noted ??= ReadJournals();
        }
    }

    private IReadOnlyList<NamedUnit> ReadJournals()
    {
        string[] files = [];
        bool isThere = Try(() =>
            files = Directory.Exists(folder)
                ?
                [
                    .. Directory
                        .EnumerateFiles(folder)
                        .Where(f => Path.GetExtension(f) is Journal or Merged)
                        .Order(StringComparer.Ordinal),
                ]
                : []
        );
        NamedUnit[] units = isThere ? [.. files.SelectMany(UnitJournal.Read).Where(u => IsKind(u.Kind))] : [];
        if (!notesNothing && files.Length > MostJournals)
        {
            Try(() => Merge(files, units));
        }

        return units;
    }

    /// <summary>
    /// One file in place of those that were read whole. A journal whose writer may be at work stays; what it says then
    /// stands in two. Whoever does the same at the same time leaves a file of its own: nothing is lost, and the next
    /// one merges these.
    /// </summary>
    private void Merge(string[] files, NamedUnit[] units)
    {
        AtomicFile.Write(
            PathOf(Guid.NewGuid().ToString("N"), Merged),
            stream =>
            {
                foreach (NamedUnit[] some in units.Distinct().Where(IsStored).Chunk(UnitsOfFrame))
                {
                    stream.Write(UnitJournal.Frame(some));
                }
            },
            flush: false
        );
        var leases = new Leases(root, lease!.Renew());
        foreach (string file in files)
        {
            string writer = Path.GetFileNameWithoutExtension(file);
            if (Path.GetExtension(file) == Merged || leases.Of(writer).State == WorkerState.Ended)
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>
    /// Kinds name folders. A frame's sum may be right on purpose, too: a path must not lead out of the store.
    /// </summary>
    private static bool IsKind(string kind) =>
        kind.Length > 0 && kind.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private bool IsStored(NamedUnit unit) => Of(unit.Kind).Has(unit.Key);

    private void Note(IReadOnlyCollection<NamedUnit> units)
    {
        if (units.Count == 0)
        {
            return;
        }

        lock (noting)
        {
            // Once it cannot be written (a full disk) it is given up: what is not noted is read again
            notesNothing =
                notesNothing || !Try(() => (journal ??= UnitJournal.Open(PathOf(lease!.Id, Journal))).Add(units));
        }
    }

    private string PathOf(string name, string extension) => Path.Combine(folder, name + extension);

    /// <summary>Does something that may fail, because nothing depends on it.</summary>
    private static bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What is known of a kind.</summary>
    /// <param name="listing">What lay there when it was first asked about; not changed.</param>
    private sealed class Known(KindListing listing)
    {
        /// <summary>
        /// So many units that others had stored were found one by one before the folder is listed; and a listing that
        /// takes long, of many units, is not made often.
        /// </summary>
        private const int FoundBeforeListing = 16,
            PauseOfListing = 20;

        private readonly long listed = Stopwatch.GetTimestamp();
        private readonly Lock relisting = new();
        private long asked,
            listedAgain;
        private TimeSpan took;
        private int found; // one by one, since the folder was listed

        public KindListing Listing => listing;

        /// <summary>The listing tells what is there now, as good as.</summary>
        public bool IsYoung => Stopwatch.GetElapsedTime(listed) < Freshness;

        /// <summary>Whether the folder's server is to be asked anew; once an interval, however many ask.</summary>
        public bool IsDue(TimeSpan interval)
        {
            long last = Interlocked.Read(ref asked);
            return (last == 0 || Stopwatch.GetElapsedTime(last) >= interval)
                && Interlocked.CompareExchange(ref asked, Stopwatch.GetTimestamp(), last) == last;
        }

        /// <summary>Whether to list the folder again.</summary>
        public bool IsListingDue() =>
            Volatile.Read(ref found) >= FoundBeforeListing
            && Stopwatch.GetElapsedTime(Interlocked.Read(ref listedAgain)) > took * PauseOfListing;

        /// <summary>A unit was found that another process had stored.</summary>
        public void Find(KeyBytes key)
        {
            Since[key] = true;
            Interlocked.Increment(ref found);
        }

        /// <summary>Takes over what lies in the folder now.</summary>
        public void List(Func<IEnumerable<KeyBytes>> keys)
        {
            lock (relisting)
            {
                if (!IsListingDue())
                {
                    return; // another thread has
                }

                long start = Stopwatch.GetTimestamp();
                try
                {
                    foreach (KeyBytes key in keys().Where(k => !listing.Keys.Contains(k)))
                    {
                        Since.TryAdd(key, true); // what was found damaged stays so until it is stored anew
                    }
                }
                finally
                {
                    took = Stopwatch.GetElapsedTime(start);
                    Volatile.Write(ref found, 0);
                    Interlocked.Exchange(ref listedAgain, Stopwatch.GetTimestamp());
                }
            }
        }

        /// <summary>What came since, and what went (false).</summary>
        public ConcurrentDictionary<KeyBytes, bool> Since { get; } = new();

        public IEnumerable<KeyBytes> Keys =>
            listing.Keys.Where(k => !Since.ContainsKey(k)).Concat(Since.Where(s => s.Value).Select(s => s.Key));

        public bool Has(KeyBytes key) =>
            Since.TryGetValue(key, out bool isThere) ? isThere : listing.Keys.Contains(key);
    }
}
