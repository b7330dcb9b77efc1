using System.Text;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// The program in the process of the tests, which pays once for what a process of its own pays every time: the runtime,
/// the libraries, and the compilation of everything that a run touches. Several may run at a time: what one says is
/// told from what the others say by the flow of its execution, into every thread, task and timer that it starts.
/// </summary>
internal static class ProgramHere
{
    /// <summary>As the main thread of a process has on Linux; other threads have less.</summary>
    private const int StackBytes = 8 << 20;

    /// <summary>What a shell tells of a process that ended by an exception: SIGABRT.</summary>
    private const int Crashed = 134;

    private static readonly AsyncLocal<TextWriter?> Output = new(),
        Errors = new();

    static ProgramHere()
    {
        Console.SetOut(new Routed(Output, Console.Out));
        Console.SetError(new Routed(Errors, Console.Error));
        Directory.SetCurrentDirectory(HostProcess.RepositoryRoot); // where processes are started
    }

    /// <summary>
    /// Whether the tests write to no terminal, as a process started by them does not: the program would draw on it.
    /// </summary>
    public static bool CanRun => Console.IsOutputRedirected && Console.IsErrorRedirected;

    /// <summary>Runs the program to its end.</summary>
    /// <exception cref="TimeoutException">It takes longer than <paramref name="limit"/>.</exception>
    public static (int ExitCode, string Output, string Errors) Run(TimeSpan limit, string[] arguments)
    {
        // Not disposed of: a timer's last word may come after the program's end.
        StringWriter output = new(),
            errors = new();
        int code = 0;
        // Its own thread: settings of a thread that an earlier run left behind are not this one's.
        var thread = new Thread(
            () =>
            {
                (Output.Value, Errors.Value) = (output, errors);
                code = CodeOf(arguments);
            },
            StackBytes
        )
        {
            IsBackground = true,
        };
        thread.Start();
        return thread.Join(limit)
            ? (code, output.ToString(), errors.ToString())
            : throw new TimeoutException($"{string.Join(' ', arguments)} took more than {limit}.");
    }

    private static int CodeOf(string[] arguments)
    {
        try
        {
            return Program.Main(arguments);
        }
        catch (Exception e)
        {
            Console.Error.WriteLine($"Unhandled exception. {e}"); // as the runtime says it
            return Crashed;
        }
    }

    /// <summary>Takes what is written to where the flow of execution says, else to the tests' own output.</summary>
    private sealed class Routed(AsyncLocal<TextWriter?> here, TextWriter otherwise) : TextWriter
    {
        public override Encoding Encoding => otherwise.Encoding;

        private TextWriter Target => here.Value ?? otherwise;

        public override void Write(char value) => Target.Write(value);

        public override void Write(string? value) => Target.Write(value);

        public override void Write(char[] buffer, int index, int count) => Target.Write(buffer, index, count);

        public override void Flush() => Target.Flush();
    }
}
