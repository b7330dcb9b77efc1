using System.Globalization;

namespace Pipelines.Stages.Storage;

/// <summary>
/// An element of a cluster's job as Slurm numbers it. A job that is requeued keeps its numbers: then it meets claims of
/// its own earlier life.
/// </summary>
/// <param name="Cluster">The cluster's name; job numbers are its own.</param>
/// <param name="Job">Number of the array, or of the job where there is none.</param>
/// <param name="Task">Index in the array; empty where there is none.</param>
/// <param name="Restart">How often it was started again.</param>
public sealed record JobElement(string Cluster, string Job, string Task, int Restart)
{
    /// <summary>The element that this process belongs to; null outside of jobs.</summary>
    public static JobElement? Current { get; } = Of(Environment.GetEnvironmentVariable);

    /// <summary>The element that the environment names; null where it names none.</summary>
    /// <param name="variable">Value of an environment variable, or null.</param>
    public static JobElement? Of(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string job = variable("SLURM_ARRAY_JOB_ID") ?? variable("SLURM_JOB_ID") ?? "";
        return job.Length == 0
            ? null
            : new JobElement(
                variable("SLURM_CLUSTER_NAME") ?? "",
                job,
                variable("SLURM_ARRAY_TASK_ID") ?? "",
                int.TryParse(
                    variable("SLURM_RESTART_COUNT"),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out int restart
                )
                    ? restart
                    : 0
            );
    }

    /// <summary>
    /// Whether <paramref name="other"/> is this element before it was started again: then it has ended for certain.
    /// </summary>
    public bool IsAfter(JobElement? other) =>
        other is not null && other.Restart < Restart && this with { Restart = other.Restart } == other;

    /// <inheritdoc/>
    public override string ToString() =>
        $"job {Job}{(Task.Length > 0 ? $"_{Task}" : "")}"
        + (Restart > 0 ? string.Create(CultureInfo.InvariantCulture, $" (start {Restart + 1})") : "");
}
