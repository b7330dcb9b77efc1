namespace Pipelines.Stages.Tests.Data;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("pipelines-data-");

    public string Root => folder.FullName;

    /// <summary>Writes a file below the folder and returns its path.</summary>
    public string Write(string relative, string text) => Write(relative, System.Text.Encoding.UTF8.GetBytes(text));

    public string Write(string relative, byte[] bytes)
    {
        string path = Path.Combine(Root, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Makes empty files: the readers of data never open pictures.</summary>
    public void Touch(params string[] relative)
    {
        foreach (string name in relative)
        {
            Write(name, []);
        }
    }

    public void Dispose() => folder.Delete(recursive: true);
}
