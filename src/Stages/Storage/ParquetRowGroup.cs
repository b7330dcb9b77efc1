using Parquet;
using Parquet.Schema;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>One row group while it is written; columns are written in schema order.</summary>
/// <param name="Writer">The library's writer.</param>
/// <param name="First">Index of the group's first row in the file.</param>
/// <param name="Count">Rows of the group.</param>
internal readonly record struct RowGroupTarget(ParquetRowGroupWriter Writer, int First, int Count)
{
    /// <summary>Writes a required column of numbers.</summary>
    public void Numbers<T>(DataField field, ReadOnlyMemory<T> values)
        where T : struct => Wait(Writer.WriteAsync<T>(field, values));

    /// <summary>Writes a column of numbers with gaps.</summary>
    public void OptionalNumbers<T>(DataField field, ReadOnlyMemory<T?> values)
        where T : struct => Wait(Writer.WriteAsync<T>(field, values));

    /// <summary>
    /// Writes a column of texts. A null in a required column is refused: the library would write an unreadable file.
    /// </summary>
    public void Texts(DataField field, string?[] values)
    {
        RequireValues(field, values);
        Wait(Writer.WriteAsync(field, values!));
    }

    /// <summary>Writes a column of byte strings.</summary>
    public void Bytes(DataField field, byte[]?[] values)
    {
        RequireValues(field, values);
        Wait(Writer.WriteAsync(field, values!));
    }

    private static void RequireValues(DataField field, object?[] values)
    {
        if (!field.IsNullable && Array.IndexOf(values, null) is >= 0 and var row)
        {
            throw new ArgumentException(
                $"Column '{field.Name}' is required, but row {row} of the group has no value.",
                nameof(values)
            );
        }
    }

    private static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();

    private static void Wait(Task task) => task.GetAwaiter().GetResult();
}

/// <summary>One row group of a file that is read.</summary>
internal sealed class RowGroupSource
{
    private readonly string path;
    private readonly ParquetSchema schema;
    private readonly ParquetRowGroupReader reader;
    private readonly Stream stream;

    internal RowGroupSource(
        string path,
        Stream stream,
        ParquetSchema schema,
        ParquetRowGroupReader reader,
        int rowCount
    )
    {
        this.path = path;
        this.stream = stream;
        this.schema = schema;
        this.reader = reader;
        RowCount = rowCount;
    }

    /// <summary>Rows of the group, at least 1.</summary>
    public int RowCount { get; }

    /// <summary>Columns of the file.</summary>
    public IReadOnlyList<DataField> Fields => schema.DataFields;

    /// <summary>A required column of numbers or booleans.</summary>
    public T[] Numbers<T>(string column)
        where T : struct
    {
        var field = Field(column, typeof(T));
        return field.IsNullable
            ? Array.ConvertAll(
                OptionalNumbers<T>(column),
                v => v ?? throw ParquetFile.Damaged(path, column, "a row has no value", null)
            )
            : Read(field, new T[RowCount], (f, v) => reader.ReadAsync<T>(f, v.AsMemory()));
    }

    /// <summary>A column of numbers or booleans, null where a row has none.</summary>
    public T?[] OptionalNumbers<T>(string column)
        where T : struct
    {
        var field = Field(column, typeof(T));
        return field.IsNullable
            ? Read(field, new T?[RowCount], (f, v) => reader.ReadAsync<T>(f, v.AsMemory()))
            : Array.ConvertAll(Numbers<T>(column), v => (T?)v);
    }

    /// <summary>A required column of texts.</summary>
    public string[] Texts(string column) => Required(column, OptionalTexts(column));

    /// <summary>A column of texts, null where a row has none.</summary>
    public string?[] OptionalTexts(string column) =>
        Read(Field(column, typeof(string)), new string?[RowCount], (f, v) => reader.ReadAsync(f, v.AsMemory()!));

    /// <summary>A required column of byte strings.</summary>
    public byte[][] Bytes(string column) => Required(column, OptionalBytes(column));

    /// <summary>A column of byte strings, null where a row has none.</summary>
    public byte[]?[] OptionalBytes(string column) =>
        Read(Field(column, typeof(byte[])), new byte[]?[RowCount], (f, v) => reader.ReadAsync(f, v.AsMemory()!));

    /// <summary>The error of a column whose values are not those of its table.</summary>
    public InputException Damaged(string column, string why) => ParquetFile.Damaged(path, column, why, null);

    private T[] Required<T>(string column, T?[] values)
        where T : class
    {
        if (Array.IndexOf(values, null) >= 0)
        {
            throw ParquetFile.Damaged(path, column, "a row has no value", null);
        }

        return values!;
    }

    private DataField Field(string column, Type type)
    {
        var field =
            Fields.FirstOrDefault(f => f.Name == column)
            ?? throw new InputException(
                path,
                $"has no column '{column}'; it has {string.Join(", ", Fields.Select(f => f.Name))}.",
                "It is not a table of this kind, or of another version: delete it and run again."
            );
        return TypeOf(field) == type && !field.IsArray && field.MaxRepetitionLevel == 0
            ? field
            : throw ParquetFile.Damaged(
                path,
                column,
                $"it holds {TypeOf(field).Name}{(field.IsArray || field.MaxRepetitionLevel > 0 ? " lists" : "")}, "
                    + $"{type.Name} is expected",
                null
            );
    }

    /// <summary>
    /// The library calls texts and byte strings of a file ReadOnlyMemory (unless a static option of its says
    /// otherwise).
    /// </summary>
    private static Type TypeOf(DataField field) =>
        field.ClrType == typeof(ReadOnlyMemory<char>) ? typeof(string)
        : field.ClrType == typeof(ReadOnlyMemory<byte>) ? typeof(byte[])
        : field.ClrType;

    private T[] Read<T>(DataField field, T[] values, Func<DataField, T[], ValueTask> read) =>
        ParquetFile.Guard(
            path,
            field.Name,
            () =>
            {
                ParquetPages.Check(
                    stream,
                    reader.GetMetadata(field) ?? throw new InvalidDataException("the footer does not describe it"),
                    RowCount
                );
                read(field, values).AsTask().GetAwaiter().GetResult();
                return values;
            }
        );
}
