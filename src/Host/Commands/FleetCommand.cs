using System.Diagnostics;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Host.Running.Devices;
using Pipelines.Models.Tensors;
using Pipelines.Spec.Reading;
using Pipelines.Stages.Reporting;

namespace Pipelines.Host.Commands;

/// <summary>
/// <c>run --devices</c>: a worker process a device computes what is missing; then this one finds all of it stored and
/// writes tables and report.
/// </summary>
internal static class FleetCommand
{
    /// <summary>Runs the experiments of a spec on several devices.</summary>
    /// <returns>Exit code.</returns>
    public static int Execute(RunOptions options, DeviceList list)
    {
        RunOptions here = options with { Device = list.Names.Count > 0 ? list.Names[0] : null };
        // Once: whoever changes the spec meanwhile does not change what is run
        ReadResult read = Session.Read(here);
        var (code, work) = Compute(here, read, list);
        if (code != Program.Done)
        {
            return code;
        }

        using var session = Session.Open(here, read);
        return RunCommand.Execute(session, work);
    }

    /// <summary>Lets the devices compute what is missing.</summary>
    /// <returns>Exit code, and what they did where they did all.</returns>
    private static (int Code, FleetWork? Work) Compute(RunOptions options, ReadResult read, DeviceList list)
    {
        using var session = Open(options, read);
        int cards = TorchSharp.torch.cuda.device_count();
        IReadOnlyList<WorkerDevice> devices = list.Resolve(cards);
        session.RequireRoom(_ => { }); // what is tight is said by whoever runs it
        if (session.FindUnfinished() is null)
        {
            return (Program.Done, null);
        }

        long start = Stopwatch.GetTimestamp();
        using var interruption = new Interruption();
        RunProgress progress = RunCommand.NewProgress(hidesFinished: session.HasSeveral);
        long? share = devices.Count > 1 ? MemoryLimits.ShareOf(devices.Count) : null;
        int threads = Math.Max(1, session.Threads / devices.Count);
        string asked = SettingsDigest.Of(Session.UsableOf(options, read)!.Experiments);
        var shown = new FleetProgress(progress, [.. devices.Select(d => d.Label)]);
        var fleet = new DeviceFleet(
            ProgramStart.Here(),
            device => JobWords.OfDevice(Rest(options) with { Settings = asked }, device, threads, share),
            devices,
            shown,
            progress.Message,
            () => KillsForMemory.Read()
        );
        if (list.Names.Count == 0 && cards == 0)
        {
            Console.WriteLine("libtorch sees no CUDA device here: all is one process on the processor.");
        }

        string words = string.Join(", ", devices.Select(d => d.Label));
        Console.WriteLine($"{Format.Many(devices.Count, "device")}, {Format.Many(threads, "thread")} each: {words}");
        IReadOnlyList<DeviceEnd> ends = progress.Show(() => fleet.Run(interruption.Token));
        if (interruption.Token.IsCancellationRequested)
        {
            using var now = Session.Open(options, read, toRead: true);
            Tell(now, now.FindUnfinished() ?? 0, "Interrupted.");
            return (Program.Interrupted, null);
        }

        var work = new FleetWork(shown.Computed, Stopwatch.GetElapsedTime(start));
        if (ends.All(e => e.Code == Program.Done))
        {
            return (Program.Done, work);
        }

        session.RequireStore();
        int jobs = Math.Max(1, session.Jobs / devices.Count);
        foreach (string line in WhatFits(session, ends, jobs))
        {
            Console.Error.WriteLine(Shown.Lines(line));
        }

        // Others may have done what one that died was at
        using var after = Session.Open(options, read, toRead: true);
        if (after.FindUnfinished() is not { } at)
        {
            return (Program.Done, work);
        }

        Tell(after, at, "Something is left.");
        return (CodeOf(ends), null);
    }

    /// <summary>
    /// The options with what is left of the time: each process counts from its own start, a second one, too.
    /// </summary>
    private static RunOptions Rest(RunOptions options) =>
        options.TimeLimit is { } limit
            ? options with
            {
                TimeLimit = TimeSpan.FromSeconds(Math.Max(1, Math.Floor((limit - Deadline.Running()).TotalSeconds))),
            }
            : options;

    /// <summary>Says how far the processes have come; of further experiments something may be done, too.</summary>
    private static void Tell(Session session, int at, string why) =>
        RunCommand.TellStanding(session, at, why, "behind it");

    /// <summary>The session on the first device; that it is not there is the list's fault and not the spec's.</summary>
    private static Session Open(RunOptions options, ReadResult read)
    {
        try
        {
            return Session.Open(options, read);
        }
        catch (InputException e) when (options.Device is not null && e.Where == Arithmetic.DeviceSetting)
        {
            throw new InputException(DeviceList.Option, e.What, e.Remedy, e);
        }
    }

    /// <summary>What would need less memory, where a process was killed for it.</summary>
    private static IEnumerable<string> WhatFits(Session session, IReadOnlyList<DeviceEnd> ends, int jobs)
    {
        if (!ends.Any(e => e.KilledWhere is not null))
        {
            yield break;
        }

        foreach (Pipeline pipeline in session.Pipelines)
        {
            if (session.LessMemory(pipeline, jobs) is { } words)
            {
                yield return words;
            }
        }
    }

    /// <summary>The worst of the codes; of a process that was struck down, that units failed.</summary>
    private static int CodeOf(IReadOnlyList<DeviceEnd> ends) => ends.Max(e => e.IsOrderly ? e.Code : Program.Failed);
}

/// <summary>What the processes of devices did before the run that writes the report.</summary>
/// <param name="Computed">Units that they computed; of an experiment in which a process died, what it had computed
/// until then is not counted.</param>
/// <param name="Time">By the clock, from the start of the first to the end of the last.</param>
internal sealed record FleetWork(int Computed, TimeSpan Time);
