using System.Diagnostics;
using Pipelines.Domain.Errors;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Stages.Reporting;

namespace Pipelines.Host.Commands;

/// <summary>Where the time of a run went, stage by stage, over all its experiments.</summary>
/// <param name="onDevices">What the processes of devices took before it began here; null where there were none.</param>
internal sealed class TimeSpent(TimeSpan? onDevices = null)
{
    private const string Rest = "the rest",
        Devices = "devices";

    private readonly OrderedDictionary<string, Spent> stages = new(StringComparer.Ordinal); // as they were met
    private readonly long start = Stopwatch.GetTimestamp();
    private TimeSpan computing;

    /// <summary>Time since the run began, or its processes on devices.</summary>
    public TimeSpan Elapsed => (onDevices ?? TimeSpan.Zero) + Here;

    private TimeSpan Here => Stopwatch.GetElapsedTime(start);

    /// <summary>Adds what an experiment's stages took.</summary>
    /// <param name="outcomes">Of its stages.</param>
    /// <param name="time">By the clock, while any of them was at work.</param>
    public void Add(IEnumerable<StageOutcome> outcomes, TimeSpan time)
    {
        computing += time;
        foreach (StageOutcome outcome in outcomes.Where(o => o.Computed > 0))
        {
            string name = outcome.Stage.Name;
            Spent before = stages.GetValueOrDefault(name, new Spent(0, 0, outcome.Stage.WorkUnit));
            stages[name] = before with
            {
                Seconds = before.Seconds + outcome.Seconds,
                Work = before.Work + outcome.Work,
            };
        }
    }

    /// <summary>A line a stage, and one for what lies between; none where nothing was computed.</summary>
    /// <param name="jobs">Units at the same time: stages overlap where it is more than one.</param>
    public IEnumerable<string> Lines(int jobs)
    {
        if (stages.Count == 0 && onDevices is null)
        {
            yield break;
        }

        int width = stages.Keys.Concat(onDevices is null ? [Rest] : [Rest, Devices]).Max(n => n.Length);
        yield return jobs == 1 ? "time:" : "time by the clock, in which stages overlap:";
        if (onDevices is { } devices)
        {
            string name = Devices.PadRight(width);
            yield return $"  {name}  {Told(devices.TotalSeconds)}: their processes, from start to end";
        }

        foreach (var (name, spent) in stages)
        {
            string work = "";
            if (spent.Work > 1 && spent.Seconds > 0)
            {
                string rate = RunProgress.Rate(spent.Work / spent.Seconds, spent.WorkUnit);
                work = $": {Format.Count(spent.Work)} {spent.WorkUnit}, {rate}";
            }

            yield return $"  {Shown.Name(name).PadRight(width)}  {Told(spent.Seconds)}{work}";
        }

        double between = Math.Max(0, (Here - computing).TotalSeconds);
        yield return $"  {Rest.PadRight(width)}  {Told(between)}: reading, planning, writing tables and page";
    }

    private static string Told(double seconds) => Format.Duration(seconds);

    private sealed record Spent(double Seconds, long Work, string WorkUnit);
}
