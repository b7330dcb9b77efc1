using Parquet.Schema;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>A table as its description sees it.</summary>
internal interface ITable
{
    /// <summary>File or folder name without extension.</summary>
    string Name { get; }

    /// <summary>The record that a row is.</summary>
    Type Row { get; }

    /// <summary>Names and types of the columns, in order.</summary>
    IEnumerable<DataField> Fields { get; }
}

/// <summary>
/// A table: its name, its columns, and how a row is put together from them. A row is one fact; files are Parquet
/// (snappy) with a CSV twin, the same bytes in every run.
/// </summary>
/// <typeparam name="TRow">A row.</typeparam>
internal sealed class Table<TRow> : ITable
{
    private readonly TableColumn<TRow>[] columns;
    private readonly Func<TableValues, int, TRow> build;
    private readonly ParquetSchema schema;

    /// <summary>Declares a table.</summary>
    /// <param name="name">File or folder name without extension.</param>
    /// <param name="columns">Columns in order.</param>
    /// <param name="build">Makes row i from the values of a row group, columns in the same order.</param>
    public Table(string name, TableColumn<TRow>[] columns, Func<TableValues, int, TRow> build)
    {
        Name = name;
        this.columns = columns;
        this.build = build;
        schema = new ParquetSchema([.. columns.Select(c => (Field)c.Field)]);
    }

    /// <summary>File or folder name without extension.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public Type Row => typeof(TRow);

    /// <inheritdoc/>
    public IEnumerable<DataField> Fields => columns.Select(c => c.Field);

    /// <summary>Column names in order.</summary>
    public IEnumerable<string> ColumnNames => columns.Select(c => c.Field.Name);

    /// <summary>Writes a Parquet file (temporary file, flush, rename).</summary>
    /// <param name="path">Target.</param>
    /// <param name="rows">Rows in the order they shall have.</param>
    public void Write(string path, IReadOnlyList<TRow> rows) =>
        ParquetFile.Write(
            path,
            schema,
            rows.Count,
            group =>
            {
                foreach (var column in columns)
                {
                    column.Write(group, rows);
                }
            }
        );

    /// <summary>Writes the CSV twin (temporary file, flush, rename).</summary>
    /// <param name="path">Target.</param>
    /// <param name="rows">Rows in the order they shall have.</param>
    public void WriteCsv(string path, IEnumerable<TRow> rows)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            using (var text = new StreamWriter(stream, CsvWriter.Encoding, 1 << 16))
            {
                WriteCsv(text, rows);
                text.Flush();
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary); // no-op after the rename
        }
    }

    /// <summary>Writes header and rows as CSV.</summary>
    public void WriteCsv(TextWriter writer, IEnumerable<TRow> rows)
    {
        var csv = new CsvWriter(writer);
        foreach (var column in columns)
        {
            csv.Field(column.Field.Name);
        }

        csv.EndRow();
        foreach (var row in rows)
        {
            foreach (var column in columns)
            {
                csv.Field(column.Value(row));
            }

            csv.EndRow();
        }
    }

    /// <summary>Header and rows as CSV, in one text.</summary>
    public string Csv(IEnumerable<TRow> rows)
    {
        using var text = new StringWriter();
        WriteCsv(text, rows);
        return text.ToString();
    }

    /// <summary>Writes <c>folder/name.parquet</c> and <c>folder/name.csv</c>.</summary>
    /// <param name="folder">Existing folder.</param>
    /// <param name="rows">Rows in the order they shall have.</param>
    public void WriteBoth(string folder, IReadOnlyList<TRow> rows)
    {
        Write(Path.Combine(folder, Name + ".parquet"), rows);
        WriteCsv(Path.Combine(folder, Name + ".csv"), rows);
    }

    /// <summary>All rows of a file.</summary>
    /// <param name="path">A Parquet file of this table.</param>
    /// <exception cref="InputException">Missing, damaged or of another kind; names path and column.</exception>
    public IReadOnlyList<TRow> Read(string path) => [.. Rows([path])];

    /// <summary>The rows of several part files, streamed: one row group is held at a time.</summary>
    /// <param name="paths">Part files in the order wanted.</param>
    public IEnumerable<TRow> Rows(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            foreach (var group in ParquetFile.Groups(path))
            {
                var values = new TableValues(Array.ConvertAll(columns, c => c.Read(group)));
                for (int i = 0; i < group.RowCount; i++)
                {
                    yield return build(values, i);
                }
            }
        }
    }
}

/// <summary>The columns of a row group, in the order of the table.</summary>
internal readonly struct TableValues(Array[] columns)
{
    /// <summary>Values of a column.</summary>
    /// <typeparam name="T">The property's type: string, a number, a nullable number, byte[].</typeparam>
    /// <param name="column">Index of the column in the table.</param>
    public T[] Of<T>(int column) => (T[])columns[column];
}
