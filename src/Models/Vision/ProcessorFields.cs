using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Models.Text;

namespace Pipelines.Models.Vision;

/// <summary>
/// The fields of an image processor's file, read one by one: an error names the field, what stands there and what would
/// be right. A field that is missing or null has no value.
/// </summary>
/// <param name="file">The JSON object.</param>
/// <param name="source">The file, for messages.</param>
internal sealed class ProcessorFields(JsonElement file, string source)
{
    private const int LongestShown = 60;

    /// <summary>A field as it stands there; undefined where it has no value.</summary>
    public JsonElement Raw(string key) => Given(key) ?? default;

    /// <summary>true or false.</summary>
    public bool? Flag(string key) =>
        Given(key) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, value, "true or false");

    /// <summary>A text.</summary>
    public string? Text(string key) =>
        Given(key) is not { } value ? null : HubJson.TextOf(value) ?? throw Wrong(key, value, "a text");

    /// <summary>A number.</summary>
    public double? Number(string key) =>
        Given(key) is not { } value ? null : NumberIn(value) ?? throw Wrong(key, value, "a number");

    /// <summary>A whole number, in any of JSON's writings (<c>3</c>, <c>3.0</c>, <c>3e0</c>).</summary>
    public long? Whole(string key) =>
        Given(key) is not { } value ? null : WholeIn(value) ?? throw Wrong(key, value, "a whole number");

    /// <summary>As <see cref="Whole"/>, of 32 bits.</summary>
    public int? Count(string key) =>
        Whole(key) is not { } whole ? null
        : whole is >= int.MinValue and <= int.MaxValue ? (int)whole
        : throw Wrong(key, Raw(key), "a whole number of 32 bits");

    /// <summary>A list of numbers.</summary>
    public IReadOnlyList<double>? Numbers(string key)
    {
        const string wanted = "a list of numbers, such as [0.5, 0.5, 0.5]";
        return Given(key) is not { } value ? null
            : value.ValueKind != JsonValueKind.Array ? throw Wrong(key, value, wanted)
            : [.. value.EnumerateArray().Select(v => NumberIn(v) ?? throw Wrong(key, value, wanted))];
    }

    /// <summary>A list of pairs (height, width).</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Pairs(string key)
    {
        return Given(key) is not { } value ? null
            : value.ValueKind != JsonValueKind.Array ? throw Bad(value)
            : [.. value.EnumerateArray().Select(pair => Pair(value, pair))];

        InputException Bad(JsonElement found) =>
            Wrong(key, found, "a list of pairs (height, width) of whole numbers, such as [[336, 672]]");

        IReadOnlyList<int> Pair(JsonElement list, JsonElement pair) =>
            pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2
                ? [.. pair.EnumerateArray().Select(side => Side(list, side))]
                : throw Bad(list);

        int Side(JsonElement list, JsonElement side) =>
            WholeIn(side) is { } whole and >= int.MinValue and <= int.MaxValue ? (int)whole : throw Bad(list);
    }

    /// <summary>A value in a message: its beginning where it is long.</summary>
    public static string Shown(JsonElement value)
    {
        string text = value.GetRawText().ReplaceLineEndings(" ");
        return text.Length <= LongestShown ? text : text[..(LongestShown - 1)] + "…";
    }

    private static double? NumberIn(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : null;

    /// <summary>The whole number that a value is, in any of JSON's writings; null where it is none.</summary>
    public static long? WholeIn(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number
        && value.TryGetDecimal(out decimal number)
        && decimal.IsInteger(number)
        && number is >= long.MinValue and <= long.MaxValue
            ? (long)number
            : null;

    private JsonElement? Given(string key) =>
        file.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private InputException Wrong(string key, JsonElement found, string wanted) =>
        new(source, $"has '{key}: {Shown(found)}', which is not {wanted}.", "Use the file of the published model.");
}
