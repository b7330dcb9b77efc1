using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// What a run tells people and its log: how far each stage is, why units are computed, what failed, what came of it.
/// Not safe for several threads, but for the meters.
/// </summary>
/// <param name="catalog">Units and the store.</param>
/// <param name="progress">What a person sees.</param>
/// <param name="log">The run's log.</param>
/// <param name="why">Why a unit is missing, in words.</param>
/// <param name="memory">Looks at memory after each stage; null = nobody does.</param>
internal sealed class RunTelling(
    Catalog catalog,
    RunProgress progress,
    RunLog log,
    Func<Unit, IReadOnlyList<string>> why,
    HighWater? memory
)
{
    /// <summary>Reasons shown at a time; the log has all of them.</summary>
    private const int ReasonsTold = 3;

    private readonly Dictionary<Unit, UnitMeter> atWork = [];
    private readonly Lock counting = new(); // what meters count and what is shown change together

    /// <summary>Units that are at work.</summary>
    public int AtWork => atWork.Count;

    /// <summary>The meter of a unit that is at work.</summary>
    public UnitMeter MeterOf(Unit unit) => atWork[unit];

    /// <summary>A sentence for people and the log.</summary>
    public void Say(string sentence)
    {
        progress.Message(sentence);
        log.Write(sentence);
    }

    /// <summary>A unit begins.</summary>
    public void Begin(StageWork stage, Unit unit)
    {
        string label = Label(stage.Stage, unit.Kind);
        if (stage.Begins(unit.Kind))
        {
            TellReasons(label, [.. stage.Units.Where(u => u.Kind == unit.Kind && !catalog.Knows(u))], stage.IsKnown);
            Show(stage, unit.Kind);
        }

        atWork.Add(unit, new UnitMeter(progress, counting, label, unit.Work));
        progress.AtWork(label, true);
    }

    /// <summary>A unit is over.</summary>
    /// <param name="stage">Of this stage.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="isStored">It is stored; else what was done of it is not.</param>
    public void End(StageWork stage, Unit unit, bool isStored)
    {
        if (!isStored)
        {
            atWork[unit].TakeBack();
        }

        atWork.Remove(unit);
        string label = Label(stage.Stage, unit.Kind);
        if (atWork.Values.All(m => m.Label != label))
        {
            progress.AtWork(label, false);
        }
    }

    /// <summary>What was computed of a unit is dropped: another worker has it.</summary>
    public void Drop(Unit unit) =>
        log.Write($"{unit}: another worker has taken it over; what was computed here is dropped.");

    /// <summary>A unit failed.</summary>
    public void Fail(Stage stage, Unit unit, Exception failure)
    {
        progress.Message($"{stage.Name}: {Shown.Name(stage.NameOf(unit))} failed. {Shown.Name(Words(failure))}");
        log.Write($"{stage.Name}: {Shown.Name(stage.NameOf(unit))} failed. {failure}");
    }

    /// <summary>
    /// Shows the units of one kind: what is done and all that is known; what is expected beyond counts where it is
    /// measured alike.
    /// </summary>
    public void Show(StageWork stage, string kind)
    {
        Unit[] units = [.. stage.Units.Where(u => u.Kind == kind)];
        string workUnit = units.FirstOrDefault()?.WorkUnit ?? stage.Stage.WorkUnit;
        long more = workUnit == stage.Stage.WorkUnit ? stage.List!.ExpectedMore : 0,
            all = units.Sum(u => u.Work) + more,
            done = units.Where(u => !atWork.ContainsKey(u) && catalog.Knows(u)).Sum(u => u.Work);
        UnitMeter[] begun = [.. units.Where(atWork.ContainsKey).Select(u => atWork[u])];
        lock (counting)
        {
            progress.Stage(Label(stage.Stage, kind), done + begun.Sum(m => m.Done), all, workUnit);
        }
    }

    /// <summary>A stage is over.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="isHeld">What is missing is held by other processes.</param>
    public void Finish(StageWork stage, bool isHeld)
    {
        foreach (var (kind, count) in stage.ComputedOf.Where(k => k.Key != stage.Stage.Kind))
        {
            progress.Finished(Label(stage.Stage, kind), $"{count} computed", stage.IsWhole(catalog));
        }

        Finish(stage.Outcome(catalog), stage.ComputedOf.Keys, isHeld);
    }

    /// <summary>What came of a stage.</summary>
    /// <param name="outcome">It.</param>
    /// <param name="kinds">Kinds of units that were computed.</param>
    /// <param name="isHeld">What is missing is held by other processes.</param>
    public void Finish(StageOutcome outcome, IEnumerable<string> kinds, bool isHeld)
    {
        string summary = Described(outcome, isHeld),
            held = memory?.After(outcome.Stage.Name, kinds) is { } told ? $"; {told}" : "";
        progress.Finished(outcome.Stage.Name, summary, outcome.Whole);
        log.Write($"{outcome.Stage.Name}: {summary}{held}");
    }

    /// <summary>Why a unit failed, in a sentence.</summary>
    public static string Words(Exception failure) =>
        failure is InputException or IOException or UnauthorizedAccessException ? failure.Message
        : FileSizeLimit.IsCauseOf(failure) ? $"{FileSizeLimit.Words}."
        : $"{failure.GetType().Name}: {failure.Message} (a defect: the log has the details)";

    /// <summary>A stage that makes units of other kinds has a line of progress for each.</summary>
    private static string Label(Stage stage, string kind) => kind == stage.Kind ? stage.Name : $"{stage.Name}: {kind}";

    private static string Described(StageOutcome outcome, bool isHeld)
    {
        (int Count, string What)[] parts =
        [
            (outcome.Computed, $"computed in {Format.Duration(outcome.Seconds)}"),
            (outcome.Cached, "cached"),
            (outcome.Failures.Count, "failed"),
            (outcome.Missing, isHeld ? "held by others" : "not started"),
        ];
        string text = string.Join(", ", parts.Where(p => p.Count > 0).Select(p => $"{p.Count} {p.What}"));
        return text.Length > 0 ? text : "nothing to do";
    }

    private void TellReasons(string label, IReadOnlyList<Unit> units, bool isAll)
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
}

/// <summary>How far a unit at work is. Safe for several threads.</summary>
/// <param name="progress">Shows it.</param>
/// <param name="counting">Held while what is done changes, here and where it is shown: whoever shows the sum of all
/// meters in between would have something counted twice.</param>
/// <param name="label">Under this name.</param>
/// <param name="all">All work of the unit.</param>
internal sealed class UnitMeter(RunProgress progress, Lock counting, string label, long all)
{
    /// <summary>What it is shown under.</summary>
    public string Label => label;

    /// <summary>Work that is done so far; read under the lock.</summary>
    public long Done { get; private set; }

    /// <summary>Some more is done.</summary>
    public void Advance(long work)
    {
        lock (counting)
        {
            Move(Done + work);
        }
    }

    /// <summary>All is done, counted or not.</summary>
    public void Complete()
    {
        lock (counting)
        {
            Move(all);
        }
    }

    /// <summary>Nothing is done.</summary>
    public void TakeBack()
    {
        lock (counting)
        {
            Move(0);
        }
    }

    private void Move(long to)
    {
        if (to != Done)
        {
            progress.Advance(label, to - Done);
            Done = to;
        }
    }
}
