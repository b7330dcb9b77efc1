using System.Collections.Concurrent;
using System.Diagnostics;
using Pipelines.Domain.Errors;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Pipelines.Host.Progress;

/// <summary>A bar a stage, with rate and time left, on a terminal.</summary>
internal sealed class LiveProgress(IAnsiConsole console) : RunProgress
{
    private readonly ConcurrentDictionary<string, Bar> bars = new(StringComparer.Ordinal);
    private ProgressContext? context;

    /// <inheritdoc/>
    public override T Show<T>(Func<T> body) =>
        console
            .Progress()
            .AutoClear(false)
            .HideCompleted(false)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn { Width = 30 },
                new PercentageColumn(),
                new NoteColumn(bars)
            )
            .Start(started =>
            {
                context = started;
                return body();
            });

    /// <inheritdoc/>
    public override void Stage(string stage, long done, long total, string workUnit)
    {
        Bar bar = bars.GetOrAdd(
            stage,
            name => new Bar(context!.AddTask(Markup.Escape(name), autoStart: true), done, workUnit)
        );
        bar.Task.MaxValue = Math.Max(total, 1);
        bar.Task.Value = total == 0 ? 1 : done;
    }

    /// <inheritdoc/>
    public override void Advance(string stage, long work) => bars[stage].Task.Increment(work);

    /// <inheritdoc/>
    public override void AtWork(string stage, bool isAtWork)
    {
        Stopwatch time = bars[stage].Time;
        lock (time)
        {
            if (isAtWork)
            {
                time.Start();
            }
            else
            {
                time.Stop();
            }
        }
    }

    /// <inheritdoc/>
    public override void Finished(string stage, string summary)
    {
        if (!bars.TryGetValue(stage, out Bar? bar))
        {
            return;
        }

        bar.Task.Value = bar.Task.MaxValue;
        bar.Summary = summary;
        bar.Task.StopTask();
    }

    /// <inheritdoc/>
    public override void Message(string text) => console.MarkupLineInterpolated($"{Shown.Lines(text)}");

    private sealed class Bar(ProgressTask task, double cached, string workUnit)
    {
        public ProgressTask Task { get; } = task;

        public string? Summary { get; set; }

        public Stopwatch Time { get; } = new(); // at work

        public string Note
        {
            get
            {
                if (Summary is not null)
                {
                    return Summary;
                }

                double computed = Task.Value - cached,
                    seconds = Time.Elapsed.TotalSeconds;
                if (computed <= 0 || seconds <= 0.2)
                {
                    return "";
                }

                double rate = computed / seconds;
                return $"{Rate(rate, workUnit)}, "
                    + $"{Duration(TimeSpan.FromSeconds((Task.MaxValue - Task.Value) / rate))} left";
            }
        }
    }

    private sealed class NoteColumn(ConcurrentDictionary<string, Bar> bars) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(
                bars.Values.FirstOrDefault(b => b.Task == task)?.Note ?? "",
                new Style(decoration: Decoration.Dim)
            ).Overflow(Overflow.Ellipsis);
    }
}
