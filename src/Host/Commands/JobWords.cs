using Pipelines.Domain.Errors;
using Pipelines.Host.Commands.Completion;
using Pipelines.Host.Running.Slurm;

namespace Pipelines.Host.Commands;

/// <summary>The command line once more, as jobs are started with it: every path absolute.</summary>
internal static class JobWords
{
    /// <summary>Of a worker of an array.</summary>
    public static IReadOnlyList<string> OfWorker(RunOptions options, SlurmProfile profile) =>
        [.. Of(options, profile), "--worker"];

    /// <summary>
    /// Of the run behind all workers: it computes what they left, on the same sort of node, since results of another
    /// sort would be others.
    /// </summary>
    public static IReadOnlyList<string> OfReport(RunOptions options, SlurmProfile profile) =>
        [.. Of(options, profile), .. Flag("--verify", options.Verify)];

    /// <summary>What names the run to another command, here.</summary>
    public static IEnumerable<string> Naming(RunOptions options) =>
        [options.Spec, .. Values("--set", options.Overrides), "--artifacts", options.Artifacts];

    /// <summary>Words as a shell takes them.</summary>
    public static string Shell(IEnumerable<string> words) =>
        string.Join(' ', words.Select(w => ShellWords.IsPlain(w) ? w : ShellWords.Quoted(w)));

    private static IEnumerable<string> Of(RunOptions options, SlurmProfile profile) =>
        [
            "run",
            Path.GetFullPath(options.Spec),
            .. Values("--set", options.Overrides),
            "--artifacts",
            Path.GetFullPath(options.Artifacts),
            .. Values("--jobs", options.Jobs is { } jobs ? [Invariant.Text($"{jobs}")] : []),
            "--threads",
            Invariant.Text($"{options.Threads ?? profile.Cpus}"),
            .. Values(
                "--stale",
                options.Stale == RunOptions.UsualStale ? [] : [Invariant.Text($"{options.Stale.TotalSeconds}s")]
            ),
            .. Flag("--keep-going", options.KeepGoing),
            .. Flag("--ignore-limits", options.IgnoreLimits),
            .. Values("--time-limit", profile.Time is { } time ? [time] : []),
            .. Values("--stage-weights", profile.StageWeights is { } folder ? [folder] : []),
        ];

    private static IEnumerable<string> Values(string option, IEnumerable<string> values) =>
        values.SelectMany(v => new[] { option, v });

    private static IEnumerable<string> Flag(string option, bool isSet) => isSet ? [option] : [];
}
