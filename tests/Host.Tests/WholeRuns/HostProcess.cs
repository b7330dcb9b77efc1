using System.Collections.Concurrent;
using System.Diagnostics;
using Pipelines.Fuzz;
using Pipelines.Fuzz.Targets;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>The program, in the process of the tests or in one of its own.</summary>
internal static class HostProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Folder of the repository.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>
    /// Runs the program to its end in the process of the tests. <see cref="RunApart"/> is for laws about the process:
    /// its exit code, its threads, its memory, and what one of them leaves to the next.
    /// </summary>
    public static (int ExitCode, string Output, string Errors) Run(params string[] arguments) =>
        ProgramHere.CanRun ? ProgramHere.Run(Limit, arguments) : RunApart(arguments);

    /// <summary>Runs the program to its end in a process of its own.</summary>
    public static (int ExitCode, string Output, string Errors) RunApart(params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', arguments)} took more than {Limit}.");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }

    /// <summary>Starts the program.</summary>
    public static Process Start(params string[] arguments) => Start(new Dictionary<string, string>(), arguments);

    /// <summary>Starts the program with variables added to its environment.</summary>
    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Process.Start(StartInfo("dotnet", [], environment, arguments))!;

    /// <summary>Starts the program by another: <c>nohup</c>, or <c>unshare</c> with its options.</summary>
    public static Process StartBy(string starter, params string[] arguments)
    {
        string[] words = starter.Split(' ');
        return Process.Start(
            StartInfo(words[0], [.. words[1..], "dotnet"], new Dictionary<string, string>(), arguments)
        )!;
    }

    private static ProcessStartInfo StartInfo(
        string file,
        string[] before,
        IReadOnlyDictionary<string, string> environment,
        string[] arguments
    )
    {
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = RepositoryRoot,
        };
        foreach (string word in before)
        {
            start.ArgumentList.Add(word);
        }

        (start.Environment["LC_ALL"], start.Environment["TZ"]) = (ForeignMachine.Locale, ForeignMachine.TimeZone);
        start.Environment["DOTNET_TieredPGO"] = "0"; // as in the tests' own process
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Pipelines.Host.dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private static string FindRoot()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "Pipelines.sln")))
            {
                return d.FullName;
            }
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}

/// <summary>A small experiment on the bundled model, and its artifacts.</summary>
internal sealed class SmallExperiment : IDisposable
{
    /// <summary>What runs computed, by the size of the experiment; never changed.</summary>
    private static readonly ConcurrentDictionary<(int Samples, int Masks, int Shard), Lazy<string>> Caches = new();

    private readonly TemporaryFolder folder = new();

    public SmallExperiment(int samples = 2, int masks = 60, int shard = 20)
    {
        string quickstart = Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart");
        Spec = Path.Combine(folder.Path, "small.yaml");
        File.WriteAllText(
            Spec,
            $$"""
            name: small
            seed: 3
            model: { path: {{Quoted(quickstart, "micro-llava")}}, device: cpu }
            data: { kind: coco, images: {{Quoted(quickstart, "images")}}, annotations: {{Quoted(
                quickstart,
                "instances.json"
            )}} }
            stages:
              answers: { stage: answer-questions, keep: {{samples}} }
              baseline: { stage: collect-mean-kv, images: 6 }
              masks: { stage: sample-masks, count: {{masks}}, shard: {{shard}} }
              forward: { stage: forward-passes }
              attribution: { stage: regress }
              validation: { stage: validate, random_seeds: 1, scan: until-crossed }
              report: { stage: report }

            """
        );
    }

    /// <summary>
    /// The experiment after a run of it. All but the page, which tells where the spec lies, was computed once for all
    /// tests: for laws about what comes after a run.
    /// </summary>
    public static SmallExperiment AfterRun(int samples = 2, int masks = 60, int shard = 20)
    {
        var experiment = new SmallExperiment(samples, masks, shard);
        SmallRun.Copy(Computed((samples, masks, shard)), experiment.Cache, keepLinks: false);
        experiment.Run();
        return experiment;
    }

    private static string Computed((int Samples, int Masks, int Shard) size) =>
        Caches
            .GetOrAdd(
                size,
                _ => new Lazy<string>(() =>
                {
                    using var experiment = new SmallExperiment(size.Samples, size.Masks, size.Shard);
                    experiment.Run("--set", "stages.report=null");
                    string kept = Scratch.Folder($"cache-{size.Samples}-{size.Masks}-{size.Shard}");
                    SmallRun.Copy(experiment.Cache, kept, keepLinks: false);
                    return kept;
                })
            )
            .Value;

    public string Spec { get; }

    /// <summary>A path as YAML has it, whatever characters are in it: the repository may lie anywhere.</summary>
    private static string Quoted(params string[] parts) =>
        System.Text.Json.JsonSerializer.Serialize(Path.Combine(parts).Replace("$", "$$", StringComparison.Ordinal));

    /// <summary>Adds stages, as lines of the spec, before the report.</summary>
    public void Add(string stages) =>
        File.WriteAllText(
            Spec,
            File.ReadAllText(Spec).Replace("  report:", stages + "  report:", StringComparison.Ordinal)
        );

    /// <summary>Takes the bundled pictures in three styles in place of the scenes.</summary>
    public void UseStyles()
    {
        string root = Quoted(HostProcess.RepositoryRoot, "experiments", "quickstart", "domainnet"),
            styles = $"data: {{ kind: domainnet, root: {root} }}";
        var lines = File.ReadLines(Spec)
            .Select(line => line.StartsWith("data:", StringComparison.Ordinal) ? styles : line);
        File.WriteAllText(Spec, string.Concat(lines.Select(line => line + "\n")));
    }

    /// <summary>The bundled model.</summary>
    public string Model { get; } = Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart", "micro-llava");

    /// <summary>A copy of the bundled model, to be changed.</summary>
    public string CopyModel()
    {
        string copy = Directory.CreateDirectory(Path.Combine(folder.Path, "model")).FullName;
        foreach (string file in Directory.EnumerateFiles(Model))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>A copy of the bundled annotations, to be changed.</summary>
    public string CopyAnnotations()
    {
        string copy = Path.Combine(folder.Path, "instances.json");
        File.Copy(Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart", "instances.json"), copy);
        return copy;
    }

    /// <summary>A folder with some of the bundled pictures under other names.</summary>
    public string FolderOfPictures(params string[] names)
    {
        string pictures = Directory.CreateDirectory(Path.Combine(folder.Path, "pictures")).FullName;
        foreach (
            var (name, file) in names.Zip(
                Directory
                    .EnumerateFiles(
                        Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart", "images"),
                        "*.jpg"
                    )
                    .Order(StringComparer.Ordinal)
            )
        )
        {
            File.Copy(file, Path.Combine(pictures, name));
        }

        return pictures;
    }

    public string Artifacts => Path.Combine(folder.Path, "artifacts");

    public string Cache => Path.Combine(Artifacts, "cache");

    public string RunFolder => Path.Combine(Artifacts, "runs", "small");

    public string[] Arguments(params string[] more) => [Spec, "--artifacts", Artifacts, .. more];

    /// <summary>Runs the experiment and demands success.</summary>
    public string Run(params string[] more) => Successful(HostProcess.Run(Arguments(more)));

    /// <summary>Runs the experiment in a process of its own and demands success.</summary>
    public string RunApart(params string[] more) => Successful(HostProcess.RunApart(Arguments(more)));

    private static string Successful((int Code, string Output, string Errors) run) =>
        run.Code == 0
            ? run.Output
            : throw new InvalidOperationException($"exit code {run.Code}\n{run.Output}\n{run.Errors}");

    /// <summary>Starts the experiment and kills it after a while, unless it ends before.</summary>
    /// <returns>Artifacts stored by then.</returns>
    public int RunAndKill(TimeSpan after, params string[] more)
    {
        using Process process = HostProcess.Start(Arguments(more));
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(after))
        {
            process.Kill();
            process.WaitForExit();
        }

        return Directory.Exists(Path.Combine(Artifacts, "cache")) ? StoredKeys().Sum(k => k.Value.Count) : 0;
    }

    /// <summary>
    /// Runs the experiment and demands that it is refused as wrong: exit code 2, and no stack trace in what is said.
    /// </summary>
    public string Refusal(params string[] more)
    {
        var (code, output, errors) = HostProcess.Run(Arguments(more));
        return code == 2 && !errors.Contains("   at ", StringComparison.Ordinal)
            ? errors
            : throw new InvalidOperationException($"exit code {code}\n{output}\n{errors}");
    }

    /// <summary>Relative path and SHA-256 of every table file, links followed.</summary>
    public IReadOnlyDictionary<string, string> TableBytes() =>
        Directory
            .EnumerateFiles(Path.Combine(RunFolder, "tables"), "*", SearchOption.AllDirectories)
            .ToDictionary(
                f => Path.GetRelativePath(RunFolder, f),
                f => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f))),
                StringComparer.Ordinal
            );

    /// <summary>Keys in the store, by stage kind.</summary>
    public IReadOnlyDictionary<string, HashSet<string>> StoredKeys() =>
        Directory
            .EnumerateDirectories(Path.Combine(Artifacts, "cache"))
            .Where(d => Path.GetFileName(d)[0] != '.') // leases
            .ToDictionary(
                d => Path.GetFileName(d),
                d =>
                    Directory
                        .EnumerateDirectories(d)
                        .Select(k => Path.GetFileName(k))
                        .Where(k => k[0] != '.')
                        .ToHashSet(StringComparer.Ordinal),
                StringComparer.Ordinal
            );

    public void Dispose() => folder.Dispose();
}
