using Pipelines.Domain.Errors;
using Pipelines.Stages;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Planning;

/// <summary>What a run of an experiment would do as of now.</summary>
/// <param name="Pipeline">The experiment.</param>
/// <param name="Stages">Its stages in order.</param>
internal sealed record Plan(Pipeline Pipeline, IReadOnlyList<StagePlan> Stages)
{
    /// <summary>Work to do by the stage's name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<PlannedWork>> Work =>
        Stages.ToDictionary(s => s.Stage.Name, s => s.Work, StringComparer.Ordinal);

    /// <summary>All units of all stages are known and stored.</summary>
    public bool IsDone =>
        Stages.Count == Pipeline.Stages.Count && Stages.All(s => s.Open.Count == 0 && s.WaitsFor is null);

    /// <summary>The plan of a pipeline.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="catalog">What is stored.</param>
    /// <param name="planned">Keys of units that plans before this one compute; this one's are added.</param>
    /// <exception cref="InputException">What is stored leaves a stage nothing to do.</exception>
    public static Plan Of(Pipeline pipeline, Catalog catalog, HashSet<string> planned)
    {
        // Apart: it may be planned again, when a unit that is read for it turns out to be damaged
        var withThis = new HashSet<string>(planned, StringComparer.Ordinal);
        Plan plan = Filled(pipeline, catalog, withThis, []);
        planned.UnionWith(withThis);
        return plan;
    }

    /// <summary>
    /// The stages up to one that what is stored leaves nothing to do: that one says so when it is run.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    public static Plan AsFarAsKnown(Pipeline pipeline, Catalog catalog, HashSet<string> planned)
    {
        var stages = new List<StagePlan>();
        try
        {
            return Filled(pipeline, catalog, planned, stages);
        }
        catch (InputException)
        {
            return new Plan(pipeline, stages); // the run comes to it after what can be done
        }
    }

    private static Plan Filled(Pipeline pipeline, Catalog catalog, HashSet<string> planned, List<StagePlan> stages)
    {
        var prepared = new HashSet<string>(StringComparer.Ordinal);
        foreach (Stage stage in pipeline.Stages)
        {
            stages.Add(StagePlan.Of(stage, catalog, planned, prepared));
        }

        return new Plan(pipeline, stages);
    }
}

/// <summary>A stage's part of a plan.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Units">Its known units, each once.</param>
/// <param name="Open">Those that are not stored.</param>
/// <param name="Missing">Those of them that no stage above computes.</param>
/// <param name="WaitsFor">What further units depend on, or null.</param>
/// <param name="ExpectedMore">Work of those, in the stage's measure.</param>
/// <param name="Work">What is to do, known and expected.</param>
internal sealed record StagePlan(
    Stage Stage,
    IReadOnlyList<Unit> Units,
    IReadOnlyList<Unit> Open,
    IReadOnlyList<Unit> Missing,
    string? WaitsFor,
    long ExpectedMore,
    IReadOnlyList<PlannedWork> Work
)
{
    /// <summary>The part of a stage as of now.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="catalog">What is stored.</param>
    /// <param name="planned">Keys of units that stages before it compute; this one's are added.</param>
    /// <param name="prepared">Pictures that stages before it prepare; this one's are added.</param>
    public static StagePlan Of(Stage stage, Catalog catalog, HashSet<string> planned, HashSet<string> prepared)
    {
        UnitList list = stage.Units(catalog.Artifacts);
        IReadOnlyList<Unit> units = Catalog.Distinct(list.Known);
        IReadOnlyList<Unit> open = catalog.Open(units);
        Unit[] missing = [.. open.Where(u => planned.Add(Fingerprint.Of(u)))];
        return new StagePlan(
            stage,
            units,
            open,
            missing,
            list.WaitsFor,
            list.ExpectedMore,
            [.. PlannedWork.Of(stage, missing, prepared), .. PlannedWork.Expected(stage, list, catalog.Artifacts)]
        );
    }
}
