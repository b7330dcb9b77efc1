namespace Pipelines.Browser.Tests;

/// <summary>The machine's own Chromium.</summary>
internal static class ChromiumProgram
{
    /// <summary>A variable of the environment that names the program.</summary>
    public const string Variable = "CHROMIUM";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

    /// <summary>
    /// Root needs the sandbox off; a container's 64 MB of shared memory end a page; and without hinting text is as wide
    /// on every machine.
    /// </summary>
    public static readonly string[] Flags = ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"];

    /// <summary>Its path; null where there is none.</summary>
    public static string? Path { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
            ? named
            : (Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                .SelectMany(folder => Names.Select(name => System.IO.Path.Combine(folder, name)))
                .FirstOrDefault(File.Exists);

    /// <summary>Why tests that need it are skipped; null where it is there.</summary>
    public static string? Missing => Path is null ? $"no Chromium: neither in PATH nor in {Variable}" : null;
}
