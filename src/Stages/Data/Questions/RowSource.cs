using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>A column that somebody reads.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="IsPicture">Whether it holds pictures: then long texts and bytes are left where they lie.</param>
internal sealed record WantedColumn(string Name, bool IsPicture = false);

/// <summary>A row as it is read: the columns that are wanted, in their order.</summary>
/// <param name="Number">Row in the file, from 1; the line of a JSONL.</param>
/// <param name="Cells">Values of the wanted columns.</param>
internal sealed record RawRow(long Number, Cell[] Cells)
{
    /// <summary>Why the row cannot be read, or null.</summary>
    public string? Unreadable { get; init; }
}

/// <summary>A file as rows with named columns, read from its beginning to its end.</summary>
/// <param name="file">The file.</param>
internal abstract class RowSource(string file)
{
    /// <summary>The file.</summary>
    public string File { get; } = file;

    /// <summary>What it is: JSONL, CSV, …</summary>
    public abstract string Kind { get; }

    /// <summary>
    /// Names of its columns; of JSON, where every row has names of its own, those that the first rows have.
    /// </summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>Whether <see cref="Columns"/> are all that there are.</summary>
    public virtual bool ColumnsAreAll => true;

    /// <summary>Its rows.</summary>
    /// <param name="wanted">Columns to read; a row that lacks one has nothing there.</param>
    /// <exception cref="InputException">The file is damaged; names the row.</exception>
    public abstract IEnumerable<RawRow> Rows(IReadOnlyList<WantedColumn> wanted);

    /// <summary>An error of a row.</summary>
    protected InputException Error(long row, string what, string? remedy = null, Exception? inner = null) =>
        new(Invariant.Text($"{File}:{row}"), what, remedy, inner);
}
