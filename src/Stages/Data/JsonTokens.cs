using System.Globalization;
using System.Text.Json;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data;

/// <summary>
/// Reads a JSON file of any length through a small buffer: a token at a time, nothing kept. Errors name the file, the
/// place and what was expected. null counts as absent. NaN and Infinity, which Python writes, are passed over where
/// nobody asks for the value.
/// </summary>
internal ref struct JsonTokens
{
    private const int FirstBuffer = 1 << 16,
        LongestNotANumber = 10, // -Infinity and what ends it
        Deepest = 64;

    private static readonly string[] NotNumbers = ["NaN", "Infinity", "-Infinity"];

    private readonly Stream stream;
    private readonly string file;
    private byte[] buffer = new byte[FirstBuffer];
    private int filled;
    private bool ended;
    private long bufferStart; // offset of buffer[0] in the file
    private Utf8JsonReader reader;
    private string list = "";
    private int element = -1;
    private readonly List<byte[]> asked = []; // names of properties that somebody asks for
    private readonly ulong[] seen = new ulong[Deepest + 1]; // which of them the object at a depth has had so far
    private string? notANumber; // what the file has where the current token stands for a number that is none

    /// <summary>Starts at the file's first byte.</summary>
    /// <param name="stream">The file's bytes.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="InputException">The file is empty or plainly not JSON.</exception>
    public JsonTokens(Stream stream, string file)
    {
        this.stream = stream;
        this.file = file;
        Fill();
        OtherFormats.Refuse(buffer.AsSpan(0, filled), file);
        int mark = buffer.AsSpan(0, filled).StartsWith("\uFEFF"u8) ? 3 : 0;
        Discard(mark);
        // One level more than is taken, so that too deep a file is told apart from a damaged one
        var options = new JsonReaderOptions { MaxDepth = Deepest + 1 };
        reader = new Utf8JsonReader(buffer.AsSpan(0, filled), ended, new JsonReaderState(options));
    }

    /// <summary>Enters the object that must stand here.</summary>
    public void BeginObject()
    {
        Advance();
        Expect(JsonTokenType.StartObject, "an object ({ … })", field: null);
        seen[reader.CurrentDepth + 1] = 0;
    }

    /// <summary>Enters the list that must stand here; its elements must be objects.</summary>
    /// <param name="name">The list's name, for messages.</param>
    public void BeginList(string name)
    {
        (list, element) = (name, -1);
        Advance();
        Expect(JsonTokenType.StartArray, "a list ([ … ])", field: null);
    }

    /// <summary>Enters the list's next object, or leaves the list.</summary>
    public bool NextObject()
    {
        element++;
        Advance();
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            (list, element) = ("", -1);
            return false;
        }

        Expect(JsonTokenType.StartObject, "an object ({ … })", field: null);
        seen[reader.CurrentDepth + 1] = 0;
        return true;
    }

    /// <summary>Goes to the object's next property name, or leaves the object.</summary>
    public bool NextProperty()
    {
        Advance();
        return reader.TokenType == JsonTokenType.PropertyName;
    }

    /// <summary>Whether the current property has this name, which an object has once at most.</summary>
    /// <exception cref="InputException">The object had the property before: programs differ in which they
    /// take.</exception>
    public readonly bool Is(scoped ReadOnlySpan<byte> name)
    {
        try
        {
            if (!reader.ValueTextEquals(name))
            {
                return false;
            }
        }
        catch (InvalidOperationException)
        {
            return false; // half of a surrogate pair: no name that is looked for
        }

        ulong bit = 1UL << NumberOf(name);
        if ((seen[reader.CurrentDepth] & bit) != 0)
        {
            throw Wrong($"'{System.Text.Encoding.UTF8.GetString(name)}' stands there twice", field: null);
        }

        seen[reader.CurrentDepth] |= bit;
        return true;
    }

    /// <summary>A number of a name that is asked for; there are few.</summary>
    private readonly int NumberOf(scoped ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < asked.Count; i++)
        {
            if (name.SequenceEqual(asked[i]))
            {
                return i;
            }
        }

        asked.Add(name.ToArray());
        return asked.Count - 1;
    }

    /// <summary>Goes to the value of the current property. False where it is null, which counts as absent.</summary>
    public bool HasValue()
    {
        Advance();
        return reader.TokenType != JsonTokenType.Null;
    }

    /// <summary>
    /// The current value: a whole number, however it is written (<c>640</c>, <c>640.0</c>, <c>64e1</c>).
    /// </summary>
    public readonly long Whole(string field)
    {
        Expect(JsonTokenType.Number, "a whole number", field);
        return WholeIfAny()
            ?? throw Wrong("a whole number is expected, found one with a fraction or too many digits", field);
    }

    private readonly long? WholeIfAny()
    {
        if (reader.TryGetInt64(out long value))
        {
            return value;
        }

        return
            reader.TryGetDecimal(out decimal wide)
            && decimal.IsInteger(wide)
            && wide is >= long.MinValue and <= long.MaxValue
            ? (long)wide
            : null;
    }

    /// <summary>The current value: an id, a whole number or a text.</summary>
    public readonly CocoId Id(string field) =>
        reader.TokenType == JsonTokenType.String ? CocoId.Of(CurrentText(field)) : new CocoId(Whole(field));

    /// <summary>
    /// The current value, which may be anything: the id that it is, else null, for it was not needed.
    /// </summary>
    public CocoId? IdIfAny()
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return Id("id");
        }

        if (reader.TokenType == JsonTokenType.Number && notANumber is null && WholeIfAny() is { } number)
        {
            return new CocoId(number);
        }

        SkipCurrent();
        return null;
    }

    /// <summary>The current value: a number that is not negative.</summary>
    public readonly double Size(string field)
    {
        Expect(JsonTokenType.Number, "a number", field);
        return reader.TryGetDouble(out double value) && value >= 0 && double.IsFinite(value)
            ? value
            : throw Wrong("a number of 0 or more is expected", field);
    }

    /// <summary>
    /// The current value, which may turn out not to be needed: a list of exactly <paramref name="values"/>' length.
    /// Where it is another thing, it is passed over and what is wrong is told: null where all is right.
    /// </summary>
    public MisreadValue? Numbers(scoped Span<double> values, string field)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            var other = Misread($"a list of numbers is expected, found {Found(reader.TokenType)}", field);
            SkipCurrent();
            return other;
        }

        string count = values.Length.ToString(CultureInfo.InvariantCulture);
        MisreadValue? wrong = null;
        int read = 0;
        for (Advance(); reader.TokenType != JsonTokenType.EndArray; Advance(), read++)
        {
            double value = 0;
            bool number =
                notANumber is null && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out value);
            if (read >= values.Length)
            {
                wrong ??= Misread($"{count} numbers are expected, found more", field);
            }
            else if (number)
            {
                values[read] = value;
            }
            else
            {
                wrong ??= Misread($"a number is expected, found {notANumber ?? Found(reader.TokenType)}", field);
            }

            SkipCurrent();
        }

        return wrong ?? (read < values.Length ? Misread($"{count} numbers are expected, found fewer", field) : null);
    }

    /// <summary>The current value: 0, 1, false or true.</summary>
    public readonly bool Flag(string field)
    {
        if (notANumber is not null)
        {
            Expect(JsonTokenType.Number, "0 or 1", field);
        }

        return reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.Number when reader.TryGetDouble(out double value) && value is 0 or 1 => reader.GetDouble()
                == 1,
            _ => throw Wrong("0 or 1 is expected", field),
        };
    }

    /// <summary>The current value: a text.</summary>
    public readonly string Text(string field)
    {
        Expect(JsonTokenType.String, "a text", field);
        return CurrentText(field);
    }

    /// <summary>Passes over the value of the current property, however large.</summary>
    public void Skip()
    {
        Advance();
        SkipCurrent();
    }

    private void SkipCurrent()
    {
        int depth = reader.CurrentDepth;
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            do
            {
                Advance();
            } while (reader.CurrentDepth > depth);
        }
    }

    /// <summary>Demands that nothing follows.</summary>
    public void End()
    {
        if (Read())
        {
            throw Wrong("the file goes on after its end", field: null);
        }
    }

    /// <summary>An error at the current place.</summary>
    /// <param name="what">What is wrong, without a full stop.</param>
    /// <param name="field">The property it concerns, or null.</param>
    public readonly InputException Wrong(string what, string? field) => Wrong(Misread(what, field));

    /// <summary>An error at a place that was read before.</summary>
    public readonly InputException Wrong(MisreadValue value)
    {
        var (line, column) = PlaceOf(value.Offset);
        string path = value.Path.Length == 0 ? "" : value.Path + ": ";
        return new InputException(file, Invariant.Text($"{path}{value.What} (line {line}, byte {column})."));
    }

    /// <summary>What is wrong at the current place, for the case that somebody needs the value.</summary>
    private readonly MisreadValue Misread(string what, string? field)
    {
        string? item = element < 0 ? list : $"{list}[{element.ToString(CultureInfo.InvariantCulture)}]";
        string path = string.Join('.', new[] { item, field }.Where(p => !string.IsNullOrEmpty(p)));
        return new MisreadValue(path, what, bufferStart + reader.TokenStartIndex);
    }

    /// <summary>
    /// Line and byte in it, both from 1, of an offset. The file is read again up to it: nobody counts lines while all
    /// is well.
    /// </summary>
    private readonly (long Line, long Byte) PlaceOf(long offset)
    {
        long line = 1,
            lineStart = 0,
            at = 0,
            before = stream.Position;
        byte[] block = new byte[FirstBuffer];
        stream.Position = 0;
        while (at < offset && stream.Read(block) is > 0 and var read)
        {
            int counted = (int)Math.Min(read, offset - at);
            line += block.AsSpan(0, counted).Count((byte)'\n');
            if (block.AsSpan(0, counted).LastIndexOf((byte)'\n') is >= 0 and var last)
            {
                lineStart = at + last + 1;
            }

            at += counted;
        }

        stream.Position = before;
        return (line, offset - lineStart + 1);
    }

    private readonly string CurrentText(string field)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Wrong($"the text is not valid UTF-8 ({e.Message})", field);
        }
    }

    private readonly void Expect(JsonTokenType type, string name, string? field)
    {
        if (reader.TokenType != type || notANumber is not null)
        {
            throw Wrong($"{name} is expected, found {notANumber ?? Found(reader.TokenType)}", field);
        }
    }

    private static string Found(JsonTokenType type) =>
        type switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "a list",
            JsonTokenType.String => "a text",
            JsonTokenType.Number => "a number",
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            _ => "null",
        };

    private void Advance()
    {
        if (!Read())
        {
            throw Wrong("the file ends too early", field: null);
        }
    }

    private bool Read()
    {
        notANumber = null;
        Utf8JsonReader before = reader;
        try
        {
            while (!reader.Read())
            {
                if (ended)
                {
                    return false;
                }

                Discard((int)reader.BytesConsumed);
                Fill();
                reader = new Utf8JsonReader(buffer.AsSpan(0, filled), ended, reader.CurrentState);
                before = reader;
            }
        }
        catch (JsonException e)
        {
            return ReadNotANumber(before)
                ? true
                : throw new InputException(
                    file,
                    Invariant.Text(
                        $"the JSON is damaged or ends too early (line {e.LineNumber + 1}, byte "
                            + $"{e.BytePositionInLine + 1})."
                    ),
                    "Get the file again and compare its size.",
                    e
                );
        }

        bool opens = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        return opens && reader.CurrentDepth >= Deepest
            ? throw Wrong(Invariant.Text($"lists and objects are nested more than {Deepest} deep"), field: null)
            : true;
    }

    /// <summary>
    /// Reads NaN, Infinity or -Infinity as a number that is none: JSON does not have them, and Python writes them. They
    /// are overwritten in the buffer by a zero of the same length.
    /// </summary>
    /// <param name="before">The reader before it met the token.</param>
    private bool ReadNotANumber(Utf8JsonReader before)
    {
        int at = (int)before.BytesConsumed;
        while (
            at < filled && buffer[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)':' or (byte)','
        )
        {
            at++;
        }

        while (!ended && filled - at < LongestNotANumber)
        {
            // The literal may go on behind the buffer.
            int consumed = (int)before.BytesConsumed;
            Discard(consumed);
            Fill();
            before = new Utf8JsonReader(buffer.AsSpan(0, filled), ended, before.CurrentState);
            at -= consumed;
        }

        if (NotANumberAt(buffer.AsSpan(at, filled - at)) is not { } found)
        {
            return false;
        }

        buffer.AsSpan(at, found.Length).Fill((byte)' ');
        buffer[at] = (byte)'0';
        reader = before;
        try
        {
            notANumber = $"{found}, which is no number in JSON";
            return reader.Read();
        }
        catch (JsonException)
        {
            return false; // it stands where no value may stand
        }
    }

    private static string? NotANumberAt(ReadOnlySpan<byte> text)
    {
        foreach (string literal in NotNumbers)
        {
            bool stands = text.StartsWith(System.Text.Encoding.ASCII.GetBytes(literal));
            if (
                stands
                && (
                    text.Length == literal.Length
                    || text[literal.Length] is (byte)',' or (byte)']' or (byte)'}' or <= (byte)' '
                )
            )
            {
                return literal;
            }
        }

        return null;
    }

    private void Discard(int bytes)
    {
        buffer.AsSpan(bytes, filled - bytes).CopyTo(buffer);
        filled -= bytes;
        bufferStart += bytes;
    }

    private void Fill()
    {
        if (filled == buffer.Length)
        {
            Array.Resize(ref buffer, 2 * buffer.Length); // one token is longer than the buffer
        }

        try
        {
            int wanted = buffer.Length - filled;
            int read = stream.ReadAtLeast(buffer.AsSpan(filled), wanted, throwOnEndOfStream: false);
            filled += read;
            ended = read < wanted;
        }
        catch (IOException e)
        {
            throw new InputException(file, $"cannot be read: {e.Message}", inner: e);
        }
    }
}

/// <summary>
/// A value that was passed over because it is not what was expected; an error once somebody needs it.
/// </summary>
/// <param name="Path">Where it stands in the document.</param>
/// <param name="What">What is wrong, without a full stop.</param>
/// <param name="Offset">Where it stands in the file, in bytes.</param>
internal readonly record struct MisreadValue(string Path, string What, long Offset);
