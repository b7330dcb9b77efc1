using System.Diagnostics;
using System.Globalization;
using Pipelines.Fuzz.Targets;

namespace Pipelines.Fuzz;

/// <summary>
/// Reads inputs in this process, target after target. It may die of one: then <see cref="Supervisor"/> goes on behind
/// it.
/// </summary>
/// <param name="targets">The readers.</param>
/// <param name="seed">Seed of the campaign.</param>
/// <param name="position">Where it is, and where an earlier worker ended.</param>
/// <param name="findings">Takes what breaks the law.</param>
internal sealed class Worker(IReadOnlyList<Target> targets, ulong seed, Position position, Findings findings)
{
    /// <summary>Exit code of a worker whose input does not end.</summary>
    public const int Stuck = 98;

    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(1),
        Endless = TimeSpan.FromSeconds(90);
    private readonly Law law = new();
    private long started = Stopwatch.GetTimestamp();
    private int ending;

    /// <summary>The fixed number of inputs of every target.</summary>
    public void RunFixed()
    {
        using Timer watch = Watch();
        for (int i = 0; i < targets.Count; i++)
        {
            while (position[i] < targets[i].Seeds.Count + targets[i].Fixed)
            {
                One(i);
            }
        }
    }

    /// <summary>Every target in turn, until the time is over.</summary>
    public void RunFor(TimeSpan time)
    {
        using Timer watch = Watch();
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < time)
        {
            for (int i = 0; i < targets.Count && clock.Elapsed < time; i++)
            {
                for (var slice = Stopwatch.StartNew(); slice.Elapsed < Slice;)
                {
                    One(i);
                }
            }
        }
    }

    private void One(int index)
    {
        Target target = targets[index];
        position.Target = index;
        long number = position[index];
        Volatile.Write(ref started, Stopwatch.GetTimestamp());
        byte[] input = Inputs.Make(target, seed, number);
        Verdict verdict = law.Judge(target, input, target.ReadsSeeds && Inputs.IsSound(target, number));
        if (verdict.Outcome == Outcome.Broken && !findings.Has(target, verdict.Kind))
        {
            Keep(target, number, verdict, input);
        }

        position[index] = number + 1;
    }

    private void Keep(Target target, long number, Verdict verdict, byte[] input)
    {
        bool Shows(byte[] smaller)
        {
            Volatile.Write(ref started, Stopwatch.GetTimestamp());
            return law.Judge(target, smaller) is { Outcome: Outcome.Broken } other && other.Kind == verdict.Kind;
        }

        byte[] minimised = verdict.Kind is "time" or "sound file" ? input : new Minimiser(target, Shows).Cut(input);
        findings.Add(target, seed, number, verdict, input, minimised);
    }

    /// <summary>.NET cannot end a thread: the process of an input that does not end is ended.</summary>
    private Timer Watch()
    {
        Volatile.Write(ref started, Stopwatch.GetTimestamp());
        return new Timer(
            _ =>
            {
                if (
                    Stopwatch.GetElapsedTime(Volatile.Read(ref started)) < Endless
                    || Interlocked.Exchange(ref ending, 1) != 0
                )
                {
                    return;
                }

                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"an input has not ended after {Endless.TotalSeconds} s"
                    )
                );
                Environment.Exit(Stuck);
            },
            null,
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(1)
        );
    }
}
