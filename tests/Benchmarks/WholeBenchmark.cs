using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Models.Making;
using Pipelines.Stages.Storage;

namespace Pipelines.Benchmarks;

/// <summary>
/// <c>whole</c>: a picture from its file to validated attribution by gradients, by the program itself.
/// </summary>
internal static class WholeBenchmark
{
    private const string Pictures = "experiments/quickstart";

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        var model = new Option<string>("--model")
        {
            Description = "A model of make-model's list; random weights.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "llava-1.5-7b-hf",
        };
        var layers = new Option<int?>("--layers") { Description = "Decoder layers (default: all).", HelpName = "N" };
        var folder = new Option<string?>("--folder")
        {
            Description = "A folder that make-model has written, instead of one that is made and removed.",
            HelpName = "DIR",
        };
        Option<int> masks = Verb.Number("--masks", "Masks that the gradients' beta is scored on.", 32);
        return Verb.Of(
            "whole",
            "One picture end to end at full depth: answer, baseline, 100 gradients, attribution and its validation, "
                + "in a process of the program; seconds by kind of unit, peak memory.",
            [model, layers, folder, masks],
            (parsed, setting) =>
                Run(
                    PublishedModel.Named(parsed.GetValue(model)!),
                    parsed.GetValue(layers),
                    parsed.GetValue(folder),
                    parsed.GetValue(masks),
                    setting
                ),
            once: true
        );
    }

    private static Finding Run(PublishedModel model, int? layers, string? folder, int masks, Setting setting)
    {
        if (!Directory.Exists(Pictures))
        {
            throw new InputException(Pictures, "there is no such folder here.", "Run this from the repository's root.");
        }

        DirectoryInfo work = Directory.CreateTempSubdirectory("pipelines-whole-");
        try
        {
            if (folder is null)
            {
                folder = Path.Combine(work.FullName, model.Name);
                RandomModel.Plan(model.Name, layers).Write(folder);
            }

            string spec = Path.Combine(work.FullName, "whole.yaml"),
                artifacts = Path.Combine(work.FullName, "artifacts");
            File.WriteAllText(spec, Spec(Path.GetFullPath(folder), masks));
            (Timing taken, double peak) = Host(spec, artifacts, setting.Threads);
            return Found(model, artifacts, taken, peak);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    /// <summary>Answers of random weights mean nothing: all are kept, and any gap is enough.</summary>
    private static string Spec(string model, int masks) =>
        $$"""
            name: whole
            seed: 7
            model: { path: {{model}}, device: cpu }
            data:
              kind: coco
              images: {{Path.GetFullPath(Pictures)}}/images
              annotations: {{Path.GetFullPath(Pictures)}}/instances.json
              single_object: { min_area: 0.05, others_below: 0.02 }
            prompt: default
            stages:
              answers:     { stage: answer-questions, keep: 1, limit: 1, which: all }
              baseline:    { stage: collect-mean-kv, images: 2, kind: mean, rope: after }
              masks:       { stage: sample-masks, count: {{masks}}, ablate: 0.75, draw: exact, scope: sample }
              forward:     { stage: forward-passes, min_gap: 0.000000001 }
              gradients:   { stage: gradient-passes, count: 100 }
              attribution: { stage: regress, trainer: gradient, residual: none, train: 0.5 }
              validation:  { stage: validate, rank_by: [head-attribution], scan: grid }
              report:      { stage: report }
            """;

    /// <summary>Runs the program, and watches its memory.</summary>
    /// <returns>What it took; its largest resident memory, bytes.</returns>
    private static (Timing Taken, double Peak) Host(string spec, string artifacts, int threads)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        string host = Path.Combine(AppContext.BaseDirectory, "Pipelines.Host.dll");
        foreach (
            string argument in (string[])
                [
                    host,
                    "run",
                    spec,
                    "--artifacts",
                    artifacts,
                    "--jobs",
                    "1",
                    "--threads",
                    threads.ToString(CultureInfo.InvariantCulture),
                ]
        )
        {
            start.ArgumentList.Add(argument);
        }

        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardOutput.ReadToEndAsync();
        long peak = 0;
        TimeSpan cpu = TimeSpan.Zero;
        while (!process.WaitForExit(100))
        {
            process.Refresh();
            try
            {
                (peak, cpu) = (Math.Max(peak, process.PeakWorkingSet64), process.TotalProcessorTime);
            }
            catch (InvalidOperationException) when (process.HasExited)
            {
                // Between the wait and the question; the last answers stand
            }
        }

        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return process.ExitCode == 0
            ? (new Timing(seconds, cpu.TotalSeconds), peak)
            : throw new InvalidOperationException(
                $"the program ended with exit code {process.ExitCode}:\n{said.Result}"
            );
    }

    /// <summary>Seconds by kind, from what each stored unit says that it took.</summary>
    private static Finding Found(PublishedModel model, string artifacts, Timing taken, double peak)
    {
        Manifest[] units =
        [
            .. Directory
                .EnumerateFiles(artifacts, "manifest.json", SearchOption.AllDirectories)
                .Select(Manifest.Read)
                .OfType<Manifest>(),
        ];
        IEnumerable<Row> kinds = units
            .GroupBy(u => u.Stage)
            .OrderBy(kind => kind.Min(u => u.Finished))
            .Select(kind =>
            {
                double seconds = kind.Sum(u => u.Seconds);
                // A unit's manifest knows the clock only
                return new Row($"{kind.Key}, {kind.Count()} units", "ours", 1000 * seconds, null);
            });
        double rest = taken.Seconds - units.Sum(u => u.Seconds);
        return new Finding(
            $"whole: a picture with {model.Name}",
            [
                .. kinds,
                new Row("start, loading, planning", "ours", 1000 * rest, null),
                new Row("all", "ours", taken),
            ],
            string.Create(CultureInfo.InvariantCulture, $"Peak resident memory: {peak / 1e9:0.00} GB.")
        );
    }
}
