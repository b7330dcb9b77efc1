namespace Pipelines.Stages.Data.Questions;

/// <summary>Lines of offsets in a file: nobody counts lines while all is well.</summary>
internal static class TextPlace
{
    private const int Block = 1 << 16;

    /// <summary>Line, and byte in it, of an offset; both from 1. The file is read again up to it.</summary>
    public static (long Line, long Byte) Of(Stream stream, long offset)
    {
        long line = 1,
            lineStart = 0,
            at = 0,
            before = stream.Position;
        byte[] block = new byte[Block];
        stream.Position = 0;
        while (at < offset && stream.Read(block) is > 0 and var read)
        {
            var counted = block.AsSpan(0, (int)Math.Min(read, offset - at));
            line += counted.Count((byte)'\n');
            if (counted.LastIndexOf((byte)'\n') is >= 0 and var last)
            {
                lineStart = at + last + 1;
            }

            at += counted.Length;
        }

        stream.Position = before;
        return (line, offset - lineStart + 1);
    }
}
