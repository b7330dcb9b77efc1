using System.CommandLine;
using Pipelines.Domain.Errors;
using Pipelines.Host.Commands.Completion;
using Pipelines.Host.Running.Devices;

namespace Pipelines.Host.Commands;

/// <summary>The commands and their options, as <c>--help</c> shows them.</summary>
internal static class CommandLine
{
    /// <summary>Commands that leave files, or do something: what they say of it is for whoever looks on.</summary>
    private static readonly string[] Doing = ["run", "reproduce", "report", "gc", "make-model", "cancel"];

    /// <summary>The program's command line; <c>run</c> is meant where no command is named.</summary>
    public static RootCommand Build()
    {
        var options = new SharedOptions();
        var root = new RootCommand(
            "Head attribution for vision-language models: which attention heads carry the image into the answer. "
                + "Without a command, the experiment is run."
        )
        {
            options.Spec,
        };
        options.AddTo(root);
        var elsewhere = new ElsewhereOptions();
        var devices = new DeviceOptions();
        int Run(ParseResult parsed)
        {
            RunOptions read = options.Read(parsed);
            DeviceList? list = devices.Read(parsed);
            if (elsewhere.Read(parsed, options.Worker) is { } slurm)
            {
                if (list is not null)
                {
                    throw DeviceList.NotWith("--executor slurm", "A job is one process: ask for gpus in the profile.");
                }

                return SubmitCommand.Execute(read, slurm);
            }

            read = devices.ReadPart(parsed, elsewhere.ReadEnd(parsed, read));
            if (list is not null && read.IsWorker)
            {
                throw DeviceList.NotWith("--worker", "The processes of the devices are workers by themselves.");
            }

            return list is not null ? FleetCommand.Execute(read, list) : RunCommand.Execute(read);
        }

        AddRun(options, root);
        elsewhere.AddTo(root);
        devices.AddTo(root);
        root.SetAction(Run);
        var run = new Command("run", "Run an experiment; only what is missing is computed.") { options.RequiredSpec };
        options.AddTo(run);
        AddRun(options, run);
        elsewhere.AddTo(run);
        devices.AddTo(run);
        run.SetAction(Run);
        root.Add(run);
        root.Add(AskCommand.Build(options));
        Command plan = Command(
            options,
            "plan",
            "Say what a run would compute, why, and what it takes.",
            PlanCommand.Execute
        );
        plan.Add(options.Verify);
        root.Add(plan);
        root.Add(
            OfRun(
                options,
                "status",
                "Say how far the processes on an experiment have come, who holds what, and what failed.",
                StatusCommand.Execute
            )
        );
        root.Add(Reproduce(options));
        root.Add(Explain(options));
        root.Add(Check(options));
        root.Add(Command(options, "report", "Write tables and page again from what is stored.", ReportCommand.Execute));
        root.Add(DiffCommand.Build(options.Artifacts));
        root.Add(OfRun(options, "cancel", "Cancel what was submitted of an experiment.", CancelCommand.Execute));
        root.Add(CollectGarbage(options));
        root.Add(MakeModelCommand.Build());
        root.Add(SchemaCommand.Build());
        root.Add(CompletionCommand.Build());
        EmptyTexts.Refuse(root);
        Help.Attach(root);
        return root;
    }

    /// <summary>What is asked for is what is written to standard output, and nothing is left of it elsewhere.</summary>
    public static bool SaysItsResult(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        bool isDoing = command is RootCommand || Doing.Contains(command.Name);
        return !isDoing || parsed.Action != command.Action; // help
    }

    /// <summary>The options of a run alone.</summary>
    private static void AddRun(SharedOptions options, Command command)
    {
        command.Add(options.Verify);
        command.Add(options.Worker);
        command.Add(options.Stale);
    }

    private static Command Command(
        SharedOptions options,
        string name,
        string description,
        Func<RunOptions, int> execute
    )
    {
        Command command = OfRun(options, name, description, execute);
        options.AddComputingTo(command);
        return command;
    }

    /// <summary>A command about a run, with no more options than say which.</summary>
    private static Command OfRun(SharedOptions options, string name, string description, Func<RunOptions, int> execute)
    {
        var command = new Command(name, description) { options.RequiredSpec };
        options.AddNamingTo(command);
        command.SetAction(parsed => execute(options.Read(parsed)));
        return command;
    }

    private static Command Reproduce(SharedOptions options)
    {
        var write = new Option<bool>("--write")
        {
            Description = "Write what the run gave as the new expectation instead of comparing.",
        };
        var expected = new Option<string?>("--expected")
        {
            Description = "Folder with the expected tables (default: expected/<name> beside the spec).",
            HelpName = "DIR",
        };
        var command = new Command("reproduce", "Run, then compare the tables with those expected.")
        {
            options.RequiredSpec,
            write,
            expected,
        };
        options.AddTo(command);
        command.SetAction(parsed =>
            ReproduceCommand.Execute(options.Read(parsed), parsed.GetValue(expected), parsed.GetValue(write))
        );
        return command;
    }

    private static Command Check(SharedOptions options)
    {
        var against = new Option<string?>("--against")
        {
            Description =
                "Instead, compare with what another program computed (script below): prompt, keys and values, "
                + "logits; says where the first difference is.",
            HelpName = "reference.json",
        };
        var command = new Command("check", "Check the model itself: exactness, ablation, cost.")
        {
            options.RequiredSpec,
            against,
            Help.Option(() => $"The script that writes reference.json:\n\n{ReferenceScript.Text}\n"),
        };
        options.AddTo(command);
        command.SetAction(parsed => CheckCommand.Execute(options.Read(parsed), parsed.GetValue(against)));
        return command;
    }

    private static Command Explain(SharedOptions options)
    {
        var stage = new Argument<string>("STAGE")
        {
            Description = "A stage's name in the spec, optionally with a unit: forward or forward/000000000012.",
        };
        var spec = new Argument<string?>("SPEC")
        {
            Description = "Experiment file (YAML).",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var named = new Option<string?>("--spec", "-s")
        {
            Description = "The experiment file, where it does not stand behind the stage.",
            HelpName = "SPEC",
        };
        var command = new Command("explain", "Say what a stage's results depend on, part by part.")
        {
            stage,
            spec,
            named,
        };
        options.AddNamingTo(command);
        command.SetAction(parsed =>
            ExplainCommand.Execute(
                options.Read(parsed, OnlyOne(parsed.GetValue(spec), parsed.GetValue(named))),
                parsed.GetRequiredValue(stage)
            )
        );
        return command;
    }

    /// <summary>The experiment file, which may stand in either place.</summary>
    /// <exception cref="InputException">It stands in none, or two are named.</exception>
    private static string OnlyOne(string? behind, string? option) =>
        behind is not null && option is not null && behind != option
            ? throw new InputException(
                "command line",
                $"two experiment files are named, {behind} and {option}.",
                "Name one."
            )
            : behind ?? option ?? throw SharedOptions.NoSpec();

    private static Command CollectGarbage(SharedOptions options)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be removed." };
        var command = new Command("gc", "Remove stored results that no run uses any more.")
        {
            options.Artifacts,
            dryRun,
        };
        command.SetAction(parsed => GcCommand.Execute(parsed.GetValue(options.Artifacts)!, parsed.GetValue(dryRun)));
        return command;
    }
}

/// <summary>What the command line says about a run.</summary>
/// <param name="Spec">Experiment file.</param>
/// <param name="Overrides"><c>a.b=c</c>.</param>
/// <param name="Artifacts">Folder for cache and runs.</param>
/// <param name="Jobs">Units at the same time; null chooses.</param>
/// <param name="Threads">Arithmetic threads altogether; null takes one a physical core.</param>
/// <param name="KeepGoing">Go on with what does not depend on a failure.</param>
/// <param name="IgnoreLimits">Run what memory or disk seem to have no room for.</param>
/// <param name="Verify">Look at all bytes of what is stored before it is believed.</param>
internal sealed record RunOptions(
    string Spec,
    IReadOnlyList<string> Overrides,
    string Artifacts,
    int? Jobs,
    int? Threads,
    bool KeepGoing,
    bool IgnoreLimits = false,
    bool Verify = false
)
{
    /// <summary>A worker's patience where the command line names none.</summary>
    public static readonly TimeSpan UsualStale = TimeSpan.FromMinutes(10);

    /// <summary>Compute what nobody else holds, and end; no report is written.</summary>
    public bool IsWorker { get; init; }

    /// <summary>How long another worker may give no sign before its work is taken over.</summary>
    public TimeSpan Stale { get; init; } = UsualStale;

    /// <summary>The words of the command line.</summary>
    public IReadOnlyList<string> Words { get; init; } = [Spec];

    /// <summary>Time from the start after which the process will be ended; null = none is known.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>
    /// Folder on the machine's own disk that models are copied to before they are loaded, with variables; null = they
    /// are read where they lie.
    /// </summary>
    public string? StageWeights { get; init; }

    /// <summary>
    /// The device in place of the spec's; null = the spec's. Of its kind, which keys name, any will do.
    /// </summary>
    public string? Device { get; init; }

    /// <summary>
    /// Bytes of memory that this process may take, beside others of the same run; null = all there is.
    /// </summary>
    public long? MemoryShare { get; init; }

    /// <summary>
    /// It is the process of one of several devices: its parent shows its progress, and its input ends with the parent.
    /// </summary>
    public bool IsOfFleet { get; init; }

    /// <summary>
    /// <see cref="Running.SettingsDigest"/> of what the run was asked for that started this process, or submitted it;
    /// null = none did.
    /// </summary>
    public string? Settings { get; init; }

    /// <summary>The same command once more, as a shell takes it.</summary>
    public string Again => string.Join(' ', Words.Select(ShellWords.Word).Prepend(Help.Program));
}

/// <summary>Options that several commands share.</summary>
internal sealed class SharedOptions
{
    /// <summary>The folder for cache and runs where no option names another.</summary>
    public const string DefaultArtifacts = "artifacts";

    /// <summary>No process that lives is silent for so long: its counter is raised four times a minute.</summary>
    private static readonly TimeSpan LeastStale = TimeSpan.FromMinutes(2);

    /// <summary>Beyond that a process that died would hold its samples for ever.</summary>
    private static readonly TimeSpan MostStale = TimeSpan.FromDays(7);

    /// <summary>The options, to be added to each command that has them.</summary>
    public SharedOptions()
    {
        // Here and not where a command takes them: each command that does would have the error said once more
        Jobs.Validators.Add(result => AtLeastOne(result, Jobs));
        Threads.Validators.Add(result => AtLeastOne(result, Threads));
    }

    /// <summary>The experiment file of the root command.</summary>
    public Argument<string?> Spec { get; } =
        new("SPEC") { Description = "Experiment file (YAML).", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>The experiment file of commands.</summary>
    public Argument<string> RequiredSpec { get; } = new("SPEC") { Description = "Experiment file (YAML)." };

    /// <summary>Folder for cache and runs.</summary>
    public Option<string> Artifacts { get; } =
        new("--artifacts")
        {
            Description = "Folder for the cache and the runs.",
            HelpName = "DIR",
            DefaultValueFactory = _ => DefaultArtifacts,
        };

    /// <summary>Of commands that look at all of an experiment.</summary>
    public Option<bool> Verify { get; } =
        new("--verify")
        {
            Description =
                "Compare the checksums of all stored files of the experiment, not only of those that are read; a run "
                + "computes again what is damaged.",
        };

    /// <summary>Of commands that compute beside others.</summary>
    public Option<bool> Worker { get; } =
        new("--worker")
        {
            Description =
                "Compute what no other process holds and end when nothing is left to take; tables and report are left "
                + "to a run without it.",
        };

    /// <summary>Of commands that compute beside others.</summary>
    public Option<TimeSpan?> Stale { get; } =
        new("--stale")
        {
            Description =
                "Take over the work of a process that gives no sign for so long (150s, 2h; default 10min, least 2min).",
            HelpName = "TIME",
            CustomParser = result => Duration.Parse("--stale", result, LeastStale, MostStale),
        };

    private Option<string[]> Set { get; } =
        new("--set")
        {
            Description = "Override a field of the spec: --set stages.masks.count=2000. May be repeated.",
            HelpName = "a.b=c",
            Arity = ArgumentArity.OneOrMore,
        };

    private Option<int?> Jobs { get; } =
        new("--jobs", "-j")
        {
            Description = "Units computed at the same time (default: all cores for a small model on a CPU, else 1).",
            HelpName = "N",
        };

    private Option<int?> Threads { get; } =
        new("--threads")
        {
            Description = "Arithmetic threads altogether (default: one a physical core).",
            HelpName = "N",
        };

    private Option<bool> KeepGoing { get; } =
        new("--keep-going", "-k") { Description = "After a failure, go on with what does not depend on it." };

    private Option<bool> IgnoreLimits { get; } =
        new("--ignore-limits") { Description = "Run even what memory or disk seem to have no room for." };

    /// <summary>Adds the options to a command that computes.</summary>
    public void AddTo(Command command)
    {
        AddNamingTo(command);
        AddComputingTo(command);
    }

    /// <summary>Adds those that say which experiment is meant.</summary>
    public void AddNamingTo(Command command)
    {
        command.Add(Set);
        command.Add(Artifacts);
    }

    /// <summary>Adds those that say how it is computed.</summary>
    public void AddComputingTo(Command command)
    {
        foreach (Option option in new Option[] { Jobs, Threads, KeepGoing, IgnoreLimits })
        {
            command.Add(option);
        }
    }

    /// <summary>The values of a command line.</summary>
    public RunOptions Read(ParseResult parsed, string? spec = null)
    {
        spec ??= (parsed.CommandResult.Command is RootCommand ? parsed.GetValue(Spec) : parsed.GetValue(RequiredSpec))
            ?? throw NoSpec();

        if (
            parsed.CommandResult.Command is RootCommand root
            && Help.UnknownVerb(spec, root.Subcommands.Select(c => c.Name)) is { } verb
        )
        {
            throw new InputException("command line", verb, $"{Help.Program} --help shows them.");
        }

        if (!File.Exists(spec) && !Directory.Exists(spec) && Help.NearbySpec(spec) is { } near)
        {
            throw new InputException(spec, $"there is no such file (did you mean {near}?).");
        }

        return new RunOptions(
            spec,
            parsed.GetValue(Set) ?? [],
            parsed.GetValue(Artifacts)!,
            parsed.GetValue(Jobs),
            parsed.GetValue(Threads),
            parsed.GetValue(KeepGoing),
            parsed.GetValue(IgnoreLimits),
            parsed.GetValue(Verify)
        )
        {
            Words = [.. parsed.Tokens.Select(t => t.Value)],
            IsWorker = parsed.GetValue(Worker),
            Stale = parsed.GetValue(Stale) ?? RunOptions.UsualStale,
        };
    }

    /// <summary>The error where no experiment file is named.</summary>
    public static InputException NoSpec() =>
        new(
            "command line",
            "no experiment file is named.",
            $"Name one, for example experiments/quickstart.yaml; {Help.Program} --help shows the commands."
        );

    /// <summary>Refuses a number below 1.</summary>
    public static void AtLeastOne(System.CommandLine.Parsing.OptionResult result, Option<int?> option)
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int value) && value < 1)
        {
            result.AddError($"{option.Name} must be at least 1.");
        }
    }
}
