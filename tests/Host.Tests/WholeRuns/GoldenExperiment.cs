using System.Text.Json;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// Where the golden files lie. A small case of every family is part of the repository (tests/Golden/cases) and is
/// always run; the wider set is in the first folder of the environment variable GOLDEN (separated by the system's path
/// separator), else in shared/golden beside the repository.
/// </summary>
internal static class GoldenFolder
{
    private static readonly string? Named = Environment.GetEnvironmentVariable("GOLDEN") is { Length: > 0 } folders
        ? Path.GetFullPath(folders.Split(Path.PathSeparator)[0])
        : null;

    private static readonly string Own = Path.Combine(HostProcess.RepositoryRoot, "tests", "Golden", "cases");

    /// <summary>The folder of the wider set; need not exist.</summary>
    public static string Root { get; } = Named ?? Path.Combine(HostProcess.RepositoryRoot, "..", "shared", "golden");

    /// <summary>Names of the cases of small checkpoints, the repository's own first.</summary>
    public static IEnumerable<string> Cases() => Folders().Select(folder => Path.GetFileName(folder));

    /// <summary>The case folder of a name.</summary>
    public static string Case(string name) => Folders().Single(folder => Path.GetFileName(folder) == name);

    /// <summary>
    /// Why tests are skipped, or null where they must run: always in CI, unless GOLDEN names a folder without the case.
    /// </summary>
    public static string? SkipReason(string? name)
    {
        bool present = name is null ? Cases().Any() : Cases().Contains(name);
        bool mustRun = Environment.GetEnvironmentVariable("CI") is "true" or "1" && Named is null;
        return present || mustRun
            ? null
            : $"no golden case{(name is null ? "" : $" '{name}'")} in {Root} (set GOLDEN to a folder that has it)";
    }

    private static IEnumerable<string> Folders() =>
        ((string[])[Own, Root])
            .Where(Directory.Exists)
            .SelectMany(root => Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
            .Where(folder => File.Exists(Path.Combine(folder, "case.json")))
            .DistinctBy(Path.GetFullPath);
}

/// <summary>A fact that needs a golden case: skipped with a reason where it is missing, but never in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenFactAttribute : FactAttribute
{
    public GoldenFactAttribute(string? name = null) => Skip = GoldenFolder.SkipReason(name);
}

/// <summary>
/// A theory that needs golden cases: skipped with a reason where they are missing, but never in CI (where a theory
/// without rows fails).
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenTheoryAttribute : TheoryAttribute
{
    public GoldenTheoryAttribute(string? name = null) => Skip = GoldenFolder.SkipReason(name);
}

/// <summary>
/// A small experiment on a golden case's checkpoint and pictures; without labels every answer that is not empty counts.
/// </summary>
internal sealed class GoldenExperiment : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public GoldenExperiment(string name)
    {
        string golden = GoldenFolder.Case(name);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(golden, "case.json")));
        string model = Path.GetFullPath(
            Path.Combine(golden, json.RootElement.TryGetProperty("model", out var named) ? named.GetString()! : "model")
        );
        Directory.CreateDirectory(Pictures);
        string[] images = [.. json.RootElement.GetProperty("images").EnumerateArray().Select(e => e.GetString()!)];
        foreach (string image in images)
        {
            AddPicture(Path.Combine(golden, image), Path.GetFileName(image));
        }

        File.WriteAllText(
            Path.Combine(folder.Path, "golden.yaml"),
            $$"""
            name: golden
            seed: 5
            model: { path: "{{model}}", device: cpu }
            data: { kind: folder, images: pictures }
            stages:
              answers: { stage: answer-questions, keep: {{images.Length}} }
              baseline: { stage: collect-mean-kv, images: {{images.Length}} }
              masks: { stage: sample-masks, count: 40, shard: 20 }
              forward: { stage: forward-passes }
              attribution: { stage: regress }
              validation: { stage: validate, random_seeds: 1 }
              report: { stage: report }

            """
        );
    }

    public string RunFolder => Path.Combine(folder.Path, "artifacts", "runs", "golden");

    private string Pictures => Path.Combine(folder.Path, "pictures");

    public void AddPicture(string file, string name) => File.Copy(file, Path.Combine(Pictures, name));

    public string Table(string name) => Path.Combine(RunFolder, "tables", name + ".csv");

    public string[] Arguments(params string[] more) =>
        [Path.Combine(folder.Path, "golden.yaml"), "--artifacts", Path.Combine(folder.Path, "artifacts"), .. more];

    /// <summary>Runs the experiment and demands success.</summary>
    public string Run(params string[] more)
    {
        var (code, output, errors) = HostProcess.Run(Arguments(more));
        return code == 0 ? output : throw new InvalidOperationException($"exit code {code}\n{output}\n{errors}");
    }

    public void Dispose() => folder.Dispose();
}
