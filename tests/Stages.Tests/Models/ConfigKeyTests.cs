using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Families.Llava;
using Pipelines.Models.Families.Qwen25Vl;
using Pipelines.Models.Families.Qwen2Vl;
using Pipelines.Models.Families.Qwen3Vl;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>Every key of config.json is understood, known not to matter, or refused by name.</summary>
public sealed class ConfigKeyTests
{
    [GoldenFact("../configs-2/_resaved")]
    public void Files_saved_again_by_any_version_read_as_the_published_one()
    {
        string folder = Golden.Path("..", "configs-2", "_resaved");
        int read = 0;
        foreach (string file in Directory.EnumerateFiles(folder, "*.json"))
        {
            string model = Path.GetFileName(file)[..Path.GetFileName(file).IndexOf(".v", StringComparison.Ordinal)];
            string published = ((string[])["configs", "configs-2"])
                .Select(c => Golden.Path("..", c, model))
                .FirstOrDefault(Directory.Exists)
                ?? "";
            if (!IsRead(file) || published.Length == 0)
            {
                continue;
            }

            using var temporary = new TemporaryFolder();
            File.Copy(file, temporary.File("config.json"));
            ModelInfo again = ModelInfo.Read(temporary.Path),
                first = ModelInfo.Read(published);
            (again.Decoder with { Limit = null }).Should().BeEquivalentTo(first.Decoder with { Limit = null }, file);
            again.Stored.Should().Be(first.Stored, file);
            read++;
        }

        read.Should().BeGreaterThan(10);
    }

    [GoldenFact]
    public void An_unknown_key_is_refused_by_name_in_every_section_of_every_file()
    {
        foreach (string config in Configs())
        {
            using var temporary = new TemporaryFolder();
            JsonObject file = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
            foreach (
                string section in (string[])
                    [
                        "",
                        "text_config",
                        "llm_config",
                        "vision_config",
                        "text_config.rope_parameters",
                        "text_config.rope_scaling",
                        "rope_scaling",
                    ]
            )
            {
                JsonObject? holder = file;
                foreach (string step in section.Split('.', StringSplitOptions.RemoveEmptyEntries))
                {
                    holder = holder?[step] as JsonObject;
                }

                if (holder is null || (section == "rope_scaling" && file["text_config"] is not null))
                {
                    continue; // not there, or a copy that must equal text_config's
                }

                JsonObject? copy = section == "text_config.rope_scaling" ? file["rope_scaling"] as JsonObject : null;
                string name = section.Length == 0 ? "attn_logit_softcapping" : section + ".attn_logit_softcapping";
                Set(50.0);
                File.WriteAllText(temporary.File("config.json"), file.ToJsonString());
                FluentActions
                    .Invoking(() => ModelInfo.Read(temporary.Path))
                    .Should()
                    .Throw<InputException>(config)
                    .WithMessage($"*config.json*'{name}' (50*not understood*");
                Set(null);
                File.WriteAllText(temporary.File("config.json"), file.ToJsonString());
                ModelInfo.Read(temporary.Path).Layers.Should().BePositive(config);
                holder.Remove("attn_logit_softcapping");
                copy?.Remove("attn_logit_softcapping");

                void Set(double? value)
                {
                    holder["attn_logit_softcapping"] = value;
                    if (copy is not null)
                    {
                        copy["attn_logit_softcapping"] = value;
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData("attention_bias", "true", "only false")]
    [InlineData("mlp_bias", "true", "only false")]
    [InlineData("partial_rotary_factor", "0.5", "only 1")]
    [InlineData("is_decoder", "true", "only false")]
    [InlineData("pruned_heads", "{\"0\":[1]}", "only {}")]
    [InlineData("hidden_act", "\"gelu\"", "only \"silu\"")]
    [InlineData("use_sliding_window", "true", "only false")]
    [InlineData("sliding_window", "16", "has no window")]
    [InlineData("layer_types", "[\"full_attention\",\"sliding_attention\"]", "no sliding window")]
    [InlineData("num_experts", "8", "not understood")]
    [InlineData("logit_scale", "0.0625", "not understood")]
    [InlineData("attn_logit_softcapping", "30", "not understood")]
    public void A_decoder_switch_that_changes_the_pass_is_refused_by_name(string key, string value, string why)
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"text_config\":{", $"\"text_config\":{{\"{key}\":{value},");
        FluentActions
            .Invoking(() => ModelInfo.Read(tiny.Folder))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*config.json*text_config.{key}*{why}*");
    }

    [Theory]
    [InlineData("attention_bias", "false")]
    [InlineData("attention_dropout", "0.1")]
    [InlineData("initializer_range", "0.5")]
    [InlineData("pretraining_tp", "2")]
    [InlineData("partial_rotary_factor", "1.0")]
    [InlineData("sliding_window", "null")]
    [InlineData("layer_types", "[\"full_attention\",\"full_attention\",\"full_attention\"]")]
    [InlineData("rope_scaling", "null")]
    [InlineData("hidden_act", "\"swish\"")]
    [InlineData("temperature", "0.7")]
    [InlineData("bos_token_id", "1")]
    [InlineData("dtype", "\"bfloat16\"")]
    public void A_key_that_does_not_matter_is_let_be(string key, string value)
    {
        using var tiny = new TinyLlava();
        DecoderShape before = ModelInfo.Read(tiny.Folder).Decoder;
        tiny.Edit("\"text_config\":{", $"\"text_config\":{{\"{key}\":{value},");
        ModelInfo.Read(tiny.Folder).Decoder.Should().Be(before);
    }

    [Theory]
    [InlineData("\"rope_theta\":500000.0", 5e5, 1)]
    [InlineData("\"rope_parameters\":{\"rope_theta\":500000.0,\"rope_type\":\"default\"}", 5e5, 1)]
    [InlineData(
        "\"rope_parameters\":{\"rope_theta\":500000.0,\"rope_type\":\"default\"},\"rope_theta\":500000",
        5e5,
        1
    )]
    [InlineData("\"rope_theta\":500000.0,\"rope_scaling\":{\"type\":\"linear\",\"factor\":4.0}", 5e5, 4)]
    [InlineData("\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"linear\",\"factor\":4.0}", 1e4, 4)]
    [InlineData("\"rope_scaling\":{\"type\":\"linear\",\"rope_type\":\"linear\",\"factor\":2}", 1e4, 2)]
    [InlineData("\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2}", 1e4, 1)]
    [InlineData("\"rope_scaling\":null,\"rope_parameters\":null", 1e4, 1)]
    [InlineData("\"rope_scaling\":{}", 1e4, 1)]
    public void Rotary_positions_are_read_in_every_form(string keys, double theta, double divisor)
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"text_config\":{", $"\"text_config\":{{{keys},");
        DecoderShape shape = ModelInfo.Read(tiny.Folder).Decoder;
        shape.RotaryTheta.Should().Be(theta);
        shape.RotaryDivisor.Should().Be(divisor);
    }

    [Theory]
    [InlineData(
        "\"rope_scaling\":{\"type\":\"default\",\"rope_type\":\"yarn\",\"factor\":4.0}",
        "text_config.rope_scaling.rope_type*yarn*type*default"
    )]
    [InlineData(
        "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":4.0}",
        "text_config.rope_scaling.rope_type*\"yarn\"*not computed here"
    )]
    [InlineData(
        "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4.0}",
        "text_config.rope_scaling.type*\"yarn\"*not computed here"
    )]
    [InlineData(
        "\"rope_parameters\":{\"rope_theta\":5e5,\"rope_type\":\"llama3\",\"factor\":8.0}",
        "text_config.rope_parameters.low_freq_factor*missing"
    )]
    [InlineData(
        "\"rope_parameters\":{\"rope_type\":\"longrope\",\"short_factor\":[1.0]}",
        "text_config.rope_parameters.rope_type*longrope*not computed here"
    )]
    [InlineData("\"rope_parameters\":{\"rope_theta\":5e5},\"rope_theta\":1e4", "rope_theta*10000*500000")]
    [InlineData(
        "\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":4.0},"
            + "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":2.0}",
        "rope_parameters.rope_type*linear*by 4*by 2"
    )]
    [InlineData(
        "\"rope_parameters\":{\"rope_type\":\"default\"},\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0}",
        "rope_parameters.rope_type*default*linear"
    )]
    [InlineData("\"rope_parameters\":{\"rope_type\":\"linear\"}", "rope_parameters.factor*missing")]
    [InlineData("\"rope_scaling\":{\"type\":\"default\",\"factor\":4.0}", "rope_scaling.factor*is 4*default")]
    [InlineData(
        "\"rope_parameters\":{\"full_attention\":{\"rope_theta\":1e6,\"rope_type\":\"default\"}}",
        "rope_parameters.full_attention*"
    )]
    [InlineData(
        "\"rope_parameters\":{\"rope_theta\":1e4,\"partial_rotary_factor\":0.25}",
        "rope_parameters.partial_rotary_factor*0.25"
    )]
    [InlineData("\"rope_parameters\":{\"mrope_section\":[2,3,3]}", "rope_parameters.mrope_section*not understood")]
    [InlineData("\"rope_scaling\":\"linear\"", "rope_scaling*an object")]
    public void A_rotary_scaling_that_is_not_computed_is_refused_by_name(string keys, string message)
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"text_config\":{", $"\"text_config\":{{{keys},");
        FluentActions
            .Invoking(() => ModelInfo.Read(tiny.Folder))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*config.json*{message}*");
    }

    [Fact]
    public void Linear_scaling_turns_as_plain_positions_divided_by_the_factor()
    {
        TorchNative.Touch();
        using var scope = torch.NewDisposeScope();
        torch.Tensor positions = torch.tensor((long[])[0, 4, 8, 40, 400]),
            quarters = torch.tensor((long[])[0, 1, 2, 10, 100]);
        Rotary scaled = Rotary.Of(positions, 16, 1e4, torch.ScalarType.Float64, divisor: 4),
            plain = Rotary.Of(quarters, 16, 1e4, torch.ScalarType.Float64);
        (scaled.Cos - plain.Cos).abs().max().item<double>().Should().BeLessThan(1e-12);
        (scaled.Sin - plain.Sin).abs().max().item<double>().Should().BeLessThan(1e-12);
    }

    [Theory]
    [InlineData(
        "\"max_position_embeddings\":30,\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2.0},",
        "llama",
        "rope_scaling.type"
    )]
    [InlineData("\"sliding_window\":30,", "mistral", "sliding_window")]
    public void A_prompt_longer_than_the_window_or_the_plain_positions_is_refused(string keys, string type, string key)
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"text_config\":{\"model_type\":\"llama\"", $"\"text_config\":{{{keys}\"model_type\":\"{type}\"");
        using VisionLanguageModel model = tiny.Load();
        model
            .Invoking(m => m.Prompt("What is this?", ImageTokens.OfCount(16)))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*config.json*text_config.{key}*more than 30 tokens*the prompt has*");
    }

    [Fact]
    public void A_window_that_the_prompt_fits_into_changes_nothing()
    {
        using var tiny = new TinyLlava();
        using VisionLanguageModel plain = tiny.Load();
        PromptTokens prompt = plain.Prompt("What is this?", ImageTokens.OfCount(16));
        tiny.Edit("\"model_type\":\"llama\"", "\"sliding_window\":4096,\"model_type\":\"mistral\"");
        using VisionLanguageModel windowed = tiny.Load();
        windowed.Info.Decoder.Limit!.Tokens.Should().Be(4096);
        windowed.Prompt("What is this?", ImageTokens.OfCount(16)).Ids.Should().Equal(prompt.Ids);
    }

    [Fact]
    public void An_omitted_window_of_Mistral_is_the_classes_4096_and_null_is_none()
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"model_type\":\"llama\"", "\"model_type\":\"mistral\"");
        ModelInfo.Read(tiny.Folder).Decoder.Limit!.Tokens.Should().Be(4096);
        tiny.Edit("\"model_type\":\"mistral\"", "\"sliding_window\":null,\"model_type\":\"mistral\"");
        ModelInfo.Read(tiny.Folder).Decoder.Limit.Should().BeNull();
    }

    [Theory]
    [InlineData("llama", 32, 32, 4096, 11008, 32000, 1e-6)]
    [InlineData("mistral", 32, 8, 4096, 14336, 32000, 1e-6)]
    public void A_decoder_that_omits_everything_is_its_classes_default(
        string type,
        int heads,
        int kvHeads,
        int hidden,
        int mlp,
        int rows,
        double epsilon
    )
    {
        using var temporary = new TemporaryFolder();
        File.WriteAllText(
            temporary.File("config.json"),
            $$"""{"model_type":"llava","text_config":{"model_type":"{{type}}"} }"""
        );
        DecoderShape shape = ModelInfo.Read(temporary.Path).Decoder;
        shape
            .Should()
            .Be(
                new DecoderShape(32, heads, kvHeads, 128, hidden, mlp, rows, epsilon, 1e4, null, false, false)
                {
                    Limit = shape.Limit,
                    Positions = type == "mistral" ? 131072 : 2048,
                }
            );
    }

    [Fact]
    public void A_CLIP_section_that_omits_numbers_is_CLIPs_default_and_a_missing_one_is_LLaVAs()
    {
        using var temporary = new TemporaryFolder();
        File.WriteAllText(
            temporary.File("config.json"),
            """
            {
              "model_type": "llava",
              "text_config": {},
              "vision_config": {"model_type": "clip_vision_model", "hidden_size": 1024, "num_attention_heads": 16}
            }
            """
        );
        ClipShape small = LlavaConfig.Vision(ModelConfig.Read(temporary.File("config.json")));
        small.Should().Be(new ClipShape(12, 1024, 16, 3072, 224, 32, 3, 1e-5));
        File.WriteAllText(temporary.File("config.json"), """{"model_type":"llava","text_config":{}}""");
        LlavaConfig
            .Vision(ModelConfig.Read(temporary.File("config.json")))
            .Should()
            .Be(new ClipShape(24, 1024, 16, 4096, 336, 14, 3, 1e-5));
    }

    [GoldenFact("qwen2vl-untied")]
    public void A_Qwen2Vl_section_that_omits_class_defaults_has_them()
    {
        using var temporary = new TemporaryFolder();
        JsonObject file = JsonNode
            .Parse(File.ReadAllText(Golden.Path("qwen2vl-untied", "model", "config.json")))!
            .AsObject();
        file["hidden_size"] = 3584;
        file["num_attention_heads"] = 28;
        file["rope_scaling"]!["mrope_section"] = new JsonArray(16, 24, 24);
        file["vision_config"] = JsonNode.Parse(
            """{"hidden_size":3584,"in_chans":3,"model_type":"qwen2_vl","spatial_patch_size":14}"""
        );
        File.WriteAllText(temporary.File("config.json"), file.ToJsonString());
        ModelInfo.Read(temporary.Path).HeadDim.Should().Be(128);
        ModelConfig config = ModelConfig.Read(temporary.File("config.json"));
        Qwen2VlConfig
            .Vision(config)
            .Should()
            .Be(new Qwen2VisionShape(32, 1280, 16, 5120, new QwenPatch(14, 2, 2), 10000));
        foreach (
            string key in (string[])
                [
                    "hidden_size",
                    "intermediate_size",
                    "num_attention_heads",
                    "num_hidden_layers",
                    "num_key_value_heads",
                    "rms_norm_eps",
                    "vocab_size",
                    "rope_theta",
                ]
        )
        {
            file.Remove(key);
        }

        file["vision_config"]!["hidden_size"] = 8192;
        File.WriteAllText(temporary.File("config.json"), file.ToJsonString());
        DecoderShape shape = ModelInfo.Read(temporary.Path).Decoder;
        (shape with { RotarySections = null })
            .Should()
            .Be(
                new DecoderShape(80, 64, 8, 128, 8192, 29568, 152064, 1e-5, 1e6, null, true, false)
                {
                    Positions = 32768,
                }
            );
    }

    [GoldenFact("../configs-2/_resaved")]
    public void A_Qwen25Vl_section_that_omits_class_defaults_has_them()
    {
        string file = Golden.Path("..", "configs-2", "_resaved", "Qwen2.5-VL-7B-Instruct.v4.49.0.json");
        Qwen25VisionShape shrunk = Qwen25VlConfig.Vision(ModelConfig.Read(file)),
            published = Qwen25VlConfig.Vision(
                ModelConfig.Read(Golden.Path("..", "configs-2", "Qwen2.5-VL-7B-Instruct", "config.json"))
            );
        shrunk.Should().BeEquivalentTo(published);
        (shrunk.Width, shrunk.WindowCells).Should().Be((1280, 4), "hidden_size is the tower's; 112 = 4 x 2 x 14");
        shrunk.FullBlocks.Should().Equal(7, 15, 23, 31);
    }

    [GoldenTheory("../configs-2/Qwen2.5-VL-3B-Instruct")]
    [InlineData("hidden_act", "\"quick_gelu\"", "hidden_act*quick_gelu*silu")]
    [InlineData("hidden_size", "1288", "num_heads*hidden_size / num_heads*multiple of 4")]
    [InlineData("out_hidden_size", "1280", "out_hidden_size' is 1280, but the decoder has 2048")]
    [InlineData("window_size", "27", "window_size' is 27*28 pixels a side")]
    [InlineData("fullatt_block_indexes", "[7,-1]", "fullatt_block_indexes' has -1*counted from 0")]
    [InlineData("fullatt_block_indexes", "\"all\"", "fullatt_block_indexes*a list of integers")]
    [InlineData("model_type", "\"qwen2_vl\"", "model_type*qwen2_vl*qwen2_5_vl and qwen2_5_vl_vision")]
    [InlineData("in_channels", "4", "in_channels' is 4*only 3")]
    [InlineData("rope_parameters", "{\"rope_type\":\"yarn\"}", "rope_parameters.rope_type*yarn*axial")]
    [InlineData("embed_dim", "1280", "embed_dim*not understood")]
    public void A_setting_of_Qwen25Vls_tower_that_is_not_computed_is_refused_by_name(
        string key,
        string value,
        string message
    ) => RefusesTowerSetting("Qwen2.5-VL-3B-Instruct", key, value, message);

    [GoldenTheory("../configs-2/Qwen3-VL-4B-Instruct")]
    [InlineData("hidden_act", "\"silu\"", "hidden_act*silu*gelu_pytorch_tanh")]
    [InlineData("num_heads", "12", "num_heads*hidden_size / num_heads*multiple of 4")]
    [InlineData("out_hidden_size", "2048", "out_hidden_size' is 2048, but the decoder has 2560")]
    [InlineData("num_position_embeddings", "2300", "num_position_embeddings' is 2300*square")]
    [InlineData("deepstack_visual_indexes", "[5,-11,17]", "deepstack_visual_indexes' has -11*counted from 0")]
    [InlineData("deepstack_visual_indexes", "[5,11,117]", "deepstack_visual_indexes' is *117]*tower's 24 blocks")]
    [InlineData("model_type", "\"qwen3_vl_moe\"", "model_type*qwen3_vl_moe*qwen3_vl and qwen3_vl_vision")]
    [InlineData("window_size", "112", "window_size*not understood")]
    public void A_setting_of_Qwen3Vls_tower_that_is_not_computed_is_refused_by_name(
        string key,
        string value,
        string message
    ) => RefusesTowerSetting("Qwen3-VL-4B-Instruct", key, value, message);

    [GoldenTheory("../configs-2/Qwen3-VL-4B-Instruct")]
    [InlineData(
        "rope_scaling",
        """{"mrope_interleaved":false,"mrope_section":[24,20,20]}""",
        "mrope_interleaved*false"
    )]
    [InlineData("rope_scaling", """{"mrope_interleaved":true}""", "mrope_section*missing")]
    [InlineData("rope_scaling", """{"mrope_section":[24,20,24]}""", "mrope_section*sum to half the head size, 64")]
    [InlineData("rope_scaling", """{"rope_type":"yarn","mrope_section":[24,20,20]}""", "rope_type*yarn*not computed")]
    [InlineData("rope_theta", "null", "text_config.rope_theta*missing*differ in its default")]
    [InlineData("attention_bias", "true", "text_config.attention_bias*only false")]
    [InlineData("sliding_window", "4096", "text_config.sliding_window*has no window")]
    [InlineData("num_experts", "128", "text_config.num_experts*not understood")]
    [InlineData("model_type", "\"qwen3_vl_moe_text\"", "text_config.model_type*qwen3_vl_moe_text*qwen3_vl_text")]
    [InlineData("hidden_act", "\"gelu\"", "text_config.hidden_act*gelu*silu")]
    public void A_decoder_setting_of_Qwen3Vl_that_is_not_computed_is_refused_by_name(
        string key,
        string value,
        string message
    ) => RefusesSetting("Qwen3-VL-4B-Instruct", "text_config", key, value, message);

    [GoldenFact("../configs-2/Qwen3-VL-8B-Instruct")]
    public void A_Qwen3Vl_file_that_omits_class_defaults_has_them()
    {
        using var temporary = new TemporaryFolder();
        File.WriteAllText(
            temporary.File("config.json"),
            """
            {
              "model_type": "qwen3_vl",
              "text_config": {"rope_theta": 5000000, "rope_scaling": {"mrope_section": [24, 20, 20]}},
              "vision_config": {"out_hidden_size": 4096}
            }
            """
        );
        DecoderShape shape = ModelInfo.Read(temporary.Path).Decoder;
        (shape with { RotarySections = null })
            .Should()
            .Be(
                new DecoderShape(32, 32, 32, 128, 4096, 22016, 151936, 1e-6, 5e6, null, false, false)
                {
                    Positions = 128000,
                    DeepStackLayers = 3,
                    QkNorm = true,
                    InterleavedSections = true,
                }
            );
        Qwen3VlConfig
            .Vision(ModelConfig.Read(temporary.File("config.json")))
            .Should()
            .BeEquivalentTo(
                Qwen3VlConfig.Vision(
                    ModelConfig.Read(Golden.Path("..", "configs-2", "Qwen3-VL-8B-Instruct", "config.json"))
                ),
                "the class has the tower of the larger models"
            );
    }

    [GoldenFact("../configs-2/_wild")]
    public void Files_as_found_in_the_wild_read_as_the_published_ones()
    {
        foreach (
            (string file, string published) in ((string, string)[])
                [
                    ("Qwen2.5-VL-7B.config.rope_type-mrope.json", "Qwen2.5-VL-7B-Instruct"),
                    ("Qwen3-VL-8B.config.max_position-8192.json", "Qwen3-VL-8B-Instruct"),
                ]
        )
        {
            using var temporary = new TemporaryFolder();
            File.Copy(Golden.Path("..", "configs-2", "_wild", file), temporary.File("config.json"));
            DecoderShape found = ModelInfo.Read(temporary.Path).Decoder,
                first = ModelInfo.Read(Golden.Path("..", "configs-2", published)).Decoder;
            found.Should().BeEquivalentTo(first with { Positions = found.Positions }, file);
        }
    }

    private static void RefusesTowerSetting(string model, string key, string value, string message) =>
        RefusesSetting(model, "vision_config", key, value, $"vision_config.{message}");

    private static void RefusesSetting(string model, string section, string key, string value, string message)
    {
        using var temporary = new TemporaryFolder();
        JsonObject file = JsonNode
            .Parse(File.ReadAllText(Golden.Path("..", "configs-2", model, "config.json")))!
            .AsObject();
        file[section]![key] = JsonNode.Parse(value);
        File.WriteAllText(temporary.File("config.json"), file.ToJsonString());
        FluentActions
            .Invoking(() => ModelInfo.Read(temporary.Path))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*config.json*{message}*");
    }

    [GoldenFact("qwen2vl-untied")]
    public void A_decoder_key_that_says_two_things_is_refused()
    {
        using var temporary = new TemporaryFolder();
        JsonObject file = JsonNode
            .Parse(File.ReadAllText(Golden.Path("qwen2vl-untied", "model", "config.json")))!
            .AsObject();
        file["text_config"] = JsonNode.Parse("""{"model_type":"qwen2_vl_text","rms_norm_eps":1e-05}""");
        File.WriteAllText(temporary.File("config.json"), file.ToJsonString());
        FluentActions
            .Invoking(() => ModelInfo.Read(temporary.Path))
            .Should()
            .Throw<InputException>()
            .WithMessage("*'text_config.rms_norm_eps' is 1e-05, but 'rms_norm_eps' is 1e-06*");
    }

    [Theory]
    [InlineData("\"vision_feature_layer\":[-2]", null)]
    [InlineData("\"vision_feature_layer\":[-2,-1]", "vision_feature_layer*?-2, -1?*joined")]
    [InlineData("\"vision_feature_layer\":-9", "vision_feature_layer*-9*2 layers")]
    [InlineData("\"projector_hidden_act\":\"relu\"", "projector_hidden_act*relu*gelu")]
    [InlineData("\"vision_feature_select_strategy\":\"cls\"", "vision_feature_select_strategy*cls*default, full")]
    [InlineData("\"quantization\":{\"group_size\":64,\"bits\":4}", "'quantization'*quantised")]
    [InlineData(
        "\"compression_config\":{\"quant_method\":\"compressed-tensors\"}",
        "'compression_config'*compressed-tensors"
    )]
    [InlineData("\"torch_dtype\":\"float8_e4m3fn\"", "torch_dtype*float8")]
    public void A_setting_of_the_whole_model_is_judged_before_anything_loads(string keys, string? message)
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"torch_dtype\":\"float32\"", keys);
        if (message is null)
        {
            ModelInfo.Read(tiny.Folder).Layers.Should().Be(3);
        }
        else
        {
            FluentActions
                .Invoking(() => ModelInfo.Read(tiny.Folder))
                .Should()
                .Throw<InputException>()
                .WithMessage($"*config.json*{message}*");
        }
    }

    [Theory]
    [InlineData("\"torch_dtype\":\"bfloat16\"", torch.ScalarType.BFloat16)]
    [InlineData("\"dtype\":\"bfloat16\"", torch.ScalarType.BFloat16)]
    [InlineData("\"torch_dtype\":null,\"dtype\":\"float16\"", torch.ScalarType.Float16)]
    [InlineData("\"dtype\":\"torch.float16\"", torch.ScalarType.Float16)]
    [InlineData("\"pad_token_id\":0", torch.ScalarType.Float32)]
    public void The_stored_type_is_read_under_either_name(string keys, torch.ScalarType type)
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"torch_dtype\":\"float32\"", keys);
        ModelInfo.Read(tiny.Folder).Stored.Should().Be(type);
    }

    [Theory]
    [InlineData("text_config")]
    [InlineData("vision_config")]
    public void A_part_that_is_quantised_is_refused_by_name(string part)
    {
        using var tiny = new TinyLlava();
        tiny.Edit($"\"{part}\":{{", $"\"{part}\":{{\"quantization_config\":{{\"quant_method\":\"fp8\"}},");
        FluentActions
            .Invoking(() => ModelInfo.Read(tiny.Folder))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*'{part}.quantization_config'*quantised (fp8)*");
    }

    [Fact]
    public void The_image_processor_may_stand_in_processor_config()
    {
        using var tiny = new TinyLlava();
        string own = Path.Combine(tiny.Folder, "preprocessor_config.json"),
            joint = Path.Combine(tiny.Folder, "processor_config.json");
        PreprocessorConfig before = LlavaSettings.Keys.Read(tiny.Folder);
        File.WriteAllText(joint, $$"""{"image_processor":{{File.ReadAllText(own)}},"patch_size":14}""");
        File.Delete(own);
        PreprocessorConfig after = LlavaSettings.Keys.Read(tiny.Folder);
        (after.Side(0), after.ShortSide(0)).Should().Be((before.Side(0), before.ShortSide(0)));
        after.Source.Should().Be(joint);
        tiny.Load().Dispose();
        File.WriteAllText(joint, """{"image_processor":{"crop_size":56,"size":56}}""");
        ModelInfo info = ModelInfo.Read(tiny.Folder);
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice()))
            .Should()
            .Throw<InputException>()
            .WithMessage("*processor_config.json*56 x 56*28 x 28*");
        foreach (string nothing in (string[])["""{"patch_size":14}""", """{"image_processor":null}"""])
        {
            File.WriteAllText(joint, nothing);
            FluentActions
                .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice()))
                .Should()
                .Throw<InputException>()
                .WithMessage("*preprocessor_config.json*missing*image_processor*");
        }
    }

    [Fact]
    public void Two_image_processors_that_differ_are_refused()
    {
        using var tiny = new TinyLlava();
        string own = Path.Combine(tiny.Folder, "preprocessor_config.json"),
            joint = Path.Combine(tiny.Folder, "processor_config.json");
        File.WriteAllText(joint, $$"""{"image_processor":{{File.ReadAllText(own)}} }""");
        LlavaSettings.Keys.Read(tiny.Folder).Source.Should().Be(own);
        File.WriteAllText(joint, """{"image_processor":{"size":{"shortest_edge":56}}}""");
        FluentActions
            .Invoking(() => LlavaSettings.Keys.Read(tiny.Folder))
            .Should()
            .Throw<InputException>()
            .WithMessage("*preprocessor_config.json*other settings*processor_config.json*");
    }

    [Fact]
    public void A_window_shorter_than_the_image_is_refused_before_anything_loads()
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"model_type\":\"llama\"", "\"sliding_window\":16,\"model_type\":\"mistral\"");
        ModelInfo info = ModelInfo.Read(tiny.Folder);
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice()))
            .Should()
            .Throw<InputException>()
            .WithMessage("*text_config.sliding_window*16 tokens*has 17*");
    }

    [Fact]
    public void Two_names_of_the_image_token_must_name_one()
    {
        using var tiny = new TinyLlava();
        tiny.Edit("\"image_token_index\":99", "\"image_token_index\":99,\"image_token_id\":98");
        tiny.Invoking(t => t.Load()).Should().Throw<InputException>().WithMessage("*image_token_id*98*<image>*99*");
    }

    private static IEnumerable<string> Configs() =>
        Golden
            .Cases()
            .SelectMany(c => Directory.EnumerateFiles(c, "config.json", SearchOption.AllDirectories))
            .Where(IsRead);

    private static bool IsRead(string file) =>
        KnownFamilies.OfType(JsonNode.Parse(File.ReadAllText(file))!["model_type"]?.GetValue<string>() ?? "")
            is not null;
}
