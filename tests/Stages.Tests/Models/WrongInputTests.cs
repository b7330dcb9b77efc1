using System.Text;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>A model folder that is not what it should be: one sentence that names the file and the remedy.</summary>
public sealed class WrongInputTests
{
    private const string Pointer =
        "version https://git-lfs.github.com/spec/v1\noid "
        + "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

    [Fact]
    public void A_missing_shard()
    {
        using var tiny = new TinyLlava();
        File.Move(Weights(tiny), Path.Combine(tiny.Folder, "model-00001-of-00002.safetensors"));
        File.WriteAllText(
            Path.Combine(tiny.Folder, "model.safetensors.index.json"),
            """
            {
              "weight_map": {
                "language_model.lm_head.weight": "model-00001-of-00002.safetensors",
                "image_newline": "model-00002-of-00002.safetensors"
              }
            }
            """
        );
        Says(tiny, tiny.Folder, "1 of 2 weight files are missing: model-00002-of-00002.safetensors.", "Download*");
    }

    [Fact]
    public void A_truncated_weight_file()
    {
        using var tiny = new TinyLlava();
        byte[] bytes = File.ReadAllBytes(Weights(tiny));
        foreach (int length in (int[])[bytes.Length - 1, bytes.Length / 2, 100, 7, 0])
        {
            File.WriteAllBytes(Weights(tiny), bytes[..length]);
            Says(tiny, Weights(tiny), "*", "*ownload*");
        }
    }

    [Fact]
    public void A_tensor_of_another_shape()
    {
        using var tiny = new TinyLlava();
        tiny.Add("language_model.model.norm.weight", 1, 63);
        tiny.Save();
        Says(
            tiny,
            Weights(tiny),
            "*language_model.model.norm.weight*[63]*[64]*",
            "Config and weights must be of one model."
        );
    }

    [Theory]
    [InlineData(
        """{"architectures":["MllamaForConditionalGeneration"],"model_type":"mllama","vision_config":{}}""",
        "the architecture 'mllama' (MllamaForConditionalGeneration) is not supported: *cross-attention*"
    )]
    [InlineData(
        """{"architectures":["Glm4vForConditionalGeneration"],"model_type":"glm4v","vision_config":{}}""",
        "the architecture 'glm4v' (Glm4vForConditionalGeneration) is not supported."
    )]
    [InlineData(
        """{"architectures":["Qwen3VLMoeForConditionalGeneration"],"model_type":"qwen3_vl_moe","vision_config":{}}""",
        "the architecture 'qwen3_vl_moe' (Qwen3VLMoeForConditionalGeneration) is not supported: *mixture of experts*"
    )]
    [InlineData(
        """{"architectures":["Gemma3ForCausalLM"],"model_type":"gemma3_text"}""",
        "the architecture 'gemma3_text' (Gemma3ForCausalLM) is not supported: *text-only*"
    )]
    [InlineData(
        """{"architectures":["Gemma3nForConditionalGeneration"],"model_type":"gemma3n","vision_config":{}}""",
        "the architecture 'gemma3n' (Gemma3nForConditionalGeneration) is not supported: *earlier layers*"
    )]
    [InlineData(
        """{"architectures":["Gemma4ForConditionalGeneration"],"model_type":"gemma4","vision_config":{}}""",
        "the architecture 'gemma4' (Gemma4ForConditionalGeneration) is not supported: *earlier layers*"
    )]
    [InlineData(
        """{"architectures":["Qwen2ForCausalLM"],"model_type":"qwen2"}""",
        "'qwen2' is a text-only model: it has no vision_config."
    )]
    [InlineData(
        """{"architectures":["InternLM2ForCausalLM"],"model_type":"internlm2"}""",
        "'internlm2' is a text-only model: it has no vision_config."
    )]
    public void An_unknown_architecture_and_a_text_only_model(string config, string what)
    {
        using var tiny = new TinyLlava();
        File.WriteAllText(tiny.Config, config);
        string[] known = [.. KnownFamilies.All.SelectMany(f => f.ModelTypes)];
        Says(tiny, tiny.Config, what, $"Supported are {string.Join(", ", known[..^1])} and {known[^1]}.");
    }

    [Theory]
    [InlineData("""{"quant_method":"awq","bits":4}""", "awq")]
    [InlineData("""{"quant_method":"gptq","bits":4}""", "gptq")]
    [InlineData("""{"quant_method":"bitsandbytes","load_in_4bit":true}""", "bitsandbytes")]
    [InlineData("""{"load_in_8bit":true}""", "unknown method")]
    public void A_quantised_checkpoint_that_says_so(string quantization, string method)
    {
        using var tiny = new TinyLlava();
        tiny.Edit("{\"architectures\"", $"{{\"quantization_config\":{quantization},\"architectures\"");
        Says(
            tiny,
            tiny.Config,
            $"'quantization_config' says that the checkpoint is quantised ({method}).",
            "Use the unquantised checkpoint."
        );
    }

    [Theory]
    [InlineData("language_model.model.layers.0.self_attn.q_proj.qweight")]
    [InlineData("language_model.model.layers.0.self_attn.q_proj.SCB")]
    [InlineData("language_model.model.layers.0.self_attn.q_proj.weight.quant_state.bitsandbytes__nf4")]
    public void A_quantised_checkpoint_that_only_its_tensors_betray(string tensor)
    {
        using var tiny = new TinyLlava();
        tiny.Add(tensor, 1, 64);
        tiny.Save();
        Says(tiny, Weights(tiny), $"the checkpoint is quantised: it holds '{tensor}'*", "Use the model as published*");
    }

    [Fact]
    public void A_checkpoint_of_pickle_files()
    {
        using var tiny = new TinyLlava();
        File.Move(Weights(tiny), Path.Combine(tiny.Folder, "pytorch_model.bin"));
        Says(tiny, tiny.Folder, "*.bin*", "*safetensors*");
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    [InlineData("tokenizer.json")]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("preprocessor_config.json")]
    public void A_git_lfs_pointer_in_place_of_a_file(string name)
    {
        using var tiny = new TinyLlava();
        if (name.Contains("index", StringComparison.Ordinal))
        {
            File.Delete(Weights(tiny));
        }

        string file = Path.Combine(tiny.Folder, name);
        File.WriteAllText(file, Pointer);
        Says(tiny, file, "*git-LFS pointer*", "*git lfs pull*");
    }

    [Fact]
    public void A_git_lfs_pointer_in_place_of_another_kind_of_tokenizer_or_a_picture()
    {
        using var tiny = new TinyLlava();
        File.Delete(Path.Combine(tiny.Folder, "tokenizer.json"));
        string model = Path.Combine(tiny.Folder, "tokenizer.model");
        File.WriteAllText(model, Pointer);
        Says(tiny, model, "*git-LFS pointer*", "*git lfs pull*");
        string vocabulary = Path.Combine(tiny.Folder, "vocab.json");
        File.WriteAllText(vocabulary, Pointer);
        File.WriteAllText(Path.Combine(tiny.Folder, "merges.txt"), "");
        Says(tiny, vocabulary, "*git-LFS pointer*", "*git lfs pull*");
        string picture = Path.Combine(tiny.Folder, "cat.jpg");
        File.WriteAllBytes(picture, Encoding.UTF8.GetBytes(Pointer));
        foreach (
            Action read in (Action[])[() => PictureDecoder.Decode(picture), () => PictureDecoder.ReadSize(picture)]
        )
        {
            read.Should().Throw<InputException>().WithMessage("*cat.jpg*git-LFS pointer*git lfs pull*");
        }
    }

    private static string Weights(TinyLlava tiny) => Path.Combine(tiny.Folder, "model.safetensors");

    private static void Says(TinyLlava tiny, string where, string what, string remedy)
    {
        var error = FluentActions
            .Invoking(() => VisionLanguageModel.Load(tiny.Folder, Arithmetic.Float32))
            .Should()
            .Throw<InputException>()
            .Which;
        error.Where.Should().Be(where);
        error.What.Should().Match(what);
        $"{error.Remedy} {error.What}".Should().Match($"{remedy}*");
        error.Message.Should().NotContain("\n").And.NotContain("   at ");
    }
}
