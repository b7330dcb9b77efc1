using System.Text.Json;
using Pipelines.Models.Families;
using Xunit;

namespace Pipelines.Stages.Tests;

/// <summary>
/// Where the golden files lie: the folders in the environment variable GOLDEN (separated by <c>:</c>), else
/// shared/golden and shared/golden-2 beside the repository.
/// </summary>
internal static class Golden
{
    /// <summary>Decoders of families that are read which are not; the newer folder has cases of them, too.</summary>
    private static readonly string[] UnreadDecoders = ["qwen3"];

    private static readonly string[] Named =
    [
        .. (Environment.GetEnvironmentVariable("GOLDEN") ?? "")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(f => System.IO.Path.GetFullPath(f)),
    ];

    /// <summary>The golden folders; need not exist.</summary>
    public static IReadOnlyList<string> Roots { get; } =
        Named.Length > 0
            ? Named
            :
            [
                System.IO.Path.Combine(RepositoryRoot(), "..", "shared", "golden"),
                System.IO.Path.Combine(RepositoryRoot(), "..", "shared", "golden-2"),
            ];

    /// <summary>The first golden folder.</summary>
    public static string Root => Roots[0];

    /// <summary>Path below the golden folder.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>Case folders of all golden folders whose architecture is read.</summary>
    public static IEnumerable<string> ModelCases() =>
        from root in Roots
        where Directory.Exists(root)
        from folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal)
        let json = System.IO.Path.Combine(folder, "case.json")
        where File.Exists(json) && IsRead(json)
        select folder;

    /// <summary>Case folders: those with a case.json.</summary>
    public static IEnumerable<string> Cases() =>
        Directory.Exists(Root)
            ? Directory
                .EnumerateDirectories(Root)
                .Where(d => File.Exists(System.IO.Path.Combine(d, "case.json")))
                .Order(StringComparer.Ordinal)
            : [];

    /// <summary>
    /// Why golden tests of a kind are skipped, or null where they must run: always in CI, unless GOLDEN names a folder
    /// without the kind.
    /// </summary>
    /// <param name="kind">File or folder below the golden folder that the tests need; null = any case folder.</param>
    public static string? SkipReason(string? kind)
    {
        bool present = kind is null ? Cases().Any() : File.Exists(Path(kind)) || Directory.Exists(Path(kind));
        bool mustRun = Environment.GetEnvironmentVariable("CI") is "true" or "1" && Named.Length == 0;
        return present || mustRun
            ? null
            : $"no golden files for '{kind ?? "model cases"}' in {Root} (set GOLDEN to a folder that has them)";
    }

    private static bool IsRead(string caseFile)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(caseFile));
        string model = golden.RootElement.TryGetProperty("model", out JsonElement named) ? named.GetString()! : "model";
        string config = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(caseFile)!, model, "config.json");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(config));
        string? decoder = json.RootElement.TryGetProperty("llm_config", out JsonElement language)
            ? language.GetProperty("model_type").GetString()
            : null;
        return KnownFamilies.OfType(json.RootElement.GetProperty("model_type").GetString()!) is not null
            && !UnreadDecoders.Contains(decoder);
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

/// <summary>
/// A theory that needs golden files: skipped with a reason where they are missing, but never in CI (where a theory
/// without rows fails).
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenTheoryAttribute : TheoryAttribute
{
    public GoldenTheoryAttribute(string? kind = null) => Skip = Golden.SkipReason(kind);
}
