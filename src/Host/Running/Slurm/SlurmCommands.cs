using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Host.Running.Slurm;

/// <summary>
/// Slurm's own programs, with fixed formats. None is called from inside a job: clusters forbid that, and thousands of
/// jobs that ask a controller hang it.
/// </summary>
internal sealed class SlurmCommands
{
    private const string JobVariable = "SLURM_JOB_ID";

    /// <summary>squeue and sacct say no more of a job than this: number, state, nodes, reason.</summary>
    private const char Between = '|';

    /// <summary>A controller that is busy answers late; one that is gone, never.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private SlurmCommands() { }

    /// <summary>The number of the job that this process belongs to; null outside of jobs.</summary>
    public static string? JobHere =>
        Environment.GetEnvironmentVariable(JobVariable) is { Length: > 0 } id ? id : null;

    /// <summary>Slurm's programs, outside of jobs.</summary>
    /// <exception cref="InputException">This process belongs to a job.</exception>
    public static SlurmCommands Outside() =>
        JobHere is { } id
            ? throw new InputException(
                JobVariable,
                $"this shell belongs to job {id}, and Slurm is not called from inside of jobs.",
                "Do it on a login node; a shell of salloc on one forgets its job by `unset SLURM_JOB_ID`."
            )
            : new SlurmCommands();

    /// <summary>The largest index of an array and one more, as the controller has it.</summary>
    /// <exception cref="SlurmException">The controller does not say.</exception>
    public int MaxArraySize()
    {
        string config = Run("scontrol", "show", "config");
        string? line = config
            .Split('\n')
            .FirstOrDefault(l => l.StartsWith("MaxArraySize", StringComparison.OrdinalIgnoreCase));
        string value = line?[(line.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim() ?? "";
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
            ? size
            : throw new SlurmException("`scontrol show config` does not say MaxArraySize.");
    }

    /// <summary>Submits a script.</summary>
    /// <param name="folder">Folder that the job starts in, and that its logs are in.</param>
    /// <param name="script">Name of the script in that folder.</param>
    /// <param name="after">Job that must have ended before, however it did; null = none.</param>
    /// <returns>The job's number.</returns>
    /// <exception cref="SlurmException">It was refused.</exception>
    public string Submit(string folder, string script, string? after)
    {
        string answer = Checked("sbatch", Start("sbatch", folder, [.. SubmitWords(script, after)], SetBy(folder, script)));
        // NUMBER or NUMBER;CLUSTER, behind what a site's own filter may say
        string id = answer.Split('\n').LastOrDefault(l => l.Length > 0)?.Split(';')[0].Trim() ?? "";
        return id.Length > 0 && id.All(char.IsAsciiDigit)
            ? id
            : throw new SlurmException($"sbatch answered '{Shown.Name(answer.Trim())}', which is no job's number.");
    }

    /// <summary>The words behind <c>sbatch</c>.</summary>
    /// <inheritdoc cref="Submit"/>
    public static IEnumerable<string> SubmitWords(string script, string? after) =>
        after is null
            ? ["--parsable", script]
            : ["--parsable", $"--dependency=afterany:{after}", script];

    /// <summary>What the queue holds of jobs, a line an element of an array.</summary>
    /// <param name="ids">Numbers of jobs; those that the queue does not know have no line.</param>
    /// <exception cref="SlurmException">The controller does not answer.</exception>
    public IReadOnlyList<JobLine> Queue(IReadOnlyList<string> ids)
    {
        string[] words =
        [
            "--array",
            "--noheader",
            "--states=all",
            "--format=%i|%T|%N|%r",
            "--jobs=" + string.Join(',', ids),
        ];
        var (code, output, errors) = Start("squeue", null, words);
        return code == 0 ? [.. JobLine.Read(output, Between)]
            : errors.Contains("Invalid job id", StringComparison.OrdinalIgnoreCase) ? []
            : throw Refused("squeue", code, output, errors);
    }

    /// <summary>
    /// What the accounting knows of jobs that have ended; null where there is none, or it does not answer: many
    /// clusters have none.
    /// </summary>
    /// <inheritdoc cref="Queue"/>
    public IReadOnlyList<JobLine>? Accounted(IReadOnlyList<string> ids)
    {
        string[] words =
        [
            "--allocations",
            "--noheader",
            "--parsable2",
            "--format=JobID,State,NodeList,Reason",
            "--jobs=" + string.Join(',', ids),
        ];
        try
        {
            var (code, output, _) = Start("sacct", null, words);
            return code == 0 ? [.. JobLine.Read(output, Between)] : null;
        }
        catch (Exception e) when (e is SlurmException or InputException)
        {
            return null;
        }
    }

    /// <summary>Cancels jobs, arrays as a whole, all in one call.</summary>
    /// <param name="ids">Their numbers.</param>
    /// <exception cref="SlurmException">It was refused.</exception>
    public void Cancel(IReadOnlyList<string> ids) => Run("scancel", [.. ids]);

    /// <summary>
    /// Variables that would stand above what a script says, where a person has them for other jobs; those that it says
    /// nothing of are that person's defaults.
    /// </summary>
    private static IEnumerable<string> SetBy(string folder, string script) =>
        RegularFile
            .ReadAllLines(Path.Combine(folder, script))
            .Where(l => l.StartsWith(Directive, StringComparison.Ordinal))
            .Select(l => l[Directive.Length..].Split('=', ' ')[0])
            .Select(d => Variables.GetValueOrDefault(d, d.ToUpperInvariant().Replace('-', '_')))
            .Concat(["ARRAY_INX", "DEPENDENCY", "NO_REQUEUE", "WAIT"])
            .Select(name => "SBATCH_" + name);

    private const string Directive = "#SBATCH --";

    /// <summary>Directives whose variable has another name.</summary>
    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["array"] = "ARRAY_INX",
        ["mem"] = "MEM_PER_NODE",
        ["time"] = "TIMELIMIT",
    };

    private static string Run(string program, params string[] words) => Checked(program, Start(program, null, words));

    private static string Checked(string program, (int Code, string Output, string Errors) ended) =>
        ended.Code == 0 ? ended.Output : throw Refused(program, ended.Code, ended.Output, ended.Errors);

    private static SlurmException Refused(string program, int code, string output, string errors)
    {
        string said = errors.Trim().Length > 0 ? errors.Trim() : output.Trim();
        return new SlurmException(
            said.Length > 0 ? $"{program} refused: {said}" : Invariant.Text($"{program} ended with {code}, and said nothing.")
        );
    }

    private static (int Code, string Output, string Errors) Start(
        string program,
        string? folder,
        string[] words,
        IEnumerable<string>? unset = null
    )
    {
        var info = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (string word in words)
        {
            info.ArgumentList.Add(word);
        }

        // Filters of a person's own would leave out jobs that are asked for
        string[] filters =
        [
            .. info.Environment.Keys.Where(k => Asking.Any(p => k.StartsWith(p, StringComparison.Ordinal))),
        ];
        foreach (string name in filters.Concat(unset ?? []))
        {
            info.Environment.Remove(name);
        }

        try
        {
            using Process process = Process.Start(info)!;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(),
                errors = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                throw new SlurmException(Invariant.Text($"{program} gave no answer in {Patience.TotalMinutes} minutes."));
            }

            return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
        }
        catch (Win32Exception e)
        {
            throw new InputException(
                program,
                "this program of Slurm is not found here.",
                "Do it on a login node of the cluster; with --dry-run files are only printed.",
                e
            );
        }
    }

    /// <summary>Beginnings of variables of the programs that ask and cancel.</summary>
    private static readonly string[] Asking = ["SQUEUE_", "SACCT_", "SCANCEL_"];
}
