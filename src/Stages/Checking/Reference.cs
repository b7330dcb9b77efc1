using System.Text.Json;
using System.Text.Unicode;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Checking;

/// <summary>
/// What another program computed with the same checkpoint for one picture and question, to hold a model against
/// (<see cref="ReferenceComparison"/>).
/// </summary>
public sealed record Reference
{
    private const long LargestFile = 256 << 20;
    private const int Deepest = 16;

    /// <summary>The file it was read from.</summary>
    public required string File { get; init; }

    /// <summary>The picture; a relative path is relative to the file.</summary>
    public required string Picture { get; init; }

    /// <summary>What is asked.</summary>
    public required string Question { get; init; }

    /// <summary>Type that the other program computed in: float32, bfloat16, float16.</summary>
    public required string ComputeType { get; init; }

    /// <summary>The whole prompt as token ids, the image expanded.</summary>
    public required IReadOnlyList<int> InputIds { get; init; }

    /// <summary>Tokens of the largest logits at the last position, the largest first.</summary>
    public required IReadOnlyList<int> TopTokens { get; init; }

    /// <summary>Their logits.</summary>
    public required IReadOnlyList<double> TopLogits { get; init; }

    /// <summary>[L], the Frobenius norm of a layer's keys at the image tokens, all key heads, rotated.</summary>
    public required IReadOnlyList<double> KeyNorms { get; init; }

    /// <summary>[L], the same of the values.</summary>
    public required IReadOnlyList<double> ValueNorms { get; init; }

    /// <summary>
    /// [L][d], the first key head's key at the last image token: it shows a wrong rotation, which norms do not. Null
    /// where the file has none.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<double>>? LastKeys { get; init; }

    /// <summary>Frobenius norm of the pixel values; null where the file has none.</summary>
    public double? PixelNorm { get; init; }

    /// <summary>Reads a file as the script of <c>check --help</c> writes it.</summary>
    /// <exception cref="InputException">Missing, not JSON, a field missing or of the wrong form, or lengths that do not
    /// go together.</exception>
    public static Reference Read(string file)
    {
        using JsonDocument document = Parse(file);
        var fields = new Fields(file, document.RootElement);
        var reference = new Reference
        {
            File = file,
            Picture = fields.Text("picture"),
            Question = fields.Text("question"),
            ComputeType = fields.Text("dtype"),
            InputIds = fields.Integers("input_ids"),
            TopTokens = fields.Integers("top_tokens"),
            TopLogits = fields.Numbers("top_logits"),
            KeyNorms = fields.Numbers("key_norms"),
            ValueNorms = fields.Numbers("value_norms"),
            LastKeys = fields.Has("last_keys") ? fields.Rows("last_keys") : null,
            PixelNorm = fields.Has("pixel_norm") ? fields.Number("pixel_norm") : null,
        };
        fields.RequireEqual("top_logits", reference.TopLogits.Count, "top_tokens", reference.TopTokens.Count);
        fields.RequireEqual("value_norms", reference.ValueNorms.Count, "key_norms", reference.KeyNorms.Count);
        if (reference.LastKeys is { } keys)
        {
            fields.RequireEqual("last_keys", keys.Count, "key_norms", reference.KeyNorms.Count);
        }

        return reference;
    }

    private static JsonDocument Parse(string file)
    {
        try
        {
            long length = new FileInfo(file).Length;
            if (length > LargestFile)
            {
                throw new InputException(
                    file,
                    $"the file has {length:N0} bytes, far more than a reference has.",
                    Remedy
                );
            }

            byte[] bytes = RegularFile.ReadAllBytes(file);
            ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
            if (!Utf8.IsValid(json.Span))
            {
                throw new InputException(file, "the file is not UTF-8 text.", Remedy);
            }

            JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Deepest });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw new InputException(file, "the file does not hold a JSON object.", Remedy);
        }
        catch (JsonException e)
        {
            throw new InputException(
                file,
                Invariant.Text(
                    $"the file is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})."
                ),
                "NaN and Infinity, which Python writes, are no JSON: a reference with them is of no use.",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException(file, $"the file cannot be read: {e.Message}", Remedy, e);
        }
    }

    private const string Remedy = "Write it with the script that `check --help` shows.";

    /// <summary>Fields of the file, with errors that name them.</summary>
    private readonly struct Fields(string file, JsonElement root)
    {
        public bool Has(string name) =>
            root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

        public string Text(string name)
        {
            try
            {
                return Field(name).GetString() ?? throw Wrong(name, "a text");
            }
            catch (InvalidOperationException)
            {
                throw Wrong(name, "a text");
            }
        }

        public double Number(string name) => NumberOf(Field(name), name);

        public int[] Integers(string name) => [.. List(Field(name), name).Select(Integer)];

        public double[] Numbers(string name)
        {
            Fields self = this;
            return [.. List(Field(name), name).Select(e => self.NumberOf(e, name))];
        }

        public double[][] Rows(string name)
        {
            Fields self = this;
            return
            [
                .. List(Field(name), name)
                    .Select(row => self.List(row, name).Select(e => self.NumberOf(e, name)).ToArray()),
            ];
        }

        public void RequireEqual(string name, int count, string other, int expected)
        {
            if (count == expected)
            {
                return;
            }

            string found = Invariant.Text(
                $"'{name}' has {count} entries and '{other}' {expected}; both must have as many."
            );
            throw new InputException(file, found, Remedy);
        }

        private JsonElement Field(string name) =>
            Has(name)
                ? root.GetProperty(name)
                : throw new InputException(file, $"the field '{name}' is missing.", Remedy);

        private IEnumerable<JsonElement> List(JsonElement value, string name) =>
            value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
                ? value.EnumerateArray()
                : throw Wrong(name, "a list with entries");

        private double NumberOf(JsonElement value, string name) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
                ? number
                : throw Wrong(name, "finite numbers");

        private int Integer(JsonElement value) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0
                ? number
                : throw new InputException(file, $"{value.GetRawText()} is no token id.", Remedy);

        private InputException Wrong(string name, string wanted) => new(file, $"'{name}' must hold {wanted}.", Remedy);
    }
}
