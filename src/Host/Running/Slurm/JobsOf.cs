namespace Pipelines.Host.Running.Slurm;

/// <summary>What <c>status</c> says of a spec's jobs.</summary>
internal static class JobsOf
{
    /// <summary>Lines for people; none where nothing was submitted.</summary>
    /// <param name="submissions">Folder of the spec's submissions.</param>
    public static IEnumerable<string> Lines(string submissions)
    {
        var damaged = new List<string>();
        IReadOnlyList<Submission> all = Submission.All(submissions, damaged.Add);
        foreach (string line in damaged)
        {
            yield return line;
        }

        if (all.Count == 0)
        {
            yield break;
        }

        var (known, problem) = Known([.. all.SelectMany(s => s.Jobs)]);
        if (problem is not null)
        {
            yield return problem;
        }

        foreach (Submission submission in all)
        {
            string cluster = submission.Cluster is { } name ? $" to {name}" : "";
            yield return $"Jobs submitted {submission.Submitted:yyyy-MM-dd HH:mm}Z{cluster}, logs in "
                + $"{Path.Combine(submission.Folder, SlurmScript.LogFolder)}:";
            foreach (string line in QueueText.Lines(submission, known, haveAnswered: problem is null))
            {
                yield return line;
            }
        }
    }

    /// <summary>What queue and accounting say, the queue's word first; and why they say nothing, where so.</summary>
    private static (IReadOnlyList<JobLine> Known, string? Problem) Known(IReadOnlyList<SubmittedJob> jobs)
    {
        if (SlurmCommands.JobHere is { } here)
        {
            return ([], $"Inside of a job ({here}) Slurm is not asked: what its jobs do is unknown here.");
        }

        SlurmCommands slurm = SlurmCommands.Outside();
        try
        {
            IReadOnlyList<JobLine> queue = slurm.Queue(jobs);
            return ([.. queue, .. slurm.Accounted(jobs) ?? []], null);
        }
        catch (Exception e) when (e is SlurmException or Domain.Errors.InputException)
        {
            return ([], $"What the jobs do is unknown: {e.Message}");
        }
    }
}
