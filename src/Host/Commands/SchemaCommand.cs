using System.CommandLine;
using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Writing;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Commands;

/// <summary><c>schema</c>: the JSON Schema of experiment files or profiles, or the columns of tables.</summary>
internal static class SchemaCommand
{
    /// <summary>The command with its option.</summary>
    public static Command Build()
    {
        var tables = new Option<bool>("--tables")
        {
            Description = "Print the columns of every table of a run instead, as docs/tables.md has them.",
        };
        var profile = new Option<bool>("--profile")
        {
            Description = "Print the JSON Schema of profiles of clusters instead (run --executor slurm --profile).",
        };
        var command = new Command("schema", "Print the JSON Schema of specs, for editors.") { tables, profile };
        command.Validators.Add(result =>
        {
            if (result.GetValue(tables) && result.GetValue(profile))
            {
                result.AddError("--tables and --profile ask for two pages: name one of them.");
            }
        });
        command.SetAction(parsed =>
        {
            Console.Write(
                parsed.GetValue(tables) ? TableCatalog.Page()
                : parsed.GetValue(profile) ? SpecSchema.Json<SlurmProfile>() + Environment.NewLine
                : SpecSchema.Json() + Environment.NewLine
            );
            return Program.Done;
        });
        return command;
    }
}
