using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Pipelines.Benchmarks;

/// <summary>
/// The whole pipeline on random checkpoints of the published widths with reduced depth: masks a second and peak memory
/// of the process, one model after the other.
/// </summary>
internal static class FamilyBenchmark
{
    private const int Masks = 64;

    /// <summary>One a family, both decoders of InternVL2.5.</summary>
    private static readonly string[] OneAFamily =
    [
        "llava-1.5-7b-hf",
        "llava-v1.6-vicuna-7b-hf",
        "InternVL2_5-1B",
        "InternVL2_5-2B",
        "Qwen2-VL-2B-Instruct",
    ];

    /// <summary>Makes, runs and removes each model.</summary>
    /// <param name="names">Models of <c>make-model</c>; empty = one a family.</param>
    /// <param name="layers">Decoder layers; the vision tower keeps its depth.</param>
    public static int Run(IReadOnlyList<string> names, int layers)
    {
        string work = Directory.CreateTempSubdirectory("pipelines-families-").FullName;
        try
        {
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{layers} decoder layers, {Masks} masks, {Environment.ProcessorCount} threads"
                )
            );
            foreach (string name in names.Count > 0 ? names : OneAFamily)
            {
                string model = Path.Combine(work, name),
                    artifacts = Path.Combine(work, "artifacts");
                Host(["make-model", name, "--layers", layers.ToString(CultureInfo.InvariantCulture), "--out", model]);
                string spec = Path.Combine(work, "spec.yaml");
                File.WriteAllText(spec, Spec(model, Pictures(work)));
                long peak = Host([spec, "--artifacts", artifacts]);
                double seconds = Seconds(Path.Combine(artifacts, "cache", "forward-passes"));
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{name,-26} {Masks / seconds,8:0.00} masks/s  peak {peak / 1e9,5:0.0} GB"
                    )
                );
                Directory.Delete(model, recursive: true);
                Directory.Delete(artifacts, recursive: true);
            }

            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static string Spec(string model, string pictures) =>
        $$"""
            name: family
            model: { path: {{model}}, device: cpu }
            data: { kind: folder, images: {{pictures}} }
            stages:
              answers: { stage: answer-questions, keep: 1, answer: { max_tokens: 1 } }
              baseline: { stage: collect-mean-kv, images: 2 }
              masks: { stage: sample-masks, count: {{Masks}} }
              forward: { stage: forward-passes, min_gap: 1e-9 }
              attribution: { stage: regress }
              validation: { stage: validate, rank_by: [head-attribution], scan: until-crossed }
              report: { stage: report }

            """;

    private static string Pictures(string work)
    {
        string pictures = Directory.CreateDirectory(Path.Combine(work, "pictures")).FullName;
        foreach (
            string file in Directory
                .EnumerateFiles(Path.Combine("experiments", "quickstart", "images"), "*.jpg")
                .Order(StringComparer.Ordinal)
                .Take(3)
        )
        {
            File.Copy(file, Path.Combine(pictures, Path.GetFileName(file)), overwrite: true);
        }

        return pictures;
    }

    /// <summary>Seconds that the shards of masks took, from their manifests.</summary>
    private static double Seconds(string folder) =>
        Directory
            .EnumerateFiles(folder, "manifest.json", SearchOption.AllDirectories)
            .Select(f => JsonDocument.Parse(File.ReadAllBytes(f)).RootElement)
            .Where(m => m.GetProperty("unit").GetString()!.Contains("masks", StringComparison.Ordinal))
            .Sum(m => m.GetProperty("seconds").GetDouble());

    /// <summary>Runs the program.</summary>
    /// <returns>Its largest resident memory, bytes.</returns>
    private static long Host(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Pipelines.Host.dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        long peak = 0;
        while (!process.WaitForExit(50))
        {
            process.Refresh();
            if (!process.HasExited)
            {
                peak = Math.Max(peak, process.PeakWorkingSet64);
            }
        }

        return process.ExitCode == 0
            ? peak
            : throw new InvalidOperationException(
                $"{string.Join(' ', arguments)}: exit code {process.ExitCode}\n{output.GetAwaiter().GetResult()}"
            );
    }
}
