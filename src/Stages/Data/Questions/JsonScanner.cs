using System.Buffers;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// Finds where the values of a JSON file begin and end, through a buffer that holds one of them: what is in a value is
/// read by whoever wants it. So a file of any length is read in the memory of its longest row.
/// </summary>
internal sealed class JsonScanner
{
    /// <summary>A longer row is one whose bracket or quote was never closed.</summary>
    public const int LongestRow = 1 << 28;

    private const int FirstBuffer = 1 << 16,
        LongestName = 1 << 12;

    private static readonly SearchValues<byte> EndsOfWords = SearchValues.Create(",:]} \t\r\n"u8);

    private readonly Stream stream;
    private readonly string file;
    private byte[] buffer = new byte[FirstBuffer];
    private int at,
        filled;
    private int kept = -1; // where the bytes begin that must stay in the buffer
    private long bufferStart; // offset of buffer[0] in the file
    private bool ended;

    /// <summary>Starts at the file's first byte; a mark of the byte order is passed over.</summary>
    /// <exception cref="InputException">The file is empty or plainly not JSON.</exception>
    public JsonScanner(Stream stream, string file)
    {
        this.stream = stream;
        this.file = file;
        More();
        OtherFormats.Refuse(buffer.AsSpan(0, filled), file);
        at = buffer.AsSpan(0, filled).StartsWith("\uFEFF"u8) ? 3 : 0;
    }

    /// <summary>Where the next byte stands in the file.</summary>
    public long Offset => bufferStart + at;

    /// <summary>The next byte that is no blank, which stays; -1 at the end.</summary>
    public int Peek()
    {
        while (true)
        {
            int blank = buffer.AsSpan(at, filled - at).IndexOfAnyExcept(" \t\r\n"u8);
            if (blank >= 0)
            {
                at += blank;
                return buffer[at];
            }

            at = filled;
            if (!More())
            {
                return -1;
            }
        }
    }

    /// <summary>Takes the byte that must stand here.</summary>
    public void Take(char expected)
    {
        if (Peek() != expected)
        {
            throw Damaged(Offset, $"'{expected}' is expected{Found()}");
        }

        at++;
    }

    /// <summary>Takes a comma, or the byte that ends the list or object.</summary>
    /// <returns>Whether another element follows.</returns>
    public bool TakeSeparator(char end)
    {
        int next = Peek();
        if (next != ',' && next != end)
        {
            throw Damaged(Offset, $"',' or '{end}' is expected{Found()}");
        }

        at++;
        return next == ',';
    }

    /// <summary>Takes a property's name and the colon behind it.</summary>
    public string TakeName()
    {
        if (Peek() != '"')
        {
            throw Damaged(Offset, $"a name in quotes is expected{Found()}");
        }

        long start = Offset;
        ReadOnlyMemory<byte> raw = TakeValue(LongestName);
        Take(':');
        return JsonRowReader.Unescape(raw.Span) ?? throw Damaged(start, "a name is no text");
    }

    /// <summary>The next value, valid until the scanner is asked for more.</summary>
    /// <param name="longest">Bytes that it may have.</param>
    public ReadOnlyMemory<byte> TakeValue(int longest = LongestRow)
    {
        Peek();
        kept = at;
        long start = Offset;
        PassValue(start, longest);
        var value = buffer.AsMemory(kept, at - kept);
        kept = -1;
        return value;
    }

    /// <summary>Passes over the next value, however long.</summary>
    public void SkipValue()
    {
        Peek();
        PassValue(Offset, int.MaxValue);
    }

    /// <summary>Passes over the next value while it is no longer than <paramref name="longest"/>.</summary>
    private void PassValue(long start, int longest)
    {
        int first = Peek();
        switch (first)
        {
            case '"':
                at++;
                PassText(start, longest);
                return;
            case '{' or '[':
                PassNested(start, longest);
                return;
            default:
                PassBare(start, first);
                return;
        }
    }

    private void PassNested(long start, int longest)
    {
        int depth = 0;
        do
        {
            int found = buffer.AsSpan(at, filled - at).IndexOfAny("\"{}[]"u8);
            if (found < 0)
            {
                at = filled;
                RequireMore(start, longest);
                continue;
            }

            at += found + 1;
            switch (buffer[at - 1])
            {
                case (byte)'"':
                    PassText(start, longest);
                    break;
                case (byte)'{' or (byte)'[':
                    depth++;
                    break;
                default:
                    depth--;
                    break;
            }
        } while (depth > 0);
    }

    /// <summary>Passes over a text whose first quote was taken.</summary>
    private void PassText(long start, int longest)
    {
        while (true)
        {
            int found = buffer.AsSpan(at, filled - at).IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
            {
                at = filled;
                RequireMore(start, longest);
                continue;
            }

            at += found + 1;
            if (buffer[at - 1] == '"')
            {
                return;
            }

            if (at == filled)
            {
                RequireMore(start, longest);
            }

            at++; // what the backslash escapes
        }
    }

    /// <summary>Passes over a number or a word.</summary>
    private void PassBare(long start, int first)
    {
        if (first is -1 or ',' or ':' or '}' or ']')
        {
            throw Damaged(start, $"a value is expected{Found()}");
        }

        while (true)
        {
            int end = buffer.AsSpan(at, filled - at).IndexOfAny(EndsOfWords);
            at = end < 0 ? filled : at + end;
            if (end >= 0 || !More())
            {
                return;
            }
        }
    }

    private void RequireMore(long start, int longest)
    {
        if (bufferStart + filled - start > longest)
        {
            throw Damaged(start, "a value begins here that does not end: a quote or bracket is not closed");
        }

        if (!More())
        {
            throw Damaged(
                start,
                "a value begins here that does not end: the file was cut short, or a quote is missing"
            );
        }
    }

    /// <summary>Reads on; false at the end of the file.</summary>
    private bool More()
    {
        if (ended)
        {
            return false;
        }

        int keep = kept >= 0 ? kept : at;
        buffer.AsSpan(keep, filled - keep).CopyTo(buffer);
        (at, filled, bufferStart, kept) = (at - keep, filled - keep, bufferStart + keep, kept >= 0 ? 0 : -1);
        if (filled == buffer.Length)
        {
            Array.Resize(ref buffer, 2 * buffer.Length);
        }

        try
        {
            int read = stream.ReadAtLeast(buffer.AsSpan(filled), 1, throwOnEndOfStream: false);
            filled += read;
            ended = read == 0;
            return !ended;
        }
        catch (IOException e)
        {
            throw new InputException(file, $"cannot be read: {e.Message}", inner: e);
        }
    }

    private string Found() =>
        at < filled ? $", found '{Shown.Name(((char)buffer[at]).ToString())}'" : ", the file ends";

    /// <summary>An error at a place.</summary>
    public InputException Damaged(long offset, string what)
    {
        var (line, column) = TextPlace.Of(stream, offset);
        return new InputException(
            Invariant.Text($"{file}:{line}"),
            Invariant.Text($"the JSON is damaged: {what} (byte {column} of the line)."),
            "Get the file again and compare its size."
        );
    }
}
