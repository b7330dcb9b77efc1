using System.Diagnostics;
using System.Globalization;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Faults;

/// <summary>
/// <c>faults.c</c>, built once and preloaded into processes of the program: their file system fails as network file
/// systems do, at random moments.
/// </summary>
internal static class FaultyDisk
{
    private static readonly string Source = Path.Combine(
        HostProcess.RepositoryRoot,
        "tests",
        "Host.Tests",
        "Faults",
        "faults.c"
    );

    private static readonly Lazy<string> Library = new(Built);

    /// <summary>Why such tests are skipped; null where they must run: always in CI.</summary>
    public static string? SkipReason { get; } =
        Environment.GetEnvironmentVariable("CI") is "true" or "1" ? null
        : !OperatingSystem.IsLinux() ? "libraries are preloaded on Linux only"
        : HasCompiler() ? null
        : "no gcc here: on Debian `apt-get install gcc libc6-dev` brings it";

    /// <summary>Starts the program where a folder is on such a disk.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="faults">Which, as <c>faults.c</c> says.</param>
    /// <param name="arguments">The program's.</param>
    public static Process Start(string folder, string faults, params string[] arguments) =>
        HostProcess.Start(
            new Dictionary<string, string> { ["LD_PRELOAD"] = Library.Value, ["FAULTS"] = $"under={folder} {faults}" },
            arguments
        );

    /// <summary>Calls of a process, by name, that it left in the file of <c>count=</c>.</summary>
    public static IReadOnlyDictionary<string, long> Counts(string file) =>
        File.ReadLines(file)
            .Select(line => line.Split(' '))
            .GroupBy(words => words[0], StringComparer.Ordinal)
            .ToDictionary(
                calls => calls.Key,
                calls => calls.Sum(words => long.Parse(words[1], CultureInfo.InvariantCulture)),
                StringComparer.Ordinal
            );

    private static bool HasCompiler() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(f => File.Exists(Path.Combine(f, "gcc")));

    private static string Built()
    {
        string library = Path.Combine(Directory.CreateTempSubdirectory("faults-").FullName, "faults.so");
        using Process compiler = Process.Start(
            new ProcessStartInfo(
                "gcc",
                ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", library, Source, "-ldl", "-lpthread"]
            )
            {
                RedirectStandardError = true,
            }
        )!;
        string errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? library : throw new InvalidOperationException(errors);
    }
}

/// <summary>A law about processes on a failing disk.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FaultFactAttribute : FactAttribute
{
    public FaultFactAttribute() => Skip = FaultyDisk.SkipReason;
}

/// <summary>Likewise, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FaultTheoryAttribute : TheoryAttribute
{
    public FaultTheoryAttribute() => Skip = FaultyDisk.SkipReason;
}
