using System.Text.Json;
using System.Text.Unicode;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Text;

namespace Pipelines.Models.Families;

/// <summary>
/// A JSON file of a hub folder (config.json, generation_config.json), read field by field with errors that name file
/// and key.
/// </summary>
public sealed class ModelConfig
{
    private const long LargestFile = 16 << 20;
    private readonly JsonElement element;
    private readonly string path;
    private readonly string prefix;
    private readonly ModelConfig? above;
    private readonly HashSet<string> asked;

    private ModelConfig(
        string path,
        string prefix,
        JsonElement element,
        HashSet<string> asked,
        ModelConfig? above = null
    )
    {
        this.path = path;
        this.prefix = prefix;
        this.element = element;
        this.asked = asked;
        this.above = above;
    }

    /// <summary>The file that is read.</summary>
    public string Path => path;

    /// <summary>Reads a file that must exist and hold a JSON object.</summary>
    /// <exception cref="InputException">Missing, too large, not JSON, or not an object.</exception>
    public static ModelConfig Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException(
                path,
                "the file is missing.",
                "A model folder is the folder as the model hub lays it out: config.json, *.safetensors and "
                    + "tokenizer files."
            );
        }

        try
        {
            var file = new FileInfo(path);
            if (file.Length > LargestFile)
            {
                throw new InputException(
                    path,
                    Invariant.Text($"the file has {file.Length:N0} bytes, far more than a configuration has."),
                    "Download it again."
                );
            }

            byte[] bytes = Utf8Text.WithoutMark(RegularFile.ReadAllBytes(path));
            if (GitLfs.IsPointer(bytes))
            {
                throw new InputException(
                    path,
                    "the file is a git-LFS pointer, not the file itself.",
                    "Run `git lfs pull` in the model folder."
                );
            }

            if (!Utf8.IsValid(bytes))
            {
                throw new InputException(path, "the file is not UTF-8 text.", "Download it again.");
            }

            JsonText.RequireWellFormed(bytes);
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 64 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ModelConfig(path, "", document.RootElement.Clone(), [])
                : throw new InputException(path, "the file does not hold a JSON object.", "Download it again.");
        }
        catch (JsonException e)
        {
            throw new InputException(
                path,
                $"the file is not valid JSON ({JsonText.Place(e)}).",
                "Download it again.",
                e
            );
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

    /// <summary>
    /// Whether the key is there and null: a switch that is off, where a missing key would have the class default.
    /// </summary>
    public bool IsNull(string key)
    {
        asked.Add(prefix + key);
        return element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Null;
    }

    /// <summary>
    /// This section, with another one asked for what is missing here: files of transformers 4.52 to 4.57 hold the
    /// decoder's keys twice. A key that stands in both must say the same.
    /// </summary>
    public ModelConfig Else(ModelConfig other) => new(path, prefix, element, asked, other);

    /// <summary>
    /// Demands that every key of this section was read, is null, or is known: a key that is neither may change the
    /// pass.
    /// </summary>
    /// <param name="known">What is known of the keys that nobody reads.</param>
    /// <exception cref="InputException">Names the keys.</exception>
    public void RequireUnderstood(KnownKeys known)
    {
        var strange = new List<string>();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string name = prefix + property.Name;
            if (
                property.Value.ValueKind == JsonValueKind.Null
                || asked.Contains(name)
                || known.DoesNotMatter(property.Name)
            )
            {
                continue;
            }

            if (known.OnlyValue(property.Name) is { } only)
            {
                if (!JsonElement.DeepEquals(property.Value, only))
                {
                    throw Error(
                        property.Name,
                        $"is {Shown(property.Value)}; only {only.GetRawText()}, the class default, is computed here."
                    );
                }

                continue;
            }

            strange.Add($"'{name}' ({Shown(property.Value)})");
        }

        if (strange.Count > 0)
        {
            string names = string.Join(", ", strange.Take(5)) + (strange.Count > 5 ? ", …" : "");
            throw new InputException(
                path,
                $"{names}: {(strange.Count == 1 ? "a key that is" : "keys that are")} not understood and may change "
                    + $"the model's pass.",
                "Use the config.json as published; a key that is null does nothing."
            );
        }
    }

    /// <summary>The object under <paramref name="key"/>.</summary>
    public ModelConfig Section(string key) => OptionalSection(key) ?? throw Missing(key);

    /// <summary>The object under <paramref name="key"/>, or null where the key is missing.</summary>
    public ModelConfig? OptionalSection(string key) =>
        !TryGet(key, out JsonElement value, out ModelConfig holder) ? null
        : value.ValueKind == JsonValueKind.Object ? new ModelConfig(path, $"{holder.prefix}{key}.", value, asked)
        : throw holder.Wrong(key, "an object", value);

    /// <summary>A positive count (layers, heads, widths), at most 2^24.</summary>
    /// <param name="key">Key.</param>
    /// <param name="otherwise">The class default where the file omits the key; null = the key is required.</param>
    public int Count(string key, int? otherwise = null)
    {
        int value = Integer(key, otherwise);
        return value is >= 1 and <= 1 << 24
            ? value
            : throw new InputException(path, $"'{prefix}{key}' is {value}; it must be between 1 and {1 << 24}.");
    }

    /// <summary>An integer.</summary>
    public int Integer(string key, int? otherwise = null)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return otherwise ?? throw Missing(key);
        }

        return
            value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double number)
            && number == Math.Floor(number)
            && Math.Abs(number) <= int.MaxValue
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

        return
            value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double number)
            && double.IsFinite(number)
            && number > 0
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
        !TryGet(key, out JsonElement value)
            ? otherwise ?? throw Missing(key)
            : StringOf(value) ?? throw Wrong(key, "a string", value);

    /// <summary>A string that may be missing: null then.</summary>
    public string? OptionalText(string key) => Has(key) ? Text(key) : null;

    /// <summary>A key with the sections before it, for messages.</summary>
    public string NameOf(string key) => prefix + key;

    /// <summary>A list of integers; a single integer is a list of one. Null where the key is missing.</summary>
    public int[]? Integers(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return
        [
            .. items.Select(item =>
                item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number)
                    ? number
                    : throw Wrong(key, "a list of integers", value)
            ),
        ];
    }

    /// <summary>A list of strings, or null where the key is missing.</summary>
    public string[]? Texts(string key) =>
        !TryGet(key, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => StringOf(item) ?? throw Wrong(key, "a list of strings", value))]
        : throw Wrong(key, "a list of strings", value);

    /// <summary>A list of pairs of positive integers, or null where the key is missing.</summary>
    public (int First, int Second)[]? Pairs(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(Pair)]
            : throw Wrong(key, "a list of pairs", value);

        (int First, int Second) Pair(JsonElement item) =>
            item.ValueKind == JsonValueKind.Array
            && item.GetArrayLength() == 2
            && item[0].ValueKind == JsonValueKind.Number
            && item[1].ValueKind == JsonValueKind.Number
            && item[0].TryGetInt32(out int first)
            && item[1].TryGetInt32(out int second)
            && first > 0
            && second > 0
                ? (first, second)
                : throw Wrong(key, "a list of pairs of positive integers", value);
    }

    /// <summary>A boolean that may be missing: null then.</summary>
    public bool? OptionalFlag(string key) => Has(key) ? Flag(key, false) : null;

    /// <summary>Demands the number that the code computes with.</summary>
    /// <exception cref="InputException">The file says something else.</exception>
    public void ExpectCount(string key, int supported)
    {
        int found = Integer(key, supported);
        if (found != supported)
        {
            throw Error(key, $"is {found}; only {supported} is supported here.");
        }
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
    public InputException Error(string key, string what, string? remedy = null) =>
        new(path, $"'{prefix}{key}' {what}", remedy);

    private bool TryGet(string key, out JsonElement value) => TryGet(key, out value, out _);

    private bool TryGet(string key, out JsonElement value, out ModelConfig holder)
    {
        asked.Add(prefix + key);
        bool here = element.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;
        holder = this;
        if (above is null)
        {
            return here;
        }

        bool there = above.TryGet(key, out JsonElement other, out ModelConfig farther);
        if (!here)
        {
            (value, holder) = (other, farther);
            return there;
        }

        return !there || JsonElement.DeepEquals(value, other)
            ? true
            : throw new InputException(
                path,
                $"'{prefix}{key}' is {Shown(value)}, but '{farther.prefix}{key}' is {Shown(other)}.",
                "Both are the decoder's and must say the same."
            );
    }

    private static string Shown(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length > 60 ? text[..60] + "…" : text;
    }

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

    private InputException Missing(string key) =>
        new(path, $"the key '{prefix}{key}' is missing.", "Use the config.json that belongs to the checkpoint.");

    private InputException Wrong(string key, string wanted, JsonElement found)
    {
        return new InputException(path, $"'{prefix}{key}' must be {wanted}, not {Shown(found)}.");
    }
}
