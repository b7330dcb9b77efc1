using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipelines.Models.Making;

/// <summary>
/// Writes the tokenizer files that a model's hub folder has, with made-up vocabularies of the published size and the
/// published special tokens.
/// </summary>
internal static class TokenizerFilesWriter
{
    private const string BlankMarkDecoder = """
        {
          "type": "Sequence",
          "decoders": [
            { "type": "Replace", "pattern": { "String": "▁" }, "content": " " },
            { "type": "ByteFallback" },
            { "type": "Fuse" },
            { "type": "Strip", "content": " ", "start": 1, "stop": 0 }
          ]
        }
        """;

    /// <summary>Puts a blank before each stretch between added tokens.</summary>
    public const string BlankMarkNormalizer = """
        {
          "type": "Sequence",
          "normalizers": [
            { "type": "Prepend", "prepend": "▁" },
            { "type": "Replace", "pattern": { "String": " " }, "content": "▁" }
          ]
        }
        """;

    private const string ByteLevel =
        """{ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false }""";

    private const string Gpt2ByteLevel =
        """{ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true }""";

    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Llama's files: tokenizer.model and tokenizer.json.</summary>
    /// <param name="config">tokenizer_config.json: names the added tokens.</param>
    /// <param name="normalizer">JSON of the normalizer, or null.</param>
    /// <param name="splitter">JSON of the pre-tokenizer, or null.</param>
    /// <param name="folder">Where to.</param>
    public static void WriteLlama(JsonObject config, string? normalizer, string? splitter, string folder)
    {
        BlankMarkVocabulary vocabulary = BlankMarkVocabulary.Llama();
        File.WriteAllBytes(
            Path.Combine(folder, "tokenizer.model"),
            SentencePieceWriter.Bytes(vocabulary.Pieces, dummyPrefix: true)
        );
        WriteTokenizerJson(
            folder,
            AddedTokens(config),
            normalizer,
            splitter,
            BosProcessor("<s>", 1),
            BlankMarkDecoder,
            Bpe(vocabulary)
        );
    }

    /// <summary>Yi's files, as Llama's: tokenizer.model and tokenizer.json. No token is put in front.</summary>
    /// <param name="config">tokenizer_config.json: names the added tokens.</param>
    /// <param name="folder">Where to.</param>
    public static void WriteYi(JsonObject config, string folder)
    {
        BlankMarkVocabulary vocabulary = BlankMarkVocabulary.Yi();
        File.WriteAllBytes(
            Path.Combine(folder, "tokenizer.model"),
            SentencePieceWriter.Bytes(vocabulary.Pieces, dummyPrefix: true)
        );
        WriteTokenizerJson(
            folder,
            AddedTokens(config),
            BlankMarkNormalizer,
            null,
            null,
            BlankMarkDecoder,
            Bpe(vocabulary)
        );
    }

    /// <summary>
    /// Llama 3's one file, tokenizer.json: digits in threes, whole tokens before merges, and the token in front.
    /// </summary>
    /// <param name="config">tokenizer_config.json: names the added tokens.</param>
    /// <param name="folder">Where to.</param>
    public static void WriteLlama3(JsonObject config, string folder)
    {
        ByteLevelVocabulary vocabulary = ByteLevelVocabulary.Llama3();
        string bos = config["bos_token"]!.GetValue<string>();
        JsonObject bpe = Bpe(vocabulary.Tokens, vocabulary.Merges);
        bpe["ignore_merges"] = true;
        WriteTokenizerJson(
            folder,
            AddedTokens(config),
            null,
            Splitter(Text.ByteLevelAlphabet.Llama3Pattern),
            $$"""
            { "type": "Sequence", "processors": [ {{ByteLevel}}, {{BosProcessor(bos, vocabulary.Tokens.Count)}} ] }
            """,
            ByteLevel,
            bpe
        );
    }

    /// <summary>SmolLM2's files: vocab.json, merges.txt, and tokenizer.json, which takes digits one by one.</summary>
    /// <param name="config">tokenizer_config.json: names the added tokens, the first of which begin the
    /// vocabulary.</param>
    /// <param name="folder">Where to.</param>
    public static void WriteSmolLm2(JsonObject config, string folder)
    {
        JsonObject[] added = [.. AddedTokens(config)];
        ByteLevelVocabulary vocabulary = ByteLevelVocabulary.SmolLm2([
            .. added.TakeWhile((token, i) => (int)token["id"]! == i).Select(token => (string)token["content"]!),
        ]);
        WriteQwen2(vocabulary, folder);
        WriteTokenizerJson(
            folder,
            added,
            null,
            $$"""
            { "type": "Sequence", "pretokenizers": [
              { "type": "Digits", "individual_digits": true }, {{Gpt2ByteLevel}} ] }
            """,
            null,
            Gpt2ByteLevel,
            Bpe(vocabulary.Tokens, vocabulary.Merges)
        );
    }

    /// <summary>Gemma 3's tokenizer.json, with all of its added tokens.</summary>
    public static void WriteGemma3(string folder)
    {
        BlankMarkVocabulary vocabulary = BlankMarkVocabulary.Gemma3();
        WriteTokenizerJson(
            folder,
            Gemma3AddedTokens.All.Select(t => AddedToken(t.Id, t.Text, t.Special)),
            """{ "type": "Replace", "pattern": { "String": " " }, "content": "▁" }""",
            """
            { "type": "Split", "pattern": { "String": " " }, "behavior": "MergedWithPrevious", "invert": false }
            """,
            BosProcessor("<bos>", 2),
            """
            {
              "type": "Sequence",
              "decoders": [
                { "type": "Replace", "pattern": { "String": "▁" }, "content": " " },
                { "type": "ByteFallback" },
                { "type": "Fuse" }
              ]
            }
            """,
            Bpe(vocabulary)
        );
    }

    /// <summary>InternLM2's one file, tokenizer.model.</summary>
    public static void WriteInternLm2(string folder) =>
        File.WriteAllBytes(
            Path.Combine(folder, "tokenizer.model"),
            SentencePieceWriter.Bytes(BlankMarkVocabulary.InternLm2().Pieces, dummyPrefix: false)
        );

    /// <summary>Qwen2's files, vocab.json and merges.txt, and tokenizer.json besides.</summary>
    /// <param name="config">tokenizer_config.json: names the added tokens.</param>
    /// <param name="folder">Where to.</param>
    public static void WriteQwen2AndTokenizerJson(JsonObject config, string folder)
    {
        ByteLevelVocabulary vocabulary = ByteLevelVocabulary.Qwen2();
        WriteQwen2(vocabulary, folder);
        WriteQwen2TokenizerJson(vocabulary, config, folder);
    }

    /// <summary>Qwen2's files without tokenizer.json.</summary>
    public static void WriteQwen2(ByteLevelVocabulary vocabulary, string folder)
    {
        File.WriteAllText(Path.Combine(folder, "vocab.json"), Vocabulary(vocabulary.Tokens).ToJsonString(Json));
        File.WriteAllText(
            Path.Combine(folder, "merges.txt"),
            "#version: 0.2\n" + string.Concat(vocabulary.Merges.Select(m => $"{m.Left} {m.Right}\n"))
        );
    }

    private static void WriteQwen2TokenizerJson(ByteLevelVocabulary vocabulary, JsonObject config, string folder)
    {
        WriteTokenizerJson(
            folder,
            AddedTokens(config),
            """{ "type": "NFC" }""",
            Splitter(Text.ByteLevelAlphabet.QwenPattern),
            ByteLevel,
            ByteLevel,
            Bpe(vocabulary.Tokens, vocabulary.Merges)
        );
    }

    private static JsonObject AddedToken(int id, string content, bool special) =>
        new()
        {
            ["id"] = id,
            ["content"] = content,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = special,
        };

    /// <summary>The added tokens that tokenizer_config.json names.</summary>
    private static IEnumerable<JsonObject> AddedTokens(JsonObject config)
    {
        foreach ((string id, JsonNode? token) in config["added_tokens_decoder"]!.AsObject())
        {
            JsonObject entry = token!.DeepClone().AsObject();
            entry.Insert(0, "id", int.Parse(id, System.Globalization.CultureInfo.InvariantCulture));
            yield return entry;
        }
    }

    private static string Splitter(string pattern) =>
        $$"""
            { "type": "Sequence", "pretokenizers": [
              {
                "type": "Split",
                "pattern": { "Regex": {{JsonSerializer.Serialize(pattern, Json)}} },
                "behavior": "Isolated",
                "invert": false
              },
              {{ByteLevel}} ] }
            """;

    private static string BosProcessor(string bos, int id) =>
        $$"""
            {
              "type": "TemplateProcessing",
              "single": [
                { "SpecialToken": { "id": "{{bos}}", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } }
              ],
              "pair": [
                { "SpecialToken": { "id": "{{bos}}", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } },
                { "SpecialToken": { "id": "{{bos}}", "type_id": 1 } },
                { "Sequence": { "id": "B", "type_id": 1 } }
              ],
              "special_tokens": { "{{bos}}": { "id": "{{bos}}", "ids": [{{id}}], "tokens": ["{{bos}}"] } }
            }
            """;

    private static void WriteTokenizerJson(
        string folder,
        IEnumerable<JsonObject> addedTokens,
        string? normalizer,
        string? splitter,
        string? processor,
        string decoder,
        JsonObject model
    )
    {
        static JsonNode? Part(string? json) => json is null ? null : JsonNode.Parse(json);
        var added = new JsonArray([.. addedTokens]);
        var file = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = Part(normalizer),
            ["pre_tokenizer"] = Part(splitter),
            ["post_processor"] = Part(processor),
            ["decoder"] = Part(decoder),
            ["model"] = model,
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), file.ToJsonString(Json), new UTF8Encoding(false));
    }

    private static JsonObject Bpe(BlankMarkVocabulary vocabulary)
    {
        JsonObject bpe = Bpe(vocabulary.Pieces.Select(p => p.Text), vocabulary.Merges);
        bpe["unk_token"] = "<unk>";
        bpe["fuse_unk"] = true;
        bpe["byte_fallback"] = true;
        return bpe;
    }

    private static JsonObject Bpe(IEnumerable<string> tokens, IEnumerable<PieceMerge> merges) =>
        new()
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["vocab"] = Vocabulary(tokens),
            ["merges"] = new JsonArray([.. merges.Select(m => (JsonNode)$"{m.Left} {m.Right}")]),
        };

    private static JsonObject Vocabulary(IEnumerable<string> tokens) =>
        new(tokens.Select((t, i) => KeyValuePair.Create(t, (JsonNode?)i)));
}
