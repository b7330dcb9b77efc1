using System.Text.Json;
using System.Text.Unicode;

namespace Pipelines.Stages.Errors;

/// <summary>
/// What JSON's grammar allows and .NET's strings do not hold: bytes that are no UTF-8, and escapes of half a surrogate pair. <see cref="JsonElement"/> finds them only when a name or a text is asked for, in the middle of
/// whatever asks; readers that keep elements demand beforehand that there are none.
/// </summary>
internal static class JsonText
{
    /// <summary>Demands that every name and every text of a file is text.</summary>
    /// <param name="json">The file; a byte-order mark is passed over.</param>
    /// <exception cref="JsonException">One is not, or the file is no JSON.</exception>
    public static void RequireWellFormed(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8)) json = json[3..];
        if (!Utf8.IsValid(json)) throw new JsonException("it is not UTF-8 text");
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String) || !reader.ValueIsEscaped) continue;
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException e)
            {
                throw new JsonException($"a text holds half of a surrogate pair at byte {reader.TokenStartIndex}", e);
            }
        }
    }
}
