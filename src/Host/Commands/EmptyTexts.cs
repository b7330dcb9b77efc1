using System.CommandLine;
using System.CommandLine.Parsing;

namespace Pipelines.Host.Commands;

/// <summary>
/// Refuses empty texts on the command line, by the option's name: they are what is left of <c>--artifacts "$DIR"</c>
/// where DIR is not set, and an empty path means nothing. Every option and every argument that takes a text is meant,
/// so that none can be forgotten.
/// </summary>
internal static class EmptyTexts
{
    /// <summary>Adds the rule to a command and to those below it.</summary>
    public static void Refuse(RootCommand root)
    {
        // Commands share options, and a rule that is added twice would speak twice. It speaks before rules of their own
        var commands = root.Subcommands.Prepend<Command>(root).ToArray();
        foreach (Option option in commands.SelectMany(c => c.Options).Distinct().Where(o => IsText(o.ValueType)))
        {
            option.Validators.Insert(0, result => Judge(result, option.Name));
        }

        foreach (Argument argument in commands.SelectMany(c => c.Arguments).Distinct().Where(a => IsText(a.ValueType)))
        {
            argument.Validators.Insert(0, result => Judge(result, argument.Name));
        }
    }

    private static bool IsText(Type type) => type == typeof(string) || type == typeof(string[]);

    private static void Judge(SymbolResult result, string name)
    {
        // An option with a default is judged more than once
        if (!result.Errors.Any() && result.Tokens.Any(t => string.IsNullOrWhiteSpace(t.Value)))
        {
            result.AddError($"{name} is empty.");
        }
    }
}
