using System.Runtime.InteropServices;

namespace Pipelines.Host.Running;

/// <summary>
/// No file of a process may grow beyond a length that a shell (<c>ulimit -f</c>), a batch system or the file system
/// sets.
/// </summary>
internal static class FileSizeLimit
{
    /// <summary>What was refused, and what would help.</summary>
    public const string Words =
        "A file would grow beyond what this process may write (ulimit -f) or the file system can hold: raise the limit";

    private const int Exceeded = 25; // SIGXFSZ, on Linux and macOS

    /// <summary>
    /// From here on the write fails, and is told as any other that fails: the system's own way is a signal, which ends
    /// the process without a word.
    /// </summary>
    /// <returns>To be disposed of when the process has done its work.</returns>
    public static IDisposable? AsError() =>
        OperatingSystem.IsWindows()
            ? null
            : PosixSignalRegistration.Create((PosixSignal)Exceeded, signal => signal.Cancel = true);

    /// <summary>
    /// Whether that is the cause of a failure. The runtime throws it as if an argument were wrong, and nothing but the
    /// place that it comes from tells it from a defect.
    /// </summary>
    public static bool IsCauseOf(Exception? e) =>
        e switch
        {
            null => false,
            ArgumentOutOfRangeException
            {
                ParamName: "value",
                TargetSite.DeclaringType.Name: "RandomAccess" or "ConsolePal"
            } => true,
            AggregateException several => several.InnerExceptions.Any(IsCauseOf),
            _ => IsCauseOf(e.InnerException),
        };
}
