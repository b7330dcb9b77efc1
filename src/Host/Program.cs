using System.CommandLine;
using Pipelines.Domain.Errors;
using Pipelines.Host.Commands;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host;

/// <summary>
/// The program. Exit codes: 0 done; 1 units, a check or a comparison failed, or standard output did not take what was
/// asked for; 2 what was given is of no use (command line, spec, files, answers of which none can be analysed); 130
/// interrupted.
/// </summary>
internal static class Program
{
    internal const int Done = 0,
        Failed = 1,
        BadInput = 2,
        Interrupted = 130;

    internal static int Main(string[] arguments)
    {
        using IDisposable untilACommandListens = Interruption.BeforeAll();
        using IDisposable? untilTheEnd = FileSizeLimit.AsError();
        StageAssembly.MakeKnown();
        StandardWriter.Install();
        var parsed = CommandLine.Build().Parse(arguments);
        int code = Invoke(parsed);
        if (StandardWriter.OutputRefused is not { } why)
        {
            return code;
        }

        bool isProduct = CommandLine.SaysItsResult(parsed);
        Console.Error.WriteLine(
            $"Standard output did not take all that was written to it ({Shown.Lines(why)}). "
                + (isProduct ? "Write it where there is room." : "Only what was said there is lost.")
        );
        return isProduct ? Math.Max(code, Failed) : code;
    }

    private static int Invoke(ParseResult parsed)
    {
        try
        {
            if (parsed.Errors.Count == 0 && !Help.HasMisplaced(parsed))
            {
                return parsed.Invoke(new() { EnableDefaultExceptionHandler = false });
            }

            foreach (string line in Help.Lines(parsed))
            {
                Console.Error.WriteLine(Shown.Lines(line));
            }

            return BadInput;
        }
        catch (SpecException e)
        {
            foreach (string line in e.Lines)
            {
                Console.Error.WriteLine(Shown.Lines(line));
            }

            return BadInput;
        }
        catch (InputException e)
        {
            Console.Error.WriteLine(e.Message);
            return BadInput;
        }
        catch (Exception e) when (e is StoreGoneException or RunGoneException)
        {
            Console.Error.WriteLine(Shown.Lines(e.Message));
            return Failed;
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or LostUnitException || FileSizeLimit.IsCauseOf(e))
        {
            string what = FileSizeLimit.IsCauseOf(e) ? FileSizeLimit.Words : e.Message.Trim().TrimEnd('.');
            Console.Error.WriteLine($"{Shown.Lines(what)}. What was finished is stored.");
            return Failed;
        }
    }
}
