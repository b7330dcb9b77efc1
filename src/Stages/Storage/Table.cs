using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using Parquet.Schema;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>A table as its description sees it.</summary>
internal interface ITable
{
    /// <summary>File or folder name without extension.</summary>
    string Name { get; }

    /// <summary>Names and types of the columns, in order.</summary>
    IReadOnlyList<DataField> Fields { get; }

    /// <summary>Names of the columns, in order.</summary>
    IReadOnlyList<string> ColumnNames { get; }

    /// <summary>
    /// The rows of a file: what names a row (<see cref="RowKeyAttribute"/>; its place where nothing does) and its
    /// values.
    /// </summary>
    /// <param name="path">A Parquet file of this table.</param>
    /// <exception cref="InputException">Missing, damaged or of another kind; names path and column.</exception>
    IEnumerable<(string Key, IReadOnlyList<object?> Values)> Cells(string path);
}

/// <summary>
/// A table whose rows are records, as <see cref="TableAttribute"/> says. A row is one fact; files are Parquet (snappy)
/// with a CSV twin, the same bytes in every run.
/// </summary>
/// <typeparam name="TRow">A row.</typeparam>
public sealed class Table<TRow> : ITable
    where TRow : class
{
    private readonly TableAttribute table;
    private readonly ConstructorInfo constructor;
    private readonly TableColumn<TRow>[] columns;
    private readonly ParquetSchema schema;
    private readonly Lazy<Func<Array[], int, TRow>> build;

    /// <summary>Reads the record's declaration.</summary>
    internal Table()
    {
        table =
            typeof(TRow).GetCustomAttribute<TableAttribute>()
            ?? throw new InvalidOperationException($"{typeof(TRow)} is no row of a table.");
        constructor = typeof(TRow).GetConstructors().Single();
        columns = Array.ConvertAll(constructor.GetParameters(), TableColumn<TRow>.Of);
        schema = new ParquetSchema([.. columns.Select(c => (Field)c.Field)]);
        build = new(Build);
    }

    /// <inheritdoc/>
    public string Name => table.Name;

    /// <summary>Name of its file in a unit's artifact.</summary>
    public string FileName => table.File ?? table.Name.Replace('_', '-') + ".parquet";

    /// <inheritdoc/>
    public IReadOnlyList<DataField> Fields => Array.ConvertAll(columns, c => c.Field);

    /// <inheritdoc/>
    public IEnumerable<(string Key, IReadOnlyList<object?> Values)> Cells(string path)
    {
        int[] keys =
        [
            .. constructor
                .GetParameters()
                .Index()
                .Where(p => p.Item.IsDefined(typeof(RowKeyAttribute)))
                .Select(p => p.Index),
        ];
        foreach (var (place, row) in Rows([path]).Index())
        {
            object?[] values = Array.ConvertAll(columns, c => c.Value(row));
            string key =
                keys.Length > 0
                    ? string.Join(" / ", keys.Select(k => Convert.ToString(values[k], CultureInfo.InvariantCulture)))
                    : Invariant.Text($"{place}");
            yield return (key, values);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ColumnNames => Array.ConvertAll(columns, c => c.Field.Name);

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
    public void WriteCsv(string path, IEnumerable<TRow> rows) =>
        AtomicFile.Write(
            path,
            stream =>
            {
                using var text = new StreamWriter(stream, CsvWriter.Encoding, 1 << 16, leaveOpen: true);
                WriteCsv(text, rows);
            }
        );

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
                Array[] values = Array.ConvertAll(columns, c => c.Read(group));
                for (int i = 0; i < group.RowCount; i++)
                {
                    yield return build.Value(values, i);
                }
            }
        }
    }

    /// <summary>
    /// The constructor over row i of the columns: <c>(columns, i) => new TRow(((T0[])columns[0])[i], ...)</c>.
    /// </summary>
    private Func<Array[], int, TRow> Build()
    {
        ParameterExpression read = Expression.Parameter(typeof(Array[])),
            row = Expression.Parameter(typeof(int));
        var values = constructor
            .GetParameters()
            .Select(
                (p, i) =>
                    Expression.ArrayIndex(
                        Expression.Convert(
                            Expression.ArrayIndex(read, Expression.Constant(i)),
                            p.ParameterType.MakeArrayType()
                        ),
                        row
                    )
            );
        return Expression.Lambda<Func<Array[], int, TRow>>(Expression.New(constructor, values), read, row).Compile();
    }
}
