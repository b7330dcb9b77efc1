using System.Text.Json;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>How a JSON file holds its rows.</summary>
internal enum JsonShape
{
    /// <summary>An object a line.</summary>
    Lines,

    /// <summary>A list.</summary>
    List,

    /// <summary>
    /// An object whose properties are the rows; their names are the column <see cref="JsonRows.Key"/>.
    /// </summary>
    ById,

    /// <summary>A list in a property of an object.</summary>
    Wrapped,
}

/// <summary>A JSON file, whatever its shape.</summary>
internal sealed class JsonRows : RowSource
{
    /// <summary>The column of the names of rows in an object of rows.</summary>
    public const string Key = "(key)";

    private const int LookedAt = 100, // rows whose names are gathered
        EnoughObjects = 3;

    private static readonly string[] Lists = ["questions", "data", "annotations", "samples", "rows"];

    private readonly TextPool pool;
    private string? list; // the property that holds the rows
    private string[] columns = [];

    /// <summary>Looks into a file.</summary>
    /// <exception cref="InputException">It is missing, or no JSON.</exception>
    public JsonRows(string file, TextPool pool)
        : base(file)
    {
        this.pool = pool;
        Shape = ShapeOf();
        columns = FirstColumns();
    }

    /// <summary>How it holds its rows.</summary>
    public JsonShape Shape { get; }

    /// <summary>Whether its rows are lists.</summary>
    public bool RowsAreLists { get; private set; }

    /// <inheritdoc/>
    public override string Kind => Shape == JsonShape.Lines ? "JSONL" : "JSON";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => columns;

    /// <inheritdoc/>
    public override bool ColumnsAreAll => false;

    /// <summary>Which of the columns last read some row had.</summary>
    public IReadOnlyList<bool> Seen { get; private set; } = [];

    /// <summary>The property that holds the rows, or null.</summary>
    public string? ListName => list;

    /// <inheritdoc/>
    public override IEnumerable<RawRow> Rows(IReadOnlyList<WantedColumn> wanted)
    {
        var reader = new JsonRowReader(File, wanted, pool);
        int key = wanted.ToList().FindIndex(w => w.Name == Key);
        using FileStream stream = QuestionFiles.Open(File);
        IEnumerable<(long Number, string? Key, long Offset, Memory<byte> Json)> rows =
            Shape == JsonShape.Lines ? Lines(stream) : Elements(new JsonScanner(stream, File));
        foreach (var (number, name, offset, json) in rows)
        {
            RawRow row;
            try
            {
                row = reader.Read(number, json, offset);
            }
            catch (JsonException e)
            {
                throw NoJson(stream, number, offset, json, e);
            }

            if (key >= 0)
            {
                row.Cells[key] = Cell.Of(name);
            }

            yield return row;
        }

        Seen = reader.Seen;
    }

    /// <summary>Texts that stand beside the list of rows in the object that holds it; the file is read once.</summary>
    public IReadOnlyDictionary<string, string> Header()
    {
        var header = new Dictionary<string, string>(StringComparer.Ordinal);
        using FileStream stream = QuestionFiles.Open(File);
        var json = new JsonScanner(stream, File);
        if (json.Peek() != '{')
        {
            return header;
        }

        json.Take('{');
        bool more = json.Peek() != '}';
        while (more)
        {
            string name = json.TakeName();
            if (json.Peek() == '"')
            {
                header[name] = JsonRowReader.Unescape(json.TakeValue(1 << 16).Span) ?? "";
            }
            else
            {
                json.SkipValue();
            }

            more = json.TakeSeparator('}');
        }

        return header;
    }

    private InputException NoJson(FileStream stream, long number, long offset, Memory<byte> json, JsonException e)
    {
        long within = e.LineNumber is { } line ? LineStart(json.Span, line) + (e.BytePositionInLine ?? 0) : 0;
        var (at, column) = TextPlace.Of(stream, offset + within);
        string row = Shape == JsonShape.Lines ? "" : Invariant.Text($"row {number}, ");
        string remedy =
            Shape == JsonShape.Lines
                ? "Every line must be one whole JSON object."
                : "Get the file again and compare its size.";
        return new InputException(
            Invariant.Text($"{File}:{at}"),
            Invariant.Text($"this is no JSON ({row}byte {column} of the line)."),
            remedy,
            e
        );
    }

    private static int LineStart(ReadOnlySpan<byte> text, long line)
    {
        int start = 0;
        for (long i = 0; i < line && text[start..].IndexOf((byte)'\n') is >= 0 and var end; i++)
        {
            start += end + 1;
        }

        return start;
    }

    private JsonShape ShapeOf()
    {
        using FileStream stream = QuestionFiles.Open(File);
        var json = new JsonScanner(stream, File);
        if (Path.GetExtension(File) is ".jsonl" or ".ndjson")
        {
            return JsonShape.Lines;
        }

        switch (json.Peek())
        {
            case '[':
                return JsonShape.List;
            case '{':
                break;
            default:
                throw new InputException(File, "is neither JSON nor JSONL: it begins with neither { nor [.");
        }

        json.Take('{');
        int objects = 0,
            others = 0;
        bool more = json.Peek() != '}';
        if (!more)
        {
            json.Take('}');
        }

        while (more)
        {
            string name = json.TakeName();
            int first = json.Peek();
            if (first == '[' && Lists.Contains(name))
            {
                json.Take('[');
                if (json.Peek() is '{' or ']')
                {
                    list = name;
                    return JsonShape.Wrapped;
                }

                others++;
                do
                {
                    json.SkipValue();
                } while (json.TakeSeparator(']'));
                more = json.TakeSeparator('}');
                continue;
            }

            (objects, others) = first == '{' ? (objects + 1, others) : (objects, others + 1);
            if (objects >= EnoughObjects && others == 0)
            {
                return JsonShape.ById;
            }

            json.SkipValue();
            more = json.TakeSeparator('}');
        }

        bool isOne = json.Peek() == -1;
        return isOne && objects > 0 && others == 0 ? JsonShape.ById : JsonShape.Lines;
    }

    private string[] FirstColumns()
    {
        var names = new List<string>();
        using FileStream stream = QuestionFiles.Open(File);
        var rows = Shape == JsonShape.Lines ? Lines(stream) : Elements(new JsonScanner(stream, File));
        if (Shape == JsonShape.ById)
        {
            names.Add(Key);
        }

        foreach (var (number, _, offset, json) in rows.Take(LookedAt))
        {
            try
            {
                Gather(json.Span, names);
            }
            catch (JsonException e)
            {
                if (names.Count == 0 || (names is [Key] && number == 1))
                {
                    throw NoJson(stream, number, offset, json, e);
                }
            }
        }

        return [.. names];
    }

    private void Gather(ReadOnlySpan<byte> json, List<string> names)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            RowsAreLists = true;
            for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
            {
                Add(Invariant.Text($"{i}"));
                reader.Skip();
            }

            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            try
            {
                Add(reader.GetString()!);
            }
            catch (InvalidOperationException)
            {
                // No name that anybody could ask for
            }

            reader.Read();
            reader.Skip();
        }

        void Add(string name)
        {
            if (!names.Contains(name))
            {
                names.Add(name);
            }
        }
    }

    private IEnumerable<(long Number, string? Key, long Offset, Memory<byte> Json)> Elements(JsonScanner json)
    {
        if (Shape == JsonShape.ById)
        {
            json.Take('{');
            bool more = json.Peek() != '}';
            for (long number = 1; more; number++)
            {
                string key = json.TakeName();
                json.Peek();
                long offset = json.Offset;
                yield return (number, key, offset, Writable(json.TakeValue()));
                more = json.TakeSeparator('}');
            }
        }
        else
        {
            if (Shape == JsonShape.Wrapped)
            {
                json.Take('{');
                while (json.TakeName() != list)
                {
                    json.SkipValue();
                    if (!json.TakeSeparator('}'))
                    {
                        yield break;
                    }
                }
            }

            json.Take('[');
            bool more = json.Peek() != ']';
            if (!more)
            {
                json.Take(']');
            }

            for (long number = 1; more; number++)
            {
                json.Peek();
                long offset = json.Offset;
                yield return (number, null, offset, Writable(json.TakeValue()));
                more = json.TakeSeparator(']');
            }

            while (Shape == JsonShape.Wrapped && json.TakeSeparator('}'))
            {
                json.TakeName();
                json.SkipValue();
            }
        }

        if (json.Peek() != -1)
        {
            throw json.Damaged(json.Offset, "the file goes on after its end");
        }
    }

    private static Memory<byte> Writable(ReadOnlyMemory<byte> json) =>
        System.Runtime.InteropServices.MemoryMarshal.AsMemory(json);

    /// <summary>Lines with their numbers; empty ones are passed over.</summary>
    private IEnumerable<(long Number, string? Key, long Offset, Memory<byte> Json)> Lines(FileStream stream)
    {
        byte[] buffer = new byte[1 << 16];
        int start = 0,
            filled = 0,
            searched = 0;
        long offset = 0,
            number = 1; // of buffer[start]
        bool ended = false,
            first = true;
        while (!ended || start < filled)
        {
            int end = buffer.AsSpan(searched, filled - searched).IndexOf((byte)'\n');
            if (end < 0 && !ended)
            {
                searched = filled - start;
                buffer.AsSpan(start, filled - start).CopyTo(buffer);
                (filled, start) = (filled - start, 0);
                if (filled == buffer.Length)
                {
                    Array.Resize(
                        ref buffer,
                        filled < JsonScanner.LongestRow ? 2 * filled : throw Error(number, "the line does not end.")
                    );
                }

                int read = Read(stream, buffer.AsSpan(filled));
                (filled, ended) = (filled + read, read == 0);
                continue;
            }

            int length = (end < 0 ? filled : searched + end) - start;
            if (first)
            {
                OtherFormats.Refuse(buffer.AsSpan(0, filled), File);
            }

            int mark = first && buffer.AsSpan(0, filled).StartsWith("\uFEFF"u8) ? 3 : 0;
            first = false;
            var line = buffer.AsMemory(start + mark, length - mark);
            if (line.Span.IndexOfAnyExcept(" \t\r"u8) >= 0)
            {
                yield return (number, null, offset + mark, line);
            }

            int taken = end < 0 ? length : length + 1;
            (start, offset, number) = (start + taken, offset + taken, number + 1);
            searched = start;
        }
    }

    private int Read(FileStream stream, Span<byte> into)
    {
        try
        {
            return stream.Read(into);
        }
        catch (IOException e)
        {
            throw new InputException(File, $"cannot be read: {e.Message}", inner: e);
        }
    }
}
