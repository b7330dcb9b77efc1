namespace Pipelines.Host.Running;

/// <summary>
/// Pictures that units are ready about. The one that is furthest is found without a look at the others: a process asks
/// once for every picture that others hold, and a look at all each time would be the square of them.
/// </summary>
internal sealed class ReadyPictures
{
    private readonly Dictionary<string, ReadyPicture> ofPicture = new(StringComparer.Ordinal); // its number stays
    private readonly SortedSet<ReadyPicture> furthestFirst = new(
        Comparer<ReadyPicture>.Create(
            (a, b) => a.Place.CompareTo(b.Place) is var order and not 0 ? order : string.CompareOrdinal(a.Name, b.Name)
        )
    );
    private ulong? seed;

    /// <summary>
    /// Seed of the order among pictures that are as far; null = as they came.
    /// </summary>
    public ulong? OwnOrder
    {
        get => seed;
        set
        {
            seed = value;
            furthestFirst.Clear();
            foreach (ReadyPicture picture in ofPicture.Values)
            {
                picture.Turn = TurnOf(picture.Name, picture.Number);
                Insert(picture);
            }
        }
    }

    /// <summary>A unit about a picture is ready.</summary>
    public void Add(BacklogEntry entry)
    {
        string name = entry.Unit.Picture!;
        if (!ofPicture.TryGetValue(name, out ReadyPicture? picture))
        {
            int number = ofPicture.Count;
            ofPicture[name] = picture = new ReadyPicture(name, number) { Turn = TurnOf(name, number) };
        }

        furthestFirst.Remove(picture);
        picture.Ready.Add(entry);
        Insert(picture);
    }

    /// <summary>It no longer is.</summary>
    public void Remove(BacklogEntry entry)
    {
        ReadyPicture picture = ofPicture[entry.Unit.Picture!];
        furthestFirst.Remove(picture);
        picture.Ready.Remove(entry);
        Insert(picture);
    }

    /// <summary>The first unit about a picture that may be begun; null where none may.</summary>
    public BacklogEntry? First(string picture, Func<BacklogEntry, bool> mayBegin) =>
        ofPicture.TryGetValue(picture, out ReadyPicture? ready) ? ready.Ready.FirstOrDefault(mayBegin) : null;

    /// <summary>The picture of which the furthest unit that may be begun is furthest; null where none may.</summary>
    /// <param name="others">Not one of these.</param>
    /// <param name="mayBegin">Whether a unit may be begun.</param>
    public string? Furthest(IReadOnlyCollection<string?> others, Func<BacklogEntry, bool> mayBegin)
    {
        ReadyPicture? best = null;
        (int, ulong) bestPlace = default;
        foreach (ReadyPicture picture in furthestFirst)
        {
            if (best is not null && picture.Place.CompareTo(bestPlace) >= 0)
            {
                break; // nor are those behind it any further
            }

            if (
                !others.Contains(picture.Name)
                && picture.Ready.Reverse().FirstOrDefault(mayBegin) is { } furthest
                && picture.PlaceWith(furthest) is var place
                && (best is null || place.CompareTo(bestPlace) < 0)
            )
            {
                (best, bestPlace) = (picture, place);
            }
        }

        return best?.Name;
    }

    private void Insert(ReadyPicture picture)
    {
        if (picture.Ready.Max is { } furthest)
        {
            picture.Place = picture.PlaceWith(furthest);
            furthestFirst.Add(picture);
        }
    }

    private ulong TurnOf(string name, int number)
    {
        if (seed is not { } turn)
        {
            return (ulong)number;
        }

        foreach (char letter in name)
        {
            turn = (turn ^ letter) * 1099511628211; // FNV-1a
        }

        return turn;
    }

    /// <summary>A picture and its units that are ready.</summary>
    /// <param name="name">The picture.</param>
    /// <param name="number">So many came before it.</param>
    private sealed class ReadyPicture(string name, int number)
    {
        public string Name => name;

        public int Number => number;

        public SortedSet<BacklogEntry> Ready { get; } = new(BacklogEntry.ByStage);

        /// <summary>Its turn among those that are as far.</summary>
        public ulong Turn { get; set; }

        /// <summary>Where it stands; changed only while it is not in the order.</summary>
        public (int BeforeEnd, ulong Turn) Place { get; set; }

        /// <summary>Where it would stand if this were the furthest of its units: the furthest first.</summary>
        public (int BeforeEnd, ulong Turn) PlaceWith(BacklogEntry furthest) => (-furthest.Stage.Number, Turn);
    }
}
