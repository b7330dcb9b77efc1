using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Text;
using Xunit;

namespace Pipelines.Stages.Tests.Text;

/// <summary>
/// What tokenizer_config.json and the flags of added tokens do to ids, as the folder's own class would; what is not
/// understood is refused by name.
/// </summary>
public sealed class TokenizerSettingsTests
{
    private const int Bos = 1;

    [Theory]
    [InlineData("LlamaTokenizer", null, true, true)]
    [InlineData("LlamaTokenizer", true, false, true)]
    [InlineData("LlamaTokenizer", false, true, false)]
    [InlineData("LlamaTokenizerFast", null, false, true)]
    [InlineData("InternLM2Tokenizer", false, true, false)]
    [InlineData("TokenizersBackend", null, true, true)]
    [InlineData("TokenizersBackend", null, false, false)]
    [InlineData("PreTrainedTokenizerFast", null, true, true)]
    [InlineData("Qwen2Tokenizer", false, false, false)]
    [InlineData(null, null, true, true)]
    [InlineData(null, null, false, false)]
    public void Bos_is_put_in_front_as_the_folders_class_would(string? kind, bool? adds, bool processor, bool expected)
    {
        using TemporaryFolder folder = Llama(
            processor,
            config =>
            {
                config["bos_token"] = "<s>";
                config["tokenizer_class"] = kind;
                config["add_bos_token"] = adds;
            }
        );
        (new HubTokenizer(folder.Path).Encode("the cat")[0] == Bos).Should().Be(expected);
    }

    [Theory]
    [InlineData("TokenizersBackend", true, false)]
    [InlineData("PreTrainedTokenizerFast", false, true)]
    [InlineData("Qwen2Tokenizer", true, false)]
    public void A_bos_that_versions_of_transformers_differ_about_is_refused(string kind, bool adds, bool processor)
    {
        using TemporaryFolder folder = Llama(
            processor,
            config =>
            {
                config["bos_token"] = "<s>";
                config["tokenizer_class"] = kind;
                config["add_bos_token"] = adds;
            }
        );
        Refusal(folder).Should().Contain("tokenizer_config.json").And.Contain("add_bos_token");
    }

    [Theory]
    [InlineData("split_special_tokens", "true")]
    [InlineData("add_eos_token", "true")]
    [InlineData("do_lower_case", "true")]
    [InlineData("sp_model_kwargs", "{\"enable_sampling\": true}")]
    [InlineData("tokenizer_class", "\"BertTokenizer\"")]
    [InlineData("add_bos_token", "\"yes\"")]
    [InlineData("legacy", "3")]
    [InlineData("added_tokens_decoder", "[]")]
    [InlineData("added_tokens_decoder", "{\"x\": {\"content\": \"a\"}}")]
    [InlineData("added_tokens_decoder", "{\"7\": {\"content\": null}}")]
    [InlineData("added_tokens_decoder", "{\"7\": {\"content\": \"a\", \"lstrip\": \"no\"}}")]
    public void A_setting_that_is_not_understood_is_refused_by_name(string key, string json)
    {
        using TemporaryFolder folder = Llama(true, config => config[key] = JsonNode.Parse(json));
        Refusal(folder).Should().Contain("tokenizer_config.json").And.ContainAny(key, "added token", "lstrip");
    }

    [Theory]
    [InlineData("do_lowercase", "true")]
    [InlineData("strip_accents", "true")]
    [InlineData("keep_accents", "false")]
    [InlineData("remove_space", "true")]
    [InlineData("errors", "\"ignore\"")]
    [InlineData("fix_mistral_regex", "true")]
    [InlineData("unheard_of", "{}")]
    [InlineData("image_token", "[\"<image>\"]")]
    [InlineData("from_slow", "true")]
    public void A_key_that_is_not_known_is_refused_by_name(string key, string json)
    {
        using TemporaryFolder folder = Llama(true, config => config[key] = JsonNode.Parse(json));
        Refusal(folder).Should().Contain("tokenizer_config.json").And.Contain(key);
        Change(folder, "tokenizer_config.json", key, "null");
        new HubTokenizer(folder.Path).Encode("the cat").Should().Equal(SmallTokenizers.Llama.Encode("the cat"));
    }

    [Theory]
    [InlineData("model_max_length", "1e30")]
    [InlineData("padding_side", "\"left\"")]
    [InlineData("errors", "\"replace\"")]
    [InlineData("fix_mistral_regex", "false")]
    [InlineData("from_slow", "false")]
    [InlineData("processor_class", "\"LlavaProcessor\"")]
    [InlineData("image_token", "\"<image>\"")]
    [InlineData("eoi_token", "{\"content\": \"<x>\"}")]
    [InlineData("pad_token_id", "3")]
    [InlineData("spaces_between_special_tokens", "true")]
    [InlineData("max_pixels", "1000")]
    [InlineData("is_local", "true")]
    [InlineData("unheard_of", "null")]
    public void A_key_that_changes_no_id_is_passed_over(string key, string json)
    {
        using TemporaryFolder folder = Llama(true, config => config[key] = JsonNode.Parse(json));
        new HubTokenizer(folder.Path).Encode("the cat").Should().Equal(SmallTokenizers.Llama.Encode("the cat"));
    }

    [Fact]
    public void A_key_of_special_tokens_map_json_that_names_no_token_is_refused()
    {
        using TemporaryFolder folder = Llama(true, _ => { });
        string map = Path.Combine(folder.Path, "special_tokens_map.json");
        File.WriteAllText(map, """{"image_token": "<x>", "additional_special_tokens": ["<x>"]}""");
        new HubTokenizer(folder.Path).Encode("a").Should().NotBeEmpty();
        File.WriteAllText(map, """{"lowercase": true}""");
        Refusal(folder).Should().Contain("special_tokens_map.json").And.Contain("lowercase");
    }

    [GoldenFact]
    public void Every_key_that_some_version_of_transformers_wrote_is_known()
    {
        string[] roots = [Golden.Own, .. Golden.Roots, Golden.Path("..", "configs"), Golden.Path("..", "configs-2")];
        int read = 0;
        foreach (
            string file in roots
                .Where(Directory.Exists)
                .SelectMany(r => Directory.EnumerateFiles(r, "*.json", SearchOption.AllDirectories))
        )
        {
            string name = Path.GetFileName(file);
            Func<string, JsonElement, string?>? objection =
                name.StartsWith("tokenizer_config", StringComparison.Ordinal) ? TokenizerKeys.Objection
                : name.StartsWith("special_tokens_map", StringComparison.Ordinal) ? TokenizerKeys.ObjectionOfMap
                : null;
            if (objection is null)
            {
                continue;
            }

            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            json.RootElement.EnumerateObject()
                .Where(p => p.Value.ValueKind != JsonValueKind.Null && objection(p.Name, p.Value) is not null)
                .Select(p => p.Name)
                .Should()
                .BeEmpty(file);
            read++;
        }

        read.Should().BePositive();
    }

    [Fact]
    public void A_null_in_any_setting_is_the_class_default()
    {
        using TemporaryFolder folder = Llama(
            true,
            config =>
            {
                foreach (
                    string key in (string[])
                        [
                            "split_special_tokens",
                            "add_eos_token",
                            "add_bos_token",
                            "add_prefix_space",
                            "legacy",
                            "tokenizer_class",
                            "added_tokens_decoder",
                            "extra_special_tokens",
                            "additional_special_tokens",
                            "chat_template",
                            "clean_up_tokenization_spaces",
                            "sp_model_kwargs",
                            "bos_token",
                        ]
                )
                {
                    config[key] = null;
                }
            }
        );
        new HubTokenizer(folder.Path).Encode("the cat").Should().Equal(SmallTokenizers.Llama.Encode("the cat"));
    }

    [Theory]
    [InlineData(null, true, "▁the ▁cat <x> ▁cat")]
    [InlineData(null, false, "▁the ▁cat <x> ▁cat")]
    [InlineData(true, true, "▁the ▁cat <x> ▁cat")]
    [InlineData(true, false, "▁the ▁cat <x> c at")]
    [InlineData(false, true, "the ▁cat <x> c at")]
    public void Add_prefix_space_makes_a_LlamaTokenizer_over_and_null_leaves_tokenizer_json(
        bool? adds,
        bool legacy,
        string tokens
    )
    {
        using TemporaryFolder folder = Llama(
            false,
            config =>
            {
                config["tokenizer_class"] = "LlamaTokenizer";
                config["add_bos_token"] = false;
                config["add_prefix_space"] = adds;
                config["legacy"] = legacy;
                config["added_tokens_decoder"] = JsonNode.Parse(
                    "{\"276\": {\"content\": \"<x>\", \"normalized\": false}}"
                );
            }
        );
        Shown(folder, "the cat<x>cat").Should().Be(tokens);
    }

    [Theory]
    [InlineData(false, false, false, false, "a <x> b", "▁ a ▁ | <x> | ▁ ▁ b")]
    [InlineData(true, false, false, false, "a  <x> b", "▁ a | <x> | ▁ ▁ b")]
    [InlineData(false, true, false, false, "a <x>  b", "▁ a ▁ | <x> | ▁ b")]
    [InlineData(true, true, false, false, " <x> <x> ", "<x> | <x>")]
    [InlineData(false, false, true, false, "a<x>b <x> c", "▁ a < x > b ▁ | <x> | ▁ ▁ c")]
    [InlineData(false, false, false, true, "a<x>b <x>c", "▁ a < x > b | <x> | c")]
    [InlineData(false, false, false, true, "<x>c", "<x> | c")]
    public void Flags_of_an_added_token_are_obeyed(
        bool left,
        bool right,
        bool word,
        bool normalized,
        string text,
        string tokens
    )
    {
        using var folder = new TemporaryFolder();
        string[] pieces = ["<unk>", "▁", "a", "b", "c", "<", "x", ">"];
        string token = JsonSerializer.Serialize(
            new
            {
                id = 20,
                content = "<x>",
                special = false,
                lstrip = left,
                rstrip = right,
                single_word = word,
                normalized,
            }
        );
        SmallTokenizers.Write(
            folder.Path,
            $$"""
            {"added_tokens":[{{token}}],
             "normalizer":{"type":"Sequence","normalizers":[
                {"type":"Prepend","prepend":"▁"},
                {"type":"Replace","pattern":{"String":" "},"content":"▁"}] },
             "model":{"type":"BPE","unk_token":"<unk>","vocab":{ {{string.Join(
                ',',
                pieces.Select((p, i) => $"\"{p}\":{i}")
            )}} },"merges":[]} }
            """
        );
        var tokenizer = new HubTokenizer(folder.Path);
        string shown = string.Join(
            ' ',
            tokenizer.Encode(text).Select(i => i == 20 ? "|<x>|" : tokenizer.TokenText(i).Replace(' ', '▁'))
        );
        shown
            .Replace("|<x>| |<x>|", "|<x>|<x>|", StringComparison.Ordinal)
            .Replace("|", " | ", StringComparison.Ordinal)
            .Replace("  ", " ", StringComparison.Ordinal)
            .Trim(' ', '|')
            .Should()
            .Be(tokens);
    }

    [Fact]
    public void Settings_of_added_tokens_in_tokenizer_config_json_go_before_those_of_tokenizer_json()
    {
        using TemporaryFolder folder = Llama(
            false,
            config =>
                config["added_tokens_decoder"] = JsonNode.Parse(
                    "{\"1\": {\"content\": \"<s>\", \"special\": true, \"rstrip\": true, \"normalized\": false}}"
                )
        );
        Shown(folder, "<s>  cat").Should().Be("<s> ▁cat");
    }

    [Theory]
    [InlineData("post_processor", "{\"type\": \"RobertaProcessing\"}", "RobertaProcessing")]
    [InlineData(
        "post_processor",
        "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\"}}, {\"SpecialToken\": "
            + "{\"id\": \"<s>\"}}]}",
        "more than one token in front"
    )]
    [InlineData(
        "post_processor",
        "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"<nothing>\"}}, {\"Sequence\": "
            + "{\"id\": \"A\"}}]}",
        "<nothing>"
    )]
    [InlineData("decoder", "{\"type\": \"WordPiece\"}", "WordPiece")]
    [InlineData(
        "normalizer",
        "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFC\"}, {\"type\": \"Replace\", \"pattern\": "
            + "{\"String\": \" \"}, \"content\": \"▁\"}]}",
        "NFC + Replace"
    )]
    [InlineData("added_tokens", "[null]", "added token")]
    [InlineData("added_tokens", "[{\"id\": null, \"content\": \"a\"}]", "added token")]
    [InlineData("model.dropout", "0.1", "dropout")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "end_of_word_suffix")]
    [InlineData("model.continuing_subword_prefix", "\"##\"", "continuing_subword_prefix")]
    public void A_part_of_tokenizer_json_that_is_not_understood_is_refused_by_name(
        string part,
        string json,
        string named
    )
    {
        using TemporaryFolder folder = Llama(false, _ => { });
        Change(folder, part, json);
        Refusal(folder).Should().Contain("tokenizer.json").And.Contain(named);
    }

    [Theory]
    [InlineData("added_tokens", "null")]
    [InlineData(
        "normalizer",
        "{\"type\": \"Sequence\", \"normalizers\": [null, {\"type\": \"Prepend\", \"prepend\": \"▁\"}, {\"type\": "
            + "\"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"▁\"}]}"
    )]
    [InlineData("post_processor", "{\"type\": \"Sequence\", \"processors\": [null]}")]
    [InlineData("post_processor", "null")]
    [InlineData("decoder", "null")]
    [InlineData("model.dropout", "null")]
    [InlineData("model.end_of_word_suffix", "\"\"")]
    public void A_null_or_an_empty_part_of_tokenizer_json_is_absent(string part, string json)
    {
        using TemporaryFolder folder = Llama(false, _ => { });
        Change(folder, part, json);
        Shown(folder, "the cat").Should().Be("▁the ▁cat");
    }

    [Fact]
    public void Where_merges_are_ignored_a_piece_of_the_vocabulary_is_taken_whole()
    {
        using var folder = new TemporaryFolder();
        JsonObject json = JsonNode.Parse(SmallTokenizers.ByteLevelJson())!.AsObject();
        json["model"]!["merges"] = JsonNode.Parse("[\"t h\"]");
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer.json"), json.ToJsonString());
        Shown(folder, "the cat at").Should().Be("th e ▁ c a t ▁ a t");
        json["model"]!["ignore_merges"] = true;
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer.json"), json.ToJsonString());
        Shown(folder, "the cat at").Should().Be("the ▁cat ▁ a t");
    }

    [Fact]
    public void Blanks_before_punctuation_are_taken_away_where_the_folder_says_so()
    {
        foreach (bool clean in (bool[])[true, false])
        {
            using TemporaryFolder folder = Llama(false, config => config["clean_up_tokenization_spaces"] = clean);
            var tokenizer = new HubTokenizer(folder.Path);
            tokenizer
                .Decode(tokenizer.Encode("a cat , n't 's ."))
                .Should()
                .Be(clean ? "a cat,n't's." : "a cat , n't 's .");
        }
    }

    [Theory]
    [InlineData(true, "▁ ab x ▁ ab")]
    [InlineData(false, "▁ ab x ab")]
    public void A_SentencePiece_LlamaTokenizer_puts_a_blank_in_front_as_legacy_says(bool legacy, string tokens)
    {
        using var folder = new TemporaryFolder();
        byte[] model = SmallSentencePiece.Bytes();
        model[^3] = 1; // add_dummy_prefix
        File.WriteAllBytes(Path.Combine(folder.Path, "tokenizer.model"), model);
        File.WriteAllText(
            Path.Combine(folder.Path, "tokenizer_config.json"),
            JsonSerializer.Serialize(
                new
                {
                    tokenizer_class = "LlamaTokenizer",
                    legacy,
                    add_bos_token = false,
                    added_tokens_decoder = new Dictionary<string, object>
                    {
                        ["300"] = new { content = "x", normalized = false },
                    },
                }
            )
        );
        Shown(folder, "abxab").Should().Be(tokens);
    }

    [Fact]
    public void A_SentencePiece_piece_that_comes_twice_is_refused_as_by_SentencePiece()
    {
        using var folder = new TemporaryFolder();
        byte[] model = SmallSentencePiece.Bytes();
        int a = model.AsSpan().LastIndexOf("\u0001a"u8),
            b = model.AsSpan().LastIndexOf("\u0001b"u8);
        model[b + 1] = model[a + 1];
        File.WriteAllBytes(Path.Combine(folder.Path, "tokenizer.model"), model);
        Refusal(folder).Should().Contain("tokenizer.model").And.Contain("again");
    }

    [Fact]
    public void A_SentencePiece_piece_that_holds_NUL_is_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] model = SmallSentencePiece.Bytes();
        model[model.AsSpan().LastIndexOf("\u0001a"u8) + 1] = 0;
        File.WriteAllBytes(Path.Combine(folder.Path, "tokenizer.model"), model);
        FluentActions
            .Invoking(() => new HubTokenizer(folder.Path).Encode("\0b"))
            .Should()
            .NotThrow<ArgumentException>();
    }

    private static TemporaryFolder Llama(bool processor, Action<JsonObject> configure)
    {
        var folder = new TemporaryFolder();
        JsonObject json = JsonNode.Parse(SmallTokenizers.LlamaJson())!.AsObject();
        if (!processor)
        {
            json["post_processor"] = null;
        }

        File.WriteAllText(Path.Combine(folder.Path, "tokenizer.json"), json.ToJsonString());
        var config = new JsonObject();
        configure(config);
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), config.ToJsonString());
        return folder;
    }

    private static void Change(TemporaryFolder folder, string part, string json) =>
        Change(folder, "tokenizer.json", part, json);

    private static void Change(TemporaryFolder folder, string name, string part, string json)
    {
        string file = Path.Combine(folder.Path, name);
        JsonObject root = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        string[] keys = part.Split('.');
        JsonObject of = keys.Length == 1 ? root : root[keys[0]]!.AsObject();
        of[keys[^1]] = JsonNode.Parse(json);
        File.WriteAllText(file, root.ToJsonString());
    }

    private static string Shown(TemporaryFolder folder, string text)
    {
        var tokenizer = new HubTokenizer(folder.Path);
        return string.Join(' ', tokenizer.Encode(text).Select(i => tokenizer.TokenText(i).Replace(' ', '▁')));
    }

    private static string Refusal(TemporaryFolder folder) =>
        FluentActions.Invoking(() => new HubTokenizer(folder.Path)).Should().Throw<InputException>().Which.Message;
}
