using System.Globalization;

namespace Pipelines.Host.Running.Slurm;

/// <summary>What Slurm says of a job, or of one element of an array.</summary>
/// <param name="Id">Number of the job.</param>
/// <param name="Element">Index in the array; null of a job alone.</param>
/// <param name="State">The state's word without what stands behind it: <c>CANCELLED by 1000</c> is CANCELLED.</param>
/// <param name="Nodes">Where it runs or ran; empty before.</param>
/// <param name="Reason">Why it waits, or ended so; empty where there is none.</param>
/// <param name="Folder">Where it was submitted, which tells whose it is: numbers begin again on a cluster set up
/// anew.</param>
/// <param name="Cluster">The cluster that was asked; null where there is one only.</param>
internal sealed record JobLine(
    string Id,
    int? Element,
    string State,
    string Nodes,
    string Reason,
    string Folder,
    string? Cluster = null
)
{
    /// <summary>Jobs of an answer with a line each; a line of another form is left out.</summary>
    /// <param name="answer">NUMBER|STATE|NODES|REASON|FOLDER.</param>
    /// <param name="between">What stands between the five.</param>
    /// <param name="cluster">The cluster that answered.</param>
    public static IEnumerable<JobLine> Read(string answer, char between, string? cluster = null)
    {
        foreach (string line in answer.Split('\n'))
        {
            string[] parts = line.Split(between, 5);
            string[] id = parts[0].Trim().Split('_');
            if (parts.Length < 5 || id.Length > 2 || id[0].Length == 0 || !id[0].All(char.IsAsciiDigit))
            {
                continue;
            }

            int index = 0;
            if (id.Length == 2 && !int.TryParse(id[1], NumberStyles.None, CultureInfo.InvariantCulture, out index))
            {
                continue; // elements that wait, in one line: the queue has them one by one
            }

            yield return new JobLine(
                id[0],
                id.Length == 2 ? index : null,
                parts[1].Trim().Split(' ', '+')[0].ToUpperInvariant(),
                Plain(parts[2]),
                Plain(parts[3]),
                Plain(parts[4]),
                cluster
            );
        }
    }

    /// <summary>Whether it has the number of a job, or of an element of it.</summary>
    public bool HasNumberOf(SubmittedJob job) => (Id, Cluster) == (job.Id, job.Cluster);

    /// <summary>
    /// Whether it is of a submission, by the last name of its folder, which no other has: the rest is written otherwise
    /// where links lead there, or where it was moved since.
    /// </summary>
    public bool IsOf(Submission submission) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(Folder)) == Path.GetFileName(submission.Folder);

    private static string Plain(string text) =>
        text.Trim() is var plain && plain is "None" or "(null)" ? "" : text.Trim();
}
