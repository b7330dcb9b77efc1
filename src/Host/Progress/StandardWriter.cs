using System.Text;
using Pipelines.Host.Running;

namespace Pipelines.Host.Progress;

/// <summary>
/// Standard output or error, as long as it takes what is written: a terminal that was closed refuses every byte, and so
/// does a file on a full disk. That must not end a run, whose results lie elsewhere: what cannot be written is dropped,
/// and <see cref="Refused"/> tells of it. (Of a pipe that nobody reads any more the runtime does not tell.)
/// </summary>
/// <param name="output">Where it goes.</param>
/// <param name="isTerminal">It is one, and does not come back once it is closed; a disk may have room later.</param>
internal sealed class StandardWriter(TextWriter output, bool isTerminal) : TextWriter
{
    private static StandardWriter? installed; // for output

    private readonly bool isTerminal = isTerminal;
    private volatile string? refused;

    /// <summary>Why standard output did not take all that was written to it; null where it did.</summary>
    public static string? OutputRefused => installed is { isTerminal: false } writer ? writer.Refused : null;

    /// <summary>Why something was not written; null where all was.</summary>
    public string? Refused => refused;

    /// <inheritdoc/>
    public override Encoding Encoding => output.Encoding;

    /// <summary>From here on, output and errors of this process go through such writers.</summary>
    public static void Install()
    {
        var own = new StandardWriter(Console.Out, !Console.IsOutputRedirected);
        if (Interlocked.CompareExchange(ref installed, own, null) is not null)
        {
            return; // they do already
        }

        Console.SetOut(own);
        Console.SetError(new StandardWriter(Console.Error, !Console.IsErrorRedirected));
    }

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => output.Write(value));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => output.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => output.Write(buffer, index, count));

    /// <summary>In one go: what several processes write to one file is mixed by lines.</summary>
    public override void WriteLine(string? value) => Try(() => output.WriteLine(value));

    /// <inheritdoc/>
    public override void Flush() => Try(output.Flush);

    private void Try(Action write)
    {
        if (isTerminal && refused is not null)
        {
            return;
        }

        try
        {
            write();
        }
        catch (UnauthorizedAccessException)
        {
            refused ??= "it is closed"; // the runtime speaks of a path that it has no access to
        }
        catch (IOException e)
        {
            refused ??= e.Message.TrimEnd('.');
        }
        catch (ArgumentOutOfRangeException e) when (FileSizeLimit.IsCauseOf(e))
        {
            refused ??= FileSizeLimit.Words;
        }
    }
}
