using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Host.Running.Slurm;

/// <summary>
/// One submission: an array of workers, the arrays that go on where it was cut off, and the report behind them. All are
/// submitted in the same breath, for a job may not submit another; each waits until the one before it has ended,
/// however it did, so that none waits for what can never be.
/// </summary>
/// <param name="profile">What the cluster is asked for.</param>
/// <param name="name">Name of the spec.</param>
/// <param name="chain">Arrays behind the first.</param>
/// <param name="start">How the program is started.</param>
/// <param name="worker">The program's words for a worker.</param>
/// <param name="report">The program's words for the run behind them.</param>
/// <param name="settings">The <see cref="SettingsDigest"/> of what they compute.</param>
/// <param name="from">Where the program is started; null = anywhere.</param>
internal sealed class SlurmSubmission(
    SlurmProfile profile,
    string name,
    int chain,
    ProgramStart start,
    IReadOnlyList<string> worker,
    IReadOnlyList<string> report,
    string settings,
    string? from
)
{
    /// <summary>Names of the scripts.</summary>
    public const string ArrayScript = "array.sh",
        ReportScript = "report.sh";

    /// <summary>A new folder for a submission: two at the same time, on two machines, have two.</summary>
    /// <param name="submissions">Folder of all of them.</param>
    public static string NewFolder(string submissions) =>
        Path.Combine(
            submissions,
            DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture) + $"-{Guid.NewGuid():N}"[..5]
        );

    /// <summary>Elements of an array, as many as the cluster takes.</summary>
    /// <param name="maxArraySize">The controller's MaxArraySize: a limit of the index, and so one more than it.</param>
    /// <param name="say">Told where they are fewer than the profile asks for.</param>
    /// <exception cref="SlurmException">The cluster has no arrays.</exception>
    public int ElementsWithin(int maxArraySize, Action<string> say)
    {
        if (maxArraySize <= 0)
        {
            throw new SlurmException("this cluster takes no job arrays (MaxArraySize is 0).");
        }

        if (profile.ArraySize <= maxArraySize)
        {
            return profile.ArraySize;
        }

        say(
            Invariant.Text(
                $"The cluster takes {maxArraySize} jobs an array: so many are submitted, not {profile.ArraySize}. "
                    + $"They go on until nothing is left."
            )
        );
        return maxArraySize;
    }

    /// <summary>The files and the calls that make the submission, for people.</summary>
    /// <param name="folder">Folder that they would lie in.</param>
    public IEnumerable<string> Dry(string folder)
    {
        int size = profile.ArraySize; // no controller is asked
        foreach (var (file, text) in Files(folder, size))
        {
            yield return $"== {file}";
            yield return text.TrimEnd('\n');
            yield return "";
        }

        yield return $"== would be submitted in {folder}:";
        string? before = null;
        foreach (var (script, role, _) in Steps(size))
        {
            yield return "sbatch " + string.Join(' ', SlurmCommands.SubmitWords(script, before));
            before = $"NUMBER-OF-{role.ToUpperInvariant().Replace(' ', '-')}";
        }
    }

    /// <summary>Writes the files and submits all jobs.</summary>
    /// <param name="folder">Folder of the submission.</param>
    /// <param name="slurm">Slurm's programs.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="size">Elements of an array.</param>
    /// <param name="cancel">Interrupted: what was submitted is cancelled.</param>
    /// <exception cref="SlurmException">A job was refused: those before it are cancelled.</exception>
    /// <exception cref="InputException">The folder cannot be written.</exception>
    public Submission Submit(string folder, SlurmCommands slurm, string? cluster, int size, CancellationToken cancel)
    {
        WriteFiles(folder, size);
        var submission = new Submission(DateTime.UtcNow, [], settings, cluster) { Folder = folder };
        try
        {
            foreach (var (script, role, elements) in Steps(size))
            {
                cancel.ThrowIfCancellationRequested();
                string? before = submission.Jobs.Count == 0 ? null : submission.Jobs[^1].Id;
                var (id, named) = slurm.Submit(folder, script, before, cancel);
                submission = submission with
                {
                    Jobs = [.. submission.Jobs, new SubmittedJob(id, role, elements, named)],
                };
                submission.Write();
            }

            cancel.ThrowIfCancellationRequested();
        }
        catch (Exception e) when (e is SlurmException or OperationCanceledException or IOException)
        {
            string why = e is OperationCanceledException ? "Interrupted" : e.Message.TrimEnd('.');
            string unknown = e is SlurmException { IsUnknown: true }
                ? "Whether this job was submitted is not known: squeue --me tells. "
                : "";
            throw new SlurmException($"{why}. {unknown}{TakeBack(slurm, submission, unknown.Length > 0)}".TrimEnd());
        }

        return submission;
    }

    private void WriteFiles(string folder, int size)
    {
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, SlurmScript.LogFolder));
            foreach (var (file, text) in Files(folder, size))
            {
                AtomicFile.Write(file, text);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                folder,
                $"scripts and logs cannot be written here ({e.Message.TrimEnd('.')}): nothing was submitted.",
                "Name another folder with --artifacts.",
                e
            );
        }
    }

    private static string TakeBack(SlurmCommands slurm, Submission submission, bool mayBeMore)
    {
        if (submission.Jobs.Count == 0)
        {
            return mayBeMore ? "" : "Nothing was submitted.";
        }

        string[] ids = [.. submission.Jobs.Select(j => j.Id)];
        try
        {
            slurm.Cancel(submission.Jobs);
            return $"What was submitted before is cancelled: {string.Join(", ", ids)}.";
        }
        catch (SlurmException e)
        {
            return $"What was submitted before could not be cancelled ({e.Message.TrimEnd('.')}): "
                + $"scancel {string.Join(' ', ids)} does it.";
        }
    }

    private IEnumerable<(string File, string Text)> Files(string folder, int size)
    {
        var script = new SlurmScript(profile, name, Path.Combine(folder, SlurmScript.LogFolder), start, from);
        yield return (Path.Combine(folder, ArrayScript), script.OfArray(size, worker));
        yield return (Path.Combine(folder, ReportScript), script.OfReport(report));
    }

    private IEnumerable<(string Script, string Role, int? Elements)> Steps(int size)
    {
        yield return (ArrayScript, "array", size);
        for (int i = 1; i <= chain; i++)
        {
            yield return (ArrayScript, Invariant.Text($"follow-up {i}"), size);
        }

        yield return (ReportScript, "report", null);
    }
}
