using Pipelines.Domain.Errors;
using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Reading;

namespace Pipelines.Host.Commands;

/// <summary><c>cancel</c>: ends the jobs that were submitted of a spec, all of a cluster in one call.</summary>
internal static class CancelCommand
{
    /// <summary>Cancels what the queue still holds of a spec's submissions. What was finished is stored.</summary>
    /// <returns>Exit code.</returns>
    public static int Execute(RunOptions options)
    {
        string name = SubmitCommand.NameOf(options, PathRule.MayBeMissing),
            folder = Submission.FolderOf(options.Artifacts, name);
        IReadOnlyList<Submission> all = Submission.All(folder, Console.Error.WriteLine);
        SubmittedJob[] jobs = [.. all.SelectMany(s => s.Jobs)];
        if (jobs.Length == 0)
        {
            throw new InputException(
                folder,
                $"nothing of {name} was submitted.",
                "If it was submitted into another folder, name that by --artifacts."
            );
        }

        SlurmCommands slurm = SlurmCommands.Outside();
        try
        {
            JobLine[] queue = [.. slurm.Queue(jobs).Where(QueueText.IsAlive)];
            SubmittedJob[] alive = [.. all.SelectMany(s => s.AliveIn(queue))],
                anew = [.. all.SelectMany(s => s.NumberedAnewIn(queue)).ExceptBy(alive.Select(Number), Number)];
            if (anew.Length > 0)
            {
                Console.WriteLine(
                    $"Left alone, for the numbers now belong to other jobs: {string.Join<SubmittedJob>(", ", anew)}."
                );
            }

            if (alive.Length == 0)
            {
                Console.WriteLine($"No job of {name} is in the queue: there is nothing to cancel.");
                return Program.Done;
            }

            slurm.Cancel(alive);
            Console.WriteLine($"Cancelled: {string.Join<SubmittedJob>(", ", alive)}. What was finished is stored.");
            return Program.Done;
        }
        catch (SlurmException e)
        {
            Console.Error.WriteLine(Shown.Lines(e.Message));
            return Program.Failed;
        }
    }

    private static (string?, string) Number(SubmittedJob job) => (job.Cluster, job.Id);
}
