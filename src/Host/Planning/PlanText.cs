using System.Globalization;
using System.Text;
using Pipelines.Host.Progress;
using Pipelines.Stages;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Planning;

/// <summary>A plan in words: for each unit cached, or missing and why, with an estimate of the cost.</summary>
internal static class PlanText
{
    /// <summary>The plan of a pipeline as of now.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="catalog">What is stored.</param>
    /// <param name="everyUnit">A line a unit; else units with the same reason share one.</param>
    public static string Of(Pipeline pipeline, Catalog catalog, bool everyUnit)
    {
        var text = new StringBuilder();
        var reasons = new Reasons(catalog.Store);
        text.AppendLine(CultureInfo.InvariantCulture, $"{pipeline.Experiment.Name}: {pipeline.Context.Info.Family}, {pipeline.Context.Info.Layers} layers of {pipeline.Context.Info.Heads} heads, {pipeline.Context.Arithmetic}");
        foreach (Stage stage in pipeline.Stages)
        {
            UnitList list = stage.Units(catalog.Artifacts);
            var units = list.Known.DistinctBy(Fingerprint.Of).ToList();
            var missing = units.Where(u => !catalog.Artifacts.Has(u)).ToList();
            text.Append(CultureInfo.InvariantCulture, $"  {stage.Name} ({stage.Kind}): {units.Count - missing.Count} cached, {missing.Count} missing");
            if (list.WaitsFor is not null) text.Append(CultureInfo.InvariantCulture, $", more once {list.WaitsFor} (about {list.ExpectedMore} {WorkUnit(units, stage)})");
            text.AppendLine(Cost(reasons, missing));
            foreach (var group in missing.GroupBy(u => string.Join("; ", reasons.Why(u)), StringComparer.Ordinal))
            {
                if (everyUnit) foreach (Unit unit in group) text.AppendLine(CultureInfo.InvariantCulture, $"    missing {unit.Name}: {group.Key}");
                else text.AppendLine(CultureInfo.InvariantCulture, $"    {group.Count()} x {group.Key}");
            }

            if (everyUnit) foreach (Unit unit in units.Except(missing)) text.AppendLine(CultureInfo.InvariantCulture, $"    cached {unit.Name}: {Fingerprint.Of(unit)[..12]}");
        }

        return text.ToString();
    }

    private static string WorkUnit(IReadOnlyList<Unit> units, Stage stage) => units.Count > 0 ? units[0].WorkUnit : stage.WorkUnit;

    private static string Cost(Reasons reasons, IReadOnlyList<Unit> missing)
    {
        if (missing.Count == 0) return "";
        double? rate = reasons.SecondsPerWork(missing[0]);
        return rate is null ? "" : $", about {RunProgress.Duration(TimeSpan.FromSeconds(rate.Value * missing.Sum(u => u.Work)))} of one worker";
    }
}
