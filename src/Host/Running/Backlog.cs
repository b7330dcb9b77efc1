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

    private readonly Dictionary<string, BacklogEntry> entries = new(StringComparer.Ordinal); // by key
    private readonly Dictionary<string, List<BacklogEntry>> waiting = new(StringComparer.Ordinal); // by an input's key
    private readonly Dictionary<string, ClaimedUnits> claims = new(StringComparer.Ordinal); // by what is claimed
    private readonly LinkedList<ClaimedUnits> held = []; // by others, with units that are ready, as they were tried
    private readonly SortedSet<BacklogEntry> free = new(BacklogEntry.ByStage); // ready, about no picture, not held
    private readonly ReadyPictures pictures = new(); // ready and not held
    private int many; // at work, over several pictures

    /// <summary>Units of this stage and of those behind it are not handed out.</summary>
    public int End { get; set; } = int.MaxValue;

    /// <summary>Whether a unit may be begun now; one that may not is passed over.</summary>
    public Func<Unit, bool> MayBegin { get; init; } = _ => true;

    /// <summary>
    /// Seed of an order of pictures of this process's own, set when others are met, so that they do not follow each
    /// other and meet at every one; null = as they came.
    /// </summary>
    public ulong? OwnOrder
    {
        get => pictures.OwnOrder;
        set => pictures.OwnOrder = value;
    }

    /// <summary>
    /// Whether there may be a picture to work on, now or later: one that nobody else is known to hold is left, or a
    /// unit over many, before which whoever holds a picture lets go of it again.
    /// </summary>
    public bool HasPictures => claims.Values.Any(c => c.LeftOverPictures > 0 && (c.IsOverMany || !c.IsHeld));

    /// <summary>
    /// Claims that others hold and units are ready of, which are passed over: the one that was tried longest ago first.
    /// </summary>
    public IReadOnlyCollection<ClaimedUnits> Held => held;

    /// <summary>Whether anything that is ready is passed over.</summary>
    public bool IsHeldUp => held.Count > 0;

    /// <summary>Adds a unit that is not there, unless it was added before.</summary>
    public void Add(StageWork stage, Unit unit)
    {
        string key = Fingerprint.Of(unit);
        if (entries.ContainsKey(key))
        {
            return;
        }

        Unit[] inputs = [.. unit.Inputs.Distinct()];
        var claim = ClaimKey.Of(unit, inputs);
        if (!claims.TryGetValue(claim.Key, out ClaimedUnits? claimed))
        {
            claims[claim.Key] = claimed = new ClaimedUnits(claim) { IsOverMany = unit.Pictures.Count > 1 };
        }

        var entry = new BacklogEntry(unit, stage, entries.Count, claimed);
        entries.Add(key, entry);
        claimed.LeftOverPictures += LeftOverPictures(entry);
        stage.Open++;
        foreach (Unit input in inputs.Where(i => !isThere(i)))
        {
            entry.Missing++;
            string of = Fingerprint.Of(input);
            if (!waiting.TryGetValue(of, out List<BacklogEntry>? behind))
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
    public ClaimKey ClaimOf(Unit unit) => entries[Fingerprint.Of(unit)].ClaimedWith.Claim;

    /// <summary>
    /// The next unit of a worker that stays where it is: about its picture, in order of the stages, else about none.
    /// </summary>
    /// <param name="picture">The worker's picture, or null.</param>
    public Unit? TakeNear(string? picture) =>
        Taken((picture is null ? null : pictures.First(picture, IsWithin)) ?? FirstFree());

    /// <summary>
    /// The next unit of a worker that goes to another picture: one that no other works on if there is one, and of these
    /// the one that is furthest. Null while a unit over many pictures is at work, for samples wait for it.
    /// </summary>
    /// <param name="others">Pictures of the other workers.</param>
    public Unit? TakeElsewhere(IReadOnlyCollection<string?> others) =>
        many > 0
            ? null
            : Taken(
                pictures.Furthest(others, IsWithin) is { } furthest
                    ? pictures.First(furthest, IsWithin)
                    : others
                        .OfType<string>()
                        .Select(p => pictures.First(p, IsWithin))
                        .FirstOrDefault(e => e is not null)
            );

    /// <summary>A unit that was handed out is over.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="isThere">It is stored.</param>
    public void Over(Unit unit, bool isThere)
    {
        BacklogEntry entry = entries[Fingerprint.Of(unit)];
        Move(entry, EntryState.Over);
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
        if (entries.TryGetValue(Fingerprint.Of(unit), out BacklogEntry? entry))
        {
            if (!entry.IsLeft)
            {
                return; // whoever computes it here says when it is over
            }

            if (entry.State == EntryState.Ready)
            {
                Remove(entry);
            }

            Move(entry, EntryState.Over);
            entry.Stage.Open--;
        }

        Settle(unit);
    }

    /// <summary>Others hold the claim of a unit that is ready: what needs it is passed over.</summary>
    public void Block(Unit unit)
    {
        ClaimedUnits claim = entries[Fingerprint.Of(unit)].ClaimedWith;
        if (!claim.IsHeld)
        {
            foreach (BacklogEntry entry in claim.Ready)
            {
                Hide(entry);
            }

            claim.PlaceAmongHeld = held.AddLast(claim); // behind all others: each has its turn
        }
    }

    /// <summary>A claim that others hold is tried again.</summary>
    public void Unblock(ClaimedUnits claim)
    {
        if (claim.PlaceAmongHeld is { } place)
        {
            held.Remove(place);
            claim.PlaceAmongHeld = null;
            foreach (BacklogEntry entry in claim.Ready)
            {
                Show(entry);
            }
        }
    }

    /// <summary>What is ready, held by nobody, and may not be begun.</summary>
    public IEnumerable<Unit> NotToBegin() =>
        claims
            .Values.Where(c => !c.IsHeld)
            .SelectMany(c => c.Ready)
            .Where(e => e.Stage.Number < End && !MayBegin(e.Unit))
            .Select(e => e.Unit);

    private static bool IsOverMany(Unit unit) => unit.Pictures.Count > 1;

    private bool IsWithin(BacklogEntry entry) => entry.Stage.Number < End && MayBegin(entry.Unit);

    private BacklogEntry? FirstFree() =>
        (
            OwnOrder is { } order && free.Count > 0
                ? free.Skip((int)(order % (ulong)Math.Min(free.Count, MostPassed))).FirstOrDefault(IsWithin)
                : null
        ) ?? free.FirstOrDefault(IsWithin);

    private void Settle(Unit unit)
    {
        if (!waiting.Remove(Fingerprint.Of(unit), out List<BacklogEntry>? behind))
        {
            return;
        }

        foreach (BacklogEntry entry in behind.Where(e => --e.Missing == 0 && e.State == EntryState.Waiting))
        {
            Ready(entry);
        }
    }

    private void Ready(BacklogEntry entry)
    {
        Move(entry, EntryState.Ready);
        entry.ClaimedWith.Ready.Add(entry);
        if (!entry.ClaimedWith.IsHeld)
        {
            Show(entry);
        }
    }

    private void Remove(BacklogEntry entry)
    {
        ClaimedUnits claim = entry.ClaimedWith;
        claim.Ready.Remove(entry);
        if (!claim.IsHeld)
        {
            Hide(entry);
        }
        else if (claim.Ready.Count == 0)
        {
            Unblock(claim); // what gets ready of it later is tried
        }
    }

    private void Show(BacklogEntry entry)
    {
        if (entry.Unit.Picture is null)
        {
            free.Add(entry);
        }
        else
        {
            pictures.Add(entry);
        }
    }

    private void Hide(BacklogEntry entry)
    {
        if (entry.Unit.Picture is null)
        {
            free.Remove(entry);
        }
        else
        {
            pictures.Remove(entry);
        }
    }

    private Unit? Taken(BacklogEntry? entry)
    {
        if (entry is null)
        {
            return null;
        }

        Remove(entry);
        Move(entry, EntryState.Taken);
        many += IsOverMany(entry.Unit) ? 1 : 0;
        return entry.Unit;
    }

    private static void Move(BacklogEntry entry, EntryState to)
    {
        int before = LeftOverPictures(entry);
        entry.State = to;
        entry.ClaimedWith.LeftOverPictures += LeftOverPictures(entry) - before;
    }

    private static int LeftOverPictures(BacklogEntry entry) => entry.IsLeft && entry.Unit.Pictures.Count > 0 ? 1 : 0;
}
