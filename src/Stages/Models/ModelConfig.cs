using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Models;

/// <summary>A JSON file of a hub folder (config.json, generation_config.json), read field by field with errors that name file and key.</summary>
internal sealed class ModelConfig
{
    private const long LargestFile = 16 << 20;
    private readonly JsonElement element;
    private readonly string path;
    private readonly string prefix;

    private ModelConfig(string path, string prefix, JsonElement element)
    {
        this.path = path;
        this.prefix = prefix;
        this.element = element;
    }

    /// <summary>The file that is read.</summary>
    public string Path => path;

    /// <summary>Reads a file that must exist and hold a JSON object.</summary>
    /// <exception cref="InputException">Missing, too large, not JSON, or not an object.</exception>
    public static ModelConfig Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException(path, "the file is missing.", "A model folder is the folder as the model hub lays it out: config.json, *.safetensors and tokenizer files.");
        }

        try
        {
            var file = new FileInfo(path);
            if (file.Length > LargestFile)
            {
                throw new InputException(path, $"the file has {file.Length:N0} bytes, far more than a configuration has.", "Download it again.");
            }

            byte[] bytes = File.ReadAllBytes(path);
            if (bytes.AsSpan().StartsWith("version https://git-lfs"u8))
            {
                throw new InputException(path, "the file is a git-LFS pointer, not the file itself.", "Run `git lfs pull` in the model folder.");
            }

            ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
            if (!Utf8.IsValid(json.Span))
            {
                throw new InputException(path, "the file is not UTF-8 text.", "Download it again.");
            }

            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ModelConfig(path, "", document.RootElement.Clone())
                : throw new InputException(path, "the file does not hold a JSON object.", "Download it again.");
        }
        catch (JsonException e)
        {
            throw new InputException(path, $"the file is not valid JSON (line {e.LineNumber + 1}).", "Download it again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"the file cannot be read: {e.Message}", inner: e);
        }
    }

    /// <summary>Reads a file that may be missing: null then.</summary>
    public static ModelConfig? ReadOptional(string path) => File.Exists(path) ? Read(path) : null;

    /// <summary>Whether the key is there and not null.</summary>
    public bool Has(string key) => TryGet(key, out _);

    /// <summary>The object under <paramref name="key"/>.</summary>
    public ModelConfig Section(string key) => OptionalSection(key) ?? throw Missing(key);

    /// <summary>The object under <paramref name="key"/>, or null where the key is missing.</summary>
    public ModelConfig? OptionalSection(string key) =>
        !TryGet(key, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Object ? new ModelConfig(path, $"{prefix}{key}.", value)
        : throw Wrong(key, "an object", value);

    /// <summary>A positive count (layers, heads, widths), at most 2^24.</summary>
    /// <param name="key">Key.</param>
    /// <param name="otherwise">The class default where the file omits the key; null = the key is required.</param>
    public int Count(string key, int? otherwise = null)
    {
        int value = Integer(key, otherwise);
        return value is >= 1 and <= 1 << 24 ? value : throw new InputException(path, $"'{prefix}{key}' is {value}; it must be between 1 and {1 << 24}.");
    }

    /// <summary>An integer.</summary>
    public int Integer(string key, int? otherwise = null)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return otherwise ?? throw Missing(key);
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue
            ? (int)number
            : throw Wrong(key, "an integer", value);
    }

    /// <summary>A finite number above zero (eps, theta).</summary>
    public double Positive(string key, double? otherwise = null)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return otherwise ?? throw Missing(key);
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) && number > 0
            ? number
            : throw Wrong(key, "a number above 0", value);
    }

    /// <summary>A boolean.</summary>
    public bool Flag(string key, bool otherwise) =>
        !TryGet(key, out JsonElement value) ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, "true or false", value);

    /// <summary>A string.</summary>
    public string Text(string key, string? otherwise = null) =>
        !TryGet(key, out JsonElement value) ? otherwise ?? throw Missing(key)
        : StringOf(value) ?? throw Wrong(key, "a string", value);

    /// <summary>A list of integers; a single integer is a list of one. Null where the key is missing.</summary>
    public int[]? Integers(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return [.. items.Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number) ? number : throw Wrong(key, "a list of integers", value))];
    }

    /// <summary>A list of strings, or null where the key is missing.</summary>
    public string[]? Texts(string key) =>
        !TryGet(key, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(item => StringOf(item) ?? throw Wrong(key, "a list of strings", value))]
        : throw Wrong(key, "a list of strings", value);

    /// <summary>A list of pairs of positive integers, or null where the key is missing.</summary>
    public (int First, int Second)[]? Pairs(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(Pair)] : throw Wrong(key, "a list of pairs", value);

        (int First, int Second) Pair(JsonElement item) =>
            item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2 && item[0].ValueKind == JsonValueKind.Number && item[1].ValueKind == JsonValueKind.Number
            && item[0].TryGetInt32(out int first) && item[1].TryGetInt32(out int second) && first > 0 && second > 0
                ? (first, second)
                : throw Wrong(key, "a list of pairs of positive integers", value);
    }

    /// <summary>Demands the value that the code computes with.</summary>
    /// <exception cref="InputException">The file says something else.</exception>
    public void Expect(string key, string supported, string otherwise)
    {
        string found = Text(key, otherwise);
        if (found != supported)
        {
            throw new InputException(path, $"'{prefix}{key}' is \"{found}\"; only \"{supported}\" is supported here.");
        }
    }

    /// <summary>An error about a key of this file.</summary>
    public InputException Error(string key, string what, string? remedy = null) => new(path, $"'{prefix}{key}' {what}", remedy);

    private bool TryGet(string key, out JsonElement value) =>
        element.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>The string, or null for anything else (half a surrogate pair included).</summary>
    private static string? StringOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private InputException Missing(string key) => new(path, $"the key '{prefix}{key}' is missing.", "Use the config.json that belongs to the checkpoint.");

    private InputException Wrong(string key, string wanted, JsonElement found)
    {
        string text = found.GetRawText();
        return new InputException(path, string.Create(CultureInfo.InvariantCulture, $"'{prefix}{key}' must be {wanted}, not {(text.Length > 60 ? text[..60] + "…" : text)}."));
    }
}
