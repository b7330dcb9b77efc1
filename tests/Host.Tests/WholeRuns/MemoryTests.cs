using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// What the program says of memory, held against the system's own count, in processes of their own and under limits: on
/// the bare machine nothing would show that a limit is met.
/// </summary>
public sealed partial class MemoryTests
{
    /// <summary>
    /// The runtime caps its own heap below a cgroup's limit; this cap stands for it wherever the tests run. Weights
    /// here are several times as large.
    /// </summary>
    private static readonly Dictionary<string, string> SmallHeap = new() { ["DOTNET_GCHeapHardLimit"] = "0xA000000" };

    /// <summary>Why memory cannot be watched or limited here, or null where it can.</summary>
    private sealed class LimitedFactAttribute : FactAttribute
    {
        public LimitedFactAttribute() =>
            Skip =
                !OperatingSystem.IsLinux() ? "the system's high-water mark is read from /proc"
                : CanLimit() ? null
                : "there is no prlimit (util-linux) to limit a child with";

        private static bool CanLimit()
        {
            try
            {
                using var tried = Process.Start("prlimit", "--data=1000000000 true");
                tried.WaitForExit();
                return tried.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }

    [LimitedFact]
    public async Task A_run_takes_what_was_expected_to_a_tenth_and_its_weights_no_room_on_the_runtimes_heap()
    {
        using var folder = new TemporaryFolder();
        string spec = Experiment(folder.Path);
        using Process run = HostProcess.Start(SmallHeap, spec, "--artifacts", Artifacts(folder.Path));
        Task<string> output = run.StandardOutput.ReadToEndAsync(),
            errors = run.StandardError.ReadToEndAsync();
        long seen = 0;
        while (!run.HasExited)
        {
            seen = Math.Max(seen, HighWaterOf(run.Id));
            await Task.Delay(20);
        }

        await run.WaitForExitAsync();
        run.ExitCode.Should().Be(0, "{0}{1}", await output, await errors);
        string log = await File.ReadAllTextAsync(Path.Combine(Artifacts(folder.Path), "runs", "middling", "log.txt"));
        Match told = Told().Match(log);
        told.Success.Should().BeTrue(log);
        double most = Number(told.Groups[1].Value),
            expected = Number(told.Groups[2].Value);
        most.Should().BeGreaterThan(1, "weights alone are more");
        (expected / most).Should().BeInRange(0.9, 1.1, told.Value);
        (most * 1e9).Should().BeInRange(0.99 * seen, 1.1 * seen, "the mark that others see of the process");
        log.Should().Contain("forward: ").And.Contain("; memory ");
    }

    [LimitedFact]
    public void What_a_limit_has_no_room_for_is_refused_by_the_limits_name_before_anything_is_loaded()
    {
        using var folder = new TemporaryFolder();
        string spec = Experiment(folder.Path);
        foreach (string[] command in new string[][] { [], ["check"] })
        {
            using Process run = HostProcess.StartBy(
                "prlimit --data=1600000000",
                [.. command, spec, "--artifacts", Artifacts(folder.Path)]
            );
            string errors = run.StandardError.ReadToEnd();
            run.WaitForExit();
            run.ExitCode.Should().Be(2, errors);
            errors
                .Should()
                .Contain("middling: needs about ")
                .And.Contain("weights 1.1 GB")
                .And.Contain("ulimit -d leaves");
        }

        Directory.Exists(Path.Combine(Artifacts(folder.Path), "runs")).Should().BeFalse();
    }

    /// <summary>Two decoder layers of the 7B model between its embeddings: weights of a gigabyte, made up.</summary>
    private static string Experiment(string folder)
    {
        string model = Path.Combine(folder, "model"),
            quickstart = Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart"),
            spec = Path.Combine(folder, "middling.yaml");
        var made = HostProcess.Run(
            ["make-model", "llava-1.5-7b-hf", "--layers", "2", "--vision-layers", "2", "--out", model]
        );
        made.ExitCode.Should().Be(0, made.Errors);
        File.WriteAllText(
            spec,
            $$"""
            name: middling
            seed: 3
            model: { path: '{{model}}', device: cpu }
            data: { kind: coco, images: '{{quickstart}}/images', annotations: '{{quickstart}}/instances.json' }
            stages:
              answers: { stage: answer-questions, keep: 4, limit: 4, which: all }
              baseline: { stage: collect-mean-kv, images: 2 }
              masks: { stage: sample-masks, count: 32 }
              forward: { stage: forward-passes, min_gap: 0.000000001 }

            """
        );
        return spec;
    }

    private static string Artifacts(string folder) => Path.Combine(folder, "artifacts");

    /// <summary>VmHWM of a process that may just be ending.</summary>
    private static long HighWaterOf(int process)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{process}/status")
                .FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : 1024 * long.Parse(Digits().Match(line).Value, CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Memory: ([0-9.]+) GB at most \(seen when stage \w+ ended\), about ([0-9.]+) GB expected")]
    private static partial Regex Told();

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();
}
