using System.Text;
using System.Text.Json;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// A JSON value as it is spelt, bytes kept as Latin-1: a tree that can hold what JSON libraries refuse to hold (a name
/// twice, half a surrogate pair, numbers without end).
/// </summary>
internal sealed class JsonPiece
{
    private const int Deepest = 200;

    private JsonPiece(string raw, char open) => (Raw, Open) = (raw, open);

    /// <summary>Spelling of a value that is no container.</summary>
    public string Raw { get; set; }

    /// <summary>'{' or '[' of a container, else NUL.</summary>
    public char Open { get; }

    /// <summary>What a container holds; names are spelt with their quotes, empty in a list.</summary>
    public List<(string Name, JsonPiece Value)> Items { get; } = [];

    /// <summary>A value that is no container.</summary>
    public static JsonPiece Of(string raw) => new(raw, '\0');

    /// <summary>A list of one.</summary>
    public static JsonPiece ListOf(JsonPiece item)
    {
        var list = new JsonPiece("", '[');
        list.Items.Add(("", item));
        return list;
    }

    /// <summary>The tree of a text, or null where it is no JSON.</summary>
    public static JsonPiece? Parse(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Deepest });
        try
        {
            return reader.Read() ? Value(ref reader) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The text.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        Write(text);
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>The value and all below it.</summary>
    public IEnumerable<JsonPiece> All() => Items.SelectMany(i => i.Value.All()).Prepend(this);

    /// <summary>A copy that can be changed alone.</summary>
    public JsonPiece Copy()
    {
        var copy = new JsonPiece(Raw, Open);
        copy.Items.AddRange(Items.Select(i => (i.Name, i.Value.Copy())));
        return copy;
    }

    private static JsonPiece Value(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return Of(Spelling(ref reader));
        }

        var container = new JsonPiece("", reader.TokenType == JsonTokenType.StartObject ? '{' : '[');
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            string name = "";
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                name = Spelling(ref reader);
                reader.Read();
            }

            container.Items.Add((name, Value(ref reader)));
        }

        return container;
    }

    private static string Spelling(ref Utf8JsonReader reader)
    {
        string text = Encoding.Latin1.GetString(reader.ValueSpan);
        return reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? $"\"{text}\"" : text;
    }

    private void Write(StringBuilder text)
    {
        if (Open == '\0')
        {
            text.Append(Raw);
            return;
        }

        text.Append(Open);
        for (int i = 0; i < Items.Count; i++)
        {
            if (i > 0)
            {
                text.Append(',');
            }

            if (Items[i].Name.Length > 0)
            {
                text.Append(Items[i].Name).Append(':');
            }

            Items[i].Value.Write(text);
        }

        text.Append(Open == '{' ? '}' : ']');
    }
}
