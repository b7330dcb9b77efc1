using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Host.Commands.Completion;

namespace Pipelines.Host.Running.Slurm;

/// <summary>
/// The two scripts of a submission, pure texts: what a cluster is asked for, made ready, and started. The last line
/// becomes the program (<c>exec</c>), so that Slurm's signals reach it and no shell that waits for it. There is no
/// srun: of one task it only changes how many cores are seen.
/// </summary>
/// <param name="profile">What the cluster is asked for.</param>
/// <param name="jobName">What queues call it.</param>
/// <param name="logs">Absolute folder of the logs; sbatch is started in the folder above.</param>
/// <param name="start">How the program is started.</param>
/// <param name="folder">Where it is started; null = in the submission's folder, for no word of it is relative.</param>
internal sealed class SlurmScript(
    SlurmProfile profile,
    string jobName,
    string logs,
    ProgramStart start,
    string? folder = null
)
{
    /// <summary>Name of the folder of the logs, in that where sbatch is started.</summary>
    public const string LogFolder = "logs";

    private static readonly char[] Patterns = Path.DirectorySeparatorChar == '\\' ? ['%'] : ['%', '\\'];

    /// <summary>
    /// Demands a folder that Slurm takes as it stands: in names of logs, which begin with the folder where sbatch is
    /// started, % begins a pattern and a backslash ends all of them.
    /// </summary>
    /// <param name="submission">Absolute folder of a submission.</param>
    /// <exception cref="InputException">It is another: all jobs would end without a word.</exception>
    public static void RequireNoPattern(string submission)
    {
        string folder = RealFolder.Of(submission);
        if (folder.IndexOfAny(Patterns) is var at and >= 0)
        {
            throw new InputException(
                folder,
                $"Slurm cannot write logs here: it reads '{folder[at]}' in a path as a part of a pattern.",
                "Name another folder with --artifacts, without % and backslashes."
            );
        }
    }

    /// <summary>Each job of the array is a worker.</summary>
    /// <param name="size">Jobs of the array.</param>
    /// <param name="arguments">The program's words for a worker.</param>
    public string OfArray(int size, IReadOnlyList<string> arguments)
    {
        string limit = profile.ArrayLimit is { } most && most < size ? Invariant.Text($"%{most}") : "";
        return Of(
            [("array", Invariant.Text($"0-{size - 1}") + limit)],
            "%A_%a",
            "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}",
            arguments
        );
    }

    /// <summary>One job behind all arrays: it computes what they left, and writes tables and page.</summary>
    /// <param name="arguments">The program's words for the run.</param>
    public string OfReport(IReadOnlyList<string> arguments) => Of([], "%j", "${SLURM_JOB_ID}", arguments);

    private string Of(
        IReadOnlyList<(string Directive, string Value)> own,
        string pattern,
        string job,
        IReadOnlyList<string> arguments
    )
    {
        var text = new StringBuilder("#!/bin/bash\n");
        IEnumerable<(string Directive, string Value)> directives =
        [
            ("job-name", jobName),
            .. own,
            .. profile.Directives,
            ("open-mode", "append"),
            ("output", $"{LogFolder}/{pattern}.slurm.log"),
        ];
        foreach (var (directive, value) in directives)
        {
            Line(text, $"#SBATCH --{directive}={value}");
        }

        Line(text, "#SBATCH --requeue");
        foreach (string line in profile.Sbatch ?? [])
        {
            Line(text, $"#SBATCH {line}");
        }

        // What Slurm itself says stays in the .slurm.log; a job that is started again has the same number
        Line(text, "");
        Line(text, $"exec >>{ShellWords.Word(logs)}/\"{job}.${{SLURM_RESTART_COUNT:-0}}.log\" 2>&1");
        Line(
            text,
            $"echo \"== {job}, start $((${{SLURM_RESTART_COUNT:-0}} + 1)), on $(uname -n), $(date -u +%FT%TZ)\""
        );
        Line(text, "trap 'echo \"The line that makes the node ready failed: $BASH_COMMAND\"' ERR");
        Line(text, "set -eE");
        foreach (var (name, value) in start.Inherited)
        {
            Line(text, $"export {name}={ShellWords.Word(value)}"); // before the setup, which may set it otherwise
        }

        foreach (string line in profile.Setup ?? [])
        {
            Line(text, line.TrimEnd('\n'));
        }

        if (folder is not null)
        {
            Line(text, $"cd -- {ShellWords.Word(folder)}"); // behind the setup, which may leave it
        }

        Line(text, "trap - ERR");
        foreach (var (name, value) in start.Environment)
        {
            Line(text, $"export {name}={ShellWords.Word(value)}");
        }

        Line(text, $"exec {string.Join(' ', start.Words.Concat(arguments).Select(ShellWords.Word))}");
        return text.ToString();
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
