using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipelines.Stages.Vision;

/// <summary>Reads a whole number however JSON has it: <c>3</c>, <c>3.0</c>, <c>3e0</c>.</summary>
/// <typeparam name="TNumber">int or long.</typeparam>
internal sealed class WholeNumber<TNumber> : JsonConverter<TNumber>
    where TNumber : struct, INumber<TNumber>
{
    /// <inheritdoc/>
    public override TNumber Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (
            reader.TokenType == JsonTokenType.Number
            && reader.TryGetDecimal(out decimal value)
            && decimal.IsInteger(value)
        )
        {
            var number = TNumber.CreateSaturating(value);
            if (decimal.CreateChecked(number) == value)
            {
                return number;
            }
        }

        throw new JsonException("a whole number is expected");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TNumber value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(decimal.CreateChecked(value));
}
