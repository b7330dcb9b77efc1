using System.Diagnostics.CodeAnalysis;
using Pipelines.Host.Progress;

namespace Pipelines.Host.Running.Devices;

/// <summary>
/// One display for several processes that share the work of a run. Each unit is computed by one of them, so what they
/// advance adds up; what each finds stored is the same for all.
/// </summary>
/// <param name="shown">What a person sees.</param>
/// <param name="labels">The processes, as people tell them apart.</param>
internal sealed class FleetProgress(RunProgress shown, IReadOnlyList<string> labels)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, StageState> stages = new(StringComparer.Ordinal);
    private readonly HashSet<string> said = new(StringComparer.Ordinal);
    private readonly string?[] experiments = new string?[labels.Count]; // where each process is, of several

    /// <summary>Units that the processes say they have computed.</summary>
    public int Computed { get; private set; }

    /// <summary>Something that a process tells.</summary>
    /// <param name="process">Its number.</param>
    /// <param name="told">What.</param>
    public void Take(int process, ProgressEvent told)
    {
        lock (gate)
        {
            switch (told)
            {
                case ExperimentBegun(var name):
                    experiments[process] = name;
                    break;
                case StageShown stage:
                    Show(process, stage);
                    break;
                case Advanced(var name, var work) when Known(process, name, out string label, out StageState? stage):
                    stage.Done += work;
                    shown.Advance(label, work);
                    break;
                case AtWorkNow(var name, var isAtWork)
                    when Known(process, name, out string label, out StageState? stage):
                    SetAtWork(label, stage, process, isAtWork);
                    break;
                case StageFinished finished
                    when Known(process, finished.Stage, out string label, out StageState? stage):
                    stage.Summaries[process] = finished.Summary;
                    stage.IsWhole |= finished.IsWhole;
                    if (stage.IsWhole && stage.Shown.All(stage.Summaries.ContainsKey))
                    {
                        Finish(label, stage);
                    }

                    break;
                case UnitsComputed(var count):
                    Computed += count;
                    break;
                case Said(var text):
                    shown.Message($"{labels[process]}: {text}");
                    break;
            }
        }
    }

    /// <summary>A line that is no event: what every process says of the same spec is said once.</summary>
    public void Say(int process, string line)
    {
        lock (gate)
        {
            if (said.Add(line))
            {
                shown.Message($"{labels[process]}: {line}");
            }
        }
    }

    /// <summary>A process has ended, whichever way: it is at work on nothing.</summary>
    public void Ended(int process)
    {
        lock (gate)
        {
            foreach (var (name, stage) in stages)
            {
                SetAtWork(name, stage, process, false);
                stage.Shown.Remove(process);
            }
        }
    }

    /// <summary>All have ended: stages that none saw whole are told as they are.</summary>
    public void End()
    {
        lock (gate)
        {
            foreach (var (name, stage) in stages.Where(s => !s.Value.IsTold))
            {
                Finish(name, stage);
            }
        }
    }

    private void Show(int process, StageShown told)
    {
        if (!Known(process, told.Stage, out string label, out StageState? stage))
        {
            stages[label] = stage = new StageState();
        }

        stage.Shown.Add(process);
        stage.Totals[process] = told.Total;
        stage.Done = Math.Max(stage.Done, told.Done);
        shown.Stage(label, stage.Done, stage.Totals.Values.Max(), told.WorkUnit);
    }

    /// <summary>A stage of the experiment that a process is at: each has its own.</summary>
    private bool Known(int process, string name, out string label, [NotNullWhen(true)] out StageState? stage)
    {
        label = experiments[process] is { } experiment ? $"{experiment}/{name}" : name;
        return stages.TryGetValue(label, out stage);
    }

    private void SetAtWork(string name, StageState stage, int process, bool isAtWork)
    {
        bool wasAnybody = stage.AtWork.Count > 0;
        _ = isAtWork ? stage.AtWork.Add(process) : stage.AtWork.Remove(process);
        if (stage.AtWork.Count > 0 != wasAnybody)
        {
            shown.AtWork(name, !wasAnybody);
        }
    }

    private void Finish(string name, StageState stage)
    {
        if (stage.IsTold || stage.Summaries.Count == 0)
        {
            return;
        }

        stage.IsTold = true;
        string[] different = [.. stage.Summaries.Values.Distinct(StringComparer.Ordinal)];
        string summary =
            stage.Summaries.Count == 1 || different.Length > 1
                ? string.Join("; ", stage.Summaries.Select(s => $"{labels[s.Key]}: {s.Value}"))
                : $"each: {different[0]}";
        shown.Finished(name, summary, stage.IsWhole);
    }

    private sealed class StageState
    {
        public long Done { get; set; }

        public bool IsWhole { get; set; }

        public bool IsTold { get; set; }

        public Dictionary<int, long> Totals { get; } = []; // by process

        public SortedDictionary<int, string> Summaries { get; } = []; // likewise

        public HashSet<int> Shown { get; } = []; // processes that go through it

        public HashSet<int> AtWork { get; } = [];
    }
}
