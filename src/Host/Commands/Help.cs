using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Pipelines.Spec.Reading;

namespace Pipelines.Host.Commands;

/// <summary>Help with examples, and what was probably meant where the command line is wrong.</summary>
internal static class Help
{
    private static readonly (string Command, string What)[] Examples =
    [
        ("experiments/quickstart.yaml", "run an experiment; what is stored is reused"),
        ("plan SPEC", "what a run would compute, and why: time, memory, disk"),
        ("check SPEC", "a new model against itself, before anything long"),
        ("SPEC --set stages.masks.count=2000", "with one field changed"),
        ("explain forward SPEC", "what a stage's results depend on"),
        ("diff quickstart fewer", "two runs side by side"),
    ];

    /// <summary>
    /// How the program is called here: by the SDK in a clone of the repository, by its own name where it was published.
    /// </summary>
    public static string Program { get; } =
        AppContext.BaseDirectory.Split(Path.DirectorySeparatorChar).Contains("bin")
            ? "dotnet run --project src/Host --"
            : Path.GetFileNameWithoutExtension(Environment.GetCommandLineArgs()[0]);

    /// <summary>Gives every command the help of this program: the root's option holds for all that have none.</summary>
    public static void Attach(RootCommand root)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
        {
            option.Action = new OwnHelp((HelpAction)option.Action!, null);
        }
    }

    /// <summary>The help option of a command that says more below its options.</summary>
    /// <param name="below">What it says there; asked for only when it is shown.</param>
    public static HelpOption Option(Func<string> below)
    {
        var option = new HelpOption();
        option.Action = new OwnHelp((HelpAction)option.Action!, below);
        return option;
    }

    /// <summary>
    /// Lines about a command line that cannot be read: each word that has no place, with what is near.
    /// </summary>
    public static IEnumerable<string> Lines(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        bool said = false;
        if (command is RootCommand root && Verb(parsed, root) is { } verb)
        {
            yield return verb;
            said = true;
        }

        // An option that does not exist may have been taken for the experiment file.
        HashSet<string> options = NamesOf(OptionsOf(parsed));
        string[] strange =
        [
            .. parsed
                .Tokens.Select(t => t.Value)
                .Where(t =>
                    t.StartsWith('-') && t.Length > 1 && !char.IsAsciiDigit(t[1]) && !options.Contains(OptionOf(t))
                ),
        ];
        foreach (
            string word in said ? []
            : strange.Length > 0 ? strange
            : parsed.UnmatchedTokens
        )
        {
            yield return $"{Named(command)}: '{word}' has no place here{Meant(word, parsed)}.";
            said = true;
        }

        if (!said && SpecInFront(parsed) is { } front)
        {
            yield return front;
            said = true;
        }

        foreach (var error in parsed.Errors.Where(e => !said || !IsOfParser(e.Message)))
        {
            yield return NoNumber(error.Message) ?? error.Message;
        }

        yield return $"{Program} {(command is RootCommand ? "" : command.Name + " ")}--help shows "
            + $"{(command is RootCommand ? "the commands" : "how it is called")}.";
    }

    /// <summary>
    /// Whether an option of runs is given to a command that has no such option: in front of a command's name the parser
    /// takes it, and nobody would read it.
    /// </summary>
    public static bool HasMisplaced(ParseResult parsed)
    {
        HashSet<string> taken = NamesOf(OptionsOf(parsed)),
            known = NamesOf(parsed.RootCommandResult.Command.Options);
        return parsed.Tokens.Select(t => OptionOf(t.Value)).Any(o => known.Contains(o) && !taken.Contains(o));
    }

    /// <summary>The command's options, and those that every command has.</summary>
    private static IEnumerable<Option> OptionsOf(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options.Where(o => o.Recursive));

    private static HashSet<string> NamesOf(IEnumerable<Option> options) =>
        [.. options.SelectMany(o => o.Aliases.Append(o.Name))];

    private static string OptionOf(string word) => word.Split('=', ':')[0];

    /// <summary>A first word that is neither a file nor a command; null where it may be a file.</summary>
    /// <param name="word">What stands where the experiment file is expected.</param>
    /// <param name="commands">The commands' names.</param>
    public static string? UnknownVerb(string word, IEnumerable<string> commands)
    {
        if (File.Exists(word) || word.Contains('/', StringComparison.Ordinal) || IsYaml(word))
        {
            return null;
        }

        string[] names = [.. commands];
        string nearest = Nearest.To(word, [.. names, "--help", "--version"]) is { } near
            ? $" (did you mean {near}?)"
            : "";
        return $"'{word}' is neither a command nor an experiment file{nearest}. Commands: {string.Join(", ", names)}.";
    }

    /// <summary>
    /// Experiment files near one that is not there: of that name in the folders around, or of a similar name; null
    /// where there is none.
    /// </summary>
    /// <param name="path">As it was written.</param>
    public static string? NearbySpec(string path)
    {
        string name = Path.GetFileName(path),
            folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".";
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
        {
            folder = parent;
        }

        string[] near =
        [
            folder,
            Directory.GetCurrentDirectory(),
            Path.Combine(Directory.GetCurrentDirectory(), "experiments"),
        ];
        string[] files =
        [
            .. near.Distinct(StringComparer.Ordinal)
                .Where(Directory.Exists)
                .SelectMany(Specs)
                .Distinct(StringComparer.Ordinal),
        ];
        string plain = Path.GetFileNameWithoutExtension(name); // the ending may be left out
        string? found = files.FirstOrDefault(f => Path.GetFileName(f) == name)
            ?? files.FirstOrDefault(f => Path.GetFileNameWithoutExtension(f) == plain)
            ?? (
                Nearest.To(plain, files.Select(f => Path.GetFileNameWithoutExtension(f))) is { } similar
                    ? files.First(f => Path.GetFileNameWithoutExtension(f) == similar)
                    : null
            );
        return found is null ? null : Path.GetRelativePath(Directory.GetCurrentDirectory(), found);
    }

    /// <summary>YAML files of a folder and of the folders in it.</summary>
    private static IEnumerable<string> Specs(string folder)
    {
        const int most = 1000;
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = 1,
            IgnoreInaccessible = true,
        };
        return Directory.EnumerateFiles(folder, "*.y*ml", options).Take(most).Order(StringComparer.Ordinal).ToList();
    }

    /// <summary>What was taken for the experiment file, where it is none: options may stand before it.</summary>
    private static string? Verb(ParseResult parsed, RootCommand root) =>
        root.Arguments.Select(a => parsed.GetResult(a)?.Tokens).FirstOrDefault(t => t is { Count: > 0 }) is { } words
        && !words[0].Value.StartsWith('-')
            ? UnknownVerb(words[0].Value, root.Subcommands.Select(c => c.Name))
            : null;

    /// <summary>What stands before a colon: the command, or all that was typed.</summary>
    private static string Named(Command command) => command is RootCommand ? "command line" : command.Name;

    private static string Meant(string word, ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command,
            root = parsed.RootCommandResult.Command;
        bool isOption = word.StartsWith('-');
        IEnumerable<string> known = isOption
            ? command.Options.Select(o => o.Name)
            : command.Subcommands.Select(c => c.Name);
        return Nearest.To(word, known) is { } near ? $" (did you mean {near}?)"
            : isOption && NamesOf(root.Options).Contains(OptionOf(word)) ? " (it is an option of run)"
            : isOption ? " (a field of the spec is changed by --set: --set stages.masks.count=2000)"
            : IsYaml(word) ? " (one spec at a time; a spec may list others: experiments: [a.yaml, b.yaml])"
            : "";
    }

    private static bool IsYaml(string word) =>
        word.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)
        || word.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// What to write where the experiment file stands in front of the command; null where it does not.
    /// </summary>
    private static string? SpecInFront(ParseResult parsed)
    {
        CommandResult result = parsed.CommandResult;
        string? spec = parsed
            .RootCommandResult.Command.Arguments.SelectMany(a => parsed.GetResult(a)?.Tokens ?? [])
            .Select(t => t.Value)
            .FirstOrDefault();
        bool wants = result.Command.Arguments.Any(a => a.Arity.MinimumNumberOfValues > 0);
        return result.Command is RootCommand || spec is null || !wants
            ? null
            : $"{result.Command.Name}: '{spec}' stands in front of the command; it, and options, come behind: "
                + $"{Program} {result.Command.Name} {spec}";
    }

    /// <summary>Whether a message is one of the parser's own, about words that were explained already.</summary>
    private static bool IsOfParser(string message) =>
        message.StartsWith("Unrecognized", StringComparison.Ordinal)
        || message.StartsWith("Required argument", StringComparison.Ordinal);

    /// <summary>That an option's value is no number, in the words of the other errors; null of other errors.</summary>
    private static string? NoNumber(string message) =>
        Regex.Match(message, "^Cannot parse argument '(.*)' for option '(.*)' as expected type '.*Int32.*'")
            is { Success: true } match
            ? $"{match.Groups[2].Value}: '{match.Groups[1].Value}' is no whole number."
            : null;

    /// <summary>Help on one command, under the name that the program is called by here.</summary>
    /// <param name="inner">Writes the command's arguments and options.</param>
    /// <param name="below">What stands below them; null: nothing, or the root's examples.</param>
    private sealed class OwnHelp(HelpAction inner, Func<string>? below) : SynchronousCommandLineAction
    {
        /// <summary>Whoever asks for help need not know yet what else the command wants.</summary>
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            Command command = parseResult.CommandResult.Command;
            using var text = new StringWriter();
            parseResult.InvocationConfiguration.Output = text;
            int code = Alone(command, parseResult.RootCommandResult.Command, () => inner.Invoke(parseResult));
            parseResult.InvocationConfiguration.Output = output;
            output.Write(
                text.ToString().Replace($"  {RootCommand.ExecutableName} ", $"  {Program} ", StringComparison.Ordinal)
            );
            if (below is not null)
            {
                output.Write(below());
            }

            if (command is RootCommand)
            {
                WriteExamples(output);
            }

            return code;
        }

        /// <summary>
        /// Writes without the root's argument, which the library shows under every command: the experiment file stands
        /// in front of no command.
        /// </summary>
        private static int Alone(Command command, Command root, Func<int> write)
        {
            if (command == root)
            {
                return write();
            }

            Argument[] taken = [.. root.Arguments];
            root.Arguments.Clear();
            int code = write();
            Array.ForEach(taken, root.Add);
            return code;
        }

        private static void WriteExamples(TextWriter output)
        {
            output.WriteLine("Examples:");
            int width = Examples.Max(e => e.Command.Length);
            foreach (var (command, what) in Examples)
            {
                output.WriteLine($"  {Program} {command.PadRight(width)}  {what}");
            }

            output.WriteLine();
            output.WriteLine($"{Program} COMMAND --help shows a command's own options.");
        }
    }
}
