using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Text;

/// <summary>Finds and reads the tokenizer files of a hub folder. tokenizer.json goes before vocab.json + merges.txt, these before tokenizer.model.</summary>
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
        var config = File.Exists(Of("tokenizer_config.json")) ? Deserialize<TokenizerConfigJson>(Of("tokenizer_config.json")) : new TokenizerConfigJson();
        var added = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (var (id, token) in config.AddedTokensDecoder ?? new Dictionary<string, TokenizerJson.AddedPart>())
        {
            int number = int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int n)
                ? n
                : throw new InputException(Of("tokenizer_config.json"), $"added_tokens_decoder has the key '{id}', which is no id.", Remedy);
            Add(added, new AddedToken(number, token?.Content ?? "", token?.Special ?? false));
        }

        if (File.Exists(Of("added_tokens.json")))
        {
            foreach (var (content, id) in Deserialize<Dictionary<string, int>>(Of("added_tokens.json")))
            {
                Add(added, new AddedToken(id, content, added.TryGetValue(content, out var known) && known.Special));
            }
        }

        var model = File.Exists(Of("tokenizer.json")) ? FromTokenizerJson(Of("tokenizer.json"), added)
            : File.Exists(Of("vocab.json")) ? FromVocabularyAndMerges(Of("vocab.json"), Of("merges.txt"), config, added)
            : File.Exists(Of("tokenizer.model")) ? FromSentencePiece(Of("tokenizer.model"), config, added)
            : throw new InputException(folder, "has no tokenizer: tokenizer.json, vocab.json with merges.txt, or tokenizer.model.", "Download one of them from the model's hub page.");
        return Checked(model);
    }

    private static TokenizerModel FromTokenizerJson(string file, Dictionary<string, AddedToken> added)
    {
        var json = Deserialize<TokenizerJson>(file);
        foreach (var token in json.AddedTokens)
        {
            Add(added, new AddedToken(token?.Id ?? -1, token?.Content ?? "", token?.Special ?? false));
        }

        var model = json.Model ?? throw new InputException(file, "has no model.", Remedy);
        if (model.Type is not (null or "BPE") || model.Vocab.ValueKind != JsonValueKind.Object || model.IgnoreMerges == true)
        {
            throw new InputException(file, $"holds a tokenizer of the kind {model.Type}{(model.IgnoreMerges == true ? " with ignore_merges" : "")}, which is not supported.", "Supported is BPE.");
        }

        var vocabulary = Guarded(file, () => model.Vocab.Deserialize<Dictionary<string, int>>()!);
        var merges = Guarded(file, () => model.Merges.EnumerateArray().Select(Merge).ToList());
        string? bos = json.PostProcessor?.Steps().Select(p => p.Single is [{ SpecialToken.Id: { } id }, ..] ? id : null).FirstOrDefault(id => id is not null);
        return new TokenizerModel
        {
            Source = file,
            Vocabulary = vocabulary,
            Merges = merges,
            Added = [.. added.Values],
            Alphabet = Guarded(file, () => Alphabet(file, json, vocabulary)),
            UnknownToken = model.UnkToken,
            Bos = bos is null ? null : IdOf(bos, added, vocabulary) ?? throw new InputException(file, $"puts '{bos}' in front of texts but gives it no id.", Remedy),
        };
    }

    private static SymbolAlphabet Alphabet(string file, TokenizerJson json, Dictionary<string, int> vocabulary)
    {
        var normalizers = json.Normalizer?.Steps().ToList() ?? [];
        var splits = json.PreTokenizer?.Steps().ToList() ?? [];
        if (normalizers.Find(n => n is not ({ Type: "NFC" } or { Type: "Prepend", Prepend: "\u2581" } or { Type: "Replace", Pattern.String: " ", Content: "\u2581" })) is { } step)
        {
            throw new InputException(file, $"has the normalizer {step.Type}, which is not supported.", "Supported are NFC, and Prepend and Replace of blanks.");
        }

        bool composes = normalizers.Exists(n => n.Type == "NFC");
        switch (splits)
        {
            case [{ Type: "Split", Pattern.Regex: { } pattern, Behavior: "Isolated", Invert: null or false }, { Type: "ByteLevel", UseRegex: false, AddPrefixSpace: null or false }]:
                return new ByteLevelAlphabet(pattern, composes);
            case [{ Type: "ByteLevel", UseRegex: null or true, AddPrefixSpace: false }]:
                return new ByteLevelAlphabet(ByteLevelAlphabet.Gpt2Pattern, composes);
            case []:
                return new BlankMarkAlphabet(vocabulary.Keys, normalizers.Exists(n => n.Type == "Prepend") ? BlankPrefix.EachAlways : BlankPrefix.None);
            case [{ Type: "Metaspace", Replacement: null or "\u2581" } metaspace] when normalizers.Count == 0:
                string scheme = metaspace.PrependScheme ?? (metaspace.AddPrefixSpace == false ? "never" : "always");
                var prefix = scheme switch { "always" => BlankPrefix.Each, "first" => BlankPrefix.First, _ => BlankPrefix.None };
                return new BlankMarkAlphabet(vocabulary.Keys, prefix, splitAtBlanks: metaspace.Split ?? true);
            default:
                string kinds = string.Join(" + ", splits.Select(s => s.Type));
                throw new InputException(file, $"has the pre-tokenizer {kinds} with settings that are not supported.", "Supported are Split with ByteLevel (Qwen2), ByteLevel (GPT-2), Metaspace and none (LLaMA).");
        }
    }

    private static TokenizerModel FromVocabularyAndMerges(string vocabularyFile, string mergesFile, TokenizerConfigJson config, Dictionary<string, AddedToken> added)
    {
        if (!File.Exists(mergesFile))
        {
            throw new InputException(mergesFile, "is missing, but vocab.json is there.", "Download merges.txt from the model's hub page.");
        }

        if (config.TokenizerClass is { } kind && !kind.StartsWith("Qwen2Tokenizer", StringComparison.Ordinal))
        {
            throw new InputException(vocabularyFile, $"belongs to a {kind}; without tokenizer.json only Qwen2Tokenizer is supported.", "Download tokenizer.json.");
        }

        // Tokens may end in a carriage return: lines end at the line feed alone.
        string merges = Encoding.UTF8.GetString(ReadBytes(mergesFile));
        return new TokenizerModel
        {
            Source = mergesFile,
            Vocabulary = Deserialize<Dictionary<string, int>>(vocabularyFile),
            Merges = [.. merges.Split('\n').Where(l => l.Length > 0 && !l.StartsWith("#version", StringComparison.Ordinal))],
            Added = [.. added.Values],
            Alphabet = new ByteLevelAlphabet(ByteLevelAlphabet.QwenPattern, compose: true),
        };
    }

    private static TokenizerModel FromSentencePiece(string file, TokenizerConfigJson config, Dictionary<string, AddedToken> added)
    {
        byte[] bytes = ReadBytes(file);
        var model = Guarded(file, () => SentencePieceModel.Parse(bytes));
        string bos = config.BosToken.ValueKind switch
        {
            JsonValueKind.String => Guarded(file, () => config.BosToken.GetString()!),
            JsonValueKind.Object when config.BosToken.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String => Guarded(file, () => content.GetString()!),
            _ => "<s>",
        };
        return new TokenizerModel
        {
            Source = file,
            Vocabulary = model.Vocabulary,
            Merges = model.Merges(),
            Added = [.. added.Values],
            Alphabet = Guarded(file, () => new BlankMarkAlphabet(
                model.Vocabulary.Keys, model.AddsDummyPrefix ? BlankPrefix.EachAlways : BlankPrefix.None, squeezeBlanks: model.RemovesExtraBlanks)),
            UnknownToken = "<unk>",
            Controls = model.Controls,
            Bos = config.AddBosToken == false ? null : IdOf(bos, added, model.Vocabulary),
        };
    }

    private static int? IdOf(string token, Dictionary<string, AddedToken> added, Dictionary<string, int> vocabulary) =>
        added.TryGetValue(token, out var known) ? known.Id : vocabulary.TryGetValue(token, out int id) ? id : null;

    private static void Add(Dictionary<string, AddedToken> added, AddedToken token)
    {
        if (token.Content.Length > 0)
        {
            added[token.Content] = token;
        }
    }

    private static string Merge(JsonElement merge) => merge.ValueKind switch
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
            throw new InputException(model.Source, "or the added tokens beside it hold an id that is no row of a vocabulary.", Remedy);
        }

        for (int i = 0; i < model.Merges.Count; i++)
        {
            string[] parts = model.Merges[i].Split(' ');
            if (parts.Length != 2 || !model.Vocabulary.ContainsKey(parts[0]) || !model.Vocabulary.ContainsKey(parts[1]) || !model.Vocabulary.ContainsKey(parts[0] + parts[1]))
            {
                throw new InputException(model.Source, $"merge {i + 1}, '{Shortened(model.Merges[i])}', is not two tokens of the vocabulary that make a third.", Remedy);
            }
        }

        return model;
    }

    private static string Shortened(string text) => text.Length <= 40 ? text : text[..40] + "…";

    private static T Deserialize<T>(string file) =>
        Guarded(file, () => JsonSerializer.Deserialize<T>(ReadBytes(file), Json)) ?? throw new InputException(file, "holds only null.", Remedy);

    private static byte[] ReadBytes(string file)
    {
        try
        {
            byte[] bytes = Utf8Text.WithoutMark(File.ReadAllBytes(file));
            return !bytes.AsSpan().StartsWith("version https://git-lfs"u8)
                ? bytes
                : throw new InputException(file, "is a git-LFS pointer, not the file itself.", "Run 'git lfs pull' in the folder, or download the file.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(file, $"cannot be read ({e.Message})", null, e);
        }
    }

    private static T Guarded<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException or InvalidOperationException or NotSupportedException)
        {
            throw new InputException(file, $"is damaged or not a tokenizer file ({e.Message.TrimEnd('.')}).", Remedy, e);
        }
    }
}
