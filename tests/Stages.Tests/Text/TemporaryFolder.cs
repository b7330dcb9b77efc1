namespace Pipelines.Stages.Tests.Text;

/// <summary>A new folder, removed at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pipelines-text-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
