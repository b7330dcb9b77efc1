using Parquet.Schema;

namespace Pipelines.Stages.Storage;

/// <summary>
/// A column of a table whose rows are <typeparamref name="TRow"/>: its Parquet field, and how values leave a row and
/// are read back.
/// </summary>
/// <typeparam name="TRow">A row.</typeparam>
internal abstract class TableColumn<TRow>
{
    /// <summary>Name and Parquet type.</summary>
    public abstract DataField Field { get; }

    /// <summary>The value of a row, for the CSV twin.</summary>
    public abstract object? Value(TRow row);

    /// <summary>Writes the group's part of the column.</summary>
    public abstract void Write(RowGroupTarget group, IReadOnlyList<TRow> rows);

    /// <summary>Reads the group's part of the column: an array of the property's type, [rows of the group].</summary>
    public abstract Array Read(RowGroupSource group);
}

/// <summary>Required text.</summary>
internal sealed class TextColumn<TRow>(string name, Func<TRow, string> get) : TableColumn<TRow>
{
    public override DataField Field { get; } = new DataField<string>(name, nullable: false);

    public override object? Value(TRow row) => get(row);

    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.Texts(Field, rows.Slice(group, get));

    public override Array Read(RowGroupSource group) => group.Texts(Field.Name);
}

/// <summary>Text that a row may lack.</summary>
internal sealed class OptionalTextColumn<TRow>(string name, Func<TRow, string?> get) : TableColumn<TRow>
{
    public override DataField Field { get; } = new DataField<string>(name, nullable: true);

    public override object? Value(TRow row) => get(row);

    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.Texts(Field, rows.Slice(group, get));

    public override Array Read(RowGroupSource group) => group.OptionalTexts(Field.Name);
}

/// <summary>Required number or boolean.</summary>
internal sealed class NumberColumn<TRow, T>(string name, Func<TRow, T> get) : TableColumn<TRow>
    where T : struct
{
    public override DataField Field { get; } = new DataField<T>(name, nullable: false);

    public override object? Value(TRow row) => get(row);

    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.Numbers<T>(Field, rows.Slice(group, get));

    public override Array Read(RowGroupSource group) => group.Numbers<T>(Field.Name);
}

/// <summary>Number that a row may lack.</summary>
internal sealed class OptionalNumberColumn<TRow, T>(string name, Func<TRow, T?> get) : TableColumn<TRow>
    where T : struct
{
    public override DataField Field { get; } = new DataField<T>(name, nullable: true);

    public override object? Value(TRow row) => get(row);

    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.OptionalNumbers<T>(Field, rows.Slice(group, get));

    public override Array Read(RowGroupSource group) => group.OptionalNumbers<T>(Field.Name);
}

/// <summary>Required byte string.</summary>
internal sealed class BytesColumn<TRow>(string name, Func<TRow, byte[]> get) : TableColumn<TRow>
{
    public override DataField Field { get; } = new DataField<byte[]>(name, nullable: false);

    public override object? Value(TRow row) => get(row);

    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.Bytes(Field, rows.Slice(group, get));

    public override Array Read(RowGroupSource group) => group.Bytes(Field.Name);
}

internal static class TableSlices
{
    /// <summary>A column's values for the rows of a group.</summary>
    public static T[] Slice<TRow, T>(this IReadOnlyList<TRow> rows, RowGroupTarget group, Func<TRow, T> get)
    {
        var values = new T[group.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = get(rows[group.First + i]);
        }

        return values;
    }
}
