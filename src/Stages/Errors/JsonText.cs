using System.Text.Json;
using System.Text.Unicode;

namespace Pipelines.Stages.Errors;

/// <summary>
/// What JSON's grammar allows and .NET's strings do not hold: bytes that are no UTF-8, and escapes of half a surrogate
/// pair. <see cref="JsonElement"/> finds them only when a name or a text is asked for, in the middle of whatever asks;
/// readers that keep elements demand beforehand that there are none.
/// </summary>
internal static class JsonText
{
    /// <summary>Demands that every name and every text of a file is text.</summary>
    /// <param name="json">The file; a byte-order mark is passed over.</param>
    /// <exception cref="JsonException">One is not, or the file is no JSON.</exception>
    public static void RequireWellFormed(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        if (!Utf8.IsValid(json))
        {
            throw new NoTextException("it is not UTF-8 text", null);
        }

        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String) || !reader.ValueIsEscaped)
            {
                continue;
            }

            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException e)
            {
                long line = json[..(int)reader.TokenStartIndex].Count((byte)'\n');
                throw new NoTextException("a text holds half of a surrogate pair", line, e);
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
        return error is not NoTextException ? line
            : line.Length == 0 ? error.Message
            : $"{line}: {error.Message}";
    }

    private sealed class NoTextException(string what, long? line, Exception? cause = null)
        : JsonException(what, null, line, null, cause);
}
