using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain.Errors;

namespace Pipelines.Host.Running.Devices;

/// <summary>How a process of a fleet ended for good.</summary>
/// <param name="Device">Its device.</param>
/// <param name="Code">Exit code; 128 + n where signal n ended it.</param>
/// <param name="KilledWhere">Where a kill for memory was counted; null where it was none.</param>
internal sealed record DeviceEnd(WorkerDevice Device, int Code, string? KilledWhere)
{
    /// <summary>It ended by itself and says how, and was not struck down.</summary>
    public bool IsOrderly => Code is Program.Done or Program.Failed or Program.BadInput or Program.Interrupted;
}

/// <summary>
/// A worker process a device. The store is all that they share: a process that dies leaves what it had stored, and the
/// others take over what it had claimed. One that dies is started again once, unless memory was the cause: it would die
/// of it again. One that cannot be started leaves its work to the others.
/// </summary>
/// <param name="program">The program.</param>
/// <param name="arguments">Its arguments, for a device and its share.</param>
/// <param name="devices">The devices.</param>
/// <param name="progress">Shows what the processes tell.</param>
/// <param name="say">Takes sentences about them, for log and screen.</param>
/// <param name="kills">Kills for memory that the system counts.</param>
internal sealed class DeviceFleet(
    ProgramStart program,
    Func<string, IEnumerable<string>> arguments,
    IReadOnlyList<WorkerDevice> devices,
    FleetProgress progress,
    Action<string> say,
    Func<KillsForMemory> kills
)
{
    /// <summary>An exit code above this is that of a signal.</summary>
    private const int Signalled = 128;

    private const int Kill = 9;

    /// <summary>Starts all processes and waits until they have ended.</summary>
    /// <param name="cancel">Interrupted: they are asked to drop what they are at.</param>
    public IReadOnlyList<DeviceEnd> Run(CancellationToken cancel)
    {
        var ends = new DeviceEnd[devices.Count];
        Thread[] threads =
        [
            .. devices.Select((_, i) => new Thread(() => ends[i] = Watch(i, cancel)) { Name = devices[i].Label }),
        ];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        progress.End();
        return ends;
    }

    /// <summary>Runs the process of a device, a second time if need be.</summary>
    private DeviceEnd Watch(int number, CancellationToken cancel)
    {
        for (bool isSecond = false; ; isSecond = true)
        {
            DeviceEnd end = RunOnce(number, cancel);
            progress.Ended(number);
            if (end.IsOrderly || cancel.IsCancellationRequested)
            {
                return end;
            }

            string how = $"{end.Device.Label}: its process died ({Words(end.Code)})";
            if (end.KilledWhere is { } where)
            {
                say($"{how}: {where} counts one more that was killed for memory. It is not started again.");
                return end;
            }

            if (isSecond)
            {
                say($"{how} once more. It is not started again.");
                return end;
            }

            say($"{how}. It is started again; what it had finished is stored.");
        }
    }

    private DeviceEnd RunOnce(int number, CancellationToken cancel)
    {
        WorkerDevice device = devices[number];
        KillsForMemory before = kills();
        using Process? process = TryStart(device);
        if (process is null)
        {
            return new DeviceEnd(device, Program.Failed, null);
        }

        process.OutputDataReceived += (_, line) => Take(number, line.Data);
        process.ErrorDataReceived += (_, line) => Take(number, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // Not a signal: from a terminal it has that already, and a second one would end it at once
        using CancellationTokenRegistration asked = cancel.Register(() => process.StandardInput.Close());
        process.WaitForExit();
        int code = process.ExitCode;
        return new DeviceEnd(device, code, code == Signalled + Kill ? kills().Since(before) : null);
    }

    /// <summary>Starts the process of a device; null where it cannot be started, which is said.</summary>
    private Process? TryStart(WorkerDevice device)
    {
        try
        {
            return Start(device);
        }
        catch (Exception e)
            when (e is Win32Exception or IOException or OutOfMemoryException or TypeInitializationException)
        {
            string left = devices.Count > 1 ? " Its share is left to the others." : "";
            say($"{device.Label}: its process cannot be started ({WhyNot(e)}).{left}");
            return null;
        }
    }

    private Process Start(WorkerDevice device)
    {
        var (name, visible) = device.Alone(Environment.GetEnvironmentVariable(WorkerDevice.VisibleVariable));
        var start = new ProcessStartInfo(program.Words[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string word in program.Words.Skip(1).Concat(arguments(name)))
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (variable, value) in program.Environment)
        {
            start.Environment[variable] = value;
        }

        if (visible is not null)
        {
            start.Environment[WorkerDevice.VisibleVariable] = visible;
        }

        return Process.Start(start)!;
    }

    private void Take(int number, string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        if (ProgressEvent.Read(line) is { } told)
        {
            progress.Take(number, told);
        }
        else
        {
            progress.Say(number, Shown.Lines(line));
        }
    }

    /// <summary>
    /// Why a process cannot be started, without the command line; the runtime, too, needs threads and descriptors for
    /// it, and does not say which it lacks.
    /// </summary>
    private static string WhyNot(Exception e) =>
        e switch
        {
            Win32Exception system => new Win32Exception(system.NativeErrorCode).Message,
            IOException => Shown.Name(e.Message.Trim().TrimEnd('.')),
            _ => "no thread or descriptor is free for it",
        };

    private static string Words(int code) =>
        code > Signalled
            ? string.Create(CultureInfo.InvariantCulture, $"signal {code - Signalled}")
            : string.Create(CultureInfo.InvariantCulture, $"exit code {code}");
}
