using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// JSON's grammar lets a key stand twice, and readers differ in which value they take: every file of a model folder and
/// every list of heads is refused then, by the key's name.
/// </summary>
public sealed class ModelJsonTests
{
    [Theory]
    [InlineData("config.json", "\"model_type\":", "\"model_type\":\"llava\",\"model_type\":", "model_type")]
    [InlineData("config.json", "\"rms_norm_eps\":", "\"rms_norm_eps\":null,\"rms_norm_eps\":", "rms_norm_eps")]
    [InlineData("preprocessor_config.json", "\"crop_size\":", "\"crop_size\":336,\"crop_size\":", "crop_size")]
    [InlineData("generation_config.json", "\"eos_token_id\":", "\"eos_token_id\":7,\"eos_token_id\":", "eos_token_id")]
    [InlineData("tokenizer.json", "\"fuse_unk\":", "\"fuse_unk\":false,\"fuse_unk\":", "fuse_unk")]
    [InlineData("tokenizer.json", "\"\\u003Cs\\u003E\":", "\"<s>\":9,\"<s>\":", "<s>")]
    public void A_key_that_stands_twice_is_refused_by_name(string file, string once, string twice, string key)
    {
        using var tiny = new TinyLlava();
        string path = Path.Combine(tiny.Folder, file),
            text = File.ReadAllText(path);
        File.WriteAllText(path, text.Replace(once, twice, StringComparison.Ordinal));
        File.ReadAllText(path).Should().NotBe(text);
        tiny.Invoking(t => t.Load())
            .Should()
            .Throw<InputException>()
            .WithMessage($"{path}*line 1*the key '{key}' stands twice*");
    }

    [Theory]
    [InlineData("processor_config.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("special_tokens_map.json")]
    [InlineData("added_tokens.json")]
    [InlineData("chat_template.json")]
    public void A_key_that_stands_twice_in_a_further_file_is_refused_by_name(string file)
    {
        using var tiny = new TinyLlava();
        string path = Path.Combine(tiny.Folder, file);
        File.WriteAllText(path, "{\"a_token\": null,\n \"a_token\": null}");
        tiny.Invoking(t => t.Load())
            .Should()
            .Throw<InputException>()
            .WithMessage($"{path}*line 2*the key 'a_token' stands twice*");
    }

    [Fact]
    public void A_key_may_stand_in_two_objects()
    {
        const string fine = """{"a": {"b": 1, "c": [{"b": 2}, {"b": 3}]}, "b": 4}""";
        FluentActions.Invoking(() => JsonText.RequireWellFormed(Utf8(fine))).Should().NotThrow();
        FluentActions
            .Invoking(() => JsonText.RequireWellFormed(Utf8("""{"a": {"b": 1}, "\u0061": 4}""")))
            .Should()
            .Throw<System.Text.Json.JsonException>("an escape is the same key")
            .WithMessage("*'a'*twice*");
    }

    [Theory]
    [InlineData("layer")]
    [InlineData("head")]
    [InlineData("score")]
    public void A_field_that_stands_twice_in_a_line_of_a_list_of_heads_is_refused(string field)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $$"""{"layer": 0, "head": 1, "score": 0.5, "{{field}}": 0}""");
            FluentActions
                .Invoking(() => GivenOrder.Of(new FileRanking { File = new SpecPath(file, file) }, 2, 4))
                .Should()
                .Throw<InputException>()
                .WithMessage($"{file}, line 1*'{field}' twice*");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
