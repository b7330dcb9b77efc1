using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// Units that are known and not there, and which of them comes next. What is computed of a picture is kept while it is
/// at work, so a worker stays with its picture until nothing about it is ready, whichever stages that belongs to: the
/// picture goes through tower and prefix once for all of them. In between come units about no picture, for which others
/// wait (masks, fits), and those that go over many (means of a baseline), before any sample is begun that needs them.
/// Not safe for several threads.
/// </summary>
/// <param name="isThere">Whether a unit is stored.</param>
internal sealed class Backlog(Func<Unit, bool> isThere)
{
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal); // by key, once known for good
    private readonly Dictionary<string, List<Entry>> waiting = new(StringComparer.Ordinal); // by the key of an input
    private readonly SortedSet<Entry> free = new(Entry.ByStage);
    private readonly Dictionary<string, SortedSet<Entry>> ofPicture = new(StringComparer.Ordinal);
    private int many; // at work, over several pictures

    /// <summary>Units of this stage and of those behind it are not handed out.</summary>
    public int End { get; set; } = int.MaxValue;

    /// <summary>Whether a unit may be begun now; one that may not is passed over.</summary>
    public Func<Unit, bool> MayBegin { get; init; } = _ => true;

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
        foreach (
            Unit input in unit
                .Parts.OfType<KeyPart.Inputs>()
                .SelectMany(i => i.Units)
                .Distinct()
                .Where(i => !isThere(i))
        )
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

    /// <summary>
    /// The next unit of a worker that stays where it is: about its picture, in order of the stages, else about none.
    /// </summary>
    /// <param name="picture">The worker's picture, or null.</param>
    public Unit? TakeNear(string? picture) =>
        Taken((picture is null ? null : FirstOf(picture)) ?? free.FirstOrDefault(IsWithin));

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
            .MinBy(e => (-e.Stage.Number, e.Order));
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
        if (unit.Pictures.Count > 1)
        {
            many--;
        }

        if (isThere)
        {
            Found(unit);
        }
    }

    /// <summary>A unit is stored, whoever computed it: what waited for it may be ready.</summary>
    public void Found(Unit unit)
    {
        if (!waiting.Remove(Fingerprint.Of(unit), out List<Entry>? behind))
        {
            return;
        }

        foreach (Entry entry in behind.Where(e => --e.Missing == 0))
        {
            Ready(entry);
        }
    }

    private bool IsWithin(Entry entry) => entry.Stage.Number < End && MayBegin(entry.Unit);

    private Entry? FirstOf(string picture) =>
        ofPicture.TryGetValue(picture, out SortedSet<Entry>? ready) ? ready.FirstOrDefault(IsWithin) : null;

    private void Ready(Entry entry)
    {
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

    private Unit? Taken(Entry? entry)
    {
        if (entry is null)
        {
            return null;
        }

        if (entry.Unit.Picture is { } picture)
        {
            ofPicture[picture].Remove(entry);
            if (ofPicture[picture].Count == 0)
            {
                ofPicture.Remove(picture);
            }
        }
        else
        {
            free.Remove(entry);
            many += entry.Unit.Pictures.Count > 1 ? 1 : 0;
        }

        return entry.Unit;
    }

    /// <summary>A unit in the backlog.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="stage">The first stage that named it.</param>
    /// <param name="order">So many were added before it.</param>
    private sealed class Entry(Unit unit, StageWork stage, int order)
    {
        public static IComparer<Entry> ByStage { get; } =
            Comparer<Entry>.Create((a, b) => (a.Stage.Number, a.Order).CompareTo((b.Stage.Number, b.Order)));

        public Unit Unit { get; } = unit;

        public StageWork Stage { get; } = stage;

        public int Order { get; } = order;

        /// <summary>Inputs that are not there.</summary>
        public int Missing { get; set; }
    }
}
