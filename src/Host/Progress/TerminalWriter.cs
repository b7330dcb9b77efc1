using System.Text;

namespace Pipelines.Host.Progress;

/// <summary>
/// What is written to a terminal, as long as it is there. A terminal that is closed sends SIGHUP and then refuses every
/// byte: that must not end a run before it has dropped its units and
/// cleaned up behind them. Files and pipes are written directly, there a failure is one.
/// </summary>
internal sealed class TerminalWriter(TextWriter terminal) : TextWriter
{
    private volatile bool closed;

    /// <inheritdoc/>
    public override Encoding Encoding => terminal.Encoding;

    /// <summary>From here on, output and errors that go to a terminal go through such writers.</summary>
    public static void Install()
    {
        if (!Console.IsOutputRedirected)
        {
            Console.SetOut(new TerminalWriter(Console.Out));
        }

        if (!Console.IsErrorRedirected)
        {
            Console.SetError(new TerminalWriter(Console.Error));
        }
    }

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => terminal.Write(value));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => terminal.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => terminal.Write(buffer, index, count));

    /// <inheritdoc/>
    public override void Flush() => Try(terminal.Flush);

    private void Try(Action write)
    {
        if (closed)
        {
            return;
        }

        try
        {
            write();
        }
        catch (IOException)
        {
            closed = true;
        }
    }
}
