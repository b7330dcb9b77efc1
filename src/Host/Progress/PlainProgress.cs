using System.Collections.Concurrent;
using System.Diagnostics;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Reporting;

namespace Pipelines.Host.Progress;

/// <summary>Plain lines: for logs, pipes and cluster jobs.</summary>
/// <param name="output">Where they go.</param>
/// <param name="pause">Between two lines of a stage at work; null = ten seconds.</param>
internal sealed class PlainProgress(TextWriter output, TimeSpan? pause = null) : RunProgress
{
    private readonly TimeSpan pause = pause ?? TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, State> states = new(StringComparer.Ordinal);
    private readonly Lock writing = new();

    /// <inheritdoc/>
    public override T Show<T>(Func<T> body) => body();

    /// <inheritdoc/>
    public override void Stage(string stage, long done, long total, string workUnit)
    {
        State state = states.GetOrAdd(stage, _ => new State(done, workUnit));
        lock (state)
        {
            state.Done = done;
            state.Total = total;
        }
    }

    /// <inheritdoc/>
    public override void Advance(string stage, long work)
    {
        State state = states[stage];
        string? line = null;
        lock (state)
        {
            state.Done += work;
            if (state.SinceLine.Elapsed > pause)
            {
                state.SinceLine.Restart();
                line = $"{stage}: {Format.Count(state.Done)} of {Format.Count(state.Total)} {state.WorkUnit}";
                if (state.Done > state.Cached) // what failed is taken back
                {
                    double rate = (state.Done - state.Cached) / state.Time.Elapsed.TotalSeconds;
                    line +=
                        $", {Rate(rate, state.WorkUnit)}, {Format.Duration((state.Total - state.Done) / rate)} left";
                }
            }
        }

        if (line is not null)
        {
            Message(line);
        }
    }

    /// <inheritdoc/>
    public override void AtWork(string stage, bool isAtWork)
    {
        State state = states[stage];
        lock (state)
        {
            state.AtWork(isAtWork);
        }
    }

    /// <inheritdoc/>
    public override void Finished(string stage, string summary, bool isWhole) => Message($"{stage}: {summary}");

    /// <inheritdoc/>
    public override void Message(string text)
    {
        lock (writing)
        {
            output.WriteLine(Shown.Lines(text));
            output.Flush();
        }
    }

    private sealed class State(long cached, string workUnit)
    {
        public long Cached { get; } = cached;

        public string WorkUnit { get; } = workUnit;

        public long Done { get; set; } = cached;

        public long Total { get; set; }

        public Stopwatch Time { get; } = new(); // at work

        public Stopwatch SinceLine { get; } = new(); // likewise

        public void AtWork(bool isAtWork)
        {
            foreach (Stopwatch clock in new[] { Time, SinceLine })
            {
                if (isAtWork)
                {
                    clock.Start();
                }
                else
                {
                    clock.Stop();
                }
            }
        }
    }
}
