using System.CommandLine;
using System.CommandLine.Parsing;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Spec.Reading;

namespace Pipelines.Host.Commands;

/// <summary>How a run is submitted.</summary>
/// <param name="Profile">File of the profile; null = as the cluster has it.</param>
/// <param name="Chain">Arrays that go on where the first was cut off.</param>
/// <param name="DryRun">Only print what would be submitted.</param>
internal sealed record SlurmChoice(string? Profile, int Chain, bool DryRun);

/// <summary>Where units are computed.</summary>
internal enum Executor
{
    /// <summary>In this process.</summary>
    Local,

    /// <summary>In jobs of a cluster.</summary>
    Slurm,
}

/// <summary>Options of <c>run</c> for other machines than this one, and for the end of a job there.</summary>
internal sealed class ElsewhereOptions
{
    /// <summary>Said to processes and jobs that a run starts, and by nobody else: what they are to compute.</summary>
    public const string Settings = "--settings";

    private static readonly string[] Names = [.. Enum.GetValues<Executor>().Select(e => Spelling.Of(e))];

    /// <summary>More help nobody: a chain of jobs that each last an hour is then four days long.</summary>
    private const int LongestChain = 100;

    private readonly Option<Executor> executor = new("--executor")
    {
        Description = "Where units are computed: local (here, the default) or slurm (jobs of a cluster).",
        HelpName = "local|slurm",
        CustomParser = ExecutorOf,
    };

    private readonly Option<string?> profile = new("--profile")
    {
        Description =
            "What jobs ask the cluster for (YAML; schema --profile); without it four workers of one CPU, all else as "
            + "the cluster has it. Only with --executor slurm.",
        HelpName = "FILE",
    };

    private readonly Option<int> chain = new("--chain")
    {
        Description = "Arrays submitted behind the first, which go on after its time limit (default: 0).",
        HelpName = "N",
    };

    private readonly Option<bool> dryRun = new("--dry-run")
    {
        Description = "Print the scripts and what would be submitted; call nothing of Slurm.",
    };

    private readonly Option<TimeSpan?> timeLimit = new("--time-limit")
    {
        Description =
            "End by then: begin no unit that would not be done (90min, 4h, or as Slurm writes it: 4:00:00). In a job "
            + "of Slurm its end is known.",
        HelpName = "TIME",
        CustomParser = result => Duration.Parse("--time-limit", result, TimeSpan.FromSeconds(1)),
    };

    private readonly Option<string?> stageWeights = new("--stage-weights")
    {
        Description =
            "Copy the model's files to this folder of the machine's own disk first, and load them from there.",
        HelpName = "DIR",
    };

    private readonly Option<string?> settings = new(Settings) { Hidden = true };

    /// <summary>The options, to be added to each command that runs an experiment.</summary>
    public ElsewhereOptions()
    {
        executor.CompletionSources.Clear(); // the names of the enum, which are not those of the command line
        executor.CompletionSources.Add(Names);
        chain.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int value))
            {
                if (value is < 0 or > LongestChain)
                {
                    result.AddError($"--chain must be 0 to {LongestChain}.");
                }
            }
        });
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { executor, profile, chain, dryRun, timeLimit, stageWeights, settings })
        {
            command.Add(option);
        }
    }

    /// <summary>How the run is submitted; null where it is run here.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="worker">The option that makes the process itself a worker.</param>
    /// <exception cref="InputException">Options that do not go together.</exception>
    public SlurmChoice? Read(ParseResult parsed, Option<bool> worker)
    {
        bool isSlurm = parsed.GetValue(executor) == Executor.Slurm;
        Option[] others = isSlurm ? [timeLimit, stageWeights, worker] : [profile, chain, dryRun];
        if (others.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } wrong)
        {
            throw new InputException(
                "command line",
                wrong == worker ? $"{worker.Name} is what the submitted jobs are."
                    : isSlurm ? $"{wrong.Name} is said to workers by the profile."
                    : $"{wrong.Name} is of use only with --executor slurm.",
                wrong == worker ? "Leave it out."
                    : isSlurm ? "Write it there: time, stage_weights."
                    : null
            );
        }

        return isSlurm ? new(parsed.GetValue(profile), parsed.GetValue(chain), parsed.GetValue(dryRun)) : null;
    }

    /// <summary>Adds what the command line says of the process's end, of its disk, and of what was asked for.</summary>
    public RunOptions ReadEnd(ParseResult parsed, RunOptions options) =>
        options with
        {
            TimeLimit = parsed.GetValue(timeLimit),
            StageWeights = parsed.GetValue(stageWeights),
            Settings = parsed.GetValue(settings),
        };

    private static Executor ExecutorOf(ArgumentResult result)
    {
        string said = string.Concat(result.Tokens.Select(t => t.Value));
        if (Array.IndexOf(Names, said) is var at and >= 0)
        {
            return Enum.GetValues<Executor>()[at];
        }

        string near = Nearest.To(said, Names) is { } meant ? $" (did you mean {meant}?)" : "";
        result.AddError($"--executor: '{said}' is neither {string.Join(" nor ", Names)}{near}.");
        return default;
    }
}
