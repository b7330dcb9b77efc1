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
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{pipeline.Experiment.Name}: {ImageSettings.NameOf(pipeline.Context.Info.Family)}, "
            + $"{pipeline.Context.Info.Layers} layers of {pipeline.Context.Info.Heads} heads, "
            + $"{pipeline.Context.Arithmetic}");
        var planned = new HashSet<string>(StringComparer.Ordinal);
        foreach (Stage stage in pipeline.Stages)
        {
            UnitList list = stage.Units(catalog.Artifacts);
            var units = list.Known.DistinctBy(Fingerprint.Of).ToList();
            var open = units.Where(u => !catalog.Artifacts.Has(u)).ToList();
            var missing = open.Where(u => planned.Add(Fingerprint.Of(u))).ToList();
            text.Append(CultureInfo.InvariantCulture, $"  {stage.Name} ({stage.Kind}): {units.Count - open.Count} cached, {missing.Count} missing");
            if (open.Count > missing.Count) text.Append(CultureInfo.InvariantCulture, $", {open.Count - missing.Count} of a stage above");
            if (list.WaitsFor is not null) text.Append(CultureInfo.InvariantCulture, $", more once {list.WaitsFor} (about {list.ExpectedMore} {stage.WorkUnit})");
            text.AppendLine(Cost(reasons, missing));
            foreach (var group in missing.GroupBy(u => string.Join("; ", reasons.Why(u)), StringComparer.Ordinal))
            {
                if (everyUnit) foreach (Unit unit in group) text.AppendLine(CultureInfo.InvariantCulture, $"    missing {stage.NameOf(unit)}: {group.Key}");
                else text.AppendLine(CultureInfo.InvariantCulture, $"    {group.Count()} x {group.Key}");
            }

            if (everyUnit) foreach (Unit unit in units.Except(open)) text.AppendLine(CultureInfo.InvariantCulture, $"    cached {stage.NameOf(unit)}: {Fingerprint.Of(unit)[..12]}");
        }

        return text.ToString();
    }

    /// <summary>Time of what is missing, each kind of unit at its own rate; a kind that was never timed is named.</summary>
    internal static string Cost(Reasons reasons, IReadOnlyList<Unit> missing)
    {
        var kinds = missing.GroupBy(u => u.Kind, StringComparer.Ordinal).Select(units => (Kind: units.Key, Work: units.Sum(u => u.Work), Rate: reasons.SecondsPerWork(units.First()))).ToList();
        if (!kinds.Exists(k => k.Rate is not null)) return "";
        string[] untimed = [.. kinds.Where(k => k.Rate is null).Select(k => k.Kind)];
        string without = untimed.Length == 0 ? "" : $", without {string.Join(" and ", untimed)}, not timed yet";
        return $", about {RunProgress.Duration(TimeSpan.FromSeconds(kinds.Sum(k => (k.Rate ?? 0) * k.Work)))} of one worker{without}";
    }
}
