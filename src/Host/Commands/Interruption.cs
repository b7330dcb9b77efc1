using System.Globalization;
using System.Runtime.InteropServices;
using Pipelines.Files;

namespace Pipelines.Host.Commands;

/// <summary>
/// Ctrl-C, SIGTERM, SIGQUIT, SIGHUP where the terminal is closed, and SIGUSR1 and SIGUSR2, by which batch systems say
/// that a job's time ends: the first lets units in flight be dropped and says how to go on. A second one of a person
/// (Ctrl-C, SIGTERM, SIGQUIT) ends the process at once. Whichever it was, the exit code is
/// <see cref="Program.Interrupted"/>; also where there is nothing to be interrupted yet, which
/// <see cref="BeforeAll"/> sees to.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource source = new();

    /// <summary>Asked for by a person, who may mean it twice.</summary>
    private static readonly PosixSignal[] OfPersons = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT];

    private static int atWork; // how many there are

    private readonly PosixSignalRegistration[] registrations;
    private bool isAskedFor;

    public Interruption()
    {
        registrations = [.. Signals().Select(s => PosixSignalRegistration.Create(s, Handle))];
        Interlocked.Increment(ref atWork);
    }

    /// <summary>
    /// Ends the process at the first signal as long as no command listens: nothing is lost then, and there is nothing
    /// to say of how to go on.
    /// </summary>
    /// <returns>To be disposed of when the process has done its work.</returns>
    public static IDisposable BeforeAll() => new Before();

    /// <summary>Set by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Asked for by whoever started this process: as if by a signal, and as often as one likes.</summary>
    public void Ask()
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // what it would have interrupted is over
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Interlocked.Decrement(ref atWork);
        Array.ForEach(registrations, r => r.Dispose());
        source.Dispose();
    }

    private static PosixSignal[] Signals() =>
        [.. OfPersons, .. OfUsers(), .. HangupIsIgnored() ? (PosixSignal[])[] : [PosixSignal.SIGHUP]];

    private void Handle(PosixSignalContext context)
    {
        // A terminal that is closed says so twice, through the shell and by itself, and a batch system sends what it
        // was asked for before what it always sends: that is nobody's wish to end at once.
        bool isOfPerson = OfPersons.Contains(context.Signal);
        if (isAskedFor && isOfPerson)
        {
            return; // the default: end
        }

        isAskedFor |= isOfPerson;
        context.Cancel = true;
        source.Cancel();
    }

    /// <summary>SIGUSR1 and SIGUSR2, which .NET has no names for, by the system's numbers.</summary>
    private static PosixSignal[] OfUsers() =>
        OperatingSystem.IsLinux() ? [(PosixSignal)10, (PosixSignal)12]
        : OperatingSystem.IsMacOS() ? [(PosixSignal)30, (PosixSignal)31]
        : [];

    /// <summary>Started by <c>nohup</c>: the run shall outlive its terminal.</summary>
    private static bool HangupIsIgnored()
    {
        const string Status = "/proc/self/status",
            Ignored = "SigIgn:";
        const ulong Hangup = 1; // bit 0 is signal 1
        string? line = File.Exists(Status)
            ? RegularFile.ReadAllLines(Status).FirstOrDefault(l => l.StartsWith(Ignored, StringComparison.Ordinal))
            : null;
        return line is not null
            && ulong.TryParse(
                line[Ignored.Length..].Trim(),
                NumberStyles.HexNumber,
                CultureInfo.InvariantCulture,
                out ulong mask
            )
            && (mask & Hangup) != 0;
    }

    /// <summary>Listens while no <see cref="Interruption"/> does.</summary>
    private sealed class Before : IDisposable
    {
        private readonly PosixSignalRegistration[] registrations =
        [
            .. Signals().Select(s => PosixSignalRegistration.Create(s, End)),
        ];

        public void Dispose() => Array.ForEach(registrations, r => r.Dispose());

        private static void End(PosixSignalContext context)
        {
            if (Volatile.Read(ref atWork) > 0)
            {
                return;
            }

            context.Cancel = true;
            Environment.Exit(Program.Interrupted);
        }
    }
}
