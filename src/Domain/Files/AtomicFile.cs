using System.Text;

namespace Pipelines.Files;

/// <summary>Writes files that nobody ever sees in part: to a file beside the target, flushed, then renamed.</summary>
public static class AtomicFile
{
    private const int BufferSize = 1 << 16;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes what <paramref name="write"/> writes. The folder must exist.</summary>
    /// <param name="path">Target; replaced only when the new file is whole.</param>
    /// <param name="write">Writes the file; the stream stays open.</param>
    /// <param name="flush">Wait until it is on the disk; needless where the whole folder may be lost.</param>
    public static void Write(string path, Action<Stream> write, bool flush = true)
    {
        ArgumentNullException.ThrowIfNull(write);

        // Several processes, on several machines even, may write the same file at the same time: a process number would
        // not tell them apart.
        string temporary = Path.Combine(
            Path.GetDirectoryName(Path.GetFullPath(path))!,
            $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.part"
        );
        try
        {
            using (
                var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize)
            )
            {
                write(stream);
                if (flush)
                {
                    DiskFlush.Of(stream);
                }
            }

            NetworkDisk.MoveFile(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes bytes.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream}, bool)"/>
    public static void Write(string path, ReadOnlyMemory<byte> bytes, bool flush = true) =>
        Write(path, stream => stream.Write(bytes.Span), flush);

    /// <summary>Writes a text as UTF-8 without byte order mark.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream}, bool)"/>
    public static void Write(string path, string text, bool flush = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        Write(path, Utf8.GetBytes(text), flush);
    }
}
