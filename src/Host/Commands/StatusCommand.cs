using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Reading;

namespace Pipelines.Host.Commands;

/// <summary><c>status</c>: how far a run is, and what its jobs do.</summary>
internal static class StatusCommand
{
    /// <summary>Says what the jobs of a spec's submissions do.</summary>
    /// <returns>Exit code.</returns>
    public static int Execute(RunOptions options)
    {
        string name = SubmitCommand.NameOf(options, PathRule.MayBeMissing);
        string submissions = Submission.FolderOf(Path.Combine(Path.GetFullPath(options.Artifacts), "runs"), name);
        foreach (string line in JobsOf.Lines(submissions))
        {
            Console.WriteLine(line);
        }

        return Program.Done;
    }
}
