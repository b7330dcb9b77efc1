using System.Runtime.InteropServices;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// Where an artifact was computed, as its manifest tells it. It is no part of a key: the same results may come from
/// anywhere, but a person wants to know from where these came.
/// </summary>
/// <param name="Program">The build: <see cref="ProgramVersion"/> as a text.</param>
/// <param name="Machine">The host's name.</param>
/// <param name="Processor">As the system calls it.</param>
/// <param name="System">Operating system.</param>
/// <param name="Threads">Arithmetic threads altogether.</param>
/// <param name="Jobs">Units computed at the same time.</param>
/// <param name="Started">When the process began, UTC: tells its units from those that it found stored.</param>
public sealed record Origin(
    string Program,
    string Machine,
    string Processor,
    string System,
    int Threads,
    int Jobs,
    DateTime Started
)
{
    /// <summary>This process.</summary>
    /// <param name="threads">Arithmetic threads altogether.</param>
    /// <param name="jobs">Units computed at the same time.</param>
    public static Origin Here(int threads, int jobs) =>
        new(
            ProgramVersion.Here.ToString(),
            Environment.MachineName,
            ProcessorName("/proc/cpuinfo"),
            RuntimeInformation.OSDescription,
            threads,
            jobs,
            DateTime.UtcNow
        );

    /// <summary>The name that Linux gives the processor; elsewhere its architecture.</summary>
    internal static string ProcessorName(string cpuInfo) =>
        Line(cpuInfo, "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>What Linux says of the first processor under a name; null where it says nothing.</summary>
    internal static string? Line(string cpuInfo, string name)
    {
        try
        {
            return
                RegularFile.ReadAllLines(cpuInfo).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))
                    is { } line
                ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // not Linux, or a container that hides it
        }
    }
}
