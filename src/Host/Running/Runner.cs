using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>What came of a stage.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Computed">Units computed now.</param>
/// <param name="Cached">Units found in the store.</param>
/// <param name="Failures">Units that failed.</param>
/// <param name="Missing">Units that could not be started: their inputs failed or the run was interrupted.</param>
/// <param name="Seconds">Time taken.</param>
internal sealed record StageOutcome(
    Stage Stage,
    int Computed,
    int Cached,
    IReadOnlyDictionary<Unit, Exception> Failures,
    int Missing,
    double Seconds
)
{
    /// <summary>All units are there.</summary>
    public bool Whole => Failures.Count == 0 && Missing == 0;
}

/// <summary>Runs the stages of a pipeline in order: what is missing is computed, what is there is left alone.</summary>
/// <param name="catalog">Units and the store.</param>
/// <param name="executor">Computes ready units.</param>
/// <param name="progress">What a person sees.</param>
/// <param name="log">The run's log.</param>
/// <param name="why">Why a unit is missing, in words.</param>
/// <param name="keepGoing">Go on with what does not depend on a failure.</param>
/// <param name="cancel">Interrupted.</param>
/// <param name="known">Told the units of a stage as they become known, before they are computed.</param>
internal sealed class Runner(
    Catalog catalog,
    IExecutor executor,
    RunProgress progress,
    RunLog log,
    Func<Unit, IReadOnlyList<string>> why,
    bool keepGoing,
    CancellationToken cancel,
    Action<IReadOnlyList<Unit>>? known = null
)
{
    /// <summary>Reasons shown at a time; the log has all of them.</summary>
    private const int ReasonsTold = 3;

    /// <summary>Runs <paramref name="stages"/>, each after those before it.</summary>
    /// <returns>One outcome a stage that was started.</returns>
    /// <exception cref="LostUnitException">A stored unit turned out to be damaged when it was read: run them
    /// again.</exception>
    public IReadOnlyList<StageOutcome> Run(IReadOnlyList<Stage> stages)
    {
        var outcomes = new List<StageOutcome>();
        foreach (Stage stage in stages)
        {
            StageOutcome outcome = RunStage(stage);
            outcomes.Add(outcome);
            if (cancel.IsCancellationRequested || (!outcome.Whole && !keepGoing))
            {
                break;
            }
        }

        return outcomes;
    }

    /// <summary>The outcomes of a plan that leaves nothing to do.</summary>
    public IReadOnlyList<StageOutcome> Pass(Plan done) =>
        [
            .. done.Stages.Select(s =>
                Finished(new StageOutcome(s.Stage, 0, s.Units.Count, new Dictionary<Unit, Exception>(), 0, 0))
            ),
        ];

    private StageOutcome Finished(StageOutcome outcome)
    {
        string summary = Describe(outcome);
        progress.Finished(outcome.Stage.Name, summary);
        log.Write($"{outcome.Stage.Name}: {summary}");
        return outcome;
    }

    private StageOutcome RunStage(Stage stage)
    {
        long start = Stopwatch.GetTimestamp();
        var failures = new Dictionary<Unit, Exception>();
        var failedKeys = new HashSet<string>(StringComparer.Ordinal);
        var computedOf = new Dictionary<string, int>(StringComparer.Ordinal);
        int computed = 0,
            cached = 0,
            missing = 0;
        while (true)
        {
            UnitList list = stage.Units(catalog.Artifacts);
            IReadOnlyList<Unit> distinct = Catalog.Distinct(list.Known);
            var there = distinct.ToHashSet();
            there.ExceptWith(catalog.Open(distinct));
            known?.Invoke(distinct);
            cached = Math.Max(0, there.Count - computed);
            var open = distinct.Where(u => !there.Contains(u) && !failedKeys.Contains(Fingerprint.Of(u))).ToList();
            var ready = open.Where(HasInputs).ToList();
            missing = open.Count - ready.Count + (list.WaitsFor is not null && ready.Count == 0 ? 1 : 0);
            string kind = ready.FirstOrDefault()?.Kind ?? stage.Kind;
            ready.RemoveAll(u => u.Kind != kind); // one kind at a time: each has its own measure and rate
            Show(stage, kind, list, distinct, there);
            if (ready.Count == 0 || cancel.IsCancellationRequested)
            {
                break;
            }

            if (computedOf.TryAdd(kind, 0))
            {
                LogReasons(Label(stage, kind), ready, isAll: list.WaitsFor is null);
            }

            var (succeeded, failed) = Execute(stage, ready);
            if (failed.Values.FirstOrDefault(LostUnitException.IsCauseOf) is { } lost)
            {
                // No failure of its own: a unit of a stage before is to be computed again. What was computed is stored.
                ExceptionDispatchInfo.Throw(lost);
            }

            computed += succeeded;
            computedOf[kind] += succeeded;
            foreach (var (unit, failure) in failed)
            {
                failures[unit] = failure;
                failedKeys.Add(Fingerprint.Of(unit));
                Report(stage, unit, failure);
            }

            if (cancel.IsCancellationRequested || (failed.Count > 0 && !keepGoing))
            {
                missing =
                    stage
                        .Units(catalog.Artifacts)
                        .Known.DistinctBy(Fingerprint.Of)
                        .Count(u => !catalog.Artifacts.Has(u)) - failures.Count;
                break;
            }
        }

        foreach (var (kind, count) in computedOf.Where(k => k.Key != stage.Kind))
        {
            progress.Finished(Label(stage, kind), $"{count} computed");
        }

        return Finished(
            new StageOutcome(
                stage,
                computed,
                cached,
                failures,
                missing,
                Stopwatch.GetElapsedTime(start).TotalSeconds
            )
        );
    }

    /// <summary>A stage that makes units of other kinds has a line of progress for each.</summary>
    private static string Label(Stage stage, string kind) => kind == stage.Kind ? stage.Name : $"{stage.Name}: {kind}";

    /// <summary>
    /// Shows the units of one kind: what is done and all that is known; what is expected beyond counts where it is
    /// measured alike.
    /// </summary>
    private void Show(Stage stage, string kind, UnitList list, IReadOnlyList<Unit> distinct, HashSet<Unit> there)
    {
        var units = distinct.Where(u => u.Kind == kind).ToList();
        string workUnit = units.FirstOrDefault()?.WorkUnit ?? stage.WorkUnit;
        long more = workUnit == stage.WorkUnit ? list.ExpectedMore : 0;
        progress.Stage(
            Label(stage, kind),
            units.Where(there.Contains).Sum(u => u.Work),
            units.Sum(u => u.Work) + more,
            workUnit
        );
    }

    private (int Succeeded, IReadOnlyDictionary<Unit, Exception> Failed) Execute(Stage stage, IReadOnlyList<Unit> units)
    {
        int succeeded = 0;
        var failures = executor.Execute(
            units,
            unit =>
            {
                long advanced = 0;
                catalog.Compute(
                    unit,
                    work =>
                    {
                        Interlocked.Add(ref advanced, work);
                        progress.Advance(Label(stage, unit.Kind), work);
                    },
                    cancel
                );
                progress.Advance(Label(stage, unit.Kind), unit.Work - Interlocked.Read(ref advanced));
                Interlocked.Increment(ref succeeded);
            },
            stopAtFailure: !keepGoing,
            cancel
        );
        return (succeeded, failures);
    }

    private bool HasInputs(Unit unit) =>
        unit.Parts.OfType<KeyPart.Inputs>().All(i => i.Units.All(catalog.Artifacts.Has));

    private void LogReasons(string label, IReadOnlyList<Unit> units, bool isAll)
    {
        string all = isAll ? Format.Many(units.Count, "unit") : $"{Format.Many(units.Count, "unit")} known so far";
        int told = 0;
        foreach (var group in units.GroupBy(u => string.Join("; ", why(u)), StringComparer.Ordinal))
        {
            string line =
                $"{label}: {Format.Count(group.Count())} of {all} to compute, because {Shown.Name(group.Key)}";
            log.Write(line);
            if (group.Key != "never computed" && ++told <= ReasonsTold)
            {
                progress.Message(line);
            }
        }

        if (told > ReasonsTold)
        {
            int more = told - ReasonsTold;
            progress.Message($"{label}: {Format.Many(more, "more reason")} {(more == 1 ? "is" : "are")} in the log");
        }
    }

    private void Report(Stage stage, Unit unit, Exception failure)
    {
        string text = failure is InputException or IOException or UnauthorizedAccessException
            ? failure.Message
            : $"{failure.GetType().Name}: {failure.Message} (a defect: the log has the details)";
        progress.Message($"{stage.Name}: {Shown.Name(stage.NameOf(unit))} failed. {Shown.Name(text)}");
        log.Write($"{stage.Name}: {Shown.Name(stage.NameOf(unit))} failed. {failure}");
    }

    private static string Describe(StageOutcome outcome)
    {
        var parts = new List<string>();
        if (outcome.Computed > 0)
        {
            parts.Add($"{outcome.Computed} computed in {RunProgress.Duration(TimeSpan.FromSeconds(outcome.Seconds))}");
        }

        if (outcome.Cached > 0)
        {
            parts.Add($"{outcome.Cached} cached");
        }

        if (outcome.Failures.Count > 0)
        {
            parts.Add($"{outcome.Failures.Count} failed");
        }

        if (outcome.Missing > 0)
        {
            parts.Add($"{outcome.Missing} not started");
        }

        return parts.Count == 0 ? "nothing to do" : string.Join(", ", parts);
    }
}
