using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Families.InternVlHf;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using Pipelines.Models.Text;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>What the small files of the published models say, and what of them is refused.</summary>
public sealed class PublishedConfigTests
{
    private const string Question = "What is the main object in the image? Please answer with a single word.",
        Chinese =
            "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的"
            + "多模态大语言模型。",
        Answer = "<|im_end|>\n<|im_start|>assistant\n";

    public static TheoryData<string> Names => [.. PublishedModel.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Config_json_and_the_recipe_of_a_published_model_have_the_same_numbers(string name)
    {
        PublishedModel model = PublishedModel.Named(name);
        using var folder = new PublishedFolder(name);
        DecoderShape shape = ModelInfo.Read(folder.Path).Decoder;
        (
            (int[])
                [
                    shape.Layers,
                    shape.Heads,
                    shape.KvHeads,
                    shape.HeadDim,
                    shape.Hidden,
                    shape.Intermediate,
                    shape.VocabularyRows,
                ]
        )
            .Should()
            .Equal(
                model.Layers,
                model.Heads,
                model.KvHeads,
                model.HeadDim,
                model.Hidden,
                model.Intermediate,
                model.VocabularyRows
            );
        shape.TiedHead.Should().Be(model.TiedHead);
    }

    [Theory]
    [InlineData("llava-v1.6-mistral-7b-hf", 1e6, 1e-5, 32768, false)]
    [InlineData("llama3-llava-next-8b-hf", 5e5, 1e-5, 8192, false)]
    [InlineData("llava-v1.6-34b-hf", 5e6, 1e-5, 4096, false)]
    [InlineData("InternVL3-1B", 1e6, 1e-6, 32768, false)]
    [InlineData("InternVL3-14B", 1e6, 1e-6, 32768, false)]
    [InlineData("InternVL3_5-1B", 1e6, 1e-6, 40960, true)]
    [InlineData("InternVL3_5-8B", 1e6, 1e-6, 40960, true)]
    [InlineData("InternVL3_5-8B-HF", 1e6, 1e-6, 40960, true)]
    public void Rotary_base_epsilon_positions_and_head_norms_are_the_published_ones(
        string name,
        double theta,
        double epsilon,
        int positions,
        bool headNorms
    )
    {
        using var folder = new PublishedFolder(name);
        DecoderShape shape = ModelInfo.Read(folder.Path).Decoder;
        (shape.RotaryTheta, shape.NormEpsilon, shape.Positions, shape.QkNorm, shape.RotaryDivisor)
            .Should()
            .Be((theta, epsilon, positions, headNorms, 1));
        shape.QkvBias.Should().Be(name.StartsWith("InternVL3-", StringComparison.Ordinal));
        // Mistral's window is null; dynamic scaling of InternVL3 changes nothing below its positions
        shape.Limit?.Tokens.Should().Be(32768);
        (shape.Limit is null).Should().Be(!name.StartsWith("InternVL3-", StringComparison.Ordinal));
    }

    /// <summary>models-2.md: bos comes from the tokenizer; the texts are the templates', to the letter.</summary>
    [Theory]
    [InlineData("llava-v1.6-mistral-7b-hf", "[INST] <image>\n", " [/INST]")]
    [InlineData(
        "llama3-llava-next-8b-hf",
        "<|start_header_id|>user<|end_header_id|>\n\n<image>\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )]
    [InlineData(
        "llava-v1.6-34b-hf",
        "<|im_start|>system\nAnswer the questions.<|im_end|><|im_start|>user\n<image>\n",
        "<|im_end|><|im_start|>assistant\n"
    )]
    [InlineData("InternVL3-8B", "<|im_start|>system\n" + Chinese + "<|im_end|>\n<|im_start|>user\n<image>\n", Answer)]
    [InlineData("InternVL3_5-8B", "<|im_start|>system\n" + Chinese + "<|im_end|>\n<|im_start|>user\n<image>\n", Answer)]
    [InlineData("InternVL3_5-8B-HF", "<|im_start|>user\n<IMG_CONTEXT>\n", Answer)]
    public void Prompts_are_the_published_ones(string name, string before, string after)
    {
        using var folder = new PublishedFolder(name);
        ModelTemplate.Read(ModelInfo.Read(folder.Path)).Prompt(Question).Should().Be(before + Question + after);
    }

    /// <summary>
    /// Ids around the picture that do not hang on the words: those of the markers, and the bos, which comes once.
    /// </summary>
    [Theory]
    [InlineData("llava-v1.6-mistral-7b-hf", new[] { 1 }, new[] { 32000, 32000 })]
    [InlineData("llama3-llava-next-8b-hf", new[] { 128000, 128006 }, new[] { 128007 }, new[] { 128256, 128256 })]
    [InlineData("llava-v1.6-34b-hf", new[] { 6 }, new[] { 7, 6 }, new[] { 64000, 64000 })]
    [InlineData("InternVL3-1B", new[] { 151644 }, new[] { 151665, 151667, 151667, 151666 })]
    [InlineData("InternVL3_5-1B", new[] { 151644 }, new[] { 151669, 151671, 151671, 151670 })]
    [InlineData("InternVL3_5-1B-HF", new[] { 151644 }, new[] { 151669, 151671, 151671, 151670 })]
    public void Markers_have_the_published_ids(string name, int[] start, params int[][] runs)
    {
        using var folder = new PublishedFolder(name, withTokenizer: true);
        ModelInfo info = ModelInfo.Read(folder.Path);
        var tokenizer = new HubTokenizer(folder.Path);
        info.Family.RequireImageToken(info, ModelInfo.ReadConfig(folder.Path), tokenizer);
        IReadOnlyList<int> ids = ModelTemplate.Read(info).Encode(tokenizer, Question, 2).Ids;
        ids.Take(start.Length).Should().Equal(start);
        ids.Skip(1)
            .Should()
            .NotContain(
                start[0] == 151644 ? -1
                : start[0] == 6 ? -1
                : start[0]
            );
        foreach (int[] run in runs)
        {
            string.Join(',', ids).Should().Contain(string.Join(',', run));
        }

        if (name.EndsWith("-HF", StringComparison.Ordinal))
        {
            ids.ToList().IndexOf(151671).Should().Be(4, "no system text stands in front");
        }
    }

    [Fact]
    public void A_chat_token_of_Yi_that_tokenizer_json_alone_adds_is_one_token()
    {
        using var folder = new PublishedFolder("llava-v1.6-34b-hf", withTokenizer: true);
        const string prompt = "<|im_start|>user\n<image>\nQ<|im_end|>";
        IReadOnlyList<int> whole = new HubTokenizer(folder.Path).Encode(prompt);
        string file = folder.File("tokenizer_config.json");
        JsonObject settings = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        settings["added_tokens_decoder"]!.AsObject().Remove("6").Should().BeTrue();
        File.WriteAllText(file, settings.ToJsonString());
        new HubTokenizer(folder.Path).Encode(prompt).Should().Equal(whole).And.StartWith(6).And.EndWith(7);
    }

    [Theory]
    [InlineData("llava-v1.6-mistral-7b-hf", 2)]
    [InlineData("llama3-llava-next-8b-hf", 128001, 128009)]
    [InlineData("llava-v1.6-34b-hf", 7)]
    [InlineData("InternVL2_5-2B", 92542, 92543)]
    [InlineData("InternVL3-2B")] // llm_config's 151643 ends no turn: the template's token does
    [InlineData("InternVL3_5-2B", 151645)]
    [InlineData("InternVL3_5-2B-HF", 151645)]
    [InlineData("Qwen2-VL-2B-Instruct", 151643, 151645)]
    public void Answers_end_with_the_tokens_that_the_files_name(string name, params int[] ends)
    {
        using var folder = new PublishedFolder(name);
        VisionLanguageModel.ReadEndTokens(folder.Path, ModelInfo.ReadConfig(folder.Path)).Should().BeEquivalentTo(ends);
    }

    [Theory]
    [InlineData(null, null, null, 2)]
    [InlineData("2", null, null, 2)]
    [InlineData("[2,5]", "7", "[9,2]", 2, 5, 7, 9)]
    [InlineData(null, null, "9", 9)]
    [InlineData("null", "[7]", null, 7)]
    public void An_answer_ends_with_every_token_that_any_file_names(
        string? generation,
        string? top,
        string? text,
        params int[] ends
    )
    {
        using var tiny = new TinyLlava();
        File.WriteAllText(
            Path.Combine(tiny.Folder, "generation_config.json"),
            generation is null ? "{}" : $$"""{"eos_token_id":{{generation}} }"""
        );
        tiny.Edit(
            "{\"architectures\"",
            top is null ? "{\"architectures\"" : $"{{\"eos_token_id\":{top},\"architectures\""
        );
        tiny.Edit(
            "\"text_config\":{",
            text is null ? "\"text_config\":{" : $"\"text_config\":{{\"eos_token_id\":{text},"
        );
        using VisionLanguageModel model = tiny.Load();
        model.EndTokens.Should().BeEquivalentTo(ends);
    }

    [Theory]
    [InlineData("InternVL3-8B", "vision_config", "norm_type", "\"rms_norm\"", "rms_norm*InternViT-6B*1B to 14B")]
    [InlineData("InternVL3-8B", "vision_config", "norm_type", "null", "rms_norm*InternViT-6B")]
    [InlineData("InternVL3-8B", "vision_config", "qk_normalization", "true", "InternViT-300M has neither*1B to 14B")]
    [InlineData("InternVL3-8B", "vision_config", "hidden_act", "\"silu\"", "only \"gelu\"")]
    [InlineData("InternVL3-8B", "llm_config", "rope_scaling", "{\"type\":\"yarn\",\"factor\":4.0}", "yarn")]
    [InlineData("InternVL3-8B", "llm_config", "moe_config", "{\"experts\":8}", "not understood")]
    [InlineData(
        "InternVL3_5-8B",
        "llm_config",
        "model_type",
        "\"qwen3_moe\"",
        "qwen3_moe*mixture of experts*qwen2, internlm2 and qwen3"
    )]
    [InlineData("InternVL3_5-8B", "llm_config", "model_type", "\"gpt_oss\"", "gpt_oss*qwen2, internlm2 and qwen3")]
    [InlineData("InternVL3_5-8B", "llm_config", "attention_bias", "true", "only false")]
    [InlineData("InternVL3_5-8B", "llm_config", "use_sliding_window", "true", "only false")]
    [InlineData("InternVL3_5-8B", "", "ps_version", "\"v1\"", "only \"v2\"")]
    [InlineData("InternVL3_5-8B-HF", "text_config", "model_type", "\"qwen3_moe\"", "qwen3_moe*mixture of experts")]
    [InlineData("InternVL3_5-8B-HF", "text_config", "model_type", "\"gpt_oss\"", "gpt_oss*qwen2, llama and qwen3")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "norm_type", "\"rms_norm\"", "InternViT-6B*1B to 14B")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "use_qk_norm", "true", "is true; InternViT-300M has false")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "attention_bias", "null", "is false by the class's default")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "use_mean_pooling", "false", "is false; InternViT-300M has true")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "use_mask_token", "true", "is true")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "use_absolute_position_embeddings", "false", "is false")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "image_size", "[448,336]", "?448, 336?*only squares")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "patch_size", "[14,14,14]", "?14, 14, 14?*only squares")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "patch_size", "[64,64]", "image_size*must be*even")]
    [InlineData("InternVL3_5-8B-HF", "vision_config", "hidden_act", "\"gelu_pytorch_tanh\"", "only \"gelu\"")]
    [InlineData("InternVL3_5-8B-HF", "", "downsample_ratio", "0.25", "is not 0.5")]
    [InlineData("InternVL3_5-8B-HF", "", "vision_feature_select_strategy", "\"full\"", "is \"full\"*class token")]
    [InlineData("InternVL3_5-8B-HF", "", "vision_feature_layer", "[-1,-4]", "?-1, -4?*several layers")]
    [InlineData("InternVL3_5-8B-HF", "", "vision_feature_layer", "-30", "has 24 layers")]
    [InlineData("InternVL3_5-8B-HF", "", "projector_hidden_act", "\"relu\"", "only \"gelu\"")]
    [InlineData("llava-v1.6-mistral-7b-hf", "text_config", "model_type", "\"mixtral\"", "mixtral*llama and mistral")]
    public void What_is_not_computed_is_refused_by_its_key_with_the_reason(
        string name,
        string section,
        string key,
        string value,
        string message
    )
    {
        using var folder = new PublishedFolder(name);
        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!.AsObject();
        JsonObject holder = section.Length == 0 ? config : config[section]!.AsObject();
        holder[key] = JsonNode.Parse(value);
        File.WriteAllText(folder.File("config.json"), config.ToJsonString());
        FluentActions
            .Invoking(() => ModelInfo.Read(folder.Path))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*config.json*{message}*");
    }

    [Fact]
    public void An_hf_section_that_omits_class_defaults_has_them()
    {
        using var folder = new PublishedFolder("InternVL3_5-1B-HF");
        File.WriteAllText(
            folder.File("config.json"),
            """
            {
              "model_type": "internvl",
              "text_config": {},
              "vision_config": {"attention_bias": true, "image_size": 448, "patch_size": [14, 14]}
            }
            """
        );
        ModelInfo info = ModelInfo.Read(folder.Path);
        info.Decoder.Should().BeEquivalentTo(TextClass.Qwen2.Read(Section(folder), hasSections: false, tied: false));
        InternVlHfConfig
            .Vision(ModelInfo.ReadConfig(folder.Path))
            .Should()
            .Be(new InternVisionShape(24, 1024, 16, 4096, 448, 14, 1e-6));

        static ModelConfig Section(PublishedFolder folder) => ModelInfo.ReadConfig(folder.Path).Section("text_config");
    }

    [Theory]
    [InlineData("context_image_token", "<image>")]
    [InlineData("start_image_token", "<image_start>")]
    [InlineData("end_image_token", "<image_end>")]
    public void Tokens_around_a_picture_that_the_files_call_otherwise_are_refused(string key, string text)
    {
        using var folder = new PublishedFolder("InternVL3_5-1B-HF", withTokenizer: true);
        string file = folder.File("tokenizer_config.json");
        JsonObject settings = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        settings[key] = text;
        File.WriteAllText(file, settings.ToJsonString());
        ModelInfo info = ModelInfo.Read(folder.Path);
        FluentActions
            .Invoking(() =>
                info.Family.RequireImageToken(info, ModelInfo.ReadConfig(folder.Path), new HubTokenizer(folder.Path))
            )
            .Should()
            .Throw<InputException>()
            .WithMessage($"*tokenizer_config.json*{key} '{text}'*");
    }

    [Fact]
    public void The_two_layouts_of_one_model_are_told_apart_by_their_names()
    {
        Known.InternVl.Name.Should().Contain("authors' layout");
        Known.InternVlHf.Name.Should().Contain("hf layout");
    }
}
