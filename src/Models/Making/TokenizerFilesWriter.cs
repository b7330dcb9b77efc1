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

    private const string BosProcessor = """
        {
          "type": "TemplateProcessing",
          "single": [
            { "SpecialToken": { "id": "<s>", "type_id": 0 } },
            { "Sequence": { "id": "A", "type_id": 0 } }
          ],
          "pair": [
            { "SpecialToken": { "id": "<s>", "type_id": 0 } },
            { "Sequence": { "id": "A", "type_id": 0 } },
            { "SpecialToken": { "id": "<s>", "type_id": 1 } },
            { "Sequence": { "id": "B", "type_id": 1 } }
          ],
          "special_tokens": { "<s>": { "id": "<s>", "ids": [1], "tokens": ["<s>"] } }
        }
        """;

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
        JsonObject bpe = Bpe(vocabulary.Pieces.Select(p => p.Text), vocabulary.Merges);
        bpe["unk_token"] = "<unk>";
        bpe["fuse_unk"] = true;
        bpe["byte_fallback"] = true;
        WriteTokenizerJson(folder, config, normalizer, splitter, BosProcessor, BlankMarkDecoder, bpe);
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
        string pattern = JsonSerializer.Serialize(Text.ByteLevelAlphabet.QwenPattern, Json);
        string splitter = $$"""
            { "type": "Sequence", "pretokenizers": [
              { "type": "Split", "pattern": { "Regex": {{pattern}} }, "behavior": "Isolated", "invert": false },
              { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false } ] }
            """;
        const string byteLevel =
            """{ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false }""";
        WriteTokenizerJson(
            folder,
            config,
            """{ "type": "NFC" }""",
            splitter,
            byteLevel,
            byteLevel,
            Bpe(vocabulary.Tokens, vocabulary.Merges)
        );
    }

    private static void WriteTokenizerJson(
        string folder,
        JsonObject config,
        string? normalizer,
        string? splitter,
        string processor,
        string decoder,
        JsonObject model
    )
    {
        static JsonNode? Part(string? json) => json is null ? null : JsonNode.Parse(json);
        var added = new JsonArray();
        foreach ((string id, JsonNode? token) in config["added_tokens_decoder"]!.AsObject())
        {
            JsonObject entry = token!.DeepClone().AsObject();
            entry.Insert(0, "id", int.Parse(id, System.Globalization.CultureInfo.InvariantCulture));
            added.Add((JsonNode)entry);
        }

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
