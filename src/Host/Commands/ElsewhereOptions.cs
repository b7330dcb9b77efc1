using System.CommandLine;
using System.CommandLine.Parsing;
using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Reading;

namespace Pipelines.Host.Commands;

/// <summary>How a run is submitted.</summary>
/// <param name="Profile">File of the profile; null = as the cluster has it.</param>
/// <param name="Chain">Arrays that go on where the first was cut off.</param>
/// <param name="DryRun">Only print what would be submitted.</param>
internal sealed record SlurmChoice(string? Profile, int Chain, bool DryRun);

/// <summary>Options of <c>run</c> for other machines than this one, and for the end of a job there.</summary>
internal sealed class ElsewhereOptions
{
    private const string Here = "local",
        Slurm = "slurm";

    /// <summary>More help nobody: a chain of jobs that each last an hour is then four days long.</summary>
    private const int LongestChain = 100;

    private readonly Option<string> executor = new("--executor")
    {
        Description = "Where units are computed: local (here, the default) or slurm (jobs of a cluster).",
        HelpName = "local|slurm",
        DefaultValueFactory = _ => Here,
    };

    private readonly Option<string?> profile = new("--profile")
    {
        Description = "What jobs ask the cluster for (YAML; schema --profile). Only with --executor slurm.",
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

    private readonly Option<string?> timeLimit = new("--time-limit")
    {
        Description =
            "End by then: begin no unit that would not be done (minutes, or hours:minutes:seconds). In a job of Slurm "
            + "its end is known.",
        HelpName = "TIME",
    };

    private readonly Option<string?> stageWeights = new("--stage-weights")
    {
        Description =
            "Copy the model's files to this folder of the machine's own disk first, and load them from there.",
        HelpName = "DIR",
    };

    /// <summary>The options, to be added to each command that runs an experiment.</summary>
    public ElsewhereOptions()
    {
        executor.Validators.Add(Known);
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
        timeLimit.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && SlurmTime.Parse(result.Tokens[0].Value) is null)
            {
                result.AddError($"--time-limit: '{result.Tokens[0].Value}' is no time ({SlurmTime.Allowed}).");
            }
        });
    }

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="worker">Its option that makes the process itself a worker.</param>
    public void AddTo(Command command, Option<bool> worker)
    {
        foreach (Option option in new Option[] { executor, profile, chain, dryRun, timeLimit, stageWeights })
        {
            command.Add(option);
        }

        command.Validators.Add(OnlyWithSlurm);
        command.Validators.Add(result =>
        {
            if (IsSlurm(result) && result.GetValue(worker))
            {
                result.AddError($"{worker.Name} is what the submitted jobs are: leave it out.");
            }
        });
    }

    /// <summary>How the run is submitted; null where it is run here.</summary>
    public SlurmChoice? Read(ParseResult parsed) =>
        parsed.GetValue(executor) == Slurm
            ? new(parsed.GetValue(profile), parsed.GetValue(chain), parsed.GetValue(dryRun))
            : null;

    /// <summary>Adds what the command line says of the process's end and of its disk.</summary>
    public RunOptions ReadEnd(ParseResult parsed, RunOptions options) =>
        options with
        {
            TimeLimit = parsed.GetValue(timeLimit) is { } limit ? SlurmTime.Parse(limit) : null,
            StageWeights = parsed.GetValue(stageWeights),
        };

    private static void Known(OptionResult result)
    {
        if (result.Tokens.Count == 1 && result.Tokens[0].Value is var said and not (Here or Slurm))
        {
            string near = Nearest.To(said, [Here, Slurm]) is { } meant ? $" (did you mean {meant}?)" : "";
            result.AddError($"--executor: '{said}' is neither {Here} nor {Slurm}{near}.");
        }
    }

    private bool IsSlurm(CommandResult result) => result.GetResult(executor) is { Tokens: [{ Value: Slurm }] };

    private void OnlyWithSlurm(CommandResult result)
    {
        bool isSlurm = IsSlurm(result);
        Option[] wrong = isSlurm ? [timeLimit, stageWeights] : [profile, chain, dryRun];
        foreach (Option option in wrong.Where(o => result.GetResult(o) is { Implicit: false }))
        {
            result.AddError(
                isSlurm
                    ? $"{option.Name} is said to workers by the profile: write it there (time, stage_weights)."
                    : $"{option.Name} is of use only with --executor {Slurm}."
            );
        }
    }
}
