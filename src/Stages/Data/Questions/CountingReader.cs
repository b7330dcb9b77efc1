using System.Text;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// Reads a file's UTF-8 as characters and knows at which byte a character stands, as long as it is not much older than
/// the newest that was read.
/// </summary>
internal sealed class CountingReader : TextReader
{
    private const int Block = 1 << 15;

    private readonly Stream stream;
    private readonly string file;
    private readonly Decoder decoder = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
    private readonly byte[] bytes = new byte[Block];
    private readonly char[] chars = new char[Block + 1];
    private int at,
        count;
    private long charStart, // number of chars[0] in the file
        byteStart; // byte at which chars[0] stands
    private bool ended;

    /// <summary>Reads on from where the stream stands.</summary>
    public CountingReader(Stream stream, string file)
    {
        this.stream = stream;
        this.file = file;
        byteStart = stream.Position;
    }

    /// <summary>
    /// The byte at which a character stands, which is in the block read last, or begins the next one.
    /// </summary>
    /// <param name="character">Its number, from 0.</param>
    public long ByteAt(long character) =>
        byteStart + Encoding.UTF8.GetByteCount(chars.AsSpan(0, (int)(character - charStart)));

    /// <inheritdoc/>
    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override int Read(Span<char> buffer)
    {
        if (at == count && !Fill())
        {
            return 0;
        }

        int taken = Math.Min(buffer.Length, count - at);
        chars.AsSpan(at, taken).CopyTo(buffer);
        at += taken;
        return taken;
    }

    /// <inheritdoc/>
    public override int Peek() => at < count || Fill() ? chars[at] : -1;

    /// <inheritdoc/>
    public override int Read() => Peek() >= 0 ? chars[at++] : -1;

    private bool Fill()
    {
        if (ended)
        {
            return false;
        }

        byteStart += Encoding.UTF8.GetByteCount(chars.AsSpan(0, count));
        charStart += count;
        (at, count) = (0, 0);
        try
        {
            while (count == 0 && !ended)
            {
                int read = stream.Read(bytes);
                ended = read == 0;
                count = decoder.GetChars(bytes.AsSpan(0, read), chars, flush: ended);
            }
        }
        catch (DecoderFallbackException e)
        {
            var (line, _) = TextPlace.Of(stream, Math.Max(0, byteStart));
            throw new InputException(
                file,
                Invariant.Text($"is not UTF-8 text (in line {line} or soon after it)."),
                "Save it in UTF-8.",
                e
            );
        }
        catch (IOException e)
        {
            throw new InputException(file, $"cannot be read: {e.Message}", inner: e);
        }

        return count > 0;
    }
}
