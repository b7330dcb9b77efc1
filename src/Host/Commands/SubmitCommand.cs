using Pipelines.Domain.Errors;
using Pipelines.Host.Running;
using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Reading;

namespace Pipelines.Host.Commands;

/// <summary>
/// <c>run SPEC --executor slurm</c>: submits workers, the arrays that go on behind them, and the report. The model is
/// not looked at: login nodes are no place to read weights.
/// </summary>
internal static class SubmitCommand
{
    /// <summary>Submits the run of a spec.</summary>
    /// <returns>Exit code.</returns>
    public static int Execute(RunOptions options, SlurmChoice slurm)
    {
        SlurmProfile profile = slurm.Profile is { } file ? Profile(file) : new SlurmProfile();
        ReadResult read = ReadOf(options, PathRule.MustExist);
        string name = read.Name,
            submissions = Submission.FolderOf(options.Artifacts, name),
            folder = SlurmSubmission.NewFolder(submissions),
            settings = SettingsDigest.Of(read.Experiments);
        SlurmScript.RequireNoPattern(folder);
        RunOptions ofJobs = options with { Settings = settings };
        var submission = new SlurmSubmission(
            profile,
            name,
            slurm.Chain,
            ProgramStart.Here(),
            JobWords.OfWorker(ofJobs, profile),
            JobWords.OfReport(ofJobs, profile),
            settings,
            Path.IsPathFullyQualified(options.Spec) ? null : Directory.GetCurrentDirectory()
        );
        if (slurm.DryRun)
        {
            foreach (string line in submission.Dry(folder))
            {
                Console.WriteLine(line);
            }

            return Program.Done;
        }

        SlurmCommands commands = SlurmCommands.Outside();
        using var interruption = new Interruption();
        try
        {
            ClusterFacts cluster = commands.Facts();
            int size = submission.ElementsWithin(cluster.MaxArraySize, Console.WriteLine);
            RequireNoOther(submissions, settings, options, commands);
            Submission made = submission.Submit(folder, commands, cluster.Name, size, interruption.Token);
            Console.WriteLine($"Submitted: {string.Join(", ", made.Jobs)}.");
            Console.WriteLine($"Scripts and logs: {folder}");
            Console.WriteLine($"How far it is: {Again("status", options)}");
            Console.WriteLine($"To cancel it:  {Again("cancel", options)}");
            return Program.Done;
        }
        catch (SlurmException e)
        {
            Console.Error.WriteLine(Shown.Lines(e.Message));
            return interruption.Token.IsCancellationRequested ? Program.Interrupted : Program.Failed;
        }
    }

    /// <summary>Name of a spec; of a matrix without its axes.</summary>
    /// <exception cref="SpecException">The spec has errors.</exception>
    public static string NameOf(RunOptions options, PathRule paths) => ReadOf(options, paths).Name;

    private static ReadResult ReadOf(RunOptions options, PathRule paths)
    {
        ReadResult read = ExperimentReader.Read(options.Spec, options.Overrides, paths: paths);
        return read.Ok ? read : throw SpecException.Of(read.Errors);
    }

    /// <summary>
    /// Jobs of other settings under the same name would keep these from their run's folder, and they would end at once.
    /// </summary>
    private static void RequireNoOther(string submissions, string settings, RunOptions options, SlurmCommands slurm)
    {
        Submission[] others =
        [
            .. Submission.All(submissions, Console.Error.WriteLine).Where(s => (s.Settings ?? settings) != settings),
        ];
        if (others.Length == 0)
        {
            return;
        }

        IReadOnlyList<JobLine> queue = slurm.Queue(others.SelectMany(s => s.Jobs));
        SubmittedJob[] alive = [.. others.SelectMany(s => s.AliveIn(queue))];
        if (alive.Length > 0)
        {
            throw new InputException(
                options.Spec,
                $"jobs of the same name with other settings are still in the queue: "
                    + $"{string.Join<SubmittedJob>(", ", alive)}. Nothing was submitted.",
                $"Name this run otherwise (--set name=OTHER), wait, or end them: {Again("cancel", options)}"
            );
        }
    }

    private static SlurmProfile Profile(string file)
    {
        SettingsRead<SlurmProfile> read = SettingsReader.Read<SlurmProfile>(file);
        return read.Value ?? throw SpecException.Of(read.Errors);
    }

    private static string Again(string command, RunOptions options) =>
        $"{Help.Program} {command} {JobWords.Shell(JobWords.Naming(options))}";
}
