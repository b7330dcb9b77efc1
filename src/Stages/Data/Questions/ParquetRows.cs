using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// A Parquet file: a row group at a time, only the columns that are wanted, and of pictures nothing but whether there
/// are bytes.
/// </summary>
internal sealed class ParquetRows : RowSource
{
    private static readonly object Bytes = new(); // stands for bytes of a picture

    private readonly TextPool pool;
    private readonly string[] columns;
    private readonly Dictionary<string, string[]> classes; // names of classes, by column

    /// <summary>Reads the schema.</summary>
    /// <exception cref="InputException">The file is missing or damaged.</exception>
    public ParquetRows(string file, TextPool pool)
        : base(file)
    {
        this.pool = pool;
        using ForeignParquet parquet = ForeignParquet.Open(file);
        columns = [.. parquet.Leaves.Select(l => l.Names[0]).Distinct(StringComparer.Ordinal)];
        classes = ClassNames(parquet.Metadata);
    }

    /// <inheritdoc/>
    public override string Kind => "Parquet";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => columns;

    /// <inheritdoc/>
    public override IEnumerable<RawRow> Rows(IReadOnlyList<WantedColumn> wanted)
    {
        using ForeignParquet parquet = ForeignParquet.Open(File);
        long before = 0;
        for (int group = 0; group < parquet.Groups; group++)
        {
            int rows = parquet.Rows(group);
            Func<int, Cell>[] read = [.. wanted.Select(w => ColumnOf(parquet, group, w, before))];
            for (int row = 0; row < rows; row++)
            {
                yield return new RawRow(before + row + 1, Array.ConvertAll(read, r => r(row)));
            }

            before += rows;
        }
    }

    /// <summary>How a row's value is had from a column of a row group.</summary>
    private Func<int, Cell> ColumnOf(ForeignParquet parquet, int group, WantedColumn column, long before)
    {
        ParquetLeaf[] leaves = [.. parquet.Leaves.Where(l => l.Names[0] == column.Name)];
        if (leaves is [{ Names.Count: 1 } only])
        {
            return LeafOf(parquet, group, only, column, before);
        }

        (string Name, Func<int, Cell> Read)[] fields =
        [
            .. leaves
                .Where(l => l.Names.Count == 2 && l.Refused is null)
                .Select(l => (l.Names[1], LeafOf(parquet, group, l, column, before))),
        ];
        return fields.Length == 0
            ? _ => Cell.Missing
            : row =>
            {
                var values = new Dictionary<string, Cell>(StringComparer.Ordinal);
                foreach (var (name, read) in fields)
                {
                    if (read(row) is { IsMissing: false } value)
                    {
                        values[name] = value;
                    }
                }

                return values.Count == 0 ? Cell.Missing : Cell.Of(values);
            };
    }

    private Func<int, Cell> LeafOf(
        ForeignParquet parquet,
        int group,
        ParquetLeaf leaf,
        WantedColumn column,
        long before
    )
    {
        bool isPicture = column.IsPicture && leaf.IsBytes;
        if (isPicture && !leaf.IsList && parquet.Nulls(group, leaf) == 0)
        {
            return row => Place(group, leaf, row, element: 0, before);
        }

        object?[] values = parquet.Read(group, leaf, pool.Of);
        if (isPicture)
        {
            // That there are bytes is all that is kept
            values = Array.ConvertAll(values, v => v is object?[] list ? Array.ConvertAll(list, Mark) : Mark(v));
        }

        string[]? names = classes.GetValueOrDefault(leaf.Path);
        return row =>
            values[row] is object?[] items
                ? Cell.Of([.. items.Select((item, element) => One(item, row, element))])
                : One(values[row], row, element: 0);

        Cell One(object? value, int row, int element) =>
            value == Bytes ? Place(group, leaf, row, element, before)
            : column.IsPicture && value is string text && EmbeddedText.IsLong(text.Length)
                ? Place(group, leaf, row, element, before, EmbeddedText.Count(text))
            : Of(value, names);

        static object? Mark(object? value) => value is null ? null : Bytes;
    }

    private Cell Place(int group, ParquetLeaf leaf, int row, int element, long before, int pictures = 1) =>
        Cell.Of(new ParquetPicture(File, before + row + 1, group, leaf.Index, row, element) { Pictures = pictures });

    private static Cell Of(object? value, string[]? classes) =>
        value switch
        {
            null => Cell.Missing,
            string text => Cell.Of(text),
            byte[] bytes => OfBytes(bytes),
            long number when classes is not null => OfClass(number, classes),
            long number => Cell.Of(number.ToString(CultureInfo.InvariantCulture)),
            double.NaN => Cell.Missing, // pandas has it where a number is absent
            double number => Cell.Of(number.ToString("R", CultureInfo.InvariantCulture)),
            bool flag => Cell.Of(flag ? "true" : "false"),
            _ => Cell.Wrong("of a type that is not read"),
        };

    private static Cell OfClass(long number, string[] classes) =>
        number == -1 ? Cell.Missing // the hub's mark of a hidden label
        : number >= 0 && number < classes.Length ? Cell.Of(classes[number])
        : Cell.Wrong(Invariant.Text($"the class {number} of {classes.Length}"));

    /// <summary>Text that the schema does not call so.</summary>
    private static Cell OfBytes(byte[] bytes)
    {
        try
        {
            return Cell.Of(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            return Cell.Wrong("bytes that are no text");
        }
    }

    /// <summary>Names of classes whose numbers columns hold, from what the hub's writer leaves in the footer.</summary>
    private static Dictionary<string, string[]> ClassNames(IReadOnlyDictionary<string, string> metadata)
    {
        var classes = new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (!metadata.TryGetValue("huggingface", out string? text))
        {
            return classes;
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            foreach (
                JsonProperty feature in json.RootElement.GetProperty("info").GetProperty("features").EnumerateObject()
            )
            {
                if (
                    feature.Value.ValueKind == JsonValueKind.Object
                    && feature.Value.TryGetProperty("_type", out JsonElement type)
                    && type.ValueEquals("ClassLabel")
                )
                {
                    classes[feature.Name] =
                    [
                        .. feature.Value.GetProperty("names").EnumerateArray().Select(n => n.GetString() ?? ""),
                    ];
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // What another writer leaves there is none of our business: numbers stay numbers.
        }

        return classes;
    }
}

/// <summary>A picture in a Parquet file: bytes, or text in base64.</summary>
/// <param name="File">The file.</param>
/// <param name="Row">Row in it.</param>
/// <param name="Group">Its row group.</param>
/// <param name="Leaf">The column.</param>
/// <param name="RowInGroup">The row in its group, from 0.</param>
/// <param name="Element">Which of the row's values, from 0.</param>
internal sealed record ParquetPicture(string File, long Row, int Group, int Leaf, int RowInGroup, int Element)
    : EmbeddedPicture(File, Row)
{
    private static readonly Lock Gate = new();
    private static (string File, DateTime Written, int Group, int Leaf) last;
    private static object?[] lastValues = [];

    /// <inheritdoc/>
    /// <remarks>
    /// A row group is the least that can be decoded. The one that was read last stays in memory, for the next picture
    /// is often in it; not more, for a row group may have a gigabyte.
    /// </remarks>
    public override byte[] Read()
    {
        object? value;
        lock (Gate)
        {
            object?[] values = Values();
            value = RowInGroup < values.Length ? values[RowInGroup] : null;
        }

        value = value is object?[] items ? items.ElementAtOrDefault(Element) : value;
        return value switch
        {
            byte[] { Length: > 0 } bytes => bytes,
            string text => Decoded(text),
            _ => throw Error("there are no bytes where the picture should be."),
        };
    }

    private object?[] Values()
    {
        var wanted = (File, System.IO.File.GetLastWriteTimeUtc(File), Group, Leaf);
        if (last != wanted)
        {
            (last, lastValues) = (default, []);
            using ForeignParquet parquet = ForeignParquet.Open(File);
            if (Group >= parquet.Groups || Leaf >= parquet.Leaves.Count)
            {
                throw Error("the file is not what it was when it was read.");
            }

            lastValues = parquet.Read(Group, parquet.Leaves[Leaf], text => text.ToString());
            last = wanted;
        }

        return lastValues;
    }
}
