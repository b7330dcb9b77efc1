using System.Text.Json;
using System.Text.Unicode;

namespace Pipelines.Domain.Errors;

/// <summary>
/// What JSON's grammar allows and no reader here may meet: bytes that are no UTF-8, escapes of half a surrogate pair,
/// and a key that stands twice in one object. <see cref="JsonElement"/> finds the first two only when a name or a text
/// is asked for, in the middle of whatever asks, and takes one of two values in silence, where other readers take the
/// other; readers that keep elements demand beforehand that there is none of them.
/// </summary>
public static class JsonText
{
    private const int LongestNameTold = 40;

    /// <summary>
    /// Demands that every name and every text of a file is text, and that no object has a name twice.
    /// </summary>
    /// <param name="json">The file; a byte-order mark is passed over.</param>
    /// <exception cref="JsonException">One is not, or has; or the file is no JSON.</exception>
    public static void RequireWellFormed(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        if (!Utf8.IsValid(json))
        {
            throw new NotWellFormedException("it is not UTF-8 text", null);
        }

        var reader = new Utf8JsonReader(json);
        var open = new Stack<HashSet<string>>(); // names so far, of each object around the reader
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    open.Push(new HashSet<string>(StringComparer.Ordinal));
                    break;
                case JsonTokenType.EndObject:
                    open.Pop();
                    break;
                case JsonTokenType.PropertyName when TextOf(ref reader, json) is var name && !open.Peek().Add(name):
                    throw new NotWellFormedException($"the key '{Short(name)}' stands twice", LineOf(ref reader, json));
                case JsonTokenType.String when reader.ValueIsEscaped:
                    TextOf(ref reader, json);
                    break;
            }
        }
    }

    /// <summary>
    /// Where in the file an error is and, where only this class says it, what it is: for a sentence's end, in brackets.
    /// </summary>
    /// <param name="error">Of this class, or of .NET's reader.</param>
    public static string Place(JsonException error)
    {
        string line = error.LineNumber is { } number ? Invariant.Text($"line {number + 1}") : "";
        return error is not NotWellFormedException ? line
            : line.Length == 0 ? error.Message
            : $"{line}: {error.Message}";
    }

    /// <summary>
    /// What is wrong with a file that a deserializer refused, without .NET's names of types: a key whose value is of
    /// another kind, or <see cref="Place"/>.
    /// </summary>
    public static string Reason(JsonException error)
    {
        string place = Place(error);
        if (error is NotWellFormedException || error.Path is not { } path || path is "" or "$")
        {
            return place.Length > 0 ? place : "it is no JSON";
        }

        string key = path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path;
        string where = place.Length > 0 ? $"{place}: " : "";
        return $"{where}'{Short(key)}' has a value of the wrong kind";
    }

    private static string TextOf(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new NotWellFormedException("a text holds half of a surrogate pair", LineOf(ref reader, json), e);
        }
    }

    /// <summary>Counted from 0, as .NET's reader has it.</summary>
    private static long LineOf(ref Utf8JsonReader reader, ReadOnlySpan<byte> json) =>
        json[..(int)reader.TokenStartIndex].Count((byte)'\n');

    private static string Short(string name)
    {
        string line = name.ReplaceLineEndings(" ");
        return line.Length <= LongestNameTold ? line : line[..LongestNameTold] + "…";
    }

    private sealed class NotWellFormedException(string what, long? line, Exception? cause = null)
        : JsonException(what, null, line, null, cause);
}
