using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// Units that are known and not there, and which of them comes next. What is computed of a picture is kept while it is
/// at work, so a worker stays with its picture until nothing about it is ready, whichever stages that belongs to: the
/// picture goes through tower and prefix once for all of them. In between come units about no picture, for which others
/// wait (masks, fits), and those that go over many (means of a baseline), before any sample is begun that needs them.
/// What another process holds is passed over. Not safe for several threads.
/// </summary>
/// <param name="isThere">Whether a unit is stored.</param>
internal sealed class Backlog(Func<Unit, bool> isThere)
{
    /// <summary>Units about no picture that a process passes over at most, to start elsewhere than others.</summary>
    private const int MostPassed = 64;

    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal); // by key, once known for good
    private readonly Dictionary<string, List<Entry>> waiting = new(StringComparer.Ordinal); // by the key of an input
    private readonly SortedSet<Entry> free = new(Entry.ByStage);
    private readonly Dictionary<string, SortedSet<Entry>> ofPicture = new(StringComparer.Ordinal);
    private readonly HashSet<string> blocked = new(StringComparer.Ordinal); // claims that others hold
    private int many; // at work, over several pictures

    /// <summary>Units of this stage and of those behind it are not handed out.</summary>
    public int End { get; set; } = int.MaxValue;

    /// <summary>Whether a unit may be begun now; one that may not is passed over.</summary>
    public Func<Unit, bool> MayBegin { get; init; } = _ => true;

    /// <summary>
    /// Where this process starts among pictures; null = where they stand in order. Others start elsewhere, so that they
    /// do not follow each other and meet at every one.
    /// </summary>
    public ulong? Start { get; set; }

    /// <summary>Whether a unit about a picture that nobody else is known to hold is left, ready or not.</summary>
    public bool HasPictures =>
        entries.Values.Any(e =>
            e.State is EntryState.Waiting or EntryState.Ready
            && e.Unit.Picture is not null
            && !blocked.Contains(e.Claim.Key)
        );

    private IEnumerable<Entry> ReadyOnes => ofPicture.Values.SelectMany(ready => ready).Concat(free);

    /// <summary>
    /// Whether anything that is ready is passed over. Claims of what has been found since are let go.
    /// </summary>
    public bool IsHeldUp()
    {
        if (blocked.Count > 0)
        {
            blocked.IntersectWith(ReadyOnes.Select(e => e.Claim.Key).ToArray());
        }

        return blocked.Count > 0;
    }

    /// <summary>Adds a unit that is not there, unless it was added before.</summary>
    public void Add(StageWork stage, Unit unit)
    {
        string key = Fingerprint.Of(unit);
        if (entries.ContainsKey(key))
        {
            return;
        }

        var entry = new Entry(unit, stage, entries.Count);
        entries.Add(key, entry);
        stage.Open++;
        foreach (Unit input in unit.Inputs.Distinct().Where(i => !isThere(i)))
        {
            entry.Missing++;
            string of = Fingerprint.Of(input);
            if (!waiting.TryGetValue(of, out List<Entry>? behind))
            {
                waiting[of] = behind = [];
            }

            behind.Add(entry);
        }

        if (entry.Missing == 0)
        {
            Ready(entry);
        }
    }

    /// <summary>The stage that a unit was handed out for.</summary>
    public StageWork StageOf(Unit unit) => entries[Fingerprint.Of(unit)].Stage;

    /// <summary>What is claimed before a unit is computed.</summary>
    public ClaimKey ClaimOf(Unit unit) => entries[Fingerprint.Of(unit)].Claim;

    /// <summary>
    /// The next unit of a worker that stays where it is: about its picture, in order of the stages, else about none.
    /// </summary>
    /// <param name="picture">The worker's picture, or null.</param>
    public Unit? TakeNear(string? picture) => Taken((picture is null ? null : FirstOf(picture)) ?? FirstFree());

    /// <summary>
    /// The next unit of a worker that goes to another picture: one that no other works on if there is one, and of these
    /// the one that is furthest. Null while a unit over many pictures is at work, for samples wait for it.
    /// </summary>
    /// <param name="others">Pictures of the other workers.</param>
    public Unit? TakeElsewhere(IReadOnlyCollection<string?> others)
    {
        if (many > 0)
        {
            return null;
        }

        Entry? best = ofPicture
            .Where(p => !others.Contains(p.Key))
            .Select(p => p.Value.Reverse().FirstOrDefault(IsWithin))
            .OfType<Entry>()
            .MinBy(e => (-e.Stage.Number, PlaceOf(e)));
        return Taken(
            best is not null
                ? FirstOf(best.Unit.Picture!)
                : others.OfType<string>().Select(FirstOf).FirstOrDefault(e => e is not null)
        );
    }

    /// <summary>A unit that was handed out is over.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="isThere">It is stored.</param>
    public void Over(Unit unit, bool isThere)
    {
        Entry entry = entries[Fingerprint.Of(unit)];
        entry.State = EntryState.Over;
        many -= IsOverMany(unit) ? 1 : 0;
        if (isThere)
        {
            Settle(unit);
        }
    }

    /// <summary>A unit that was handed out is not begun, or begun for nothing: it is as if it had not been.</summary>
    public void PutBack(Unit unit)
    {
        many -= IsOverMany(unit) ? 1 : 0;
        Ready(entries[Fingerprint.Of(unit)]);
    }

    /// <summary>A unit is stored, computed by somebody else: what waited for it may be ready.</summary>
    public void Found(Unit unit)
    {
        if (entries.TryGetValue(Fingerprint.Of(unit), out Entry? entry))
        {
            if (entry.State is EntryState.Taken or EntryState.Over)
            {
                return; // whoever computes it here says when it is over
            }

            if (entry.State == EntryState.Ready)
            {
                Remove(entry);
            }

            entry.State = EntryState.Over;
            entry.Stage.Open--;
        }

        Settle(unit);
    }

    /// <summary>Others hold a claim: what needs it is passed over.</summary>
    public void Block(Unit unit) => blocked.Add(ClaimOf(unit).Key);

    /// <summary>What is passed over: the ready units of each claim that others hold, in order.</summary>
    public IReadOnlyList<IReadOnlyList<Unit>> Blocked() =>
        [
            .. ReadyOnes
                .Where(e => blocked.Contains(e.Claim.Key))
                .GroupBy(e => e.Claim.Key, e => e.Unit, StringComparer.Ordinal)
                .Select(g => g.ToArray()),
        ];

    /// <summary>A claim is tried again.</summary>
    public void Unblock(Unit unit) => blocked.Remove(ClaimOf(unit).Key);

    private static bool IsOverMany(Unit unit) => unit.Pictures.Count > 1;

    private bool IsWithin(Entry entry) =>
        entry.Stage.Number < End && (blocked.Count == 0 || !blocked.Contains(entry.Claim.Key)) && MayBegin(entry.Unit);

    private Entry? FirstOf(string picture) =>
        ofPicture.TryGetValue(picture, out SortedSet<Entry>? ready) ? ready.FirstOrDefault(IsWithin) : null;

    private Entry? FirstFree() =>
        (
            Start is { } start && free.Count > 0
                ? free.Skip((int)(start % (ulong)Math.Min(free.Count, MostPassed))).FirstOrDefault(IsWithin)
                : null
        ) ?? free.FirstOrDefault(IsWithin);

    /// <summary>Where a picture stands among those that are as far: in order, or as this process goes.</summary>
    private ulong PlaceOf(Entry entry)
    {
        if (Start is not { } place)
        {
            return (ulong)entry.Order;
        }

        if (entry.Place is { } known)
        {
            return known;
        }

        foreach (char letter in entry.Unit.Picture!)
        {
            place = (place ^ letter) * 1099511628211; // FNV-1a: the same order in every run of the process
        }

        entry.Place = place;
        return place;
    }

    private void Settle(Unit unit)
    {
        if (!waiting.Remove(Fingerprint.Of(unit), out List<Entry>? behind))
        {
            return;
        }

        foreach (Entry entry in behind.Where(e => --e.Missing == 0 && e.State == EntryState.Waiting))
        {
            Ready(entry);
        }
    }

    private void Ready(Entry entry)
    {
        entry.State = EntryState.Ready;
        if (entry.Unit.Picture is not { } picture)
        {
            free.Add(entry);
            return;
        }

        if (!ofPicture.TryGetValue(picture, out SortedSet<Entry>? ready))
        {
            ofPicture[picture] = ready = new SortedSet<Entry>(Entry.ByStage);
        }

        ready.Add(entry);
    }

    private void Remove(Entry entry)
    {
        if (entry.Unit.Picture is not { } picture)
        {
            free.Remove(entry);
            return;
        }

        ofPicture[picture].Remove(entry);
        if (ofPicture[picture].Count == 0)
        {
            ofPicture.Remove(picture);
        }
    }

    private Unit? Taken(Entry? entry)
    {
        if (entry is null)
        {
            return null;
        }

        Remove(entry);
        entry.State = EntryState.Taken;
        many += IsOverMany(entry.Unit) ? 1 : 0;
        return entry.Unit;
    }

    /// <summary>How far a unit is.</summary>
    private enum EntryState
    {
        /// <summary>For its inputs.</summary>
        Waiting,

        /// <summary>To be handed out.</summary>
        Ready,

        /// <summary>Handed out.</summary>
        Taken,

        /// <summary>Computed here or elsewhere, or failed.</summary>
        Over,
    }

    /// <summary>A unit in the backlog.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="stage">The first stage that named it.</param>
    /// <param name="order">So many were added before it.</param>
    private sealed class Entry(Unit unit, StageWork stage, int order)
    {
        private ClaimKey? claim;

        public static IComparer<Entry> ByStage { get; } =
            Comparer<Entry>.Create((a, b) => (a.Stage.Number, a.Order).CompareTo((b.Stage.Number, b.Order)));

        public Unit Unit { get; } = unit;

        public StageWork Stage { get; } = stage;

        public int Order { get; } = order;

        /// <summary>Inputs that are not there.</summary>
        public int Missing { get; set; }

        public EntryState State { get; set; }

        /// <summary>Where its picture stands as this process goes; null where nobody has asked.</summary>
        public ulong? Place { get; set; }

        /// <summary>What is claimed with it; worked out when it is first asked for.</summary>
        public ClaimKey Claim => claim ??= ClaimKey.Of(Unit);
    }
}
