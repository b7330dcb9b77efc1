using System.Reflection;
using System.Text.Json;
using Parquet.Schema;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>A column of a table: its Parquet field, and how values leave a row and are read back.</summary>
/// <typeparam name="TRow">A row.</typeparam>
internal abstract class TableColumn<TRow>
{
    /// <summary>Name and Parquet type.</summary>
    public abstract DataField Field { get; }

    /// <summary>The value of a row, for the CSV twin.</summary>
    public abstract object? Value(TRow row);

    /// <summary>Writes the group's part of the column.</summary>
    public abstract void Write(RowGroupTarget group, IReadOnlyList<TRow> rows);

    /// <summary>Reads the group's part of the column: an array of the parameter's type, [rows of the group].</summary>
    public abstract Array Read(RowGroupSource group);

    /// <summary>The column of a constructor's parameter.</summary>
    /// <exception cref="InvalidOperationException">No table holds values of its type.</exception>
    public static TableColumn<TRow> Of(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        bool isOptional = new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.Nullable;
        Type value = Nullable.GetUnderlyingType(type) ?? type;
        Type column =
            type == typeof(string) ? typeof(TextColumn<>)
            : type == typeof(byte[]) && !isOptional ? typeof(BytesColumn<>)
            : type.IsEnum ? typeof(WordColumn<,>)
            : value.IsPrimitive && value != type ? typeof(OptionalNumberColumn<,>)
            : value.IsPrimitive ? typeof(NumberColumn<,>)
            : throw new InvalidOperationException($"No column holds {type} of {typeof(TRow)}.{parameter.Name}.");
        Type[] arguments = column.GetGenericArguments().Length == 1 ? [typeof(TRow)] : [typeof(TRow), value];
        string name = JsonNamingPolicy.SnakeCaseLower.ConvertName(parameter.Name!);
        object?[] of = column == typeof(TextColumn<>) ? [name, isOptional] : [name];
        var made = (TableColumn<TRow>)Activator.CreateInstance(column.MakeGenericType(arguments), of)!;
        made.Bind(typeof(TRow).GetProperty(parameter.Name!)!);
        return made;
    }

    /// <summary>Takes values from a property of the row.</summary>
    protected abstract void Bind(PropertyInfo property);
}

/// <summary>A column whose values have the type of the row's property.</summary>
internal abstract class TableColumn<TRow, T> : TableColumn<TRow>
{
    private Func<TRow, T>? get;

    /// <inheritdoc/>
    public override object? Value(TRow row) => get!(row);

    /// <inheritdoc/>
    protected override void Bind(PropertyInfo property) => get = property.GetMethod!.CreateDelegate<Func<TRow, T>>();

    /// <summary>The values of the rows of a group.</summary>
    protected T[] Slice(RowGroupTarget group, IReadOnlyList<TRow> rows)
    {
        var values = new T[group.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = get!(rows[group.First + i]);
        }

        return values;
    }
}

/// <summary>Text, which a row may lack where it is optional.</summary>
internal sealed class TextColumn<TRow>(string name, bool isOptional) : TableColumn<TRow, string?>
{
    /// <inheritdoc/>
    public override DataField Field { get; } = new DataField<string>(name, nullable: isOptional);

    /// <inheritdoc/>
    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.Texts(Field, Slice(group, rows));

    /// <inheritdoc/>
    public override Array Read(RowGroupSource group) =>
        isOptional ? group.OptionalTexts(Field.Name) : group.Texts(Field.Name);
}

/// <summary>Required number or boolean.</summary>
internal sealed class NumberColumn<TRow, T>(string name) : TableColumn<TRow, T>
    where T : struct
{
    /// <inheritdoc/>
    public override DataField Field { get; } = new DataField<T>(name, nullable: false);

    /// <inheritdoc/>
    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.Numbers<T>(Field, Slice(group, rows));

    /// <inheritdoc/>
    public override Array Read(RowGroupSource group) => group.Numbers<T>(Field.Name);
}

/// <summary>Number that a row may lack.</summary>
internal sealed class OptionalNumberColumn<TRow, T>(string name) : TableColumn<TRow, T?>
    where T : struct
{
    /// <inheritdoc/>
    public override DataField Field { get; } = new DataField<T>(name, nullable: true);

    /// <inheritdoc/>
    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.OptionalNumbers<T>(Field, Slice(group, rows));

    /// <inheritdoc/>
    public override Array Read(RowGroupSource group) => group.OptionalNumbers<T>(Field.Name);
}

/// <summary>Required byte string.</summary>
internal sealed class BytesColumn<TRow>(string name) : TableColumn<TRow, byte[]>
{
    /// <inheritdoc/>
    public override DataField Field { get; } = new DataField<byte[]>(name, nullable: false);

    /// <inheritdoc/>
    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.Bytes(Field, Slice(group, rows));

    /// <inheritdoc/>
    public override Array Read(RowGroupSource group) => group.Bytes(Field.Name);
}

/// <summary>One of a few words: a member of an enumeration, in lower case.</summary>
internal sealed class WordColumn<TRow, T>(string name) : TableColumn<TRow, T>
    where T : struct, Enum
{
    private static readonly Dictionary<string, T> Members = Enum.GetValues<T>()
        .ToDictionary(Word, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override DataField Field { get; } = new DataField<string>(name, nullable: false);

    /// <inheritdoc/>
    public override object? Value(TRow row) => Word((T)base.Value(row)!);

    /// <inheritdoc/>
    public override void Write(RowGroupTarget group, IReadOnlyList<TRow> rows) =>
        group.Texts(Field, Array.ConvertAll(Slice(group, rows), Word));

    /// <inheritdoc/>
    /// <exception cref="InputException">A word is none of them.</exception>
    public override Array Read(RowGroupSource group) =>
        Array.ConvertAll(
            group.Texts(Field.Name),
            word =>
                Members.TryGetValue(word, out T member) ? member : throw group.Damaged(Field.Name, $"holds '{word}'")
        );

    private static string Word(T member) => JsonNamingPolicy.SnakeCaseLower.ConvertName(member.ToString());
}
