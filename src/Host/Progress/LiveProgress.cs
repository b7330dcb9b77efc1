using System.Collections.Concurrent;
using System.Diagnostics;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Reporting;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Pipelines.Host.Progress;

/// <summary>
/// A bar a stage, with rate and time left, on a terminal. A bar takes one line, however narrow that is.
/// </summary>
/// <param name="console">The terminal.</param>
/// <param name="hidesFinished">The bar of a stage that is over gives way to a line that scrolls away.</param>
internal sealed class LiveProgress(IAnsiConsole console, bool hidesFinished = false) : RunProgress
{
    /// <summary>Columns of a terminal that has room for everything, and of one that still has for rates.</summary>
    private const int Wide = 100,
        Usual = 70;

    /// <summary>Columns of "100%", and of the blanks between four columns and before the edge.</summary>
    private const int Percentage = 4,
        Gaps = 4;

    private readonly ConcurrentDictionary<string, Bar> bars = new(StringComparer.Ordinal);
    private ProgressContext? context;

    private int Width => console.Profile.Width;

    private int BarWidth =>
        Width switch
        {
            >= Wide => 30,
            >= Usual => 20,
            _ => 8,
        };

    /// <summary>Columns of the longest name; longer ones are cut.</summary>
    private int NameWidth => Math.Max(8, Width / 3);

    /// <inheritdoc/>
    public override T Show<T>(Func<T> body) =>
        console
            .Progress()
            .AutoClear(false)
            .HideCompleted(hidesFinished)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn { Width = BarWidth },
                new PercentageColumn(),
                new NoteColumn(this)
            )
            .Start(started =>
            {
                context = started;
                return body();
            });

    /// <inheritdoc/>
    public override void Stage(string stage, long done, long total, string workUnit)
    {
        Bar bar = bars.GetOrAdd(stage, name => new Bar(
            context!.AddTask(Markup.Escape(Format.Cut(name, NameWidth)), autoStart: true),
            done,
            workUnit
        ));
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
    public override void Finished(string stage, string summary, bool isWhole)
    {
        if (!bars.TryGetValue(stage, out Bar? bar))
        {
            return;
        }

        if (isWhole)
        {
            bar.Task.Value = bar.Task.MaxValue; // less came than was expected
        }

        bar.Summary = summary;
        bar.Task.StopTask();
        if (hidesFinished)
        {
            Message($"{stage}: {summary}");
        }
    }

    /// <inheritdoc/>
    public override void Message(string text) => console.Write(new WrappedLines(Shown.Lines(text)));

    private sealed class Bar(ProgressTask task, double cached, string workUnit)
    {
        public ProgressTask Task { get; } = task;

        public string? Summary { get; set; }

        public Stopwatch Time { get; } = new(); // at work

        /// <summary>What there is to say, in so many columns.</summary>
        public string Note(int room)
        {
            if (Summary is not null)
            {
                return Format.Cut(Summary, room);
            }

            double computed = Task.Value - cached,
                seconds = Time.Elapsed.TotalSeconds;
            if (computed <= 0 || seconds <= 0.2)
            {
                return "";
            }

            double rate = computed / seconds;
            string left = $"{Format.Duration((Task.MaxValue - Task.Value) / rate)} left",
                whole = $"{Rate(rate, workUnit)}, {left}";
            return whole.Length <= room ? whole : Format.Cut(left, room);
        }
    }

    private sealed class NoteColumn(LiveProgress progress) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            int names = progress.bars.Keys.Select(n => Math.Min(n.Length, progress.NameWidth)).DefaultIfEmpty().Max(),
                room = progress.Width - names - progress.BarWidth - Percentage - Gaps;
            Bar? bar = progress.bars.Values.FirstOrDefault(b => b.Task == task);
            string note = room < 2 ? "" : bar?.Note(room) ?? "";
            return new Text(note, new Style(decoration: Decoration.Dim)).Overflow(Overflow.Ellipsis);
        }
    }
}
