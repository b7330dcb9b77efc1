using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Families.Gemma3;
using Pipelines.Models.Families.LlavaOnevision;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>LLaVA-OneVision and Gemma 3 by their published files: numbers, forms of the files, refusals.</summary>
public sealed class SiglipFamilyTests
{
    private const string Onevision = "llava-onevision-qwen2-7b-ov-hf",
        Gemma = "gemma-3-4b-it";

    [Fact]
    public void Published_files_give_the_published_numbers()
    {
        // models-2.md, table 0: layers, heads, kv heads, head size, hidden, MLP, vocabulary rows
        (string Name, int[] Numbers, bool Tied)[] published =
        [
            ("llava-onevision-qwen2-0.5b-ov-hf", [24, 14, 2, 64, 896, 4864, 152000], true),
            (Onevision, [28, 28, 4, 128, 3584, 18944, 152128], false),
            (Gemma, [34, 8, 4, 256, 2560, 10240, 262208], true),
            ("gemma-3-12b-it", [48, 16, 8, 256, 3840, 15360, 262208], true),
        ];
        foreach ((string name, int[] numbers, bool tied) in published)
        {
            using var folder = new PublishedFolder(name);
            ModelInfo info = ModelInfo.Read(folder.Path);
            DecoderShape d = info.Decoder;
            ((int[])[d.Layers, d.Heads, d.KvHeads, d.HeadDim, d.Hidden, d.Intermediate, d.VocabularyRows])
                .Should()
                .Equal(numbers, name);
            d.TiedHead.Should().Be(tied, name);
            d.RotaryTheta.Should().Be(1e6, name);
            bool gemma = info.Family == Known.Gemma3;
            info.Stored.Should().Be(gemma ? torch.ScalarType.BFloat16 : torch.ScalarType.Float16, name);
            d.QkvBias.Should().Be(!gemma, name);
            VisionShape
                .Read(info, gemma ? 256 : 1485)
                .Should()
                .Be(gemma ? new VisionShape(27, 1152, 4304, 1, 4096) : new VisionShape(26, 1152, 4304, 2, 729));
        }
    }

    [Fact]
    public void A_made_model_has_the_tensors_that_its_family_expects()
    {
        foreach (string name in (string[])[Onevision, "llava-onevision-qwen2-0.5b-ov-hf", Gemma, "gemma-3-12b-it"])
        {
            using var folder = new PublishedFolder(name);
            ModelInfo info = ModelInfo.Read(folder.Path);
            ExpectedTensors expected = info.Family.Tensors(info.Decoder, ModelInfo.ReadConfig(folder.Path));
            var made = Pipelines
                .Models.Making.RandomModel.Plan(name)
                .Tensors.Where(t => !expected.Unused.Any(u => t.Name.StartsWith(u, StringComparison.Ordinal)))
                .ToDictionary(t => t.Name, t => t.Shape);
            made.Remove(expected.Head.Name).Should().Be(!info.Decoder.TiedHead, name);
            expected
                .Tensors.Append(expected.Embedding)
                .ToDictionary(t => t.Name, t => t.Shape)
                .Should()
                .BeEquivalentTo(made, name);
        }
    }

    [Fact]
    public void The_published_Gemma_decoder_is_the_class_with_what_the_file_says()
    {
        using var folder = new PublishedFolder(Gemma);
        DecoderShape shape = ModelInfo.Read(folder.Path).Decoder;
        shape.RotaryDivisor.Should().Be(8);
        shape.QueryPreAttentionScalar.Should().Be(256);
        shape.EmbeddingScale.Should().Be(50.5, "the root of 2560, 50.596, rounded to bfloat16");
        shape.Gate.Should().Be(GateActivation.GeluTanh);
        (shape.QkNorm, shape.NormOffset, shape.PostNorms, shape.ImageSeesItself).Should().Be((true, true, true, true));
        (shape.Sliding!.Window, shape.Sliding.RotaryTheta).Should().Be((1024, 1e4));
        shape.Sliding.Slides.Should().Equal(Enumerable.Range(0, 34).Select(i => i % 6 != 5));
        shape.Positions.Should().Be(131072);
    }

    [Theory]
    [InlineData(2560, 50.5)]
    [InlineData(3840, 62)]
    [InlineData(5376, 73.5)]
    [InlineData(56, 7.46875)]
    public void The_embeddings_factor_is_rounded_as_bfloat16_is(int hidden, double factor) =>
        Gemma3Config.RoundedToBFloat16(Math.Sqrt(hidden)).Should().Be(factor);

    [Fact]
    public void A_Gemma_decoder_that_omits_everything_is_its_classes_default()
    {
        using var folder = new PublishedFolder(Gemma);
        Edit(folder, """{"text_config":{"model_type":"gemma3_text"}}""");
        DecoderShape shape = ModelInfo.Read(folder.Path).Decoder;
        ((int[])[shape.Layers, shape.Heads, shape.KvHeads, shape.HeadDim, shape.Hidden, shape.Intermediate])
            .Should()
            .Equal(26, 8, 4, 256, 2304, 9216);
        (shape.VocabularyRows, shape.NormEpsilon, shape.RotaryTheta, shape.RotaryDivisor, shape.TiedHead)
            .Should()
            .Be((262208, 1e-6, 1e6, 1, true));
        (shape.Sliding!.Window, shape.Sliding.RotaryTheta, shape.QueryPreAttentionScalar).Should().Be((4096, 1e4, 256));
    }

    [Theory]
    [InlineData("""{"sliding_window_pattern":6,"rope_theta":1000000.0,"rope_local_base_freq":10000.0}""")]
    [InlineData("""{"_sliding_window_pattern":6,"tie_word_embeddings":true,"attn_logit_softcapping":null}""")]
    [InlineData(
        """
            {"rope_scaling":null,"rope_parameters":{
              "full_attention":{"factor":8.0,"rope_theta":1000000.0,"rope_type":"linear"},
              "sliding_attention":{"rope_theta":10000.0,"rope_type":"default"}}}
            """
    )]
    [InlineData(
        """{"rope_theta":1e6,"rope_parameters":{"full_attention":{"factor":8,"rope_theta":1e6,"rope_type":"linear"}}}"""
    )]
    [InlineData("""{"use_bidirectional_attention":false,"attention_bias":false,"cache_implementation":"hybrid"}""")]
    public void Every_form_of_Gemmas_file_is_the_same_decoder(string text)
    {
        using var folder = new PublishedFolder(Gemma);
        DecoderShape before = ModelInfo.Read(folder.Path).Decoder;
        EditText(folder, text);
        ModelInfo.Read(folder.Path).Decoder.Should().BeEquivalentTo(before);
    }

    [Fact]
    public void Layer_types_say_which_layers_slide_whatever_the_class_was_made_with()
    {
        using var folder = new PublishedFolder(Gemma);
        EditText(
            folder,
            """
            {"num_hidden_layers":3,"_sliding_window_pattern":6,
             "layer_types":["full_attention","sliding_attention","full_attention"]}
            """
        );
        ModelInfo.Read(folder.Path).Decoder.Sliding!.Slides.Should().Equal(false, true, false);
        using var other = new PublishedFolder(Gemma);
        EditText(other, """{"num_hidden_layers":4,"sliding_window_pattern":2}""");
        ModelInfo.Read(other.Path).Decoder.Sliding!.Slides.Should().Equal(true, false, true, false);
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, false, false)]
    [InlineData(false, null, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    public void Gemmas_head_is_tied_unless_every_flag_says_otherwise(bool? top, bool? text, bool tied)
    {
        using var folder = new PublishedFolder(Gemma);
        Edit(folder, new JsonObject { ["tie_word_embeddings"] = top }.ToJsonString());
        EditText(folder, new JsonObject { ["tie_word_embeddings"] = text }.ToJsonString());
        ModelInfo.Read(folder.Path).Decoder.TiedHead.Should().Be(tied);
    }

    [Theory]
    [InlineData(Gemma, """{"hidden_activation":"gelu"}""", "text_config.hidden_activation*gelu_pytorch_tanh")]
    [InlineData(Gemma, """{"hidden_act":"silu"}""", "text_config.hidden_act*not understood")]
    [InlineData(Gemma, """{"final_logit_softcapping":30.0}""", "text_config.final_logit_softcapping*not understood")]
    [InlineData(Gemma, """{"use_bidirectional_attention":true}""", "use_bidirectional_attention*only false")]
    [InlineData(Gemma, """{"attention_bias":true}""", "text_config.attention_bias*only false")]
    [InlineData(Gemma, """{"model_type":"gemma2"}""", "text_config.model_type*gemma2")]
    [InlineData(Gemma, """{"sliding_window":null}""", "text_config.sliding_window*null*number of tokens")]
    [InlineData(Gemma, """{"layer_types":["sliding_attention"]}""", "layer_types*names 1 layers*34")]
    [InlineData(
        Gemma,
        """{"num_hidden_layers":1,"layer_types":["chunked_attention"]}""",
        "layer_types*chunked_attention*sliding_attention and full_attention"
    )]
    [InlineData(
        Gemma,
        """{"num_hidden_layers":1,"layer_types":["full_attention"],"sliding_window_pattern":6}""",
        "sliding_window_pattern*is 6*layer_types*otherwise"
    )]
    [InlineData(Gemma, """{"_sliding_window_pattern":5}""", "_sliding_window_pattern*is 5*layer_types")]
    [InlineData(
        Gemma,
        """{"rope_parameters":{"full_attention":{"rope_type":"default","rope_theta":1e6}}}""",
        "rope_parameters.full_attention.rope_type*default*linear"
    )]
    [InlineData(
        Gemma,
        """{"rope_parameters":{"sliding_attention":{"rope_type":"linear","rope_theta":1e4,"factor":8}}}""",
        "rope_parameters.sliding_attention.rope_type*scales*default"
    )]
    [InlineData(
        Gemma,
        """{"rope_local_base_freq":20000,"rope_parameters":{"sliding_attention":{"rope_theta":1e4}}}""",
        "rope_local_base_freq*20000*10000"
    )]
    [InlineData(Gemma, """{"rope_parameters":{"rope_theta":1e6,"rope_type":"default"}}""", "rope_parameters.rope_t")]
    [InlineData(Onevision, """{"model_type":"llama"}""", "text_config.model_type*llama*qwen2")]
    [InlineData(Onevision, """{"sliding_window":4096,"use_sliding_window":true}""", null)]
    [InlineData(Onevision, """{"rope_scaling":{"rope_type":"yarn","factor":4.0}}""", "rope_type*yarn*not computed")]
    public void A_decoder_switch_that_changes_the_pass_is_refused_by_name(string model, string text, string? message)
    {
        using var folder = new PublishedFolder(model);
        EditText(folder, text);
        RefusedWith(folder, message);
    }

    [Theory]
    [InlineData(Gemma, """{"mm_tokens_per_image":200}""", "mm_tokens_per_image*is 200*64 x 64 patches")]
    [InlineData(Gemma, """{"mm_tokens_per_image":225}""", "mm_tokens_per_image*is 225*64 x 64 patches")]
    [InlineData(Gemma, """{"vision_config":{"model_type":"clip_vision_model"}}""", "vision_config.model_type*siglip")]
    [InlineData(Gemma, """{"vision_config":{"hidden_act":"gelu"}}""", "vision_config.hidden_act*gelu_pytorch_tanh")]
    [InlineData(Gemma, """{"vision_config":{"hidden_size":100,"num_attention_heads":16}}""", "does not fit together")]
    [InlineData(Gemma, """{"vision_config":{"num_channels":1}}""", "vision_config.num_channels*only 3")]
    [InlineData(Gemma, """{"audio_config":{"hidden_size":8}}""", "audio_config*not understood")]
    [InlineData(Onevision, """{"vision_aspect_ratio":"anyres"}""", "vision_aspect_ratio*\"anyres\"*anyres_max_9")]
    [InlineData(Onevision, """{"vision_aspect_ratio":"pad"}""", "vision_aspect_ratio*\"pad\"*anyres_max_9")]
    [InlineData(Onevision, """{"vision_aspect_ratio":"anyres_max_0"}""", "vision_aspect_ratio*anyres_max_0*")]
    [InlineData(
        Onevision,
        """{"vision_aspect_ratio":"anyres_max_4"}""",
        "vision_aspect_ratio*anyres_max_9*config.json says*anyres_max_4"
    )]
    [InlineData(Onevision, """{"vision_feature_select_strategy":"default"}""", "select_strategy*default*only \"full\"")]
    [InlineData(Onevision, """{"vision_feature_layer":[-2,-1]}""", "vision_feature_layer*joined")]
    [InlineData(Onevision, """{"vision_feature_layer":-28}""", "vision_feature_layer*-28*26 layers")]
    [InlineData(Onevision, """{"use_image_newline_parameter":false}""", "use_image_newline_parameter*false")]
    [InlineData(Onevision, """{"projector_hidden_act":"relu"}""", "projector_hidden_act*relu*gelu")]
    [InlineData(Onevision, """{"mm_newline_position":"grid"}""", "mm_newline_position*not understood")]
    public void A_setting_of_the_whole_model_is_judged_before_anything_loads(string model, string keys, string message)
    {
        using var folder = new PublishedFolder(model);
        if (model == Onevision && keys.Contains("anyres_max_4", StringComparison.Ordinal))
        {
            JsonObject processor = JsonNode.Parse(File.ReadAllText(folder.File("processor_config.json")))!.AsObject();
            processor["vision_aspect_ratio"] = "anyres_max_9";
            File.WriteAllText(folder.File("processor_config.json"), processor.ToJsonString());
        }

        Edit(folder, keys);
        RefusedWith(folder, message);
    }

    [Fact]
    public void A_SigLIP_section_that_omits_numbers_is_SigLIPs_default()
    {
        using var folder = new PublishedFolder(Gemma);
        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.Config))!.AsObject();
        config["vision_config"] = JsonNode.Parse("""{"model_type":"siglip_vision_model"}""");
        File.WriteAllText(folder.Config, config.ToJsonString());
        Gemma3Config
            .Vision(ModelConfig.Read(folder.Config))
            .Should()
            .Be(new SiglipShape(12, 768, 12, 3072, 224, 16, 1e-6));
    }

    [Fact]
    public void An_earlier_feature_layer_runs_fewer_blocks_and_leaves_the_others_unused()
    {
        using var folder = new PublishedFolder(Onevision);
        Edit(folder, """{"vision_feature_layer":-2}""");
        ModelInfo info = ModelInfo.Read(folder.Path);
        ModelConfig config = ModelConfig.Read(folder.Config);
        LlavaOnevisionConfig.Use(config).Should().Be(new SiglipUse(25, FinalNorm: false));
        info.Family.Tensors(info.Decoder, config)
            .Unused.Should()
            .Contain("vision_tower.vision_model.encoder.layers.25.")
            .And.Contain("vision_tower.vision_model.post_layernorm.");
    }

    [Theory]
    [InlineData(81, 81, 9, 27, 81, 81)]
    [InlineData(89, 89, 9, 27, 89, 89)] // ratio 1.0988: within a tenth
    [InlineData(90, 90, 9, 27, 80, 80)] // ratio 1.1111: Python's 90 // ratio is 80, though 90 / ratio rounds to 81
    [InlineData(162, 162, 9, 27, 81, 81)]
    [InlineData(102, 135, 9, 27, 70, 93)]
    [InlineData(12, 16, 9, 4, 10, 13)] // the golden case
    public void A_grid_is_shrunk_where_it_exceeds_the_allowed_tiles_by_a_tenth(
        int rows,
        int columns,
        int most,
        int patches,
        int keptRows,
        int keptColumns
    ) =>
        LlavaOnevisionGrid
            .Of(new FeatureGrid(0, 0, columns, rows), most, patches)
            .Should()
            .Be(new LlavaOnevisionGrid(keptRows, keptColumns));

    [Fact]
    public void Pinpoints_of_the_two_files_must_be_one_list_and_an_omitted_one_is_the_classes()
    {
        using var folder = new PublishedFolder(Onevision);
        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.Config))!.AsObject();
        config.Remove("image_grid_pinpoints");
        File.WriteAllText(folder.Config, config.ToJsonString());
        ImageTokenCounter
            .Read(ModelInfo.Read(folder.Path), new ImageChoice())
            .TokensOf(640, 480)
            .Tokens.Should()
            .Be(2929);
        Edit(folder, """{"image_grid_pinpoints":[[384,768]]}""");
        ModelInfo info = ModelInfo.Read(folder.Path);
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice()))
            .Should()
            .Throw<InputException>()
            .WithMessage("*preprocessor_config.json*other image_grid_pinpoints*config.json*");
    }

    [Theory]
    [InlineData(Gemma, "bilinear squash to 224", "*preprocessor_config.json*224 x 224*896 x 896*")]
    [InlineData(Onevision, "tiles of 192", "*preprocessor_config.json*192 x 192*384 x 384*")]
    public void A_processor_of_another_side_than_the_towers_is_refused(string model, string what, string message)
    {
        using var folder = new PublishedFolder(model);
        string file = folder.File("preprocessor_config.json");
        JsonObject processor = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        int side = model == Gemma ? 224 : 192;
        processor["size"] = new JsonObject { ["height"] = side, ["width"] = side };
        File.WriteAllText(file, processor.ToJsonString());
        ModelInfo info = ModelInfo.Read(folder.Path);
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice()))
            .Should()
            .Throw<InputException>(what)
            .WithMessage(message);
    }

    [Theory]
    [InlineData(
        Onevision,
        "<|im_start|>user\n<image>\nWhat is this?<|im_end|>\n<|im_start|>assistant\n",
        "llava-onevision"
    )]
    [InlineData(
        Gemma,
        "<bos><start_of_turn>user\n<start_of_image>What is this?<end_of_turn>\n<start_of_turn>model\n",
        "gemma3"
    )]
    public void The_published_prompt_is_what_the_published_template_renders(string model, string prompt, string name)
    {
        using var folder = new PublishedFolder(model);
        ModelInfo info = ModelInfo.Read(folder.Path);
        ModelTemplate.Read(info).Source.Should().Be("chat_template.json");
        ModelTemplate.Read(info).Prompt("What is this?").Should().Be(prompt);
        ModelTemplate.Read(info, name).Prompt("What is this?").Should().Be(prompt);
        foreach (string file in (string[])["chat_template.json", "tokenizer_config.json"])
        {
            File.Delete(folder.File(file));
        }

        ModelTemplate.Read(info).Prompt("What is this?").Should().Be(prompt, "a folder without one");
    }

    private static void RefusedWith(PublishedFolder folder, string? message)
    {
        if (message is null)
        {
            ModelInfo.Read(folder.Path).Layers.Should().BePositive();
            return;
        }

        FluentActions
            .Invoking(() => ModelInfo.Read(folder.Path))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*config.json*{message}*");
    }

    /// <summary>Sets keys of config.json; sections are merged.</summary>
    private static void Edit(PublishedFolder folder, string keys)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.Config))!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject())
        {
            if (key == "vision_config")
            {
                foreach ((string inner, JsonNode? number) in value!.AsObject())
                {
                    config[key]![inner] = number?.DeepClone();
                }
            }
            else
            {
                config[key] = value?.DeepClone();
            }
        }

        File.WriteAllText(folder.Config, config.ToJsonString());
    }

    /// <summary>Sets keys of text_config.</summary>
    private static void EditText(PublishedFolder folder, string keys)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.Config))!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject())
        {
            config["text_config"]![key] = value?.DeepClone();
        }

        File.WriteAllText(folder.Config, config.ToJsonString());
    }
}
