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
        string name = NameOf(options, PathRule.MustExist);
        string submissions = Submission.FolderOf(options.Artifacts, name);
        string folder = SlurmSubmission.NewFolder(submissions);
        var submission = new SlurmSubmission(
            profile,
            name,
            slurm.Chain,
            ProgramStart.Here(),
            JobWords.OfWorker(options, profile),
            JobWords.OfReport(options, profile)
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
            int size = submission.ElementsWithin(commands.MaxArraySize(), Console.WriteLine);
            Submission made = submission.Submit(folder, commands, size, interruption.Token);
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
    public static string NameOf(RunOptions options, PathRule paths)
    {
        ReadResult read = ExperimentReader.Read(options.Spec, options.Overrides, paths: paths);
        return read.Ok ? read.Name : throw SpecException.Of(read.Errors);
    }

    private static SlurmProfile Profile(string file)
    {
        SettingsRead<SlurmProfile> read = SettingsReader.Read<SlurmProfile>(file);
        return read.Value ?? throw SpecException.Of(read.Errors);
    }

    private static string Again(string command, RunOptions options) =>
        $"{Help.Program} {command} {JobWords.Shell(JobWords.Naming(options))}";
}
