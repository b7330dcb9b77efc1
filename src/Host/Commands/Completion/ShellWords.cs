namespace Pipelines.Host.Commands.Completion;

/// <summary>Words of a shell's language.</summary>
internal static class ShellWords
{
    /// <summary>A text as one word of a shell.</summary>
    public static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Whether a shell takes a text for one word as it is.</summary>
    public static bool IsPlain(string text) =>
        text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || "-_./=,:+".Contains(c, StringComparison.Ordinal));

    /// <summary>
    /// In a clone the program has no name that could be completed: a function gives it one, unless something else has
    /// it.
    /// </summary>
    public static string FunctionOf(CompletedProgram program) =>
        program.Project is not { } project
            ? ""
            : $$"""
                if ! type {{CompletedProgram.Short}} >/dev/null 2>&1; then
                    {{CompletedProgram.Short}}() { dotnet run --project {{Quoted(project)}} -- "$@"; }
                fi

                """;
}
