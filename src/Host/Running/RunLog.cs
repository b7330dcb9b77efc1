using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Host.Running;

/// <summary>The log of a run: lines with time stamps, appended and flushed.</summary>
internal sealed class RunLog : IDisposable
{
    private readonly StreamWriter writer;
    private readonly Lock writing = new();

    /// <summary>Appends to <paramref name="path"/>.</summary>
    public RunLog(string path)
    {
        NetworkDisk.MakeFolder(Path.GetDirectoryName(path)!);
        writer = new StreamWriter(RegularFile.Append(path)) { AutoFlush = true };
    }

    /// <summary>Writes one entry.</summary>
    public void Write(string text)
    {
        lock (writing)
        {
            writer.Write(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{DateTime.UtcNow:yyyy-MM-dd HH:mm:ss.fff}Z {Shown.Lines(text)}\n"
                )
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();
}
