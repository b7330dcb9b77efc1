using Pipelines.Spec.Writing;

namespace Pipelines.Host.Commands;

/// <summary><c>schema</c>: the JSON Schema of experiment files.</summary>
internal static class SchemaCommand
{
    /// <summary>Prints the schema.</summary>
    public static int Execute()
    {
        Console.WriteLine(SpecSchema.Json());
        return Program.Done;
    }
}
