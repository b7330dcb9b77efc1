using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipelines.Models.Making;
using Pipelines.Models.Text;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// The files of a tokenizer of a few hundred tokens: small, so that damage hits more than a vocabulary.
/// </summary>
/// <param name="Name">Kind.</param>
/// <param name="Files">File names and contents.</param>
internal sealed record SmallTokenizer(string Name, IReadOnlyDictionary<string, byte[]> Files)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private const string ByteLevelPart =
        """{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}""";

    private static readonly string[] Words = ["the", "color", "image", "What", "is", "USER", "ASSISTANT"];

    /// <summary>The bundled model's: tokenizer.json of LLaMA's kind.</summary>
    public static SmallTokenizer Llama { get; } =
        new(
            "llama",
            new[]
            {
                "tokenizer.json",
                "tokenizer_config.json",
                "added_tokens.json",
                "special_tokens_map.json",
            }.ToDictionary(f => f, f => File.ReadAllBytes(Scratch.Quickstart("micro-llava", f)))
        );

    /// <summary>SentencePiece's model file, as InternLM2 has it.</summary>
    public static SmallTokenizer SentencePiece { get; } =
        new(
            "sentencepiece",
            new Dictionary<string, byte[]>
            {
                ["tokenizer.model"] = SentencePieceWriter.Bytes([.. Pieces()], dummyPrefix: true),
                ["tokenizer_config.json"] =
                    """
                    {
                      "add_bos_token": true,
                      "bos_token": "<s>",
                      "added_tokens_decoder": {"1": {"content": "<s>", "special": true}}
                    }
                    """u8.ToArray(),
            }
        );

    /// <summary>vocab.json and merges.txt, as Qwen2 has them.</summary>
    public static SmallTokenizer ByteLevel { get; } =
        new(
            "bytelevel",
            new Dictionary<string, byte[]>
            {
                ["vocab.json"] = Utf8(Vocabulary()),
                ["merges.txt"] = Encoding.UTF8.GetBytes(
                    "#version: 0.2\n" + string.Concat(Merges().Select(m => $"{m.Left} {m.Right}\n"))
                ),
                ["tokenizer_config.json"] =
                    """
                    {
                      "tokenizer_class": "Qwen2Tokenizer",
                      "added_tokens_decoder": {"5000": {"content": "<image>", "special": true}}
                    }
                    """u8.ToArray(),
            }
        );

    /// <summary>tokenizer.json of Qwen2's kind.</summary>
    public static SmallTokenizer ByteLevelJson { get; } =
        new(
            "qwen2",
            new Dictionary<string, byte[]>
            {
                ["tokenizer.json"] = Utf8(
                    new JsonObject
                    {
                        ["version"] = "1.0",
                        ["added_tokens"] = JsonNode.Parse(
                            """
                            [{"id": 5000, "content": "<image>", "single_word": false, "lstrip": false, "rstrip": false,
                              "normalized": false, "special": true}]
                            """
                        ),
                        ["normalizer"] = JsonNode.Parse("""{"type": "NFC"}"""),
                        ["pre_tokenizer"] = new JsonObject
                        {
                            ["type"] = "Sequence",
                            ["pretokenizers"] = new JsonArray(
                                new JsonObject
                                {
                                    ["type"] = "Split",
                                    ["pattern"] = new JsonObject { ["Regex"] = ByteLevelAlphabet.QwenPattern },
                                    ["behavior"] = "Isolated",
                                    ["invert"] = false,
                                },
                                JsonNode.Parse(ByteLevelPart)
                            ),
                        },
                        ["post_processor"] = JsonNode.Parse(ByteLevelPart),
                        ["decoder"] = JsonNode.Parse("""{"type": "ByteLevel"}"""),
                        ["model"] = new JsonObject
                        {
                            ["type"] = "BPE",
                            ["vocab"] = Vocabulary(),
                            ["merges"] = new JsonArray([.. Merges().Select(m => (JsonNode)$"{m.Left} {m.Right}")]),
                        },
                    }
                ),
            }
        );

    private static IEnumerable<SentencePiece> Pieces()
    {
        yield return new SentencePiece("<unk>", 0, PieceKind.Unknown);
        yield return new SentencePiece("<s>", 0, PieceKind.Control);
        yield return new SentencePiece("</s>", 0, PieceKind.Control);
        for (int b = 0; b < 256; b++)
        {
            yield return new SentencePiece(FormattableString.Invariant($"<0x{b:X2}>"), 0, PieceKind.Byte);
        }

        string[] merged = [.. PieceMerge.Chains(Words.Select(w => "\u2581" + w)).Select(m => m.Text)];
        string[] letters = ["\u2581", .. string.Concat(Words).Distinct().Select(c => c.ToString())];
        foreach ((string text, int rank) in merged.Concat(letters).Select((t, i) => (t, i)))
        {
            yield return new SentencePiece(text, -rank, PieceKind.Normal);
        }
    }

    // G with a dot: the letter of a blank
    private static IReadOnlyList<PieceMerge> Merges() => PieceMerge.Chains(Words.Select(w => "\u0120" + w));

    private static JsonObject Vocabulary()
    {
        IEnumerable<char> letters = Enumerable
            .Range('!', '~' - '!' + 1)
            .Concat(Enumerable.Range(0xA1, 12))
            .Concat(Enumerable.Range(0xAE, 82))
            .Concat(Enumerable.Range(0x100, 68))
            .Select(c => (char)c);
        return new JsonObject(
            letters
                .Select(c => c.ToString())
                .Concat(Merges().Select(m => m.Text))
                .Select((t, i) => KeyValuePair.Create(t, (JsonNode?)i))
        );
    }

    private static byte[] Utf8(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(Json));
}
