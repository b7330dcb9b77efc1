using Pipelines.Domain.Errors;
using Pipelines.Host.Commands.Completion;
using Pipelines.Host.Running.Slurm;

namespace Pipelines.Host.Commands;

/// <summary>
/// The command line once more, as processes elsewhere are started with it. The spec stays as it was said, and they
/// begin in the folder where it was: the page tells the command, and its unit is that of the run.
/// </summary>
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

    /// <summary>Of the process of a device, on this machine.</summary>
    /// <param name="options">The run.</param>
    /// <param name="device">The device.</param>
    /// <param name="threads">Its arithmetic threads.</param>
    /// <param name="memory">Its share of the machine's memory in bytes; null = all.</param>
    public static IReadOnlyList<string> OfDevice(RunOptions options, string device, int threads, long? memory) =>
        [
            "run",
            options.Spec,
            .. Said(options, threads, options.Artifacts),
            .. Values("--time-limit", options.TimeLimit is { } limit ? [Duration.Words(limit)] : []),
            .. Values("--stage-weights", options.StageWeights is { } folder ? [folder] : []),
            .. Flag("--verify", options.Verify),
            "--worker",
            DeviceOptions.Device,
            device,
            .. Values(DeviceOptions.MemoryShare, memory is { } bytes ? [Invariant.Text($"{bytes}")] : []),
            .. Values(ElsewhereOptions.Settings, options.Settings is { } digest ? [digest] : []),
        ];

    /// <summary>What names the run to another command, here.</summary>
    public static IEnumerable<string> Naming(RunOptions options) =>
        [options.Spec, .. Values("--set", options.Overrides), "--artifacts", options.Artifacts];

    /// <summary>Words as a shell takes them.</summary>
    public static string Shell(IEnumerable<string> words) => string.Join(' ', words.Select(ShellWords.Word));

    private static IEnumerable<string> Of(RunOptions options, SlurmProfile profile) =>
        [
            "run",
            options.Spec,
            .. Said(options, options.Threads ?? profile.Cpus, Path.GetFullPath(options.Artifacts)),
            .. Values("--time-limit", profile.Time is { } time ? [time] : []),
            .. Values("--stage-weights", profile.StageWeights is { } folder ? [folder] : []),
            .. Values(ElsewhereOptions.Settings, options.Settings is { } digest ? [digest] : []),
        ];

    private static IEnumerable<string> Said(RunOptions options, int threads, string artifacts) =>
        [
            .. Values("--set", options.Overrides),
            "--artifacts",
            artifacts,
            .. Values("--jobs", options.Jobs is { } jobs ? [Invariant.Text($"{jobs}")] : []),
            "--threads",
            Invariant.Text($"{threads}"),
            .. Values("--stale", options.Stale != RunOptions.UsualStale ? [Duration.Words(options.Stale)] : []),
            .. Flag("--keep-going", options.KeepGoing),
            .. Flag("--ignore-limits", options.IgnoreLimits),
        ];

    private static IEnumerable<string> Values(string option, IEnumerable<string> values) =>
        values.SelectMany(v => new[] { option, v });

    private static IEnumerable<string> Flag(string option, bool isSet) => isSet ? [option] : [];
}
