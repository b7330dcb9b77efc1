using Parquet;
using Parquet.Meta;
using Parquet.Schema;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>Makes a text of characters that are valid during the call only, perhaps one that is shared.</summary>
internal delegate string TextOf(ReadOnlySpan<char> characters);

/// <summary>A column that holds values: of a plain column itself, of a struct one of its fields.</summary>
/// <param name="Index">Its place among all.</param>
/// <param name="Names">Names from the top down, without those that only make up a list.</param>
/// <param name="IsList">Whether a row has a list of values.</param>
/// <param name="IsBytes">Whether its values are bytes that nobody says are text.</param>
internal sealed record ParquetLeaf(int Index, IReadOnlyList<string> Names, bool IsList, bool IsBytes)
{
    /// <summary>Definition level from which on there is an element of the list; 0 where it is none.</summary>
    public int ElementLevel { get; init; }

    /// <summary>Why it cannot be read, or null.</summary>
    public string? Refused { get; init; }

    /// <summary>The names with points between them.</summary>
    public string Path => string.Join('.', Names);
}

/// <summary>
/// A Parquet file of another writer: any columns, those in structs and lists included, a row group and a column at a
/// time. What is wrong with the file comes out as <see cref="InputException"/>.
/// </summary>
internal sealed class ForeignParquet : IDisposable
{
    private const int Deepest = 32;
    private const string Remedy = "Get the file again and compare its size.";

    private readonly string path;
    private readonly Stream stream;
    private readonly ParquetReader reader;
    private readonly IReadOnlyList<DataField> fields;

    private ForeignParquet(string path, Stream stream, ParquetReader reader)
    {
        this.path = path;
        this.stream = stream;
        this.reader = reader;
        fields = reader.Schema.DataFields;
        Leaves = LeavesOf(reader.Metadata?.Schema ?? [], fields);
    }

    /// <summary>Columns in file order.</summary>
    public IReadOnlyList<ParquetLeaf> Leaves { get; }

    /// <summary>Texts that writers leave in the footer.</summary>
    public IReadOnlyDictionary<string, string> Metadata => reader.CustomMetadata ?? [];

    /// <summary>Number of row groups.</summary>
    public int Groups => reader.RowGroupCount;

    /// <summary>Opens a file.</summary>
    /// <exception cref="InputException">It is missing or no sound Parquet file.</exception>
    public static ForeignParquet Open(string path)
    {
        Stream? stream = null;
        try
        {
            stream = ParquetFile.OpenChecked(path);
            return Guarded(path, null, () =>
                new ForeignParquet(path, stream, ParquetFile.Wait(ParquetReader.CreateAsync(stream)))
            );
        }
        catch (InputException e)
        {
            stream?.Dispose();
            throw new InputException(path, e.What, Remedy, e);
        }
    }

    /// <summary>Rows of a row group.</summary>
    public int Rows(int group) => Guarded(path, null, () =>
        {
            using var rows = reader.OpenRowGroupReader(group);
            return ParquetFile.Rows(rows, stream);
        });

    /// <summary>How many values of a column are null, as the footer says; null where it does not.</summary>
    public long? Nulls(int group, ParquetLeaf leaf) => Guarded(path, leaf.Path, () =>
        {
            using var rows = reader.OpenRowGroupReader(group);
            return fields[leaf.Index].MaxDefinitionLevel == 0
                ? 0
                : rows.GetMetadata(fields[leaf.Index])?.MetaData?.Statistics?.NullCount;
        });

    /// <summary>
    /// A column of a row group: for each row a text, bytes, a long, a double, a bool or null; of lists, an array of
    /// such, or null where there is none.
    /// </summary>
    /// <param name="group">Number of the row group.</param>
    /// <param name="leaf">The column.</param>
    /// <param name="text">Makes texts.</param>
    public object?[] Read(int group, ParquetLeaf leaf, TextOf text)
    {
        if (leaf.Refused is { } refused)
        {
            throw new InputException(path, $"column '{leaf.Path}' cannot be read: {refused}.");
        }

        return Guarded(path, leaf.Path, () =>
        {
            using var rows = reader.OpenRowGroupReader(group);
            int count = ParquetFile.Rows(rows, stream);
            if (count == 0)
            {
                return [];
            }

            DataField field = fields[leaf.Index];
            var chunk = rows.GetMetadata(field) ?? throw new InvalidDataException("the footer does not describe it");
            int values = ParquetPages.Check(stream, chunk, count, leaf.IsList);
            return Read(rows, field, leaf, values, count, text);
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        stream.Dispose();
    }

    private static object?[] Read(
        ParquetRowGroupReader rows,
        DataField field,
        ParquetLeaf leaf,
        int values,
        int count,
        TextOf text
    )
    {
        System.Type type = field.ClrType;
        return type == typeof(ReadOnlyMemory<char>) ? Raw<ReadOnlyMemory<char>>(v => text(v.Span))
            : type == typeof(ReadOnlyMemory<byte>) ? Raw<ReadOnlyMemory<byte>>(v => v.ToArray())
            : type == typeof(long) ? Raw<long>(v => v)
            : type == typeof(int) ? Raw<int>(v => (long)v)
            : type == typeof(short) ? Raw<short>(v => (long)v)
            : type == typeof(sbyte) ? Raw<sbyte>(v => (long)v)
            : type == typeof(byte) ? Raw<byte>(v => (long)v)
            : type == typeof(ushort) ? Raw<ushort>(v => (long)v)
            : type == typeof(uint) ? Raw<uint>(v => (long)v)
            : type == typeof(ulong) ? Raw<ulong>(v => checked((long)v))
            : type == typeof(double) ? Raw<double>(v => v)
            : type == typeof(float) ? Raw<float>(v => double.Parse(Invariant.Text($"{v}"), Invariantly))
            : type == typeof(bool) ? Raw<bool>(v => v)
            : throw new InvalidDataException($"values of type {type.Name} are not read");

        object?[] Raw<T>(Func<T, object> value)
            where T : struct
        {
            var packed = new T[values];
            int[] definition = field.MaxDefinitionLevel > 0 ? new int[values] : [],
                repetition = field.MaxRepetitionLevel > 0 ? new int[values] : [];
            rows.ReadRawAsync<T>(
                    field,
                    packed,
                    definition.Length > 0 ? definition : (Memory<int>?)null,
                    repetition.Length > 0 ? repetition : (Memory<int>?)null
                )
                .AsTask()
                .GetAwaiter()
                .GetResult();
            return Assembled(packed, definition, repetition, field.MaxDefinitionLevel, leaf, count, value);
        }
    }

    private static readonly IFormatProvider Invariantly = System.Globalization.CultureInfo.InvariantCulture;

    /// <summary>
    /// Puts the packed values, which have no nulls, into rows: a definition level below the highest is a null, and one
    /// below that of an element is an empty list or none; a repetition level of 0 begins a row.
    /// </summary>
    private static object?[] Assembled<T>(
        T[] packed,
        int[] definition,
        int[] repetition,
        int highest,
        ParquetLeaf leaf,
        int count,
        Func<T, object> value
    )
    {
        var rows = new object?[count];
        var list = new List<object?>();
        int next = 0,
            row = -1;
        for (int i = 0; i < packed.Length; i++)
        {
            int level = definition.Length > 0 ? definition[i] : highest;
            object? item = level == highest ? value(packed[next++]) : null;
            if (!leaf.IsList)
            {
                rows[i] = item;
                continue;
            }

            if (repetition[i] == 0)
            {
                Close();
                row++;
                list.Clear();
                if (row >= count)
                {
                    throw new InvalidDataException("it has more rows than its row group");
                }
            }

            if (row < 0)
            {
                throw new InvalidDataException("its first value continues a row");
            }

            if (level >= leaf.ElementLevel)
            {
                list.Add(item);
            }
        }

        Close();
        return !leaf.IsList || row == count - 1 ? rows : throw new InvalidDataException("it has too few rows");

        void Close()
        {
            if (row >= 0)
            {
                rows[row] = list.ToArray();
            }
        }
    }

    /// <summary>The leaves of a schema, which lists the tree's nodes depth first.</summary>
    private static List<ParquetLeaf> LeavesOf(List<SchemaElement> schema, IReadOnlyList<DataField> fields)
    {
        var leaves = new List<ParquetLeaf>();
        int at = 1;
        int columns = schema.Count > 0 ? schema[0].NumChildren ?? 0 : 0;
        for (int i = 0; i < columns; i++)
        {
            Walk([], NodeRole.Named, definition: 0, repeated: 0, elementLevel: 0, depth: 0);
        }

        return leaves.Count == fields.Count ? leaves : throw new InvalidDataException("its schema is damaged");

        void Walk(string[] names, NodeRole role, int definition, int repeated, int elementLevel, int depth)
        {
            if (at >= schema.Count || depth > Deepest)
            {
                throw new InvalidDataException("its schema is damaged");
            }

            SchemaElement node = schema[at++];
            bool repeats = node.RepetitionType == FieldRepetitionType.REPEATED;
            definition += node.RepetitionType is FieldRepetitionType.OPTIONAL or FieldRepetitionType.REPEATED ? 1 : 0;
            (repeated, elementLevel) = repeats ? (repeated + 1, definition) : (repeated, elementLevel);
            string[] own = role == NodeRole.Named ? [.. names, node.Name] : names;
            int children = node.NumChildren ?? 0;
            if (children > 0)
            {
                bool isList = node.ConvertedType == ConvertedType.LIST || node.LogicalType?.LIST is not null;
                NodeRole below =
                    isList ? NodeRole.Repeated
                    : role == NodeRole.Repeated && repeats && children == 1 ? NodeRole.Element
                    : NodeRole.Named;
                for (int i = 0; i < children; i++)
                {
                    Walk(own, below, definition, repeated, elementLevel, depth + 1);
                }

                return;
            }

            if (leaves.Count >= fields.Count || fields[leaves.Count].MaxDefinitionLevel != definition)
            {
                throw new InvalidDataException("its schema is damaged");
            }

            leaves.Add(
                new ParquetLeaf(
                    leaves.Count,
                    own,
                    IsList: repeated > 0,
                    IsBytes: fields[leaves.Count].ClrType == typeof(ReadOnlyMemory<byte>)
                )
                {
                    ElementLevel = elementLevel,
                    Refused = repeated > 1 ? "lists of lists are not read" : null,
                }
            );
        }
    }

    /// <summary>
    /// What a node of the schema is: of a list neither the repeated node nor the element in it has a name that anybody
    /// gave.
    /// </summary>
    private enum NodeRole
    {
        Named,
        Repeated,
        Element,
    }

    private static T Guarded<T>(string path, string? column, Func<T> read)
    {
        try
        {
            return ParquetFile.Guard(path, column, read);
        }
        catch (InputException e)
        {
            throw new InputException(path, e.What, Remedy, e);
        }
    }
}
