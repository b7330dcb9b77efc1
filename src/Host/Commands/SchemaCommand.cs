using System.CommandLine;
using Pipelines.Spec.Writing;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Commands;

/// <summary><c>schema</c>: the JSON Schema of experiment files, or the columns of the tables that runs leave.</summary>
internal static class SchemaCommand
{
    /// <summary>The command with its option.</summary>
    public static Command Build()
    {
        var tables = new Option<bool>("--tables")
        {
            Description = "Print the columns of every table of a run instead, as docs/tables.md has them.",
        };
        var command = new Command("schema", "Print the JSON Schema of specs, for editors.") { tables };
        command.SetAction(parsed =>
        {
            Console.Write(parsed.GetValue(tables) ? TableCatalog.Page() : SpecSchema.Json() + Environment.NewLine);
            return Program.Done;
        });
        return command;
    }
}
