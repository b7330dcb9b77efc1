using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

public sealed class ModelInfoTests
{
    [Theory]
    [InlineData("\"model_type\":\"llava\"", "\"model_type\":\"blip-2\"", "blip-2*not supported*llava_next")]
    [InlineData("\"model_type\":\"llava\"", "\"model_kind\":\"llava\"", "model_type*missing")]
    [InlineData("\"num_hidden_layers\":3", "\"num_hidden_layers\":0", "text_config.num_hidden_layers*between 1")]
    [InlineData(
        "\"num_hidden_layers\":3",
        "\"num_hidden_layers\":\"three\"",
        "text_config.num_hidden_layers*an integer, not \"three\""
    )]
    [InlineData("\"num_hidden_layers\":3", "\"num_hidden_layers\":1e9", "text_config.num_hidden_layers*between 1")]
    [InlineData("\"num_key_value_heads\":2", "\"num_key_value_heads\":3", "multiple of 3 key/value heads")]
    [InlineData("\"torch_dtype\":\"float32\"", "\"torch_dtype\":\"int8\"", "torch_dtype*int8")]
    [InlineData(
        "\"model_type\":\"llama\"",
        "\"model_type\":\"gemma\"",
        "text_config.model_type*gemma*llama and mistral"
    )]
    [InlineData(
        "{\"architectures\"",
        "{\"quantization_config\":{\"quant_method\":\"awq\"},\"architectures\"",
        "quantised*awq*unquantised"
    )]
    [InlineData("{\"architectures\"", "{architectures", "not valid JSON")]
    public void A_config_that_does_not_fit_is_one_sentence_naming_file_and_key(
        string old,
        string replacement,
        string message
    )
    {
        using var tiny = new TinyLlava();
        tiny.Edit(old, replacement);
        FluentActions
            .Invoking(() => ModelInfo.Read(tiny.Folder))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*config.json*{message}*");
    }

    [Fact]
    public void A_text_only_model_is_named_as_such()
    {
        using var tiny = new TinyLlava();
        File.WriteAllText(
            tiny.Config,
            """{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":64}"""
        );
        FluentActions
            .Invoking(() => ModelInfo.Read(tiny.Folder))
            .Should()
            .Throw<InputException>()
            .WithMessage("*config.json*'llama' is a text-only model*");
    }

    [Theory]
    [InlineData("", "*not valid JSON*")]
    [InlineData("{\"model_type\":\"\\ud800\"}", "*not valid JSON (line 1: a text holds half of a surrogate pair)*")]
    [InlineData("[]", "*not hold a JSON object*")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "*git-LFS pointer*git lfs pull*")]
    public void A_damaged_config_is_named(string content, string message)
    {
        using var tiny = new TinyLlava();
        File.WriteAllText(tiny.Config, content);
        FluentActions
            .Invoking(() => ModelInfo.Read(tiny.Folder))
            .Should()
            .Throw<InputException>()
            .WithMessage(message)
            .Where(e => e.Where == tiny.Config);
    }

    [Fact]
    public void A_missing_folder_or_config_says_what_to_get()
    {
        FluentActions
            .Invoking(() => ModelInfo.Read("/nowhere/llava-1.5-7b-hf"))
            .Should()
            .Throw<InputException>()
            .WithMessage("*/nowhere/llava-1.5-7b-hf*llava-1.5-7b-hf*");
        using var tiny = new TinyLlava();
        File.Delete(tiny.Config);
        FluentActions
            .Invoking(() => ModelInfo.Read(tiny.Folder))
            .Should()
            .Throw<InputException>()
            .WithMessage("*config.json*missing*");
    }

    [Fact]
    public void Damage_of_any_byte_of_a_config_gives_a_model_or_an_input_error()
    {
        using var tiny = new TinyLlava();
        byte[] config = File.ReadAllBytes(tiny.Config);
        var random = new Random(3);
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = [.. config];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(tiny.Config, i % 5 == 0 ? damaged[..random.Next(damaged.Length)] : damaged);
            try
            {
                ModelInfo.Read(tiny.Folder).TotalHeads.Should().BePositive();
            }
            catch (InputException e)
            {
                e.Message.Should().NotBeEmpty();
            }
        }
    }

    [GoldenFact("../configs-2")]
    public void Published_configs_of_newer_Qwen_families_give_the_published_numbers()
    {
        // models-2.md, table 0: layers, heads, kv heads, head size, hidden, MLP, vocabulary rows
        (string Name, int[] Numbers)[] published =
        [
            ("Qwen2.5-VL-3B-Instruct", [36, 16, 2, 128, 2048, 11008, 151936]),
            ("Qwen2.5-VL-7B-Instruct", [28, 28, 4, 128, 3584, 18944, 152064]),
            ("Qwen3-VL-2B-Instruct", [28, 16, 8, 128, 2048, 6144, 151936]),
            ("Qwen3-VL-4B-Instruct", [36, 32, 8, 128, 2560, 9728, 151936]),
            ("Qwen3-VL-8B-Instruct", [36, 32, 8, 128, 4096, 12288, 151936]),
        ];
        foreach ((string name, int[] numbers) in published)
        {
            ModelInfo info = ModelInfo.Read(Golden.Path("..", "configs-2", name));
            bool newer = info.Family == Known.Qwen3Vl;
            DecoderShape d = info.Decoder;
            ((int[])[d.Layers, d.Heads, d.KvHeads, d.HeadDim, d.Hidden, d.Intermediate, d.VocabularyRows])
                .Should()
                .Equal(numbers, name);
            info.Stored.Should().Be(torch.ScalarType.BFloat16);
            d.QkvBias.Should().Be(!newer);
            d.QkNorm.Should().Be(newer);
            d.InterleavedSections.Should().Be(newer);
            d.RotarySections.Should().Equal(newer ? [24, 20, 20] : [16, 24, 24]);
            d.TiedHead.Should()
                .Be(name is "Qwen2.5-VL-3B-Instruct" or "Qwen3-VL-2B-Instruct" or "Qwen3-VL-4B-Instruct");
            d.RotaryTheta.Should().Be(newer ? 5e6 : 1e6);
            d.NormEpsilon.Should().Be(1e-6);
            d.Positions.Should().Be(newer ? 262144 : 128000);
            d.Limit.Should().BeNull();
        }
    }

    [GoldenFact("../configs")]
    public void The_ten_published_configs_give_the_published_numbers()
    {
        // models.md, table 0: layers, heads, kv heads, head size, hidden, MLP, vocabulary rows
        (string Name, int[] Numbers)[] published =
        [
            ("llava-1.5-7b-hf", [32, 32, 32, 128, 4096, 11008, 32064]),
            ("llava-1.5-13b-hf", [40, 40, 40, 128, 5120, 13824, 32064]),
            ("llava-v1.6-vicuna-7b-hf", [32, 32, 32, 128, 4096, 11008, 32064]),
            ("llava-v1.6-vicuna-13b-hf", [40, 40, 40, 128, 5120, 13824, 32064]),
            ("InternVL2_5-1B", [24, 14, 2, 64, 896, 4864, 151674]),
            ("InternVL2_5-2B", [24, 16, 8, 128, 2048, 8192, 92553]),
            ("InternVL2_5-4B", [36, 16, 2, 128, 2048, 11008, 151674]),
            ("InternVL2_5-8B", [32, 32, 8, 128, 4096, 14336, 92553]),
            ("Qwen2-VL-2B-Instruct", [28, 12, 2, 128, 1536, 8960, 151936]),
            ("Qwen2-VL-7B-Instruct", [28, 28, 4, 128, 3584, 18944, 152064]),
        ];
        foreach ((string name, int[] numbers) in published)
        {
            ModelInfo info = ModelInfo.Read(Golden.Path("..", "configs", name));
            DecoderShape d = info.Decoder;
            ((int[])[d.Layers, d.Heads, d.KvHeads, d.HeadDim, d.Hidden, d.Intermediate, d.VocabularyRows])
                .Should()
                .Equal(numbers, name);
            info.Stored.Should().Be(Known.IsLlava(info.Family) ? torch.ScalarType.Float16 : torch.ScalarType.BFloat16);
            d.QkvBias.Should().Be(info.Family == Known.Qwen2Vl || name is "InternVL2_5-1B" or "InternVL2_5-4B");
            d.TiedHead.Should().Be(name == "Qwen2-VL-2B-Instruct");
            d.RotaryTheta.Should().Be(Known.IsLlava(info.Family) ? 1e4 : 1e6);
            info.Name.Should().Be(name);
        }
    }
}
