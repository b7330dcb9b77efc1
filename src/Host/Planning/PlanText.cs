using System.Globalization;
using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Planning;

/// <summary>A plan in words: for each unit cached, or missing and why, with an estimate of the cost.</summary>
internal static class PlanText
{
    /// <summary>The plan of a pipeline as of now.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="reasons">Why units are missing.</param>
    /// <param name="costs">What units take.</param>
    /// <param name="everyUnit">A line a unit; else units with the same reason share one.</param>
    public static string Of(Plan plan, Reasons reasons, PlanCosts costs, bool everyUnit)
    {
        var text = new StringBuilder();
        Pipeline pipeline = plan.Pipeline;
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{pipeline.Experiment.Name}: {pipeline.Context.Info.Family.Name}, "
                + $"{pipeline.Context.Info.Layers} layers of {pipeline.Context.Info.Heads} heads, "
                + $"{pipeline.Context.Arithmetic}"
        );
        foreach (string note in pipeline.Context.Pictures.Notes)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {Shown.Name(note)}");
        }

        foreach (StagePlan stage in plan.Stages)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"  {stage.Stage.Name} ({stage.Stage.Kind}): {stage.Units.Count - stage.Open.Count} cached, "
                    + $"{stage.Missing.Count} missing"
            );
            if (stage.Open.Count > stage.Missing.Count)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $", {stage.Open.Count - stage.Missing.Count} of a stage above"
                );
            }

            if (stage.WaitsFor is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $", more once {stage.WaitsFor}{Expected(stage)}");
            }

            text.AppendLine(Cost(stage.Work, costs));
            foreach (
                var group in stage.Missing.GroupBy(
                    u => string.Join("; ", reasons.Why(u, pipeline.Experiment.Name)),
                    StringComparer.Ordinal
                )
            )
            {
                if (everyUnit)
                {
                    foreach (Unit unit in group)
                    {
                        text.AppendLine(
                            CultureInfo.InvariantCulture,
                            $"    missing {Shown.Name(stage.Stage.NameOf(unit))}: {Shown.Name(group.Key)}"
                        );
                    }
                }
                else
                {
                    text.AppendLine(CultureInfo.InvariantCulture, $"    {group.Count()} x {Shown.Name(group.Key)}");
                }
            }

            if (everyUnit)
            {
                var open = stage.Open.ToHashSet();
                foreach (Unit unit in stage.Units.Where(u => !open.Contains(u)))
                {
                    text.AppendLine(
                        CultureInfo.InvariantCulture,
                        $"    cached {Shown.Name(stage.Stage.NameOf(unit))}: {Fingerprint.Of(unit)[..12]}"
                    );
                }
            }
        }

        return text.ToString();
    }

    private static string Expected(StagePlan stage)
    {
        long units = stage.Work.Sum(w => w.Units) - stage.Missing.Count;
        return stage.ExpectedMore > 1
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $" (about {stage.ExpectedMore:N0} {stage.Stage.WorkUnit})"
                )
            : units == 1 ? " (1 unit)"
            : "";
    }

    private static string Cost(IReadOnlyList<PlannedWork> work, PlanCosts costs)
    {
        if (!work.Any(w => w.Units > 0))
        {
            return "";
        }

        var times = work.Select(costs.TimeOf).ToList();
        string origin = times.TrueForAll(t => t.IsTimed) ? "" : " (from shapes)";
        return $", about {Format.Duration(times.Sum(t => t.Seconds))}{origin}";
    }
}
