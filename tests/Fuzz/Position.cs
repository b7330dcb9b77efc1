using System.IO.MemoryMappedFiles;

namespace Pipelines.Fuzz;

/// <summary>
/// Where a worker is, in a file that outlives it: the target and the number of each target's next input. A worker that
/// dies of its input (a native crash, a stack overflow, the end of memory) leaves the input's number.
/// </summary>
internal sealed class Position : IDisposable
{
    private const int MostTargets = 500;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;

    /// <summary>Opens the file, or makes it.</summary>
    public Position(string path)
    {
        file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, sizeof(long) * (MostTargets + 1));
        view = file.CreateViewAccessor();
    }

    /// <summary>Index of the target whose input is being read.</summary>
    public int Target
    {
        get => (int)view.ReadInt64(0);
        set => view.Write(0, (long)value);
    }

    /// <summary>Number of a target's input that is being read, or is the next.</summary>
    public long this[int target]
    {
        get => view.ReadInt64(sizeof(long) * (target + 1));
        set => view.Write(sizeof(long) * (target + 1), value);
    }

    public void Dispose()
    {
        view.Dispose();
        file.Dispose();
    }
}
