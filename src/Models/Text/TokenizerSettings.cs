using System.Globalization;
using System.Text.Json;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text;

/// <summary>
/// tokenizer_config.json, with special_tokens_map.json beside it: which class the tokenizer is and what it is told.
/// Settings that change ids or texts are understood or refused by name; a null is the class default.
/// </summary>
internal sealed class TokenizerSettings
{
    private const int LongestShown = 60;

    private static readonly string[] NamedTokens =
    [
        "bos_token",
        "eos_token",
        "unk_token",
        "sep_token",
        "pad_token",
        "cls_token",
        "mask_token",
    ];

    private static readonly string[] TokensByName = ["extra_special_tokens", "model_specific_special_tokens"];

    private readonly string file;
    private readonly string mapFile;
    private readonly JsonElement config;
    private readonly JsonElement map;

    private TokenizerSettings(string file, JsonElement config, string mapFile, JsonElement map)
    {
        this.file = file;
        this.config = config;
        this.mapFile = mapFile;
        this.map = map;
    }

    /// <summary>Reads the two files of a folder; each may be missing.</summary>
    /// <exception cref="InputException">Damaged, or a setting that changes ids and is not supported.</exception>
    public static TokenizerSettings Read(string folder)
    {
        string file = Path.Combine(folder, "tokenizer_config.json"),
            tokens = Path.Combine(folder, "special_tokens_map.json");
        var settings = new TokenizerSettings(
            file,
            File.Exists(file) ? HubJson.Object(file) : default,
            tokens,
            File.Exists(tokens) ? HubJson.Object(tokens) : default
        );
        settings.RequireUnderstood();
        settings.RequireKnownKeys();
        return settings;
    }

    /// <summary>tokenizer_config.json, for messages.</summary>
    public string Source => file;

    /// <summary>Name of the tokenizer's class without <c>Fast</c>; null where the file names none.</summary>
    public string? Class =>
        Text("tokenizer_class") is { } name
            ? (name.EndsWith("Fast", StringComparison.Ordinal) && name != "PreTrainedTokenizerFast" ? name[..^4] : name)
            : null;

    /// <summary>The class puts bos and eos around a text by the settings, whatever tokenizer.json says.</summary>
    public bool RulesBos =>
        Class is "LlamaTokenizer" or "CodeLlamaTokenizer" or "GemmaTokenizer" or "InternLM2Tokenizer";

    /// <summary>Whether bos is put in front; null where the file does not say.</summary>
    public bool? AddsBos => Flag("add_bos_token");

    /// <summary>Whether a blank is put in front; null where the file does not say.</summary>
    public bool? AddsPrefixSpace => Flag("add_prefix_space");

    /// <summary>The file says null of it, which versions of transformers read as true or as false.</summary>
    public bool NamesNoPrefixSpace => IsNull("add_prefix_space");

    /// <summary>
    /// LLaMA's <c>legacy</c>: whether every stretch between added tokens gets a blank (true, its default) or only the
    /// first.
    /// </summary>
    public bool IsLegacy => Flag("legacy") ?? true;

    /// <summary>Whether decoding takes away the blank before punctuation.</summary>
    public bool CleansUp => Flag("clean_up_tokenization_spaces") ?? false;

    /// <summary>
    /// The chat template of the tokenizer's own, which is for text in most folders; null where there is none.
    /// </summary>
    /// <exception cref="InputException">Several are named, none of them <c>default</c>.</exception>
    public string? ChatTemplate
    {
        get
        {
            if (!TryGet(config, "chat_template", out JsonElement template))
            {
                return null;
            }

            if (HubJson.TextOf(template) is { } text)
            {
                return text;
            }

            if (template.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement one in template.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.Object))
                {
                    if (
                        TryGet(one, "name", out JsonElement name)
                        && HubJson.TextOf(name) == "default"
                        && TryGet(one, "template", out JsonElement named)
                    )
                    {
                        return HubJson.TextOf(named);
                    }
                }
            }

            throw new InputException(
                file,
                "has a chat_template that is no text, and none of the name 'default'.",
                "Set model.template to a file or to the name of a prompt."
            );
        }
    }

    /// <summary>
    /// Special tokens by the name that templates know them by (<c>bos_token</c>), those of the model among them
    /// (<c>image_token</c>). What is null is left out.
    /// </summary>
    public IReadOnlyDictionary<string, string> SpecialTokens
    {
        get
        {
            var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (string name in NamedTokens)
            {
                if (TokenText(name) is { } text)
                {
                    tokens[name] = text;
                }
            }

            foreach (string group in TokensByName)
            {
                if (!TryGet(config, group, out JsonElement extra) || extra.ValueKind != JsonValueKind.Object)
                {
                    continue;
                }

                foreach (JsonProperty one in extra.EnumerateObject())
                {
                    if (ContentOf(one.Value) is { } text)
                    {
                        tokens[one.Name] = text;
                    }
                }
            }

            return tokens;
        }
    }

    /// <summary>All texts that are special tokens: those with names and those in lists.</summary>
    public IEnumerable<string> AllSpecial
    {
        get
        {
            foreach (string text in SpecialTokens.Values)
            {
                yield return text;
            }

            foreach (string group in (string[])["additional_special_tokens", "extra_special_tokens"])
            {
                if (!TryGet(config, group, out JsonElement list) && !TryGet(map, group, out list))
                {
                    continue;
                }

                if (list.ValueKind != JsonValueKind.Array)
                {
                    continue;
                }

                foreach (JsonElement one in list.EnumerateArray())
                {
                    if (ContentOf(one) is { } text)
                    {
                        yield return text;
                    }
                }
            }
        }
    }

    /// <summary>
    /// The fast tokenizer is made of the slow one's files again, whatever tokenizer.json says (up to 4.57).
    /// </summary>
    public bool IsFromSlow => Flag("from_slow") == true;

    /// <summary>
    /// What the files call a token, wherever they say it, with the file: the key itself, or one below a list of tokens
    /// by name.
    /// </summary>
    /// <param name="name">The token's name, such as <c>image_token</c>.</param>
    public IEnumerable<(string File, string? Text)> Named(string name) =>
        TokensByName
            .Select(group => TryGet(config, group, out JsonElement tokens) ? tokens : default)
            .Prepend(config)
            .Select(holder => (Of: file, Holder: holder))
            .Append((Of: mapFile, Holder: map))
            .Where(h => TryGet(h.Holder, name, out _))
            .Select(h => (h.Of, ContentOf(h.Holder.GetProperty(name))));

    /// <summary>Added tokens of <c>added_tokens_decoder</c>.</summary>
    public IEnumerable<AddedToken> AddedTokens
    {
        get
        {
            if (!TryGet(config, "added_tokens_decoder", out JsonElement all))
            {
                yield break;
            }

            if (all.ValueKind != JsonValueKind.Object)
            {
                throw Wrong("added_tokens_decoder", "an object from ids to tokens");
            }

            foreach (JsonProperty one in all.EnumerateObject())
            {
                int id = int.TryParse(one.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                    ? number
                    : throw new InputException(
                        file,
                        $"added_tokens_decoder has the key '{one.Name}', which is no id.",
                        "Download the tokenizer files of the model again."
                    );
                if (one.Value.ValueKind == JsonValueKind.Null)
                {
                    continue;
                }

                yield return AddedToken.Read(file, id, one.Value);
            }
        }
    }

    /// <summary>A special token by its name: a text, or an object with its content.</summary>
    public string? TokenText(string name) =>
        TryGet(config, name, out JsonElement token) || TryGet(map, name, out token) ? ContentOf(token) : Default(name);

    /// <summary>The bos token of a class that puts one in front.</summary>
    private string? Default(string name) =>
        (Class, name) switch
        {
            ("LlamaTokenizer" or "CodeLlamaTokenizer" or "InternLM2Tokenizer", "bos_token") when !IsNull(name) => "<s>",
            ("LlamaTokenizer" or "CodeLlamaTokenizer" or "InternLM2Tokenizer", "eos_token") when !IsNull(name) =>
                "</s>",
            ("GemmaTokenizer", "bos_token") when !IsNull(name) => "<bos>",
            _ => null,
        };

    private bool IsNull(string key) =>
        config.ValueKind == JsonValueKind.Object
        && config.TryGetProperty(key, out JsonElement value)
        && value.ValueKind == JsonValueKind.Null;

    private void RequireUnderstood()
    {
        if (Flag("split_special_tokens") == true)
        {
            throw new InputException(
                file,
                "has split_special_tokens true: special tokens such as the picture's would be taken apart.",
                "Set it to false."
            );
        }

        if (Flag("add_eos_token") == true)
        {
            throw new InputException(
                file,
                "has add_eos_token true: a token that ends the text would follow every question.",
                "Set it to false."
            );
        }

        if (Flag("do_lower_case") == true)
        {
            throw new InputException(file, "has do_lower_case true, which is not supported.", "Set it to false.");
        }

        if (
            TryGet(config, "sp_model_kwargs", out JsonElement kwargs)
            && kwargs.ValueKind == JsonValueKind.Object
            && kwargs.EnumerateObject().Any()
        )
        {
            throw new InputException(
                file,
                $"has sp_model_kwargs with '{kwargs.EnumerateObject().First().Name}', which is not supported.",
                "Leave it empty."
            );
        }

        if (
            Class is { } name
            && name
                is not (
                    "LlamaTokenizer"
                    or "CodeLlamaTokenizer"
                    or "GemmaTokenizer"
                    or "InternLM2Tokenizer"
                    or "Qwen2Tokenizer"
                    or "GPT2Tokenizer"
                    or "PreTrainedTokenizerFast"
                    or "TokenizersBackend"
                )
        )
        {
            throw new InputException(
                file,
                $"has the tokenizer_class '{Text("tokenizer_class")}', which is not supported.",
                "Supported are LlamaTokenizer, Qwen2Tokenizer, InternLM2Tokenizer, GemmaTokenizer, GPT2Tokenizer, "
                    + "PreTrainedTokenizerFast and TokenizersBackend."
            );
        }

        foreach (
            string key in (string[])["add_bos_token", "add_prefix_space", "legacy", "clean_up_tokenization_spaces"]
        )
        {
            Flag(key);
        }
    }

    private void RequireKnownKeys()
    {
        Refuse(file, config, TokenizerKeys.Objection);
        Refuse(mapFile, map, TokenizerKeys.ObjectionOfMap);

        static void Refuse(string file, JsonElement settings, Func<string, JsonElement, string?> objection)
        {
            if (settings.ValueKind != JsonValueKind.Object)
            {
                return; // no such file
            }

            foreach (JsonProperty one in settings.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null))
            {
                if (objection(one.Name, one.Value) is { } reason)
                {
                    string value = one.Value.GetRawText().ReplaceLineEndings(" ");
                    string shown = value.Length <= LongestShown ? value : value[..LongestShown] + "…";
                    throw new InputException(
                        file,
                        $"has '{one.Name}: {shown}', {reason}.",
                        "Use the file of the published model, or remove the key if it changes no id."
                    );
                }
            }
        }
    }

    private string? Text(string key) =>
        TryGet(config, key, out JsonElement value) ? HubJson.TextOf(value) ?? throw Wrong(key, "a text") : null;

    private bool? Flag(string key)
    {
        if (!TryGet(config, key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Wrong(key, "true or false"),
        };
    }

    private InputException Wrong(string key, string wanted) =>
        new(file, $"'{key}' is not {wanted}.", "Download the tokenizer files of the model again.");

    private static string? ContentOf(JsonElement token) =>
        token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out JsonElement content)
            ? HubJson.TextOf(content)
            : HubJson.TextOf(token);

    private static bool TryGet(JsonElement element, string key, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object
            && element.TryGetProperty(key, out value)
            && value.ValueKind != JsonValueKind.Null;
    }
}
