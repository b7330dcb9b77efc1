using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Host.Running.Slurm;

/// <summary>What a controller says of its cluster.</summary>
/// <param name="Name">Its name; null where it is not said.</param>
/// <param name="MaxArraySize">The largest index of an array and one more.</param>
internal sealed record ClusterFacts(string? Name, int MaxArraySize);

/// <summary>
/// Slurm's own programs, with fixed formats. None is called from inside a job: clusters forbid that, and thousands of
/// jobs that ask a controller hang it.
/// </summary>
internal sealed class SlurmCommands
{
    private const string JobVariable = "SLURM_JOB_ID";

    /// <summary>squeue and sacct say no more of a job than this: number, state, nodes, reason, folder.</summary>
    private const char Between = '|';

    private const string Directive = "#SBATCH --";

    /// <summary>Directives whose variable has another name.</summary>
    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["array"] = "ARRAY_INX",
        ["mem"] = "MEM_PER_NODE",
        ["time"] = "TIMELIMIT",
    };

    private readonly SlurmProcess programs = new(TimeSpan.FromMinutes(3));

    private SlurmCommands() { }

    /// <summary>The number of the job that this process belongs to; null outside of jobs.</summary>
    public static string? JobHere => Environment.GetEnvironmentVariable(JobVariable) is { Length: > 0 } id ? id : null;

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

    /// <summary>What the controller says of its cluster.</summary>
    /// <exception cref="SlurmException">It does not say how large an array may be.</exception>
    public ClusterFacts Facts()
    {
        string[] config = programs.Checked("scontrol", "show", "config").Split('\n');
        return int.TryParse(Said("MaxArraySize"), NumberStyles.None, CultureInfo.InvariantCulture, out int size)
            ? new ClusterFacts(Said("ClusterName"), size)
            : throw new SlurmException("`scontrol show config` does not say MaxArraySize.");

        string? Said(string name) =>
            config
                .Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries))
                .FirstOrDefault(p => p.Length == 2 && p[0].Equals(name, StringComparison.OrdinalIgnoreCase))
                ?[1];
    }

    /// <summary>Submits a script.</summary>
    /// <param name="folder">Folder that the job starts in, and that its logs are in.</param>
    /// <param name="script">Name of the script in that folder.</param>
    /// <param name="after">Job that must have ended before, however it did; null = none.</param>
    /// <param name="cancel">Interrupted.</param>
    /// <returns>The job's number; and the cluster, where there are several and it is named.</returns>
    /// <exception cref="SlurmException">It was refused.</exception>
    public (string Id, string? Cluster) Submit(string folder, string script, string? after, CancellationToken cancel)
    {
        string answer = SlurmProcess.Checked(
            "sbatch",
            programs.Run("sbatch", SubmitWords(script, after), folder, SetBy(folder, script), cancel)
        );
        // NUMBER or NUMBER;CLUSTER, behind what a site's own filter may say
        string last = answer.Split('\n').LastOrDefault(l => l.Length > 0) ?? "";
        string[] said = last.Split(';', StringSplitOptions.TrimEntries);
        return said.Length <= 2 && said[0].Length > 0 && said[0].All(char.IsAsciiDigit)
            ? (said[0], said.Length > 1 ? said[1] : null)
            : throw new SlurmException($"sbatch answered '{Shown.Name(answer.Trim())}', which is no job's number.")
            {
                IsUnknown = true,
            };
    }

    /// <summary>The words behind <c>sbatch</c>.</summary>
    /// <param name="script">Name of the script.</param>
    /// <param name="after">Job that must have ended before; null = none.</param>
    public static IEnumerable<string> SubmitWords(string script, string? after) =>
        after is null ? ["--parsable", script] : ["--parsable", $"--dependency=afterany:{after}", script];

    /// <summary>What the queue holds of jobs, a line an element of an array.</summary>
    /// <param name="jobs">The jobs; those that the queue does not know have no line.</param>
    /// <exception cref="SlurmException">The controller does not answer.</exception>
    public IReadOnlyList<JobLine> Queue(IEnumerable<SubmittedJob> jobs) => [.. OfEachCluster(jobs).SelectMany(Queue)];

    /// <summary>
    /// What the accounting knows of jobs that have ended; null where there is none, or it does not answer: many
    /// clusters have none.
    /// </summary>
    /// <inheritdoc cref="Queue(IEnumerable{SubmittedJob})"/>
    public IReadOnlyList<JobLine>? Accounted(IEnumerable<SubmittedJob> jobs)
    {
        try
        {
            return [.. OfEachCluster(jobs).SelectMany(Accounted)];
        }
        catch (Exception e) when (e is SlurmException or InputException)
        {
            return null;
        }
    }

    /// <summary>Cancels jobs, arrays as a whole, all of a cluster in one call.</summary>
    /// <param name="jobs">The jobs.</param>
    /// <exception cref="SlurmException">It was refused.</exception>
    public void Cancel(IEnumerable<SubmittedJob> jobs)
    {
        foreach (ClusterJobs of in OfEachCluster(jobs))
        {
            programs.Checked("scancel", [.. of.Words, .. of.Ids]);
        }
    }

    private static IEnumerable<ClusterJobs> OfEachCluster(IEnumerable<SubmittedJob> jobs) =>
        jobs.GroupBy(j => j.Cluster, j => j.Id, StringComparer.Ordinal).Select(g => new ClusterJobs(g.Key, [.. g]));

    private IEnumerable<JobLine> Queue(ClusterJobs jobs)
    {
        string[] words = ["--array", "--noheader", "--states=all", "--format=%i|%T|%N|%r|%Z", jobs.List, .. jobs.Words];
        var ended = programs.Run("squeue", words);
        return ended.Code == 0 ? JobLine.Read(ended.Output, Between, jobs.Cluster)
            : ended.Errors.Contains("Invalid job id", StringComparison.OrdinalIgnoreCase) ? []
            : throw SlurmProcess.Refused("squeue", ended);
    }

    private IEnumerable<JobLine> Accounted(ClusterJobs jobs)
    {
        string[] words =
        [
            "--allocations",
            "--noheader",
            "--parsable2",
            "--format=JobID,State,NodeList,Reason,WorkDir",
            jobs.List,
            .. jobs.Words,
        ];
        return JobLine.Read(programs.Checked("sacct", words), Between, jobs.Cluster);
    }

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

    /// <summary>
    /// Jobs of a cluster: numbers are each cluster's own, and another's job of the same number is somebody else's.
    /// </summary>
    /// <param name="Cluster">Its name; null where there is one only.</param>
    /// <param name="Ids">Numbers of jobs.</param>
    private sealed record ClusterJobs(string? Cluster, IReadOnlyList<string> Ids)
    {
        /// <summary>The words that name the cluster.</summary>
        public IReadOnlyList<string> Words => Cluster is null ? [] : ["--clusters=" + Cluster];

        /// <summary>The word that names the jobs.</summary>
        public string List => "--jobs=" + string.Join(',', Ids);
    }
}
