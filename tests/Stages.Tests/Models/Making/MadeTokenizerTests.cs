using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Models.Text;
using Xunit;

namespace Pipelines.Stages.Tests.Models.Making;

/// <summary>The made-up tokenizers, read back as those of a hub folder.</summary>
public sealed class MadeTokenizerTests : IDisposable
{
    private const string Question = "What is the main object in the image? Please answer with a single word.";
    private readonly string folder = Directory.CreateTempSubdirectory("made-tokenizer").FullName;

    public static TheoryData<string> Names => [.. PublishedModel.All.Select(m => m.Name)];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>The whole default prompt of LLaVA-1.5 has the published token ids.</summary>
    [Fact]
    public void Llava_default_prompt_has_the_published_ids()
    {
        EncodedPrompt prompt = Known.Template(Known.Llava).Encode(Write("llava-1.5-7b-hf"), Question, 1);
        prompt
            .Ids.Should()
            .Equal(
                1,
                3148,
                1001,
                29901,
                29871,
                32000,
                29871,
                13,
                5618,
                338,
                278,
                1667,
                1203,
                297,
                278,
                1967,
                29973,
                3529,
                1234,
                411,
                263,
                2323,
                1734,
                29889,
                319,
                1799,
                9047,
                13566,
                29901
            );
        prompt.SuffixLength.Should().Be(23);
    }

    /// <summary>
    /// Every word of the question is one token of Qwen2's published vocabulary, as it is of LLaMA's; of InternLM2's
    /// that is assumed.
    /// </summary>
    [Theory]
    [InlineData("llava-v1.6-vicuna-7b-hf", 22)]
    [InlineData("InternVL2_5-1B", 23)]
    [InlineData("InternVL2_5-2B", 23)]
    [InlineData("InternVL3-2B", 23)]
    [InlineData("InternVL3_5-1B", 23)]
    [InlineData("InternVL3_5-1B-HF", 23)]
    [InlineData("Qwen2-VL-2B-Instruct", 22)]
    [InlineData("llava-onevision-qwen2-0.5b-ov-hf", 22)]
    [InlineData("Qwen2.5-VL-3B-Instruct", 22)]
    [InlineData("Qwen3-VL-2B-Instruct", 22)]
    public void Default_prompts_have_as_many_suffix_tokens_as_with_the_published_vocabularies(
        string name,
        int suffix
    ) => TemplateOf(PublishedModel.Named(name)).Encode(Write(name), Question, 1).SuffixLength.Should().Be(suffix);

    [Theory]
    [MemberData(nameof(Names))]
    public void Sizes_and_special_tokens_are_the_published_ones(string name)
    {
        HubTokenizer tokenizer = Write(name);
        PublishedModel model = PublishedModel.Named(name);
        Family family = Known.Of(model);
        (int size, string token, int id, int? bos) =
            family == Known.Llava ? (32002, "<pad>", 32001, 1)
            : name == "llava-v1.6-mistral-7b-hf" ? (32002, "<image>", 32000, 1)
            : name == "llama3-llava-next-8b-hf" ? (128258, "<image>", 128256, 128000)
            : name == "llava-v1.6-34b-hf" ? (64001, "<image>", 64000, null)
            : family == Known.LlavaNext ? (32001, "<image>", 32000, 1)
            : family == Known.Qwen2Vl ? (151657, "<|image_pad|>", 151655, null)
            : family == Known.Qwen25Vl ? (151665, "<|image_pad|>", 151655, null)
            : family == Known.Qwen3Vl ? (151669, "<|image_pad|>", 151655, null)
            : family == Known.LlavaOnevision ? (151648, "<image>", 151646, null)
            : family == Known.Gemma3 ? (262145, "<image_soft_token>", 262144, 2)
            : name == "Idefics3-8B-Llama3" ? (128259, "<image>", 128257, 128000)
            : family == Known.SmolVlm ? (49280, "<image>", 49190, null)
            : family == Known.InternVlHf ? (151679, "<IMG_CONTEXT>", 151671, null)
            : model.Layout == DecoderLayout.Qwen3 ? (151678, "<IMG_CONTEXT>", 151671, null)
            : model.Layout == DecoderLayout.Qwen2 ? (151674, "<IMG_CONTEXT>", 151667, (int?)null)
            : (92553, "<IMG_CONTEXT>", 92546, 1);
        tokenizer.VocabularySize.Should().Be(size);
        tokenizer.IdOf(token).Should().Be(id);
        Enumerable.Range(0, size).Should().OnlyContain(i => tokenizer.HasToken(i));
        tokenizer.Bos.Should().Be(bos);
        size.Should().BeLessThanOrEqualTo(model.VocabularyRows);
    }

    [Theory]
    [InlineData("llava-1.5-7b-hf")]
    [InlineData("llava-v1.6-vicuna-7b-hf")]
    [InlineData("llava-v1.6-mistral-7b-hf")]
    [InlineData("llama3-llava-next-8b-hf")]
    [InlineData("llava-v1.6-34b-hf")]
    [InlineData("InternVL3_5-1B-HF")]
    [InlineData("InternVL2_5-1B")]
    [InlineData("InternVL2_5-2B")]
    [InlineData("Qwen2-VL-2B-Instruct")]
    [InlineData("gemma-3-4b-it")]
    public void Any_text_encodes_and_decodes_back(string name)
    {
        HubTokenizer tokenizer = Write(name);
        string[] texts =
        [
            Question,
            "a",
            "two  blanks\tand a tab\r\n",
            "Grüße, 你是书生·万象 und 日本語 😀!",
            "0123456789 {}[]<>~^",
            "ASSISTANT USER assistant",
            new string('x', 300),
            string.Concat(Enumerable.Range(0, 40).Select(i => $"Word{i} ")) + "end",
            .. KnownText.Sentences,
        ];
        foreach (string text in texts)
        {
            tokenizer.Decode(tokenizer.Encode(text)).Should().Be(text);
        }
    }

    /// <summary>
    /// LLaVA's folders hold the vocabulary twice; both must say the same. Of a model alone transformers makes a
    /// tokenizer by the flag <c>legacy</c>, of tokenizer.json it does not: with the flag the two agree behind an added
    /// token, too.
    /// </summary>
    [Theory]
    [InlineData("llava-1.5-7b-hf")]
    public void Tokenizer_json_and_tokenizer_model_agree(string name)
    {
        HubTokenizer fromJson = Write(name);
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        string settings = Path.Combine(folder, "tokenizer_config.json");
        FluentActions
            .Invoking(() => new HubTokenizer(folder))
            .Should()
            .Throw<InputException>("its legacy false says otherwise than tokenizer.json")
            .WithMessage("*legacy*");
        JsonNode edited = JsonNode.Parse(File.ReadAllText(settings))!;
        edited["legacy"] = true;
        File.WriteAllText(settings, edited.ToJsonString());
        var fromModel = new HubTokenizer(folder);
        foreach (
            string text in (string[])
                [.. KnownText.Sentences, "USER: <image>\nWhat is this? ASSISTANT:", "unknown words and ünïcode"]
        )
        {
            fromModel.Encode(text).Should().Equal(fromJson.Encode(text));
        }
    }

    /// <summary>Runs of line feeds and blanks are added tokens, whatever lies between the texts around them.</summary>
    [Fact]
    public void Gemma_joins_the_line_feeds_before_the_picture_and_knows_its_6415_added_tokens()
    {
        HubTokenizer tokenizer = Write("gemma-3-4b-it");
        EncodedPrompt prompt = Known.Template(Known.Gemma3).Encode(tokenizer, Question, 256);
        prompt.ImageStart.Should().Be(5);
        prompt.Ids.Take(2).Should().Equal(2, 105);
        prompt.Ids[2].Should().Be(tokenizer.IdOf("user")!.Value);
        prompt.Ids.Skip(3).Take(2).Should().Equal(109, 255999);
        prompt.Ids.Skip(5 + 256).Take(2).Should().Equal(256000, 108);
        prompt.Ids.TakeLast(5).Should().Equal(106, 107, 105, tokenizer.IdOf("model")!.Value, 107);
        Gemma3AddedTokens.All.Should().HaveCount(6415);
        (int Id, string Text)[] known =
        [
            (104, "<unused98>"),
            (137, new string('\n', 31)),
            (138, "\u2581\u2581"),
            (167, new string('\u2581', 31)),
            (168, "<table>"),
            (176, "</table>"),
            (237, "</footer>"),
            (255968, "\t"),
            (255998, new string('\t', 31)),
            (256001, "<unused99>"),
            (262143, "<unused6241>"),
        ]; // the hub's tokenizer_config.json
        foreach ((int id, string text) in known)
        {
            tokenizer.IdOf(text).Should().Be(id);
            tokenizer.Encode(text).Should().Equal(2, id);
        }

        tokenizer.Encode("a  b").Should().Contain(138).And.NotContain(139);
        tokenizer.Decode([2, 138, 107]).Should().Be("  \n");
    }

    /// <summary>So keys and values of the image, and a mean baseline of them, serve every question.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void What_stands_before_the_picture_does_not_depend_on_the_question(string name)
    {
        HubTokenizer tokenizer = Write(name);
        ChatTemplate template = TemplateOf(PublishedModel.Named(name));
        EncodedPrompt[] prompts =
        [
            .. new[]
            {
                "default",
                "p1",
                "p2",
                "p3",
                "p4",
                "p5",
                "p6",
                "p7",
                "p8",
                "p9",
                "\n1, 2; what?",
                " ",
                "日本?",
            }.Select(p => template.Encode(tokenizer, Pipelines.Spec.Prompts.Resolve(p), 4)),
        ];
        foreach (EncodedPrompt prompt in prompts)
        {
            prompt.Ids.Take(prompt.ImageStart + 4).Should().Equal(prompts[0].Ids.Take(prompts[0].ImageStart + 4));
        }
    }

    [Theory]
    [InlineData("llava-1.5-7b-hf", 20_000)]
    [InlineData("InternVL2_5-1B", 100_000)]
    [InlineData("InternVL2_5-2B", 50_000)]
    public void A_token_that_no_text_gives_still_answers_with_a_word(string name, int id) =>
        Write(name).Decode([id]).Trim().Should().MatchRegex("^([bdfghjklmnprstvz][aeiou]){3}$");

    private static ChatTemplate TemplateOf(PublishedModel model) => Known.Template(Known.Of(model));

    private HubTokenizer Write(string name)
    {
        PublishedModel model = PublishedModel.Named(name);
        JsonObject config = HubFiles.ReadJson(model, "tokenizer_config.json");
        File.WriteAllText(
            Path.Combine(folder, "tokenizer_config.json"),
            config.ToJsonString(new JsonSerializerOptions())
        );
        File.WriteAllBytes(
            Path.Combine(folder, "added_tokens.json"),
            HubFiles.Of(model).Contains("added_tokens.json")
                ? HubFiles.Read(model, "added_tokens.json")
                : "{}"u8.ToArray()
        );
        model.Recipe.WriteTokenizer(config, folder);
        return new HubTokenizer(folder);
    }
}
