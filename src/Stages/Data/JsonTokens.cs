using System.Globalization;
using System.Text.Json;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Data;

/// <summary>Reads a JSON file of any length through a small buffer: a token at a time, nothing kept. Errors name the file, the place and what was expected.</summary>
internal ref struct JsonTokens
{
    private const int FirstBuffer = 1 << 16;

    private readonly Stream stream;
    private readonly string file;
    private byte[] buffer = new byte[FirstBuffer];
    private int filled;
    private bool ended;
    private long bufferStart; // offset of buffer[0] in the file
    private Utf8JsonReader reader;
    private string list = "";
    private int element = -1;

    /// <summary>Starts at the file's first byte.</summary>
    /// <param name="stream">The file's bytes.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="InputException">The file is empty or plainly not JSON.</exception>
    public JsonTokens(Stream stream, string file)
    {
        this.stream = stream;
        this.file = file;
        Fill();
        RefuseOtherFormats(buffer.AsSpan(0, filled), file);
        int mark = buffer.AsSpan(0, filled).StartsWith("\uFEFF"u8) ? 3 : 0;
        Discard(mark);
        reader = new Utf8JsonReader(buffer.AsSpan(0, filled), ended, default);
    }

    /// <summary>Enters the object that must stand here.</summary>
    public void BeginObject()
    {
        Advance();
        Expect(JsonTokenType.StartObject, "an object ({ … })", field: null);
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
        return true;
    }

    /// <summary>Goes to the object's next property name, or leaves the object.</summary>
    public bool NextProperty()
    {
        Advance();
        return reader.TokenType == JsonTokenType.PropertyName;
    }

    /// <summary>Whether the current property has this name.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => reader.ValueTextEquals(name);

    /// <summary>The value of the current property: a whole number.</summary>
    public long Whole(string field)
    {
        Advance();
        Expect(JsonTokenType.Number, "a whole number", field);
        return reader.TryGetInt64(out long value) ? value : throw Wrong("a whole number is expected, found one with a fraction or too many digits", field);
    }

    /// <summary>The value of the current property: a number that is not negative.</summary>
    public double Size(string field)
    {
        Advance();
        return CurrentSize(field);
    }

    /// <summary>The value of the current property: a list of exactly <paramref name="count"/> numbers.</summary>
    public double[] Numbers(string field, int count)
    {
        Advance();
        Expect(JsonTokenType.StartArray, "a list of numbers", field);
        var values = new List<double>(count);
        for (Advance(); reader.TokenType != JsonTokenType.EndArray; Advance())
        {
            Expect(JsonTokenType.Number, "a number", field);
            values.Add(values.Count < count ? reader.GetDouble() : throw Wrong($"{count.ToString(CultureInfo.InvariantCulture)} numbers are expected, found more", field));
        }

        return values.Count == count ? [.. values] : throw Wrong($"{count.ToString(CultureInfo.InvariantCulture)} numbers are expected, found fewer", field);
    }

    /// <summary>The value of the current property: 0, 1, false or true.</summary>
    public bool Flag(string field)
    {
        Advance();
        return reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.Number when reader.TryGetInt64(out long value) && value is 0 or 1 => value == 1,
            _ => throw Wrong("0 or 1 is expected", field),
        };
    }

    /// <summary>The value of the current property: a text.</summary>
    public string Text(string field)
    {
        Advance();
        Expect(JsonTokenType.String, "a text", field);
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Wrong($"the text is not valid UTF-8 ({e.Message})", field);
        }
    }

    /// <summary>Passes over the value of the current property, however large.</summary>
    public void Skip()
    {
        Advance();
        int depth = reader.CurrentDepth;
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            do
            {
                Advance();
            }
            while (reader.CurrentDepth > depth);
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
    public readonly InputException Wrong(string what, string? field)
    {
        string path = string.Join('.', new[] { element < 0 ? list : $"{list}[{element.ToString(CultureInfo.InvariantCulture)}]", field }.Where(p => !string.IsNullOrEmpty(p)));
        long at = bufferStart + reader.TokenStartIndex;
        return new InputException(file, $"{(path.Length == 0 ? "" : path + ": ")}{what} (byte {at.ToString(CultureInfo.InvariantCulture)}).");
    }

    private readonly double CurrentSize(string field)
    {
        Expect(JsonTokenType.Number, "a number", field);
        return reader.TryGetDouble(out double value) && value >= 0 && double.IsFinite(value) ? value : throw Wrong("a number of 0 or more is expected", field);
    }

    private readonly void Expect(JsonTokenType type, string name, string? field)
    {
        if (reader.TokenType != type)
        {
            throw Wrong($"{name} is expected, found {Found(reader.TokenType)}", field);
        }
    }

    private static string Found(JsonTokenType type) => type switch
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
            }

            return true;
        }
        catch (JsonException e)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
            throw new InputException(file, $"the JSON is damaged or ends too early ({place}).", "Get the file again and compare its size.", e);
        }
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

    private static void RefuseOtherFormats(ReadOnlySpan<byte> start, string file)
    {
        if (start.IsEmpty)
        {
            throw new InputException(file, "is empty.", "Get the file again.");
        }

        if (start.StartsWith("version https://git-lfs"u8))
        {
            throw new InputException(file, "is a git-LFS pointer, not the file itself.", "Run 'git lfs pull' in its folder.");
        }

        if (start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith<byte>([0x1f, 0x8b]))
        {
            throw new InputException(file, "is a compressed archive.", "Unpack it and name the JSON file inside.");
        }

        if (start[0] == (byte)'<')
        {
            throw new InputException(file, "is a web page or XML, not JSON.", "Get the file again; the download was probably refused.");
        }
    }
}
