using System.CommandLine;

namespace Pipelines.Host.Commands.Completion;

/// <summary>
/// <c>completion</c>: a script for a shell, which then completes commands, options and files. It is written from the
/// command line's own description and asks the program nothing more: a process a keystroke (System.CommandLine's
/// <c>[suggest]</c>) would take a second each time where <c>dotnet run</c> starts it, and knows no files.
/// </summary>
internal static class CompletionCommand
{
    private static readonly (string Shell, Func<CompletedProgram, string> Script)[] Shells =
    [
        ("bash", BashScript.Of),
        ("zsh", ZshScript.Of),
    ];

    /// <summary>The command with its argument.</summary>
    public static Command Build()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash or zsh." };
        shell.AcceptOnlyFromAmong([.. Shells.Select(s => s.Shell)]);
        var command = new Command(
            "completion",
            $"Print a script that completes commands, options and files: source <({Help.Program} completion bash)."
        )
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(shell);
            var program = CompletedProgram.Of((RootCommand)parsed.RootCommandResult.Command);
            Console.Write(Shells.Single(s => s.Shell == name).Script(program));
            return Program.Done;
        });
        return command;
    }
}
