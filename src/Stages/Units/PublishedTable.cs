using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>
/// A table that a stage publishes into the run's folder; the report and its list of files find it there.
/// </summary>
/// <param name="name">File or folder name without extension.</param>
/// <param name="row">The record of a row.</param>
public abstract class PublishedTable(string name, Type row)
{
    /// <summary>File or folder name without extension.</summary>
    public string Name => name;

    /// <summary>The record of a row.</summary>
    public Type Row => row;

    /// <summary>It is a folder of part files.</summary>
    public abstract bool InParts { get; }

    /// <summary>The tables that figures read with this one; large ones are not among them.</summary>
    /// <param name="tables">Those so far.</param>
    /// <param name="behind">The row of a table that was made from this one and is read with it; null = this is one of
    /// the report's own.</param>
    internal abstract ReportTables AddTo(ReportTables tables, Type? behind = null);

    /// <summary>Writes or links it.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="path">Where it lies in it, without extension.</param>
    public abstract void Publish(RunFolder folder, string path);
}

/// <summary>A small table: one Parquet file with a CSV twin.</summary>
/// <typeparam name="TRow">A row.</typeparam>
/// <param name="rows">Reads or computes the rows, in order.</param>
/// <param name="note">How they were made, in words, where there is something to say.</param>
public sealed class PublishedTable<TRow>(Func<IReadOnlyList<TRow>> rows, Func<string>? note = null)
    : PublishedTable(Tables.Of<TRow>().Name, typeof(TRow))
    where TRow : class
{
    /// <inheritdoc/>
    public override bool InParts => false;

    /// <inheritdoc/>
    internal override ReportTables AddTo(ReportTables tables, Type? behind = null)
    {
        ReportTables with = tables.With((typeof(TRow), behind), rows());
        return note is null ? with : with.WithNote<TRow>(note());
    }

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
/// <param name="row">The record of a row.</param>
/// <param name="artifacts">Hold the units.</param>
/// <param name="file">Name of the part in an artifact.</param>
/// <param name="units">The units, in order.</param>
public class PublishedParts(string name, Type row, Artifacts artifacts, string file, IEnumerable<Unit> units)
    : PublishedTable(name, row)
{
    /// <inheritdoc/>
    public override bool InParts => true;

    /// <inheritdoc/>
    internal override ReportTables AddTo(ReportTables tables, Type? behind = null) => tables;

    /// <summary>The parts of the table of a row.</summary>
    internal static PublishedParts Of<TRow>(Artifacts artifacts, IEnumerable<Unit> units)
        where TRow : class => new(Tables.Of<TRow>().Name, typeof(TRow), artifacts, Tables.Of<TRow>().FileName, units);

    /// <summary>The parts of the table of a row that is small enough for figures to read.</summary>
    internal static PublishedParts ThatFiguresRead<TRow>(Artifacts artifacts, IEnumerable<Unit> units)
        where TRow : class => new ReadParts<TRow>(artifacts, [.. units]);

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

    /// <summary>Parts that figures read.</summary>
    private sealed class ReadParts<TRow>(Artifacts artifacts, IReadOnlyList<Unit> units)
        : PublishedParts(Tables.Of<TRow>().Name, typeof(TRow), artifacts, Tables.Of<TRow>().FileName, units)
        where TRow : class
    {
        private readonly Func<IReadOnlyList<TRow>> rows = () => artifacts.Rows<TRow>(units);

        /// <inheritdoc/>
        internal override ReportTables AddTo(ReportTables tables, Type? behind = null) =>
            tables.With((typeof(TRow), behind), rows());
    }
}
