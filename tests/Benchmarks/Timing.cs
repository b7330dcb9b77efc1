using System.Diagnostics;

namespace Pipelines.Benchmarks;

/// <summary>What some work took.</summary>
/// <param name="Seconds">By the clock.</param>
/// <param name="CpuSeconds">Of all threads of the process together: what holds on a machine that others use,
/// too.</param>
internal readonly record struct Timing(double Seconds, double CpuSeconds)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1); // of processor time

    /// <summary>Does the work once.</summary>
    public static Timing Of(Action work)
    {
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Timing(seconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    /// <summary>
    /// Does several works in turn, again and again, so that a drift of the machine's speed meets them all. The first
    /// turns do not count: caches and buffers fill, and the runtime compiles again what it finds to be hot.
    /// </summary>
    /// <param name="rounds">Turns that count.</param>
    /// <param name="works">Each gives what it took.</param>
    /// <returns>The least of each, clock and processor on their own.</returns>
    public static Timing[] Alternated(int rounds, IReadOnlyList<Func<Timing>> works)
    {
        TimeSpan begun = Environment.CpuUsage.TotalTime;
        do
        {
            foreach (Func<Timing> work in works)
            {
                work();
            }
        } while (Environment.CpuUsage.TotalTime - begun < WarmUp);

        var least = new Timing[works.Count];
        Array.Fill(least, new Timing(double.MaxValue, double.MaxValue));
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < works.Count; i++)
            {
                Timing taken = works[i]();
                least[i] = new Timing(
                    Math.Min(least[i].Seconds, taken.Seconds),
                    Math.Min(least[i].CpuSeconds, taken.CpuSeconds)
                );
            }
        }

        return least;
    }

    /// <inheritdoc cref="Alternated(int, IReadOnlyList{Func{Timing}})"/>
    public static Timing[] Alternated(int rounds, params Action[] works) =>
        Alternated(rounds, [.. works.Select(work => (Func<Timing>)(() => Of(work)))]);

    /// <summary>A part of it.</summary>
    public Timing Over(double parts) => new(Seconds / parts, CpuSeconds / parts);

    /// <summary>What it took more than another.</summary>
    public Timing Less(Timing other) => new(Seconds - other.Seconds, CpuSeconds - other.CpuSeconds);
}
