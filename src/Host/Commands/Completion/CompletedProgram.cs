using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;

namespace Pipelines.Host.Commands.Completion;

/// <summary>What stands in a place of the command line that is no word of the program's own.</summary>
internal enum Place
{
    /// <summary>Nothing that a shell could know.</summary>
    Anything,

    /// <summary>An experiment file.</summary>
    Spec,

    /// <summary>A JSON file.</summary>
    Json,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A run below the folder of artifacts.</summary>
    Run,
}

/// <summary>An option as a shell completes it.</summary>
/// <param name="Names">Its names, the long one first.</param>
/// <param name="Description">In words.</param>
/// <param name="HelpName">What its value is called; null of one that takes none.</param>
/// <param name="Value">What its value is.</param>
/// <param name="Words">Words that its value may be.</param>
internal sealed record CompletedOption(
    IReadOnlyList<string> Names,
    string Description,
    string? HelpName,
    Place Value,
    IReadOnlyList<string> Words
);

/// <summary>A command as a shell completes it.</summary>
/// <param name="Name">Its name; the root's is "".</param>
/// <param name="Description">In words.</param>
/// <param name="Options">Its options.</param>
/// <param name="Argument">What its arguments are.</param>
/// <param name="Words">Words that an argument may be.</param>
internal sealed record CompletedCommand(
    string Name,
    string Description,
    IReadOnlyList<CompletedOption> Options,
    Place Argument,
    IReadOnlyList<string> Words
);

/// <summary>The command line as shells complete it.</summary>
/// <param name="Names">The program's names.</param>
/// <param name="Project">Folder of its project, where it is called by the SDK in a clone; else null.</param>
/// <param name="Root">What is meant where no command is named.</param>
/// <param name="Commands">The commands.</param>
internal sealed record CompletedProgram(
    IReadOnlyList<string> Names,
    string? Project,
    CompletedCommand Root,
    IReadOnlyList<CompletedCommand> Commands
)
{
    /// <summary>The name that scripts give the program.</summary>
    public const string Short = "pipelines";

    /// <summary>
    /// In a clone the program has no name that could be completed: a function of the shell gives it one, unless
    /// something else has it.
    /// </summary>
    public string Function =>
        Project is null
            ? ""
            : $$"""
                if ! type {{Short}} >/dev/null 2>&1; then
                    {{Short}}() { dotnet run --project {{ShellWords.Quoted(Project)}} -- "$@"; }
                fi

                """;

    /// <summary>The program.</summary>
    public static CompletedProgram Of(RootCommand root) =>
        new(
            [Short, typeof(CompletedProgram).Assembly.GetName().Name!],
            Help.Program.StartsWith("dotnet ", StringComparison.Ordinal) ? ProjectOf(AppContext.BaseDirectory) : null,
            Of(root, root),
            [.. root.Subcommands.Where(c => !c.Hidden).Select(c => Of(c, root))]
        );

    private static CompletedCommand Of(Command command, RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>();
        Option[] options = [.. command.Options.Where(o => o is not HelpOption && !o.Hidden), .. help];
        return new CompletedCommand(
            command is RootCommand ? "" : command.Name,
            command.Description ?? "",
            [.. options.Select(Of)],
            command.Arguments.Select(a => PlaceOf(a.Name)).FirstOrDefault(p => p != Place.Anything),
            [
                .. command
                    .Arguments.SelectMany(a => a.GetCompletions(CompletionContext.Empty))
                    .Select(c => c.Label)
                    .Distinct(StringComparer.Ordinal),
            ]
        );
    }

    private static CompletedOption Of(Option option)
    {
        bool isFlag = option.ValueType == typeof(bool) || option is HelpOption or VersionOption;
        string? value = isFlag ? null : option.HelpName ?? "VALUE";
        string[] names =
        [
            .. option
                .Aliases.Append(option.Name)
                .Where(n => n.StartsWith('-') && n != "-?") // a pattern to shells
                .Distinct(StringComparer.Ordinal)
                .OrderByDescending(n => n.Length)
                .ThenBy(n => n, StringComparer.Ordinal),
        ];
        string[] words =
        [
            .. value is null ? [] : option.GetCompletions(CompletionContext.Empty).Select(c => c.Label).Distinct(),
        ];
        return new CompletedOption(names, option.Description ?? "", value, PlaceOf(value), words);
    }

    /// <summary>What stands there, by what help calls it.</summary>
    private static Place PlaceOf(string? name) =>
        name switch
        {
            "SPEC" => Place.Spec,
            "DIR" => Place.Folder,
            "A" or "B" => Place.Run,
            { } file when file.EndsWith(".json", StringComparison.Ordinal) => Place.Json,
            _ => Place.Anything,
        };

    /// <summary>The project that a program was built from; null where it does not lie in a clone.</summary>
    private static string? ProjectOf(string folder)
    {
        for (var d = new DirectoryInfo(folder); d is not null; d = d.Parent)
        {
            string project = Path.Combine(d.FullName, "src", "Host");
            if (File.Exists(Path.Combine(project, "Host.csproj")))
            {
                return project;
            }
        }

        return null;
    }
}
