using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Host.Commands;
using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Benchmarks;

/// <summary>
/// A finished run of many units run once more: what "nothing to do" costs. The model is the quickstart's, one mask a
/// unit; the units are real to planning and storing, their files are not: nothing reads them.
/// </summary>
internal static class StoreBenchmark
{
    private const int Samples = 20,
        StagesOfMasks = 2,
        LeastMasks = 2;

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        Option<int> units = Verb.Number("--units", "Units at least.", 100_000),
            rounds = Verb.Number("--rounds", "Times that each way is timed.", 3);
        var folder = new Option<string?>("--folder")
        {
            Description =
                "Where the store lies; kept, and used as it is where it is there (default: one that goes away).",
            HelpName = "DIR",
        };
        var command = new Command("store", "A finished run of many units run once more: what nothing to do costs.")
        {
            units,
            rounds,
            folder,
        };
        command.SetAction(parsed => Run(parsed.GetValue(units), parsed.GetValue(rounds), parsed.GetValue(folder)));
        return command;
    }

    /// <summary>Fills a store, and times the run that finds nothing to do beside one that looks at all files.</summary>
    /// <param name="units">Units at least.</param>
    /// <param name="rounds">Times that each way is timed.</param>
    /// <param name="folder">Where the store lies; kept, and used as it is where it is there. null = a folder that goes
    /// away.</param>
    private static int Run(int units, int rounds, string? folder)
    {
        StageAssembly.MakeKnown();
        string root = folder ?? Directory.CreateTempSubdirectory("pipelines-store-").FullName;
        try
        {
            string spec = Path.Combine(root, "store.yaml");
            RunOptions options = Options(spec, root, Math.Max(LeastMasks, units / (StagesOfMasks * Samples)));
            if (!File.Exists(spec))
            {
                WriteSpec(spec);
                Quietly(() => RunCommand.Execute(Options(spec, root, LeastMasks)));
                Fill(options);
                Quietly(() => RunCommand.Execute(options)); // publishes
            }

            for (int round = 0; round < rounds; round++)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round + 1}"));
                Parts(options);
                Time("run, altogether", () => Quietly(() => RunCommand.Execute(options)));
                Time("run --verify", () => Quietly(() => RunCommand.Execute(options with { Verify = true })));
            }

            return 0;
        }
        finally
        {
            if (folder is null)
            {
                Directory.Delete(root, recursive: true);
            }
        }
    }

    private static RunOptions Options(string spec, string root, int masks) =>
        new(
            spec,
            [string.Create(CultureInfo.InvariantCulture, $"stages.masks.count={masks}")],
            Path.Combine(root, "artifacts"),
            null,
            null,
            false
        );

    private static void WriteSpec(string spec)
    {
        string quickstart = Path.GetFullPath("experiments/quickstart");
        File.WriteAllText(
            spec,
            $$"""
            name: store
            seed: 7
            model: { path: {{quickstart}}/micro-llava, device: cpu }
            data:
              kind: coco
              images: {{quickstart}}/images
              annotations: {{quickstart}}/instances.json
              single_object: { min_area: 0.05, others_below: 0.02 }
            prompt: default
            stages:
              answers:  { stage: answer-questions, keep: {{Samples}} }
              baseline: { stage: collect-mean-kv, images: 100, kind: mean, rope: after }
              masks:    { stage: sample-masks, count: {{LeastMasks}}, shard: 1, ablate: 0.75, draw: exact }
              forward:  { stage: forward-passes }

            """
        );
    }

    /// <summary>Stores what is missing, with a few bytes in place of each unit's file.</summary>
    private static void Fill(RunOptions options)
    {
        using var session = Session.Open(options);
        foreach (Stage stage in session.Pipelines[0].Stages)
        {
            var missing = session.Catalog.Open(stage.Units(session.Catalog.Artifacts).Known);
            Parallel.ForEach(missing, unit => Store(session.Store, unit));
        }
    }

    private static void Store(ArtifactStore store, Unit unit) =>
        store.Write(
            unit.Kind,
            unit.Key,
            folder =>
                File.WriteAllText(
                    Path.Combine(folder, unit.Kind == "sample-masks" ? "masks.parquet" : "forward.parquet"),
                    unit.Name
                ),
            (files, seconds) =>
                new Manifest(
                    unit.Kind,
                    unit.Version,
                    unit.Name,
                    unit.Key,
                    [.. unit.Parts.Select(p => new ManifestPart(p.Name, p.Shown, Fingerprint.Of(p)))],
                    files,
                    "none",
                    new Dictionary<string, string>(),
                    DateTime.UtcNow,
                    seconds,
                    unit.Work
                )
        );

    /// <summary>What the run consists of, each part by itself.</summary>
    private static void Parts(RunOptions options)
    {
        Session? opened = null;
        Time("open", () => opened = Session.Open(options));
        using Session session = opened!;
        IReadOnlyList<Unit> units = [];
        Time("units", () =>
            units = [.. session.Pipelines[0].Stages.SelectMany(s => s.Units(session.Catalog.Artifacts).Known)]
        );
        Time("keys", () => units = Catalog.Distinct(units));
        Time("stored", () => session.Catalog.Open(units));
        Time("stored, asked again", () => session.Catalog.Open(units));
        Time("run folder", () => PublishedFiles.Read(session.RunFolderOf(session.Pipelines[0]))!.IsWhole());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {units.Count} units"));
    }

    /// <summary>Prints the time by the clock and that of all processors.</summary>
    private static void Time(string what, Action work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        double clock = Stopwatch.GetElapsedTime(start).TotalSeconds,
            processors = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        string[] columns = [what.PadRight(20), Text(clock), "s, processors", Text(processors), "s"];
        Console.WriteLine("  " + string.Join(' ', columns));

        static string Text(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture).PadLeft(8);
    }

    /// <summary>Runs a command without what it says.</summary>
    private static void Quietly(Func<int> command)
    {
        TextWriter said = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            int code = command();
            if (code != 0)
            {
                throw new InvalidOperationException($"The run ended with {code}.");
            }
        }
        finally
        {
            Console.SetOut(said);
        }
    }
}
