using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// What this worker has claimed in a store, so that others leave it alone: units, or pictures with all that is about
/// them. A claim saves work and never decides what is right: results are published by whoever comes first, and what
/// stands is never replaced. Nothing is written before the first claim. Why it is so:
/// docs/decisions/0009-claims.md.
/// </summary>
public sealed class UnitClaims : IDisposable
{
    private const int ShortestPause = 50,
        LongestPause = 5000; // ms

    private readonly string worker;
    private readonly ClaimFile files;
    private readonly Heartbeats heartbeats;
    private readonly Func<Heartbeat> begin;
    private readonly Lock claiming = new();
    private readonly Dictionary<string, Held> held = new(StringComparer.Ordinal);

    /// <summary>Numbers below which all claims of a key are over or of the dead: they need not be read again.</summary>
    private readonly Dictionary<string, int> floors = new(StringComparer.Ordinal);

    /// <summary>Who had what could not be taken, when it was last tried.</summary>
    private readonly Dictionary<string, string> holders = new(StringComparer.Ordinal);

    /// <summary>Of this worker, from its first claim on.</summary>
    private Heartbeat? own;

    /// <summary>Some could not be ended: others free them when they see that this worker has ended.</summary>
    private bool areClaimsLeft;

    /// <summary>The claims of this process.</summary>
    /// <param name="root">The store's folder.</param>
    /// <param name="worker">Names this process in the store, random.</param>
    /// <param name="patience">How long another worker's counter may stay as it is before its claims are free.</param>
    /// <param name="numericClass">The class of this process's arithmetic.</param>
    public UnitClaims(string root, string worker, TimeSpan patience, string? numericClass = null)
        : this(
            root,
            worker,
            new WorkerSign(Storage.Worker.Current, JobElement.Current, numericClass),
            patience,
            HardLink.Make,
            TimeProvider.System,
            Heartbeat.Interval
        )
    { }

    internal UnitClaims(
        string root,
        string worker,
        WorkerSign sign,
        TimeSpan patience,
        Func<string, string, LinkOutcome> link,
        TimeProvider time,
        TimeSpan interval
    )
    {
        this.worker = worker;
        files = new ClaimFile(root, link);
        heartbeats = new Heartbeats(root, patience, sign.Job, time);
        begin = () => new Heartbeat(root, worker, sign, interval);
    }

    /// <summary>Told who has ended, or gives no sign, where what it held is taken over.</summary>
    public Action<string> TakenOver { get; set; } = _ => { };

    /// <summary>Names this worker in the store.</summary>
    public string Worker => worker;

    /// <summary>What is claimed by this worker now.</summary>
    public IReadOnlyCollection<string> Mine
    {
        get
        {
            lock (claiming)
            {
                return [.. held.Keys];
            }
        }
    }

    /// <summary>Claims something, unless another worker has it and lives.</summary>
    /// <param name="key">Hexadecimal.</param>
    /// <returns>Whether it is this worker's, now or from before.</returns>
    /// <exception cref="IOException">The store cannot be written.</exception>
    public bool Take(string key) => NetworkDisk.Persist(() => TakeNow(key));

    private bool TakeNow(string key)
    {
        lock (claiming)
        {
            if (held.ContainsKey(key))
            {
                return true;
            }

            own ??= begin(); // nobody finds a claim before the heartbeat
            string dead = "";
            for (int number = floors.GetValueOrDefault(key, 1); ; number++)
            {
                ClaimText? other = files.Read(key, number);
                if (other is null && number > 1 && files.Read(key, number - 1) is null)
                {
                    // What was known of lower numbers is of old: they were collected, and others count from 1 again
                    floors.Remove(key);
                    number = 0;
                    continue;
                }

                if (other is null)
                {
                    var mine = ClaimText.Of(worker);
                    bool isMine = files.TryCreate(key, number, mine);
                    if (isMine && files.Read(key, number + 1) is null)
                    {
                        held[key] = new Held(number, mine);
                        if (dead.Length > 0 && heartbeats.SignOf(dead) is { } sign)
                        {
                            TakenOver(sign.ToString());
                        }

                        return true;
                    }

                    if (isMine)
                    {
                        // Lower numbers were collected behind one that stands: that one counts
                        files.Replace(key, number, mine = mine with { IsOver = true });
                    }

                    other = isMine ? mine : files.Read(key, number) ?? ClaimText.Unreadable; // somebody was faster
                }

                // Whoever created the next number has it: then it does not matter whose this was
                if (!IsFree(other, key, number) && files.Read(key, number + 1) is null)
                {
                    holders[key] = other.Worker;
                    return false;
                }

                dead = other.IsOver || other.Worker == worker ? "" : other.Worker;
                floors[key] = number + 1;
            }
        }
    }

    /// <summary>Waits until something is claimed; others that wait for it come one by one.</summary>
    /// <param name="key">Hexadecimal.</param>
    /// <returns>To be disposed of when it is over.</returns>
    public IDisposable Wait(string key)
    {
        for (int pause = ShortestPause; !Take(key); pause = Math.Min(2 * pause, LongestPause))
        {
            Thread.Sleep(pause);
        }

        return new Turn(this, key);
    }

    /// <summary>
    /// Demands, before a result is published, that nobody has taken the claim over. This process may have been paused
    /// for hours without knowing.
    /// </summary>
    /// <exception cref="ClaimLostException">Somebody has.</exception>
    public void Require(string key)
    {
        lock (claiming)
        {
            if (!held.TryGetValue(key, out Held? mine))
            {
                throw new ClaimLostException(key);
            }

            ClaimText? claim = files.Read(key, mine.Number);
            bool isTakenOver = files.Read(key, mine.Number + 1) is not null;
            // One that is gone, and nobody's, was collected, or somebody deletes the store; one that cannot be read
            // just now is nobody else's: publishing is first-come
            bool mayBeMine = claim is null || claim == ClaimText.Unreadable || claim.Token == mine.Claim.Token;
            if (!isTakenOver && mayBeMine)
            {
                return;
            }

            if (claim?.Token == mine.Claim.Token)
            {
                GiveUp(key); // else it would stand as that of a worker that others cannot see to have ended
            }

            held.Remove(key);
            throw new ClaimLostException(key);
        }
    }

    /// <summary>What was claimed stands: the claim is needed no more.</summary>
    public void Done(string key) => End(key, mine => files.Delete(key, mine.Number));

    /// <summary>Others may claim it. The file stays: a number is never used twice before a result stands.</summary>
    /// <param name="key">Hexadecimal.</param>
    /// <param name="stood">Digest of the keys of all that this worker knows of it, if all of that stands: a hint to
    /// others, who look at each unit where it is not theirs.</param>
    public void GiveUp(string key, string stood = "") =>
        End(key, mine => files.Replace(key, mine.Number, mine.Claim with { IsOver = true, Stood = stood }));

    /// <summary>Whether another worker has given something up because these very units stand.</summary>
    /// <param name="key">Hexadecimal.</param>
    /// <param name="units">Digest of their keys.</param>
    public bool IsKnownToStand(string key, string units)
    {
        lock (claiming)
        {
            for (int number = floors.GetValueOrDefault(key, 1); !held.ContainsKey(key); number++)
            {
                if (files.Read(key, number) is not { } claim || (!claim.IsOver && files.Read(key, number + 1) is null))
                {
                    return false;
                }

                if (claim.IsOver && claim.Stood == units)
                {
                    return true;
                }

                floors[key] = number + 1;
            }

            return false;
        }
    }

    /// <summary>Notes why a unit failed, for people who ask how far a run is.</summary>
    public void Failed(string key, string why)
    {
        try
        {
            new FailureNotes(files.Root).Write(key, why);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk, which may be the failure itself
        }
    }

    /// <summary>Whether a worker of a class of arithmetic is at work, as far as its heartbeat tells.</summary>
    public bool IsAtWork(string numericClass)
    {
        lock (claiming)
        {
            return Heartbeat
                .All(files.Root)
                .Any(other =>
                    other != worker
                    && heartbeats.SignOf(other)?.NumericClass == numericClass
                    && !heartbeats.IsDead(other, other)
                );
        }
    }

    /// <summary>
    /// Who held a claim when this worker could not take it; null where it did not try, or nothing is known of whoever
    /// has it.
    /// </summary>
    public WorkerSign? HolderOf(string key)
    {
        lock (claiming)
        {
            return holders.TryGetValue(key, out string? holder) && holder.Length > 0 ? heartbeats.SignOf(holder) : null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (string key in Mine)
        {
            GiveUp(key);
        }

        own?.End(areClaimsLeft);
        own?.Dispose();
    }

    private bool IsFree(ClaimText other, string key, int number) =>
        other.IsOver
        || other.Worker == worker // one that could not be ended
        || heartbeats.IsDead(other.Worker, files.PathOf(key, number));

    private void End(string key, Action<Held> end)
    {
        lock (claiming)
        {
            if (!held.Remove(key, out Held? mine))
            {
                return;
            }

            ClaimText? claim = files.Read(key, mine.Number);
            if (claim?.Token != mine.Claim.Token)
            {
                areClaimsLeft |= claim == ClaimText.Unreadable;
                return; // else it was collected while this process was away
            }

            try
            {
                end(mine);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                areClaimsLeft = true; // until this process has ended, which others see
            }
        }
    }

    private sealed class Turn(UnitClaims claims, string key) : IDisposable
    {
        public void Dispose() => claims.GiveUp(key);
    }

    private sealed record Held(int Number, ClaimText Claim);
}
