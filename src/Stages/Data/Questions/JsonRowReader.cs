using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// Reads the wanted fields of one row of JSON. Rows that are lists have their places as names: 0, 1, …
/// </summary>
internal sealed class JsonRowReader
{
    private static readonly string[] NotNumbers = ["NaN", "-Infinity", "Infinity"];

    private readonly string file;
    private readonly IReadOnlyList<WantedColumn> wanted;
    private readonly byte[][] names;
    private readonly TextPool pool;
    private readonly Dictionary<int, string> notNumbers = []; // by where in the row they stand
    private bool hasNotNumbers; // some row had one: others probably have

    /// <summary>Reads rows of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="wanted">Fields to read.</param>
    /// <param name="pool">Shares texts that repeat.</param>
    public JsonRowReader(string file, IReadOnlyList<WantedColumn> wanted, TextPool pool)
    {
        this.file = file;
        this.wanted = wanted;
        this.pool = pool;
        names = [.. wanted.Select(w => Encoding.UTF8.GetBytes(w.Name))];
    }

    /// <summary>Whether some row had the field, whatever stood there; by place in the wanted ones.</summary>
    public bool[] Seen { get; private set; } = [];

    /// <summary>The row.</summary>
    /// <param name="number">Row in the file.</param>
    /// <param name="json">The row's bytes; NaN and Infinity in them are overwritten.</param>
    /// <param name="offset">Where they stand in the file.</param>
    /// <exception cref="JsonException">The row is no JSON.</exception>
    public RawRow Read(long number, Memory<byte> json, long offset)
    {
        if (Seen.Length == 0)
        {
            Seen = new bool[wanted.Count];
        }

        notNumbers.Clear();
        if (hasNotNumbers)
        {
            OverwriteNotNumbers(json.Span);
        }

        try
        {
            return ReadPlain(number, json.Span, offset);
        }
        catch (JsonException) when (!hasNotNumbers && OverwriteNotNumbers(json.Span))
        {
            hasNotNumbers = true;
            return ReadPlain(number, json.Span, offset);
        }
    }

    /// <summary>A text with its quotes and escapes as what it says; null where it is none.</summary>
    public static string? Unescape(ReadOnlySpan<byte> quoted)
    {
        try
        {
            var reader = new Utf8JsonReader(quoted);
            return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private RawRow ReadPlain(long number, ReadOnlySpan<byte> json, long offset)
    {
        var reader = new Utf8JsonReader(json);
        var cells = new Cell[wanted.Count];
        string? unreadable = null;
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            ulong had = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                int slot = SlotOf(ref reader);
                reader.Read();
                if (slot < 0)
                {
                    reader.Skip();
                    continue;
                }

                Seen[slot] = true;
                if ((had & (1UL << slot)) != 0)
                {
                    unreadable = $"'{wanted[slot].Name}' stands there twice";
                }

                had |= 1UL << slot;
                cells[slot] = Value(ref reader, number, offset, wanted[slot].IsPicture);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
            {
                int slot = SlotOf(i);
                if (slot < 0)
                {
                    reader.Skip();
                    continue;
                }

                Seen[slot] = true;
                cells[slot] = Value(ref reader, number, offset, wanted[slot].IsPicture);
            }
        }
        else
        {
            reader.Skip();
            unreadable = "it is neither an object nor a list";
        }

        if (reader.Read())
        {
            throw new JsonException("the row goes on after its end");
        }

        return new RawRow(number, cells) { Unreadable = unreadable };
    }

    private int SlotOf(ref Utf8JsonReader reader)
    {
        try
        {
            for (int i = 0; i < names.Length; i++)
            {
                if (reader.ValueTextEquals(names[i]))
                {
                    return i;
                }
            }
        }
        catch (InvalidOperationException)
        {
            return -1; // half of a surrogate pair: no name that is looked for
        }

        return -1;
    }

    private int SlotOf(int place)
    {
        string name = Invariant.Text($"{place}");
        for (int i = 0; i < wanted.Count; i++)
        {
            if (wanted[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    private Cell Value(ref Utf8JsonReader reader, long number, long offset, bool isPicture)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return isPicture && EmbeddedText.IsLong(reader.ValueSpan.Length)
                    ? Cell.Of(Place(ref reader, number, offset))
                    : Text(ref reader);
            case JsonTokenType.Number:
                return notNumbers.TryGetValue((int)reader.TokenStartIndex, out string? literal)
                    ? Cell.Wrong($"{literal}, which is no number in JSON")
                    : Cell.Of(pool.OfUtf8(reader.ValueSpan));
            case JsonTokenType.True:
                return Cell.Of("true");
            case JsonTokenType.False:
                return Cell.Of("false");
            case JsonTokenType.StartArray:
                var items = new List<Cell>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Value(ref reader, number, offset, isPicture));
                }

                return Cell.Of([.. items]);
            case JsonTokenType.StartObject:
                var fields = new Dictionary<string, Cell>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    Cell name = Text(ref reader);
                    reader.Read();
                    fields[name.Text ?? ""] = Value(ref reader, number, offset, isPicture);
                }

                return Cell.Of(fields);
            default:
                return Cell.Missing;
        }
    }

    private JsonPicture Place(ref Utf8JsonReader reader, long number, long offset)
    {
        ReadOnlySpan<byte> text = reader.ValueSpan;
        return new JsonPicture(file, number, offset + reader.TokenStartIndex + 1, text.Length)
        {
            Pictures = text[0] == '[' ? EmbeddedText.Count(Text(ref reader).Text ?? "") : 1,
        };
    }

    private Cell Text(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return Utf8.IsValid(reader.ValueSpan)
                ? Cell.Of(pool.OfUtf8(reader.ValueSpan))
                : Cell.Wrong("a text that is not UTF-8");
        }

        try
        {
            return Cell.Of(pool.Of(reader.GetString()!));
        }
        catch (InvalidOperationException)
        {
            return Cell.Wrong("a text that is not UTF-8, or with half of a surrogate pair");
        }
    }

    /// <summary>
    /// Overwrites NaN, Infinity and -Infinity, which Python writes, by zeros of the same length, and keeps where.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    private bool OverwriteNotNumbers(Span<byte> json)
    {
        if (json.IndexOf("NaN"u8) < 0 && json.IndexOf("Infinity"u8) < 0)
        {
            return false;
        }

        bool inText = false;
        for (int i = 0; i < json.Length; i++)
        {
            if (json[i] == '"')
            {
                inText = !inText;
            }
            else if (inText)
            {
                i += json[i] == '\\' ? 1 : 0;
            }
            else if (json[i] is (byte)'N' or (byte)'I' or (byte)'-')
            {
                foreach (string literal in NotNumbers)
                {
                    if (json[i..].StartsWith(Encoding.ASCII.GetBytes(literal)))
                    {
                        json.Slice(i, literal.Length).Fill((byte)' ');
                        json[i] = (byte)'0';
                        notNumbers[i] = literal;
                        break;
                    }
                }
            }
        }

        return notNumbers.Count > 0;
    }
}
