using System.Text;
using System.Text.Json;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text;

/// <summary>
/// Finds and reads the tokenizer files of a hub folder, as the tokenizer class that tokenizer_config.json names would.
/// tokenizer.json goes before vocab.json + merges.txt, these before tokenizer.model. A setting that
/// changes ids and is neither the class default nor understood is refused by name.
/// </summary>
internal static class TokenizerFiles
{
    private const string Remedy = "Download the tokenizer files of the model again.";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        AllowTrailingCommas = false,
        RespectNullableAnnotations = false,
    };

    /// <summary>Reads the tokenizer of a folder.</summary>
    /// <exception cref="InputException">Missing, damaged or unsupported; names the file.</exception>
    public static TokenizerModel Read(string folder)
    {
        string Of(string name) => Path.Combine(folder, name);
        TokenizerSettings settings = TokenizerSettings.Read(folder);
        var added = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (AddedToken token in settings.AddedTokens)
        {
            Add(added, token);
        }

        TokenizerJson? json = File.Exists(Of("tokenizer.json")) ? ReadJson(Of("tokenizer.json"), added) : null;
        if (json is not null && settings.IsFromSlow)
        {
            throw new InputException(
                settings.Source,
                "has from_slow true: versions of transformers differ in whether they read tokenizer.json or make it of "
                    + "the other files again.",
                "Set it to false, or remove tokenizer.json."
            );
        }

        if (File.Exists(Of("added_tokens.json")))
        {
            // It knows ids alone: what other files say of a token goes first.
            foreach (var (content, id) in Deserialize<Dictionary<string, int>>(Of("added_tokens.json")))
            {
                if (!added.ContainsKey(content))
                {
                    Add(added, new AddedToken(id, content, false));
                }
            }
        }

        TokenizerModel model =
            json is not null ? FromTokenizerJson(Of("tokenizer.json"), json, settings, added)
            : File.Exists(Of("vocab.json")) ? FromVocabularyAndMerges(Of("vocab.json"), Of("merges.txt"), settings)
            : File.Exists(Of("tokenizer.model")) ? FromSentencePiece(Of("tokenizer.model"), settings, added)
            : throw new InputException(
                folder,
                "has no tokenizer: tokenizer.json, vocab.json with merges.txt, or tokenizer.model.",
                "Download one of them from the model's hub page."
            );
        AddSpecial(added, settings, model.Vocabulary);
        return Checked(model with { Added = [.. added.Values], CleansUp = settings.CleansUp });
    }

    /// <summary>tokenizer.json and its added tokens.</summary>
    private static TokenizerJson ReadJson(string file, Dictionary<string, AddedToken> added)
    {
        TokenizerJson json = Deserialize<TokenizerJson>(file);
        foreach (JsonElement token in json.AddedTokens ?? [])
        {
            int id =
                token.ValueKind == JsonValueKind.Object
                && token.TryGetProperty("id", out JsonElement number)
                && number.ValueKind == JsonValueKind.Number
                && number.TryGetInt32(out int whole)
                    ? whole
                    : throw new InputException(file, "has an added token without an id.", Remedy);
            AddedToken read = AddedToken.Read(file, id, token);
            // transformers adds those of tokenizer_config.json again, so that their settings hold; the id is the one
            // that is there.
            Add(added, added.TryGetValue(read.Content, out AddedToken? known) ? known with { Id = id } : read);
        }

        return json;
    }

    private static TokenizerModel FromTokenizerJson(
        string file,
        TokenizerJson json,
        TokenizerSettings settings,
        Dictionary<string, AddedToken> added
    )
    {
        TokenizerJson.ModelPart model = json.Model ?? throw new InputException(file, "has no model.", Remedy);
        if (model.Type is not (null or "BPE") || model.Vocab.ValueKind != JsonValueKind.Object)
        {
            throw new InputException(
                file,
                $"holds a tokenizer of the kind {model.Type}, which is not supported.",
                "Supported is BPE."
            );
        }

        RequireUnderstood(file, json, model);
        Dictionary<string, int> vocabulary = Guarded(file, () => VocabularyOf(model.Vocab));
        return new TokenizerModel
        {
            Source = file,
            Vocabulary = vocabulary,
            Merges = Guarded(file, () => model.Merges.EnumerateArray().Select(Merge).ToList()),
            Added = [],
            Alphabet = Guarded(file, () => TokenizerJsonAlphabet.Of(file, json, settings, vocabulary)),
            UnknownToken = model.UnkToken,
            FusesUnknown = model.FuseUnk ?? false,
            IgnoresMerges = model.IgnoreMerges ?? false,
            Bos = BosOf(file, json.PostProcessor, settings, added, vocabulary),
        };
    }

    private static Dictionary<string, int> VocabularyOf(JsonElement tokens) =>
        tokens
            .EnumerateObject()
            .ToDictionary(
                t => t.Name,
                t =>
                    t.Value.ValueKind == JsonValueKind.Number && t.Value.TryGetInt32(out int id)
                        ? id
                        : throw new FormatException($"the token '{Shortened(t.Name)}' has no id"),
                StringComparer.Ordinal
            );

    private static void RequireUnderstood(string file, TokenizerJson json, TokenizerJson.ModelPart model)
    {
        if (model.Dropout is > 0)
        {
            throw new InputException(file, "has dropout, so that ids would be drawn at random.", Remedy);
        }

        if (model.ContinuingSubwordPrefix is { Length: > 0 })
        {
            throw new InputException(file, "has a continuing_subword_prefix, which is not supported.", Remedy);
        }

        if (model.EndOfWordSuffix is { Length: > 0 })
        {
            throw new InputException(file, "has an end_of_word_suffix, which is not supported.", Remedy);
        }

        string[] decoders = ["ByteLevel", "Metaspace", "Replace", "ByteFallback", "Fuse", "Strip"];
        if (json.Decoder?.Steps().FirstOrDefault(d => !decoders.Contains(d.Type)) is { } other)
        {
            throw new InputException(
                file,
                $"has the decoder {other.Type}, which is not supported.",
                $"Supported are {string.Join(", ", decoders)}."
            );
        }
    }

    /// <summary>
    /// The token in front of every text: by add_bos_token where the class goes by it, else by the post-processor.
    /// </summary>
    private static int? BosOf(
        string file,
        TokenizerJson.Part? processor,
        TokenizerSettings settings,
        Dictionary<string, AddedToken> added,
        Dictionary<string, int> vocabulary
    )
    {
        int? written = FromProcessor(file, processor, added, vocabulary);
        if (settings.RulesBos)
        {
            return settings.AddsBos == false ? null : NamedBos(settings, added, vocabulary);
        }

        if (settings.AddsBos is { } adds && adds != written is not null)
        {
            throw new InputException(
                settings.Source,
                $"has add_bos_token {(adds ? "true" : "false")}, but tokenizer.json puts "
                    + $"{(adds ? "nothing" : "a token")} in front of texts, and versions of transformers follow one "
                    + $"or the other for a {settings.Class ?? "tokenizer without a class"}.",
                "Remove add_bos_token, or make the post_processor of tokenizer.json agree."
            );
        }

        return written;
    }

    private static int? FromProcessor(
        string file,
        TokenizerJson.Part? processor,
        Dictionary<string, AddedToken> added,
        Dictionary<string, int> vocabulary
    )
    {
        int? bos = null;
        foreach (TokenizerJson.Part step in processor?.Steps() ?? [])
        {
            if (step.Type == "ByteLevel")
            {
                continue;
            }

            if (step.Type != "TemplateProcessing" || step.Single is null)
            {
                throw new InputException(
                    file,
                    $"has the post_processor {step.Type}, which is not supported.",
                    "Supported are TemplateProcessing and ByteLevel."
                );
            }

            string?[] items = [.. step.Single.Select(i => i?.SpecialToken?.Id)];
            if (items.All(i => i is null))
            {
                continue;
            }

            if (items is not [{ } id, null] || bos is not null)
            {
                throw new InputException(
                    file,
                    "has a post_processor that puts more than one token in front of a text, or tokens behind it, "
                        + "which is not supported.",
                    "Supported is one token in front."
                );
            }

            bos =
                step.SpecialTokens is { } known
                && known.TryGetValue(id, out TokenizerJson.SpecialIds? ids)
                && ids?.Ids is [int one]
                    ? one
                    : IdOf(id, added, vocabulary)
                        ?? throw new InputException(file, $"puts '{id}' in front of texts but gives it no id.", Remedy);
        }

        return bos;
    }

    private static int NamedBos(
        TokenizerSettings settings,
        Dictionary<string, AddedToken> added,
        IReadOnlyDictionary<string, int> vocabulary
    )
    {
        string bos =
            settings.TokenText("bos_token")
            ?? throw new InputException(
                settings.Source,
                "has add_bos_token true (the default of its class), but no bos_token.",
                "Set add_bos_token to false, or name the bos_token."
            );
        return IdOf(bos, added, vocabulary)
            ?? throw new InputException(
                settings.Source,
                $"has the bos_token '{bos}', which the vocabulary lacks.",
                Remedy
            );
    }

    private static TokenizerModel FromVocabularyAndMerges(
        string vocabularyFile,
        string mergesFile,
        TokenizerSettings settings
    )
    {
        if (!File.Exists(mergesFile))
        {
            throw new InputException(
                mergesFile,
                "is missing, but vocab.json is there.",
                "Download merges.txt from the model's hub page."
            );
        }

        if (settings.Class is { } kind && kind != "Qwen2Tokenizer")
        {
            throw new InputException(
                vocabularyFile,
                $"belongs to a {kind}; without tokenizer.json only Qwen2Tokenizer is supported.",
                "Download tokenizer.json."
            );
        }

        if (settings.AddsBos == true || settings.AddsPrefixSpace == true)
        {
            throw new InputException(
                settings.Source,
                $"has {(settings.AddsBos == true ? "add_bos_token" : "add_prefix_space")} true, which is not "
                    + $"supported for a Qwen2Tokenizer without tokenizer.json.",
                "Set it to false."
            );
        }

        // Tokens may end in a carriage return: lines end at the line feed alone.
        string merges = Encoding.UTF8.GetString(HubJson.Bytes(mergesFile));
        return new TokenizerModel
        {
            Source = mergesFile,
            Vocabulary = Deserialize<Dictionary<string, int>>(vocabularyFile),
            Merges =
            [
                .. merges.Split('\n').Where(l => l.Length > 0 && !l.StartsWith("#version", StringComparison.Ordinal)),
            ],
            Added = [],
            Alphabet = new ByteLevelAlphabet(ByteLevelAlphabet.QwenPattern, compose: true),
        };
    }

    private static TokenizerModel FromSentencePiece(
        string file,
        TokenizerSettings settings,
        Dictionary<string, AddedToken> added
    )
    {
        if (settings.Class is not (null or "LlamaTokenizer" or "InternLM2Tokenizer"))
        {
            throw new InputException(
                file,
                $"belongs to a {settings.Class}; without tokenizer.json only LlamaTokenizer and InternLM2Tokenizer "
                    + $"are supported.",
                "Download tokenizer.json."
            );
        }

        if (settings.Class == "InternLM2Tokenizer")
        {
            // a tokenizer in Python, which looks for added tokens in the text as it stands
            foreach (AddedToken token in added.Values.ToList())
            {
                added[token.Content] = token with { Normalized = false };
            }
        }

        SentencePieceModel model = Guarded(file, () => SentencePieceModel.Parse(HubJson.Bytes(file)));
        if (settings is { Class: "LlamaTokenizer", IsLegacy: false, NamesNoPrefixSpace: true })
        {
            throw new InputException(
                settings.Source,
                "has legacy false and add_prefix_space null; without tokenizer.json, versions of transformers "
                    + "differ about it.",
                "Download tokenizer.json, or set add_prefix_space."
            );
        }

        bool prefixed = settings.AddsPrefixSpace ?? model.AddsDummyPrefix;
        // transformers makes a fast LlamaTokenizer of the model: legacy puts a blank in front of every stretch, else of
        // the first.
        bool onlyFirst = settings is { Class: "LlamaTokenizer", IsLegacy: false };
        BlankPrefix prefix =
            !prefixed ? BlankPrefix.None
            : onlyFirst ? BlankPrefix.First
            : BlankPrefix.EachAlways;
        return new TokenizerModel
        {
            Source = file,
            Vocabulary = model.Vocabulary,
            Merges = model.Merges(),
            Added = [],
            Alphabet = Guarded(
                file,
                () =>
                    new BlankMarkAlphabet(
                        model.Vocabulary.Keys,
                        prefix,
                        squeezeBlanks: model.RemovesExtraBlanks,
                        marksWhenNormalizing: prefix != BlankPrefix.First
                    )
            ),
            UnknownToken = "<unk>",
            Controls = model.Controls,
            Bos =
                settings.AddsBos == false ? null
                : settings.Class is null ? IdOf("<s>", added, model.Vocabulary)
                : NamedBos(settings, added, model.Vocabulary),
        };
    }

    /// <summary>
    /// Special tokens that only have a name in the settings are cut out of texts, too, where the vocabulary has them.
    /// </summary>
    private static void AddSpecial(
        Dictionary<string, AddedToken> added,
        TokenizerSettings settings,
        IReadOnlyDictionary<string, int> vocabulary
    )
    {
        foreach (string text in settings.AllSpecial.Where(t => t.Length > 0))
        {
            if (added.TryGetValue(text, out AddedToken? known))
            {
                added[text] = known with { Special = true };
            }
            else if (vocabulary.TryGetValue(text, out int id))
            {
                added[text] = new AddedToken(id, text, true);
            }
        }
    }

    private static int? IdOf(
        string token,
        Dictionary<string, AddedToken> added,
        IReadOnlyDictionary<string, int> vocabulary
    ) =>
        added.TryGetValue(token, out var known) ? known.Id
        : vocabulary.TryGetValue(token, out int id) ? id
        : null;

    private static void Add(Dictionary<string, AddedToken> added, AddedToken token)
    {
        if (token.Content.Length > 0)
        {
            added[token.Content] = token;
        }
    }

    private static string Merge(JsonElement merge) =>
        merge.ValueKind switch
        {
            JsonValueKind.String => merge.GetString()!,
            JsonValueKind.Array when merge.GetArrayLength() == 2 => $"{merge[0].GetString()} {merge[1].GetString()}",
            _ => throw new FormatException("a merge is neither \"left right\" nor [\"left\", \"right\"]"),
        };

    /// <summary>Demands ids that are not negative, and merges whose parts and result are tokens.</summary>
    private static TokenizerModel Checked(TokenizerModel model)
    {
        if (model.Vocabulary.Values.Concat(model.Added.Select(a => a.Id)).Any(id => id is < 0 or int.MaxValue))
        {
            throw new InputException(
                model.Source,
                "or the added tokens beside it hold an id that is no row of a vocabulary.",
                Remedy
            );
        }

        for (int i = 0; i < model.Merges.Count; i++)
        {
            string[] parts = model.Merges[i].Split(' ');
            if (
                parts.Length != 2
                || !model.Vocabulary.ContainsKey(parts[0])
                || !model.Vocabulary.ContainsKey(parts[1])
                || !model.Vocabulary.ContainsKey(parts[0] + parts[1])
            )
            {
                throw new InputException(
                    model.Source,
                    $"merge {i + 1}, '{Shortened(model.Merges[i])}', is not two tokens of the vocabulary that "
                        + $"make a third.",
                    Remedy
                );
            }
        }

        return model;
    }

    private static string Shortened(string text) => text.Length <= 40 ? text : text[..40] + "…";

    private static T Deserialize<T>(string file) =>
        Guarded(file, () => JsonSerializer.Deserialize<T>(HubJson.WellFormed(file), Json))
        ?? throw new InputException(file, "holds only null.", Remedy);

    private static string Reason(Exception e) =>
        e is JsonException json ? JsonText.Reason(json) : e.Message.TrimEnd('.');

    private static T Guarded<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e)
            when (e
                    is JsonException
                        or FormatException
                        or ArgumentException
                        or InvalidOperationException
                        or NotSupportedException
            )
        {
            throw new InputException(file, $"is damaged or not a tokenizer file ({Reason(e)}).", Remedy, e);
        }
    }
}
