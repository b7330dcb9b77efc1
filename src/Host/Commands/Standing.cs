using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Commands;

/// <summary>How far a stage of an interrupted run has come.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Done">Units that are stored.</param>
/// <param name="Known">Units that are known.</param>
/// <param name="WaitsFor">What further units depend on; null where these are all.</param>
internal sealed record Standing(string Stage, int Done, int Known, string? WaitsFor)
{
    /// <summary>How far it has come, in words.</summary>
    public string Words
    {
        get
        {
            string more = WaitsFor is null ? "" : $"more once {WaitsFor}";
            if (Known == 0)
            {
                return more.Length > 0 ? $"not begun, {more}" : "nothing to do";
            }

            string done = Done == Known
                    ? $"{Format.Many(Known, "unit")} done"
                    : $"{Format.Count(Done)} of {Format.Many(Known, "unit")} done",
                left = Done == Known ? "" : $", {Format.Count(Known - Done)} left";
            return done + left + (more.Length > 0 ? $", {more}" : "");
        }
    }

    /// <summary>All stages of an experiment, in order.</summary>
    public static IReadOnlyList<Standing> Of(Pipeline pipeline, Catalog catalog) =>
        [.. pipeline.Stages.Select(s => catalog.Rereading(() => Of(s, catalog)))];

    private static Standing Of(Stage stage, Catalog catalog)
    {
        try
        {
            UnitList list = stage.Units(catalog.Artifacts);
            IReadOnlyList<Unit> units = Catalog.Distinct(list.Known);
            return new Standing(stage.Name, units.Count - catalog.Open(units).Count, units.Count, list.WaitsFor);
        }
        catch (InputException)
        {
            // What is stored so far gives it nothing to do
            return new Standing(stage.Name, 0, 0, "the stages above are done");
        }
    }
}
