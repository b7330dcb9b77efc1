using System.Globalization;
using System.Runtime.InteropServices;
using Pipelines.Files;

namespace Pipelines.Host.Commands;

/// <summary>
/// Ctrl-C, SIGTERM, SIGQUIT, and SIGHUP where the terminal is closed: the first lets units in flight be dropped and
/// says how to go on, the second ends the process at once. Whichever it was, the exit code is
/// <see cref="Program.Interrupted"/>.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations;

    public Interruption()
    {
        registrations =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT }.Select(s =>
                PosixSignalRegistration.Create(s, Handle)
            ),
        ];
        if (!HangupIsIgnored())
        {
            registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle));
        }
    }

    /// <summary>Set by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }

        source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        // A terminal that is closed says so twice, through the shell and by itself: that is nobody's wish to end at
        // once.
        if (source.IsCancellationRequested && context.Signal != PosixSignal.SIGHUP)
        {
            return; // the default: end
        }

        context.Cancel = true;
        source.Cancel();
    }

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
}
