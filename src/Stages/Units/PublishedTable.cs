using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>A table that a stage publishes into the run's folder.</summary>
/// <param name="name">File or folder name without extension.</param>
public abstract class PublishedTable(string name)
{
    /// <summary>File or folder name without extension.</summary>
    public string Name => name;

    /// <summary>Writes or links it.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="path">Where it lies in it, without extension.</param>
    public abstract void Publish(RunFolder folder, string path);
}

/// <summary>A small table: one Parquet file with a CSV twin.</summary>
/// <typeparam name="TRow">A row.</typeparam>
/// <param name="rows">Reads or computes the rows, in order.</param>
public sealed class PublishedTable<TRow>(Func<IReadOnlyList<TRow>> rows) : PublishedTable(Tables.Of<TRow>().Name)
    where TRow : class
{
    /// <summary>The rows.</summary>
    public IReadOnlyList<TRow> Rows => rows();

    /// <inheritdoc/>
    public override void Publish(RunFolder folder, string path)
    {
        ArgumentNullException.ThrowIfNull(folder);
        IReadOnlyList<TRow> written = rows();
        Tables.Of<TRow>().Write(folder.Path(path + ".parquet"), written);
        Tables.Of<TRow>().WriteCsv(folder.Path(path + ".csv"), written);
    }
}

/// <summary>A large table: a folder of part files, links to the artifacts of its units.</summary>
/// <param name="name">Folder name.</param>
/// <param name="artifacts">Hold the units.</param>
/// <param name="file">Name of the part in an artifact.</param>
/// <param name="units">The units, in order.</param>
public sealed class PublishedParts(string name, Artifacts artifacts, string file, IEnumerable<Unit> units)
    : PublishedTable(name)
{
    /// <summary>The parts of the table of a row.</summary>
    internal static PublishedParts Of<TRow>(Artifacts artifacts, IEnumerable<Unit> units)
        where TRow : class => new(Tables.Of<TRow>().Name, artifacts, Tables.Of<TRow>().FileName, units);

    /// <inheritdoc/>
    public override void Publish(RunFolder folder, string path)
    {
        ArgumentNullException.ThrowIfNull(folder);
        foreach (Unit unit in units)
        {
            string part = $"{path}/{FileNames.Part(unit)}";
            var placed = new FileInfo(folder.Path(part)); // its target is relative to where the folder will lie

            // Samples may share a part, and several stages may have asked for it
            if (placed.LinkTarget is null && !placed.Exists)
            {
                folder.Link(part, artifacts.File(unit, file));
            }
        }
    }
}
