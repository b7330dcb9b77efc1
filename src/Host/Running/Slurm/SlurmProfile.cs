using System.Text.RegularExpressions;
using Pipelines.Domain.Errors;
using Pipelines.Spec;

namespace Pipelines.Host.Running.Slurm;

/// <summary>
/// What a cluster is asked for, and how its nodes are made ready. It says nothing of the experiment, and no result
/// depends on it. What is left out is as the cluster has it.
/// </summary>
[SettingsFile("profile")]
internal sealed record SlurmProfile : IRuled
{
    private const string Word = @"^[A-Za-z0-9_][A-Za-z0-9_.,:@=+*/-]*$",
        WordAllowed = "letters, digits and '_.,:@=+*/-', without blanks";

    /// <summary>Directives that this program writes: a line that sets them again would take its own away.</summary>
    private static readonly string[] Ours =
    [
        "array",
        "chdir",
        "dependency",
        "error",
        "input",
        "job-name",
        "no-requeue",
        "open-mode",
        "output",
        "parsable",
        "requeue",
        "test-only",
        "wait",
        "wrap",
    ];

    /// <summary>The same in one letter: <c>-a</c> is <c>--array</c>.</summary>
    private const string OursShort = "aDdeiJoW";

    /// <summary>Partition, or several with commas between.</summary>
    [Form(Word, WordAllowed)]
    public string? Partition { get; init; }

    /// <summary>Account that the time is charged to.</summary>
    [Form(Word, WordAllowed)]
    public string? Account { get; init; }

    /// <summary>Quality of service.</summary>
    [Form(Word, WordAllowed)]
    public string? Qos { get; init; }

    /// <summary>
    /// Time limit of a job, as Slurm writes it: minutes, <c>minutes:seconds</c>, <c>hours:minutes:seconds</c>,
    /// <c>days-hours</c>, <c>days-hours:minutes</c> or <c>days-hours:minutes:seconds</c>.
    /// </summary>
    [Form(SlurmTime.Form, SlurmTime.Allowed)]
    public string? Time { get; init; }

    /// <summary>GPUs of a job, for <c>--gpus</c>: a number, or a kind and a number (<c>a100:1</c>).</summary>
    [Form(@"^([A-Za-z0-9_.-]+:)?[1-9][0-9]{0,3}$", "a number, or a kind and a number: 1, a100:1")]
    public string? Gpus { get; init; }

    /// <summary>The same where the cluster wants <c>--gres</c>: <c>gpu:1</c>, <c>gpu:a100:1</c>.</summary>
    [Form(Word, WordAllowed)]
    public string? Gres { get; init; }

    /// <summary>Cores of a job, which become the program's threads.</summary>
    [Between(1, 4096)]
    public int Cpus { get; init; } = 1;

    /// <summary>
    /// Memory of a job, for <c>--mem</c>: a number of MB, or with K, M, G or T behind it; 0 is all of the node.
    /// </summary>
    [Form(@"^(0|[1-9][0-9]{0,11}[KMGT]?)$", "a number with K, M, G or T behind it, or 0: 32G")]
    public string? Memory { get; init; }

    /// <summary>Features that a node must have: <c>a100|h100</c>.</summary>
    [Form(@"^[A-Za-z0-9_][A-Za-z0-9_.,:&|()\[\]*!-]*$", "names of features with &, | and brackets between them")]
    public string? Constraint { get; init; }

    /// <summary>Jobs of an array: so many workers, fewer where the cluster's limit on arrays is lower.</summary>
    [Between(1, 100_000)]
    public int ArraySize { get; init; } = 4;

    /// <summary>Jobs of the array that may run at the same time; left out, all.</summary>
    [Between(1, 100_000)]
    public int? ArrayLimit { get; init; }

    /// <summary>
    /// Lines of the shell (bash) that are run before the program: <c>module load cuda/12.8</c>. The first that fails
    /// ends the job.
    /// </summary>
    [OneOrMore]
    [Form(@"^[^\r]*[^\s][^\r]*$", "lines of a shell, ended by line feeds alone")]
    public IReadOnlyList<string>? Setup { get; init; }

    /// <summary>Further options of sbatch, each as it stands behind <c>#SBATCH</c>: <c>--exclude=n7</c>.</summary>
    [OneOrMore]
    [Form(@"^-(-[a-z][a-z-]*([ =][^\r\n]*)?|[A-Za-z][^\r\n]*)$", "one option on a line: --exclude=n7")]
    public IReadOnlyList<string>? Sbatch { get; init; }

    /// <summary>
    /// Folder on a node's own disk that the model's files are copied to, once a node: <c>/scratch/${USER}</c>.
    /// Variables are those of the node. Where it is missing, small or memory, they are read where they lie. Left out:
    /// always so.
    /// </summary>
    [Form(@"^(/|\$\{)[^\r\n]*$", "an absolute folder, or one that begins with a variable: /scratch/${USER}, ${TMPDIR}")]
    public string? StageWeights { get; init; }

    /// <inheritdoc/>
    IEnumerable<BrokenRule> IRuled.Broken
    {
        get
        {
            if (Gpus is not null && Gres is not null)
            {
                yield return new(["gres", "gpus"], "gpus and gres both ask for devices: name one of them");
            }

            if (ArrayLimit > ArraySize)
            {
                yield return new(
                    ["array_limit"],
                    $"{ArrayLimit} jobs at the same time are more than the array has (array_size: {ArraySize})"
                );
            }

            if (Time is { } time && SlurmTime.Parse(time) is null)
            {
                yield return new(["time"], $"'{time}' is no time at all: leave it out where there is no limit");
            }

            foreach (string line in Sbatch ?? [])
            {
                if (HoldsMore(line))
                {
                    yield return new(["sbatch"], $"'{line}' holds more than one option: write a line for each");
                }
                else if (HasBareBlank(line))
                {
                    yield return new(["sbatch"], $"'{line}' has a blank in its value: put the value in quotes");
                }
                else if (NamesSeveralClusters(line))
                {
                    yield return new(
                        ["sbatch"],
                        $"'{line}' names several clusters, and no job waits for one of another cluster: name one"
                    );
                }
                else if (OwnDirective(line) is { } name)
                {
                    yield return new(["sbatch"], $"'{name}' is set by this program: leave it out");
                }
                else if (TakenBy(line) is { } taken)
                {
                    yield return new(["sbatch"], $"'{NameOf(line)}' is the field {taken} of this file: set it there");
                }
            }
        }
    }

    /// <summary>Fields that are directives of a name of their own, with the value that they have.</summary>
    public IEnumerable<(string Directive, string Value)> Directives =>
        from known in Fields
        let value = known.Value(this)
        where value is not null
        select (known.Directive, value);

    private static readonly (
        string Field,
        string Directive,
        char? Letter,
        Func<SlurmProfile, string?> Value
    )[] Fields =
    [
        ("partition", "partition", 'p', p => p.Partition),
        ("account", "account", 'A', p => p.Account),
        ("qos", "qos", 'q', p => p.Qos),
        ("time", "time", 't', p => p.Time),
        ("gpus", "gpus", 'G', p => p.Gpus),
        ("gres", "gres", null, p => p.Gres),
        ("cpus", "cpus-per-task", 'c', p => Invariant.Text($"{p.Cpus}")),
        ("memory", "mem", null, p => p.Memory),
        ("constraint", "constraint", 'C', p => p.Constraint),
    ];

    private static string NameOf(string line) => line.Split('=', ' ')[0];

    /// <summary>
    /// Another option behind a blank, outside of quotes: sbatch takes it for one, whatever stands before.
    /// </summary>
    private static bool HoldsMore(string line) => WordsOf(line).Skip(1).Any(word => word.StartsWith('-'));

    /// <summary>More words than a name and a value: sbatch takes the next one for the script.</summary>
    private static bool HasBareBlank(string line)
    {
        string[] words = [.. WordsOf(line).Where(word => word.Length > 0).TakeWhile(word => !word.StartsWith('#'))];
        bool hasValue = words[0].Contains('=', StringComparison.Ordinal) || (words[0].Length > 2 && words[0][1] != '-');
        return words.Length > (hasValue ? 1 : 2);
    }

    private static bool NamesSeveralClusters(string line) =>
        (line.StartsWith("-M", StringComparison.Ordinal) || IsBeginningOf(NameOf(line), "clusters"))
        && Regex.IsMatch(line, @"^(-M|--[a-z]+[= ]) *[""']?([^""'#]*,|all[""']?\s*(#|$))");

    /// <summary>Words outside of quotes; what stands in quotes is left out.</summary>
    private static string[] WordsOf(string line) => Regex.Replace(line, "'[^']*'|\"[^\"]*\"", "").Split(' ', '\t');

    /// <summary>sbatch takes the beginning of a name for the name.</summary>
    private static bool IsBeginningOf(string name, string directive) =>
        name.Length > 2 && $"--{directive}".StartsWith(name, StringComparison.Ordinal);

    private static string? OwnDirective(string line)
    {
        string name = NameOf(line);
        return name.StartsWith("--", StringComparison.Ordinal)
            ? Ours.Any(o => IsBeginningOf(name, o))
                ? name
                : null
            : OursShort.Contains(name[1])
                ? name[..2]
                : null;
    }

    private static string? TakenBy(string line)
    {
        string name = NameOf(line);
        bool isShort = !name.StartsWith("--", StringComparison.Ordinal);
        return Fields
            .Where(f => isShort ? name[1] == f.Letter : IsBeginningOf(name, f.Directive))
            .Select(f => f.Field)
            .FirstOrDefault();
    }
}
