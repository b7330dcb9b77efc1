using Pipelines.Stages.Storage;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// A small experiment on the bundled model, run to its end once a process: what the targets of whole runs begin from.
/// </summary>
internal static class SmallRun
{
    private static readonly Lazy<string> Made = new(Make);

    /// <summary>Name of the run.</summary>
    public const string Name = "small";

    /// <summary>The experiment's file.</summary>
    public static string Spec => Path.Combine(Made.Value, "small.yaml");

    /// <summary>The artifacts folder, sound.</summary>
    public static string Artifacts => Path.Combine(Made.Value, "artifacts");

    /// <summary>The run's folder.</summary>
    public static string RunFolder(string artifacts) => Path.Combine(artifacts, "runs", Name);

    /// <summary>Runs the program in this process.</summary>
    /// <returns>Its exit code, and what it said.</returns>
    public static (int Code, string Said) Host(params string[] arguments)
    {
        TextWriter output = Console.Out,
            errors = Console.Error;
        using var said = new StringWriter();
        Console.SetOut(said);
        Console.SetError(said);
        try
        {
            int code = Pipelines.Host.Program.Main(arguments);
            return (code, said.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }

    /// <summary>Copies a folder.</summary>
    /// <param name="from">The folder.</param>
    /// <param name="to">The copy.</param>
    /// <param name="keepLinks">Links stay links, which lead inside the artifacts folder; else what they point at is
    /// copied.</param>
    public static void Copy(string from, string to, bool keepLinks)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (keepLinks && new FileInfo(file).LinkTarget is { } link)
            {
                File.CreateSymbolicLink(target, link);
            }
            else
            {
                File.Copy(file, target);
            }
        }
    }

    /// <summary>Digest of every file of the run's tables, links followed.</summary>
    public static IReadOnlyDictionary<string, string> Tables(string artifacts)
    {
        string tables = Path.Combine(RunFolder(artifacts), "tables");
        return Directory.Exists(tables)
            ? Directory
                .EnumerateFiles(tables, "*", SearchOption.AllDirectories)
                .ToDictionary(f => Path.GetRelativePath(tables, f), FileDigests.Compute)
            : new Dictionary<string, string>();
    }

    private static string Make()
    {
        string folder = Scratch.Folder("small-run"),
            data = Scratch.Quickstart();
        File.WriteAllText(
            Path.Combine(folder, "small.yaml"),
            $$"""
            name: {{Name}}
            seed: 3
            model: { path: {{data}}/micro-llava, device: cpu }
            data: { kind: coco, images: {{data}}/images, annotations: {{data}}/instances.json }
            stages:
              answers: { stage: answer-questions, keep: 2 }
              baseline: { stage: collect-mean-kv, images: 4 }
              masks: { stage: sample-masks, count: 40, shard: 20 }
              forward: { stage: forward-passes }
              attribution: { stage: regress }
              validation: { stage: validate, random_seeds: 1, scan: until-crossed }
              tokens: { stage: token-trace, count: 20 }
              report: { stage: report }

            """
        );
        (int code, string said) = Host(
            Path.Combine(folder, "small.yaml"),
            "--artifacts",
            Path.Combine(folder, "artifacts")
        );
        return code == 0 ? folder : throw new InvalidOperationException($"the small run ended with {code}: {said}");
    }
}
