using Pipelines.Models.Tensors;

namespace Pipelines.Stages.Tests.Tensors;

/// <summary>A folder for one test's files, gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("tensors-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(File(name), bytes);
        return File(name);
    }

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public string Write(string name, params TensorToWrite[] tensors)
    {
        SafeTensorsWriter.Write(File(name), tensors);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
