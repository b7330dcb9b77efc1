using Xunit;

namespace Pipelines.Stages.Tests;

/// <summary>Where the golden files lie: the folder in the environment variable GOLDEN, else shared/golden beside the repository.</summary>
internal static class Golden
{
    private static readonly string? Named = Environment.GetEnvironmentVariable("GOLDEN") is { Length: > 0 } folder ? System.IO.Path.GetFullPath(folder) : null;

    /// <summary>The golden folder; need not exist.</summary>
    public static string Root { get; } = Named ?? System.IO.Path.Combine(RepositoryRoot(), "..", "shared", "golden");

    /// <summary>Path below the golden folder.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>Case folders: those with a case.json.</summary>
    public static IEnumerable<string> Cases() =>
        Directory.Exists(Root) ? Directory.EnumerateDirectories(Root).Where(d => File.Exists(System.IO.Path.Combine(d, "case.json"))).Order(StringComparer.Ordinal) : [];

    /// <summary>Why golden tests of a kind are skipped, or null where they must run: always in CI, unless GOLDEN names a folder without the kind.</summary>
    /// <param name="kind">File or folder below the golden folder that the tests need; null = any case folder.</param>
    public static string? SkipReason(string? kind)
    {
        bool present = kind is null ? Cases().Any() : File.Exists(Path(kind)) || Directory.Exists(Path(kind));
        bool mustRun = Environment.GetEnvironmentVariable("CI") is "true" or "1" && Named is null;
        return present || mustRun ? null : $"no golden files for '{kind ?? "model cases"}' in {Root} (set GOLDEN to a folder that has them)";
    }

    /// <summary>The folder of Pipelines.sln.</summary>
    public static string RepositoryRoot()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(d.FullName, "Pipelines.sln")))
            {
                return d.FullName;
            }
        }

        return AppContext.BaseDirectory;
    }
}

/// <summary>A fact that needs golden files: skipped with a reason where they are missing, but never in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenFactAttribute : FactAttribute
{
    public GoldenFactAttribute(string? kind = null) => Skip = Golden.SkipReason(kind);
}

/// <summary>A theory that needs golden files: skipped with a reason where they are missing, but never in CI (where a theory without rows fails).</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenTheoryAttribute : TheoryAttribute
{
    public GoldenTheoryAttribute(string? kind = null) => Skip = Golden.SkipReason(kind);
}
