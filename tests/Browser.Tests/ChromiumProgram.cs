namespace Pipelines.Browser.Tests;

/// <summary>The machine's own Chromium.</summary>
internal static class ChromiumProgram
{
    /// <summary>A variable of the environment that names the program.</summary>
    public const string Variable = "CHROMIUM";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

    /// <summary>Root needs the sandbox off, and a container's 64 MB of shared memory end a page.</summary>
    public static readonly string[] Flags = ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"];

    /// <summary>Its path; null where there is none.</summary>
    public static string? Path { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
            ? named
            : (Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                .SelectMany(folder => Names.Select(name => System.IO.Path.Combine(folder, name)))
                .FirstOrDefault(File.Exists);
}
