using System.Text.Json;
using Pipelines.Models.Families;
using Xunit;

namespace Pipelines.Stages.Tests;

/// <summary>
/// Where the golden files lie. A small case of every family is part of the repository (tests/Golden/cases) and is
/// always run; the wider set is in the folders that the environment variable GOLDEN names (separated by the system's
/// path separator), else in shared/golden and shared/golden-2 beside the repository.
/// </summary>
internal static class Golden
{
    /// <summary>Stands for the case folders of the wider set, where a kind of golden files is asked for.</summary>
    public const string WiderCases = "*/case.json";

    private static readonly string[] Named =
    [
        .. (Environment.GetEnvironmentVariable("GOLDEN") ?? "")
            .Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(f => System.IO.Path.GetFullPath(f)),
    ];

    /// <summary>The folder of the cases that are part of the repository.</summary>
    public static string Own { get; } = System.IO.Path.Combine(RepositoryRoot(), "tests", "Golden", "cases");

    /// <summary>The folders of the wider set; need not exist.</summary>
    public static IReadOnlyList<string> Roots { get; } =
        Named.Length > 0
            ? Named
            :
            [
                System.IO.Path.Combine(RepositoryRoot(), "..", "shared", "golden"),
                System.IO.Path.Combine(RepositoryRoot(), "..", "shared", "golden-2"),
            ];

    /// <summary>The first folder of the wider set.</summary>
    public static string Root => Roots[0];

    /// <summary>Path below the first folder of the wider set.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>The repository's case folders, and those of all wider folders whose architecture is read.</summary>
    public static IEnumerable<string> Cases() =>
        ((IEnumerable<string>)[Own, .. Roots])
            .SelectMany(CasesOf)
            .Where(folder => IsRead(System.IO.Path.Combine(folder, "case.json")))
            .DistinctBy(System.IO.Path.GetFullPath);

    /// <summary>What a case is called: its folder's name, and where two folders have one name the whole path.</summary>
    public static string NameOf(string folder) =>
        Cases().Count(c => System.IO.Path.GetFileName(c) == System.IO.Path.GetFileName(folder)) == 1
            ? System.IO.Path.GetFileName(folder)
            : folder;

    /// <summary>The case folder of a name.</summary>
    public static string Case(string name) => Cases().Single(folder => NameOf(folder) == name);

    /// <summary>
    /// Why golden tests of a kind are skipped, or null where they must run: always in CI, unless GOLDEN names a folder
    /// without the kind.
    /// </summary>
    /// <param name="kind">
    /// File or folder below the golden folder that the tests need, or <see cref="WiderCases"/>; null = any case folder,
    /// which the repository has.
    /// </param>
    public static string? SkipReason(string? kind)
    {
        bool present = kind switch
        {
            null => Cases().Any(),
            WiderCases => Roots.SelectMany(CasesOf).Any(),
            _ => File.Exists(Path(kind)) || Directory.Exists(Path(kind)),
        };
        bool mustRun = Environment.GetEnvironmentVariable("CI") is "true" or "1" && Named.Length == 0;
        return present || mustRun
            ? null
            : $"no golden files for '{kind ?? "model cases"}' in {Root} (set GOLDEN to a folder that has them)";
    }

    /// <summary>The folders with a case.json in a golden folder, which need not exist.</summary>
    public static IEnumerable<string> CasesOf(string root) =>
        Directory.Exists(root)
            ? Directory
                .EnumerateDirectories(root)
                .Where(d => File.Exists(System.IO.Path.Combine(d, "case.json")))
                .Order(StringComparer.Ordinal)
            : [];

    private static bool IsRead(string caseFile)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(caseFile));
        string model = golden.RootElement.TryGetProperty("model", out JsonElement named) ? named.GetString()! : "model";
        string config = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(caseFile)!, model, "config.json");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(config));
        return KnownFamilies.OfType(json.RootElement.GetProperty("model_type").GetString()!) is not null;
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
