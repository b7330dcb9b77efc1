using System.Diagnostics;
using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>What came of a stage.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Computed">Units computed now.</param>
/// <param name="Cached">Units found in the store.</param>
/// <param name="Failures">Units that failed.</param>
/// <param name="Missing">Units that could not be started: their inputs failed or the run was interrupted.</param>
/// <param name="Seconds">Time by the clock while a unit of the stage was at work.</param>
/// <param name="Work">Work done in it, in the stage's measure; units of another measure are left out.</param>
internal sealed record StageOutcome(
    Stage Stage,
    int Computed,
    int Cached,
    IReadOnlyDictionary<Unit, Exception> Failures,
    int Missing,
    double Seconds,
    long Work
)
{
    /// <summary>All units are there.</summary>
    public bool Whole => Failures.Count == 0 && Missing == 0;
}

/// <summary>A stage while a run goes on.</summary>
/// <param name="stage">The stage.</param>
/// <param name="number">Its place among the stages of the run.</param>
internal sealed class StageWork(Stage stage, int number)
{
    private readonly Dictionary<string, int> computedOf = new(StringComparer.Ordinal);
    private readonly Dictionary<Unit, Exception> failures = [];
    private readonly Stopwatch clock = new();
    private int atWork;
    private long work;

    /// <summary>The stage.</summary>
    public Stage Stage => stage;

    /// <summary>Its place among the stages of the run.</summary>
    public int Number => number;

    /// <summary>What was last said of its units; null before that.</summary>
    public UnitList? List { get; private set; }

    /// <summary>Its units, each once.</summary>
    public IReadOnlyList<Unit> Units { get; private set; } = [];

    /// <summary>All its units are known.</summary>
    public bool IsKnown => List is { WaitsFor: null };

    /// <summary>Units that it was the first to name and that are not there.</summary>
    public int Open { get; set; }

    /// <summary>Its end was told.</summary>
    public bool IsOver { get; set; }

    /// <summary>Work was begun, or failed.</summary>
    public bool HasBegun => computedOf.Count > 0 || failures.Count > 0;

    /// <summary>Asks the stage for its units again.</summary>
    public void Ask(Catalog catalog)
    {
        List = stage.Units(catalog.Artifacts);
        Units = Catalog.Distinct(List.Known);
    }

    /// <summary>A unit of a kind begins; true for the first of its kind.</summary>
    public bool Begins(string kind)
    {
        if (atWork++ == 0)
        {
            clock.Start();
        }

        return computedOf.TryAdd(kind, 0);
    }

    /// <summary>A unit is over.</summary>
    public void Ends(Unit unit, Exception? failure, bool isDropped)
    {
        if (--atWork == 0)
        {
            clock.Stop();
        }

        if (failure is not null)
        {
            failures[unit] = failure;
        }
        else if (!isDropped)
        {
            Open--;
            computedOf[unit.Kind]++;
            work += unit.WorkUnit == stage.WorkUnit ? unit.Work : 0;
        }
    }

    /// <summary>Whether all its units are there.</summary>
    public bool IsWhole(Catalog catalog) => IsKnown && Open == 0 && Units.All(catalog.Artifacts.Has);

    /// <summary>Units computed, by kind.</summary>
    public IReadOnlyDictionary<string, int> ComputedOf => computedOf;

    /// <summary>What came of it so far.</summary>
    public StageOutcome Outcome(Catalog catalog)
    {
        int there = Units.Count(catalog.Artifacts.Has),
            computed = computedOf.Values.Sum(),
            missing = Units.Count - there - failures.Count;
        return new StageOutcome(
            stage,
            computed,
            Math.Max(0, there - computed),
            failures,
            missing + (missing == 0 && failures.Count == 0 && !IsKnown ? 1 : 0),
            clock.Elapsed.TotalSeconds,
            work
        );
    }
}
