using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Spec;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// A run's part of work that several processes do: claims units before they are computed, passes over what others hold,
/// and looks from time to time what has become of that. Not safe for several threads.
/// </summary>
/// <param name="catalog">Units and the store.</param>
/// <param name="backlog">What is left to do.</param>
/// <param name="sharing">How work is shared.</param>
/// <param name="say">Takes a sentence for people.</param>
internal sealed class SharedWork(Catalog catalog, Backlog backlog, Sharing sharing, Action<string> say)
{
    /// <summary>Claims of others that are looked at in one go: several hundred workers may wait at a time.</summary>
    private const int LooksAtATime = 16;

    /// <summary>
    /// Pauses grow while less than a fourth of what is looked at has news, and shrink where most of it has: where
    /// hundreds work something always is new, and those that wait would ask without a pause.
    /// </summary>
    private const double Growth = 1.5,
        Few = 0.25,
        Most = 0.5;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50),
        LongestPause = TimeSpan.FromSeconds(5),
        AskingPause = TimeSpan.FromSeconds(2);

    private readonly UnitClaims claims = sharing.Claims;
    private readonly PictureUnits known = new();
    private readonly Dictionary<string, string> refused = new(StringComparer.Ordinal); // other class, by claim
    private readonly Dictionary<int, string> pictures = []; // claims on pictures, by the worker that is there
    private readonly Dictionary<Unit, string> atWork = []; // claims of the units in this process
    private readonly Dictionary<string, string> pictureOf = new(StringComparer.Ordinal); // by its claim, this process's
    private readonly Dictionary<string, long> asked = new(StringComparer.Ordinal); // when, by claim, whether all stands
    private readonly HashSet<string> noted = new(StringComparer.Ordinal);
    private readonly HashSet<(Worker Worker, JobElement? Job)> met = [];
    private TimeSpan pause = ShortestPause;
    private long lastLook;

    /// <summary>Tells of each worker that has ended without finishing, once, when what it held is taken over.</summary>
    public void TellTakeovers() =>
        claims.TakenOver = who =>
        {
            if (noted.Add($"over {who}"))
            {
                say($"{who} has ended, or gives no sign: what it held is taken over.");
            }
        };

    /// <summary>
    /// The next unit that can be claimed. What others hold, and what they have stored meanwhile, is passed over.
    /// </summary>
    /// <param name="take">Takes the next one that is ready.</param>
    /// <param name="found">Told that something was found stored.</param>
    public Unit? Next(Func<Unit?> take, Action found)
    {
        while (take() is { } unit)
        {
            ClaimKey claim = backlog.ClaimOf(unit);
            refused.Remove(claim.Key);
            if (TryClaim(unit, claim, found))
            {
                return unit;
            }
        }

        LeavePictures();
        return null;
    }

    /// <summary>Claims a unit that was taken; else it is put back, as found or as held.</summary>
    private bool TryClaim(Unit unit, ClaimKey claim, Action found)
    {
        // Before a claim, too: else every worker would leave one behind for everything that others have done
        if (catalog.HasNow(unit))
        {
            PutBack(unit, isStored: true);
            FindWith(unit, claim);
            found();
            return false;
        }

        if (LeaveToOtherClass(unit, claim))
        {
            return false;
        }

        if (!claims.Take(claim.Key))
        {
            PutBack(unit, isStored: false);
            backlog.OwnOrder ??= ulong.Parse(
                claims.Worker.AsSpan(0, 2 * sizeof(ulong)),
                NumberStyles.HexNumber,
                CultureInfo.InvariantCulture
            );
            Note(claim.Key);
            return false;
        }

        if (claim.Picture is { } picture)
        {
            pictureOf[claim.Key] = picture;
        }

        if (catalog.HasNow(unit)) // stored while it was claimed
        {
            PutBack(unit, isStored: true);
            if (!claim.IsPicture) // which may have more
            {
                claims.Done(claim.Key);
            }

            found();
            return false;
        }

        if (LeaveToOtherClass(unit, claim)) // begun while it was claimed
        {
            Leave(claim, isStored: false);
            return false;
        }

        return true;
    }

    /// <summary>A unit that was taken is not to be computed here now.</summary>
    private void PutBack(Unit unit, bool isStored)
    {
        backlog.PutBack(unit);
        if (isStored)
        {
            backlog.Found(unit);
        }
        else
        {
            backlog.Block(unit);
        }
    }

    private bool LeaveToOtherClass(Unit unit, ClaimKey claim)
    {
        if (IsRefused(unit) is not { } other)
        {
            return false;
        }

        refused[claim.Key] = other;
        PutBack(unit, isStored: false);
        return true;
    }

    /// <summary>
    /// A unit is stored: so are the others of its picture, if whoever left that said so. Alone that is not believed:
    /// what stood then may have been lost since, and it is what was lost that is asked about first.
    /// </summary>
    private void FindWith(Unit unit, ClaimKey claim)
    {
        bool isDoubted = catalog.Verifies || catalog.Losses > 0;
        if (isDoubted || unit.Picture is not { } picture || !AskAgain(claim))
        {
            return;
        }

        if (!claims.IsKnownToStand(claim.Key, known.DigestOf(picture)))
        {
            return;
        }

        foreach (Unit stored in known.Of(picture))
        {
            catalog.Believe(stored);
            backlog.Found(stored);
        }
    }

    /// <summary>A picture that somebody is at is not asked about with each of its units.</summary>
    private bool AskAgain(ClaimKey claim)
    {
        long now = Stopwatch.GetTimestamp();
        if (asked.TryGetValue(claim.Key, out long last) && Stopwatch.GetElapsedTime(last, now) < AskingPause)
        {
            return false;
        }

        asked[claim.Key] = now;
        return true;
    }

    /// <summary>
    /// Why nothing that is left can be computed here: all of it was begun by another class of arithmetic, of which no
    /// worker is at work. Null where that is not so.
    /// </summary>
    public InputException? Refusal()
    {
        if (backlog.Held.Count == 0 || !backlog.Held.All(c => refused.ContainsKey(c.Claim.Key)))
        {
            return null;
        }

        string[] others = [.. backlog.Held.Select(c => refused[c.Claim.Key]).Distinct(StringComparer.Ordinal)];
        return others.Any(claims.IsAtWork)
            ? null
            : new InputException(
                "engine.mixing",
                $"{Format.Many(backlog.Held.Count, "sample")} {(backlog.Held.Count == 1 ? "was" : "were")} begun by "
                    + $"another class of arithmetic ({string.Join("; ", others)}) than that of this process "
                    + $"({sharing.Classes!.Own}), and the last digits of the two differ.",
                "Go on where they were begun, compute into another folder (--artifacts), or let the classes meet: "
                    + "--set engine.mixing=warn."
            );
    }

    /// <summary>The other class that keeps a unit from being begun here; null where none does.</summary>
    private string? IsRefused(Unit unit)
    {
        if (sharing.Classes?.OtherBehind(unit) is not { } other)
        {
            return null;
        }

        if (sharing.Classes.Mixing == MixingKind.Refuse)
        {
            return other;
        }

        if (noted.Add(other))
        {
            say(
                $"Classes of arithmetic meet: {other}, and here {sharing.Classes.Own}. The last digits of the two "
                    + "differ."
            );
        }

        return null;
    }

    /// <summary>A unit is known, stored or not.</summary>
    public void Know(Unit unit) => known.Know(unit);

    /// <summary>A worker begins a unit: it is where the unit's picture is, and the one of before is free.</summary>
    public void Begin(int worker, Unit unit)
    {
        ClaimKey claim = backlog.ClaimOf(unit);
        atWork[unit] = claim.Key;
        if (unit.Picture is not null)
        {
            pictures[worker] = claim.Key;
        }

        pause = ShortestPause;
        LeavePictures();
    }

    /// <summary>Demands that nobody has taken the unit over while it was computed.</summary>
    /// <exception cref="ClaimLostException">Somebody has.</exception>
    public void RequireMine(ClaimKey claim) => claims.Require(claim.Key);

    /// <summary>A unit is over.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="isStored">It is stored; else others may try it.</param>
    public void End(Unit unit, bool isStored)
    {
        atWork.Remove(unit);
        Leave(backlog.ClaimOf(unit), isStored);
    }

    /// <summary>
    /// This process has nothing to do for now: it holds no picture, or two that wait for each other would wait for
    /// ever.
    /// </summary>
    public void Idle()
    {
        pictures.Clear();
        LeavePictures();
    }

    /// <summary>How long to wait before the next look: longer and longer while little happens elsewhere.</summary>
    public TimeSpan Pause => pause;

    /// <summary>Looks at some of what others hold, if it is time to.</summary>
    /// <param name="atOnce">It is.</param>
    /// <returns>Whether any of it is stored now.</returns>
    public bool Look(bool atOnce = false)
    {
        if (!atOnce && Stopwatch.GetElapsedTime(lastLook) < pause)
        {
            return false;
        }

        ClaimedUnits[] looked = [.. backlog.Held.Take(LooksAtATime)]; // what is refused again goes to the end
        int withNews = 0;
        foreach (ClaimedUnits claim in looked)
        {
            Unit[] stored = [.. claim.Ready.Select(e => e.Unit).TakeWhile(catalog.HasNow)]; // computed in order
            Array.ForEach(stored, backlog.Found);
            withNews += stored.Length > 0 ? 1 : 0;
            backlog.Unblock(claim);
        }

        lastLook = Stopwatch.GetTimestamp();
        pause =
            withNews < Few * looked.Length ? TimeSpan.FromTicks(Math.Min((pause * Growth).Ticks, LongestPause.Ticks))
            : withNews > Most * looked.Length
                ? TimeSpan.FromTicks(Math.Max((pause / Growth).Ticks, ShortestPause.Ticks))
            : pause;
        return withNews > 0;
    }

    /// <summary>What others hold, in words.</summary>
    public string Words()
    {
        IReadOnlyCollection<ClaimedUnits> held = backlog.Held;
        string[] who =
        [
            .. held.Take(LooksAtATime)
                .Select(c => claims.HolderOf(c.Claim.Key)?.ToString())
                .OfType<string>()
                .Distinct(StringComparer.Ordinal),
        ];
        int count = held.Sum(c => c.Ready.Count),
            left = held.Where(c => refused.ContainsKey(c.Claim.Key)).Sum(c => c.Ready.Count);
        if (left > 0)
        {
            return $"{Format.Many(left, "unit")} {(left == 1 ? "is" : "are")} left to workers of another class of "
                + $"arithmetic: {string.Join("; ", refused.Values.Distinct(StringComparer.Ordinal))}";
        }

        string by = who.Length > 0 ? $": {string.Join("; ", who)}" : "";
        return $"{Format.Many(count, "unit")} {(count == 1 ? "is" : "are")} held by others{by}";
    }

    private void Leave(ClaimKey claim, bool isStored)
    {
        if (claim.IsPicture)
        {
            LeavePictures();
        }
        else if (isStored)
        {
            claims.Done(claim.Key);
        }
        else
        {
            claims.GiveUp(claim.Key);
        }
    }

    /// <summary>Gives up pictures that no worker of this process is at.</summary>
    private void LeavePictures()
    {
        HashSet<string> kept = [.. pictures.Values, .. atWork.Values];
        foreach (string key in claims.Mine.Where(key => !kept.Contains(key)))
        {
            pictureOf.Remove(key, out string? picture);
            bool isStored = picture is not null && known.Of(picture).All(catalog.Artifacts.Has);
            claims.GiveUp(key, isStored ? known.DigestOf(picture!) : "");
        }
    }

    /// <summary>Each worker that is met is named once.</summary>
    private void Note(string key)
    {
        if (claims.HolderOf(key) is { } holder && met.Add((holder.Worker, holder.Job)))
        {
            say($"Shares the work with {holder}.");
        }
    }
}
