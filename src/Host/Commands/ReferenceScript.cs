using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Pipelines.Host.Commands;

/// <summary>
/// The lines of Python that write what <c>check --against</c> reads, with the reference code of transformers.
/// </summary>
internal static class ReferenceScript
{
    /// <summary>The script.</summary>
    public static string Text { get; } = Read();

    /// <summary>A help option that shows the script below the options.</summary>
    public static HelpOption Help()
    {
        var option = new HelpOption();
        option.Action = new WithScript((HelpAction)option.Action!);
        return option;
    }

    private static string Read()
    {
        using Stream stream = typeof(ReferenceScript).Assembly.GetManifestResourceStream("reference.py")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private sealed class WithScript(HelpAction help) : SynchronousCommandLineAction
    {
        /// <summary>Help needs no spec.</summary>
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = help.Invoke(parseResult);
            parseResult.InvocationConfiguration.Output.Write($"The script that writes reference.json:\n\n{Text}\n");
            return code;
        }
    }
}
