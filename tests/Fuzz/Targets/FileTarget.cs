using Pipelines.Fuzz.Mutators;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// A reader that opens its file itself: the input is laid down under the name that it looks for, in a folder of sound
/// neighbours.
/// </summary>
/// <param name="name">What <c>--target</c> calls it.</param>
/// <param name="format">The file's format.</param>
/// <param name="file">Path of the damaged file below the folder.</param>
/// <param name="mutators">What damages it.</param>
internal abstract class FileTarget(string name, string format, string file, params Mutator[] mutators)
    : Target(name, format, mutators)
{
    private string? folder;

    /// <summary>The folder, with its neighbours.</summary>
    protected string Folder => folder ??= Laid();

    /// <summary>Path of the damaged file below the folder.</summary>
    protected string FileName => file;

    public override long? Read(byte[] input)
    {
        string path = Path.Combine(Folder, file);
        File.WriteAllBytes(path, input);
        return ReadFile(path);
    }

    /// <summary>Lays down the sound neighbours.</summary>
    protected virtual void Lay(string into) { }

    /// <summary>Reads the file where it lies.</summary>
    /// <inheritdoc cref="Target.Read"/>
    protected abstract long? ReadFile(string path);

    private string Laid()
    {
        string made = Scratch.Folder(Name);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(made, file))!);
        Lay(made);
        return made;
    }
}
