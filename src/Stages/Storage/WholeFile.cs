using System.Text;

namespace Pipelines.Stages.Storage;

/// <summary>Writes files that nobody ever sees in part: to a file beside the target, flushed, then renamed.</summary>
public static class WholeFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes a text as UTF-8.</summary>
    public static void Write(string path, string text) => Write(path, Utf8.GetBytes(text));

    /// <summary>Writes bytes. The folder must exist.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        // Several processes, on several machines even, may write the same file at the same time: a process number would
        // not tell them apart.
        string temporary = Path.Combine(
            Path.GetDirectoryName(path)!,
            $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.part"
        );
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
