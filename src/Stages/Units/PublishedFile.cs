using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>
/// A file that a stage publishes beside its tables, for programs that want another form of what these hold; the
/// report's list of files finds it there.
/// </summary>
/// <param name="Name">File name with its ending.</param>
/// <param name="Meaning">What it holds, in words.</param>
/// <param name="Write">Writes it to a path.</param>
public sealed record PublishedFile(string Name, string Meaning, Action<string> Write)
{
    /// <summary>Writes it.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="path">Where it lies in it.</param>
    public void Publish(RunFolder folder, string path)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Write(folder.Path(path));
    }
}
