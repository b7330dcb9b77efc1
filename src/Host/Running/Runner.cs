using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// Runs the stages of a pipeline, picture by picture: what is missing is computed, what is there is left alone. Stages
/// are asked again for their units when workers run out of what is ready where they are (<see cref="Backlog"/>): so a
/// sample goes through all stages before the next is begun.
/// </summary>
/// <param name="catalog">Units and the store.</param>
/// <param name="executor">Computes ready units.</param>
/// <param name="progress">What a person sees.</param>
/// <param name="log">The run's log.</param>
/// <param name="why">Why a unit is missing, in words.</param>
/// <param name="keepGoing">Go on with what does not depend on a failure.</param>
/// <param name="cancel">Interrupted.</param>
/// <param name="known">Told the units of a stage as they become known, before they are computed.</param>
/// <param name="memory">Looks at memory after each stage; null = nobody does.</param>
/// <param name="sharing">How work is shared with other processes; null = this one is alone.</param>
/// <param name="deadline">When the process will be ended; null = never.</param>
internal sealed class Runner(
    Catalog catalog,
    IExecutor executor,
    RunProgress progress,
    RunLog log,
    Func<Unit, IReadOnlyList<string>> why,
    bool keepGoing,
    CancellationToken cancel,
    Action<IReadOnlyList<Unit>>? known = null,
    HighWater? memory = null,
    Sharing? sharing = null,
    Deadline? deadline = null
) : IWorkSource
{
    /// <summary>
    /// Asking all stages takes time that grows with their units. Beyond so many seconds and so large a part of the run,
    /// what is ready elsewhere is computed first: the order of the work is given up, not its results.
    /// </summary>
    private const double AskingSeconds = 2,
        AskingShare = 0.05;

    /// <summary>To count what others have stored goes through all units: not with every look.</summary>
    private static readonly TimeSpan ShowingPause = TimeSpan.FromSeconds(1);

    private readonly object gate = new();
    private readonly Backlog backlog = new(catalog.Artifacts.Has)
    {
        MayBegin = deadline is null ? _ => true : deadline.Allows,
    };
    private readonly Dictionary<int, string?> pictures = []; // of each worker
    private readonly RunTelling telling = new(catalog, progress, log, why, memory);
    private readonly Stopwatch run = new(),
        asking = new();
    private SharedWork? shared;
    private IReadOnlyList<StageWork> stages = [];
    private InputException? refusal;
    private ExceptionDispatchInfo? lost;
    private bool mayKnowMore = true,
        isStopped,
        hasLooked, // at what others hold, since something was begun
        isWaiting, // for other processes, and it was said
        isMoreThanShown; // others have stored something since

    private long? shownLast;

    /// <summary>Runs <paramref name="pipeline"/>, each stage after those before it.</summary>
    /// <returns>One outcome a stage; of a run that stopped, a stage that was begun or is whole.</returns>
    /// <exception cref="InputException">What is stored leaves a stage nothing to do; all before it is done.</exception>
    /// <exception cref="LostUnitException">A stored unit turned out to be damaged when it was read: run them
    /// again.</exception>
    public IReadOnlyList<StageOutcome> Run(IReadOnlyList<Stage> pipeline)
    {
        stages = [.. pipeline.Select((s, i) => new StageWork(s, i))];
        shared = sharing is null ? null : new SharedWork(catalog, backlog, sharing, telling.Say);
        shared?.TellTakeovers();
        run.Start();
        try
        {
            using CancellationTokenRegistration woken = cancel.Register(Wake);
            executor.Execute(this, Compute, cancel);
        }
        finally
        {
            shared?.Idle();
        }

        // No failure of a unit's own: another is to be computed again. What was computed is stored.
        lost?.Throw();
        bool isCut = isStopped || cancel.IsCancellationRequested || deadline is { IsReached: true };
        if (refusal is not null && !isCut)
        {
            throw refusal;
        }

        StageWork[] told = [.. stages.Where(s => !isCut || s.HasBegun || s.IsWhole(catalog))];
        foreach (StageWork stage in told)
        {
            Finish(stage);
        }

        return [.. told.Select(s => s.Outcome(catalog))];
    }

    /// <summary>The outcomes of a plan that leaves nothing to do.</summary>
    public IReadOnlyList<StageOutcome> Pass(Plan done)
    {
        StageOutcome[] outcomes =
        [
            .. done.Stages.Select(s => new StageOutcome(
                s.Stage,
                0,
                s.Units.Count,
                new Dictionary<Unit, Exception>(),
                0,
                0,
                0
            )),
        ];
        foreach (StageOutcome outcome in outcomes)
        {
            telling.Finish(outcome, [], isHeld: false);
        }

        return outcomes;
    }

    /// <inheritdoc/>
    public Unit? Next(int worker)
    {
        lock (gate)
        {
            try
            {
                while (!isStopped && !cancel.IsCancellationRequested)
                {
                    if (Choose(worker) is { } unit)
                    {
                        Begin(worker, unit);
                        return unit;
                    }

                    if (telling.AtWork == 0 && !hasLooked && shared is not null && backlog.IsHeldUp)
                    {
                        hasLooked = true; // what was passed over long ago may stand by now
                        Look(atOnce: true);
                        continue;
                    }

                    if (telling.AtWork == 0)
                    {
                        deadline?.Leaves(backlog.NotToBegin());
                        if (!MayGoOn())
                        {
                            break;
                        }
                    }

                    Wait();
                }
            }
            catch
            {
                isStopped = true;
                Monitor.PulseAll(gate);
                throw;
            }

            Monitor.PulseAll(gate); // the others may be waiting for what does not come
            return null;
        }
    }

    /// <inheritdoc/>
    public void Over(Unit unit, Exception? failure, bool isDropped = false)
    {
        lock (gate)
        {
            try
            {
                End(unit, failure, isDropped);
            }
            catch
            {
                isStopped = true; // the log's disk may be full: nobody waits for what no longer comes
                throw;
            }
            finally
            {
                Monitor.PulseAll(gate);
            }
        }
    }

    private void Wake()
    {
        lock (gate)
        {
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>
    /// Waits for what is at work here, and looks from time to time at what other processes have at work.
    /// </summary>
    private void Wait()
    {
        if (shared is null || !backlog.IsHeldUp)
        {
            ShowNews();
            Monitor.Wait(gate);
            return;
        }

        Monitor.Wait(gate, shared.Pause);
        Look(atOnce: false);
        if (shownLast is not { } last || Stopwatch.GetElapsedTime(last) >= ShowingPause)
        {
            ShowNews();
        }
    }

    private void Look(bool atOnce)
    {
        if (shared!.Look(atOnce))
        {
            mayKnowMore = isMoreThanShown = true;
        }
    }

    /// <summary>What others have stored since the last time is counted, too.</summary>
    private void ShowNews()
    {
        if (!isMoreThanShown)
        {
            return;
        }

        (shownLast, isMoreThanShown) = (Stopwatch.GetTimestamp(), false);
        foreach (StageWork stage in stages.Where(s => s.HasBegun))
        {
            foreach (string kind in stage.ComputedOf.Keys)
            {
                telling.Show(stage, kind);
            }
        }
    }

    /// <summary>
    /// Nothing is at work here and nothing is ready, but other processes hold something: a run waits until it stands. A
    /// worker does so only as long as it may get a picture to work on.
    /// </summary>
    private bool MayGoOn()
    {
        if (shared is null || !backlog.IsHeldUp || deadline is { IsReached: true })
        {
            return false;
        }

        shared.Idle();
        if (!isWaiting)
        {
            isWaiting = true;
            telling.Say(shared.Words());
        }

        if (shared.Refusal() is { } notHere)
        {
            refusal = notHere;
            return false;
        }

        return !sharing!.EndsEarly
            || backlog.HasPictures
            || stages.Any(s => s.List is null or { WaitsFor: not null, ExpectedMore: > 1 });
    }

    private void End(Unit unit, Exception? failure, bool isDropped)
    {
        if (failure is ClaimLostException)
        {
            // Whoever took it over computes it: it is looked for in the store before it is begun again
            (failure, isDropped) = (null, true);
            telling.Drop(unit);
            EndAtWork(unit, failure, isDropped);
            backlog.PutBack(unit);
            return;
        }

        if (failure is not null && !LostUnitException.IsCauseOf(failure))
        {
            failure = catalog.LossBehind(failure) ?? failure;
        }

        EndAtWork(unit, failure, isDropped);
        StageWork stage = backlog.StageOf(unit);
        backlog.Over(unit, isThere: failure is null && !isDropped);
        if (failure is null)
        {
            mayKnowMore = true;
            FinishIfWhole(stage);
        }
        else if (LostUnitException.IsCauseOf(failure))
        {
            lost ??= ExceptionDispatchInfo.Capture(failure);
            isStopped = true;
        }
        else
        {
            telling.Fail(stage.Stage, unit, failure);
            sharing?.Claims.Failed(Fingerprint.Of(unit), RunTelling.Words(failure));
            isStopped |= !keepGoing;
        }
    }

    private void EndAtWork(Unit unit, Exception? failure, bool isDropped)
    {
        StageWork stage = backlog.StageOf(unit);
        stage.Ends(unit, failure, isDropped);
        bool isStored = failure is null && !isDropped;
        telling.End(stage, unit, isStored);
        shared?.End(unit, isStored);
    }

    private void Compute(Unit unit)
    {
        UnitMeter meter;
        ClaimKey claim;
        lock (gate)
        {
            meter = telling.MeterOf(unit);
            claim = shared is null ? default : backlog.ClaimOf(unit);
        }

        long start = Stopwatch.GetTimestamp();
        catalog.Compute(unit, meter.Advance, cancel, () => shared?.RequireMine(claim));
        deadline?.Took(unit, Stopwatch.GetElapsedTime(start));
        meter.Complete();
    }

    /// <summary>
    /// The next unit of a worker: about its picture, about none, and only then about another picture; null where none
    /// is ready.
    /// </summary>
    private Unit? Choose(int worker)
    {
        bool isCheap = asking.Elapsed.TotalSeconds <= AskingSeconds + (AskingShare * run.Elapsed.TotalSeconds);
        string? picture = pictures.GetValueOrDefault(worker);
        Unit? Near() => Claimed(() => backlog.TakeNear(picture));
        if (Near() is { } near)
        {
            return near;
        }

        if (mayKnowMore && isCheap)
        {
            Ask();
            if (Near() is { } nearNow)
            {
                return nearNow;
            }
        }

        string?[] others = [.. pictures.Where(p => p.Key != worker).Select(p => p.Value)];
        Unit? Elsewhere() => Claimed(() => backlog.TakeElsewhere(others));
        if (Elsewhere() is { } elsewhere)
        {
            return elsewhere;
        }

        while (mayKnowMore)
        {
            Ask();
            if ((Near() ?? Elsewhere()) is { } known)
            {
                return known;
            }
        }

        return null;
    }

    private Unit? Claimed(Func<Unit?> take) => shared is null ? take() : shared.Next(take, () => mayKnowMore = true);

    /// <summary>
    /// Asks the stages for their units, those that have told all but the last time. A stage that what is stored leaves
    /// nothing to do ends the run when all before it is done.
    /// </summary>
    private void Ask()
    {
        asking.Start();
        mayKnowMore = false;
        backlog.End = int.MaxValue;
        refusal = null;
        foreach (StageWork stage in stages.Where(s => !s.IsKnown))
        {
            try
            {
                stage.Ask(catalog);
            }
            catch (InputException e)
            {
                backlog.End = stage.Number;
                refusal = e;
                break;
            }

            known?.Invoke(stage.Units);
            foreach (Unit unit in stage.Units)
            {
                sharing?.Classes?.Know(unit);
                shared?.Know(unit);
            }

            var open = catalog.Open(stage.Units).ToHashSet();
            foreach (Unit unit in stage.Units)
            {
                if (open.Contains(unit))
                {
                    backlog.Add(stage, unit);
                }
                else
                {
                    backlog.Found(unit); // another run may have computed it
                }
            }

            if (open.Count < stage.Units.Count || stage.List!.ExpectedMore > 0 || stage.HasBegun)
            {
                foreach (string kind in stage.ComputedOf.Keys.Append(stage.Stage.Kind).Distinct(StringComparer.Ordinal))
                {
                    telling.Show(stage, kind);
                }
            }

            FinishIfWhole(stage);
        }

        asking.Stop();
    }

    private void Begin(int worker, Unit unit)
    {
        StageWork stage = backlog.StageOf(unit);
        pictures[worker] = unit.Picture ?? pictures.GetValueOrDefault(worker);
        telling.Begin(stage, unit);
        shared?.Begin(worker, unit);
        hasLooked = isWaiting = false;
    }

    private void FinishIfWhole(StageWork stage)
    {
        if (stage.IsWhole(catalog))
        {
            Finish(stage);
        }
    }

    private void Finish(StageWork stage)
    {
        if (stage.IsOver)
        {
            return;
        }

        stage.IsOver = true;
        telling.Finish(stage, isHeld: isWaiting);
    }
}
