using System.Text.Json;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;
using Pipelines.Stages.Tests.Models;
using Xunit;

namespace Pipelines.Stages.Tests.Text.Templates;

/// <summary>Which template a folder is asked with, and what no prompt may be.</summary>
public sealed class ChatTemplateTests
{
    private const string Question = "What is the main object in the image? Please answer with a single word.";
    private const string Parts =
        "{% for m in messages %}{{ m.role }}:{% for p in m.content %}{% if p.type == 'image' %}<image>{% else %}{{ "
        + "p.text }}{% endif %}{% endfor %}{{ '\n' }}{% endfor %}answer:";

    [Theory]
    [InlineData(Parts, "user:<image>" + Question + "\nanswer:")]
    [InlineData(
        "{% for m in messages %}<|im_start|>{{m.role}}\n<image>\n{{m.content}}<|im_end|>\n{% endfor "
            + "%}<|im_start|>assistant\n",
        "<|im_start|>user\n<image>\n" + Question + "<|im_end|>\n<|im_start|>assistant"
    )]
    [InlineData(
        "{{ bos_token }}{% for m in messages %}{{ '[INST] ' + m['content'] + ' [/INST]' }}{% endfor %}",
        "<s>[INST] <image>\n" + Question + " [/INST]"
    )]
    [InlineData(
        "{% for c in messages %}{% if c.type == 'image' %}<image>{% elif 'text' in c %}{{ c['text'] }}{% endif "
            + "%}{% endfor %}",
        "<image>" + Question
    )]
    public void A_template_is_given_the_message_in_the_form_that_it_has_a_place_for(string template, string prompt) =>
        Of(template).Prompt(Question).Should().Be(prompt);

    [Theory]
    [InlineData("{% for m in messages %}{{ m.content[1].text }}{% endfor %}", "no place for the picture")]
    [InlineData("<image><image>{{ messages[0].content[1].text }}", "more than once")]
    [InlineData("<image>{{ messages[0].role }}", "the question is lost or changed")]
    [InlineData(
        "<image>{% for m in messages %}{{ m.content | upper if m.content is string else m.content[1].text | upper "
            + "}}{% endfor %}",
        "the question is lost or changed"
    )]
    [InlineData(
        "{% for m in messages %}{{ m.content if m.content is string else m.content[1].text }}<image>{% endfor %}",
        "the question stands before the picture"
    )]
    [InlineData("{{ raise_exception('no') }}", "the template refuses this: no")]
    [InlineData(
        "<image>{{ messages[0].content[1].text }}{% include 'x' %}",
        "line 1: the statement 'include' is not supported"
    )]
    [InlineData(
        "{% if messages[0].content is string %}<image>{{ messages[0].content }}{% else %}{{ 'a' | safe }}{% endif %}",
        "line 1: the filter 'safe' is not supported"
    )]
    [InlineData("{{ (", "line 1")]
    public void A_template_without_one_place_for_picture_and_question_is_refused(string template, string why) =>
        FluentActions
            .Invoking(() => Of(template))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*chat_template.jinja*{why}*model.template*");

    [Fact]
    public void A_template_that_starts_a_thought_is_refused() =>
        FluentActions
            .Invoking(() => Of(Parts + "<think>\n"))
            .Should()
            .Throw<InputException>()
            .WithMessage("*chat_template.jinja*<think>*first token*");

    [Theory]
    [InlineData("Is <image> here?")]
    [InlineData("<image>")]
    public void A_question_that_holds_the_pictures_mark_is_refused(string question)
    {
        foreach (
            ChatTemplate template in (ChatTemplate[])
                [Of(Parts), Known.Template(Known.Llava), Known.Template(Known.InternVl)]
        )
        {
            template.Invoking(t => t.Prompt(question)).Should().Throw<InputException>().WithMessage("prompt*<image>*");
        }
    }

    [Theory]
    [InlineData("<|image_pad|>")]
    [InlineData("<|video_pad|>")]
    [InlineData("<|vision_start|>")]
    public void A_question_that_holds_another_picture_of_the_family_is_refused(string mark) =>
        Known
            .Template(Known.Qwen2Vl)
            .Invoking(t => t.Prompt($"What is {mark}?"))
            .Should()
            .Throw<InputException>()
            .WithMessage($"prompt*{mark}*");

    [Theory]
    [InlineData("Does \"it's\" mean 'it is', or C:\\new\\table \"\\\"?")]
    [InlineData("First line\r\nsecond\tline")]
    [InlineData("{{ messages }} {% if 1 %} {# x #}?")]
    [InlineData("[{'type': 'text'}] 😀 漢字 \u2028?")]
    public void A_question_stands_in_the_prompt_as_it_was_asked(string question) =>
        Of(Parts).Prompt(question).Should().Be($"user:<image>{question}\nanswer:");

    [Fact]
    public void A_template_that_writes_another_text_before_the_picture_for_some_questions_is_refused()
    {
        ChatTemplate template = Of(
            "{{ 'long ' if messages[0].content[1].text | length > 50 }}<image>{{ messages[0].content[1].text }}"
        );
        template.Prompt("Short one?").Should().StartWith("<image>");
        template.Invoking(t => t.Prompt(Question)).Should().Throw<InputException>().WithMessage("*before the picture*");
    }

    [Fact]
    public void Of_several_files_the_one_that_transformers_takes_is_used()
    {
        using var folder = new TemporaryFolder();
        ModelInfo info = Model(folder.Path, Known.Llava);
        Prompt().Should().Be($"USER: <image>\n{Question} ASSISTANT:", "the folder has no template");
        Write(
            "tokenizer_config.json",
            new
            {
                bos_token = "<s>",
                chat_template = (object[])
                    [new { name = "tool_use", template = "x" }, new { name = "default", template = "T" + Parts }],
            }
        );
        Prompt().Should().StartWith("Tuser:");
        Write("processor_config.json", new { patch_size = 14, chat_template = "P" + Parts });
        Prompt().Should().StartWith("Puser:");
        File.WriteAllText(Path.Combine(folder.Path, "chat_template.jinja"), "\uFEFFJ" + Parts);
        Prompt().Should().StartWith("Juser:");
        Write("chat_template.json", new { chat_template = "C" + Parts });
        Prompt().Should().StartWith("Cuser:");
        ModelTemplate.Read(info).Source.Should().Be("chat_template.json");
        ModelTemplate
            .Read(info, "vicuna")
            .Prompt(Question)
            .Should()
            .Be(Known.Template("vicuna", Known.Llava).Prompt(Question));
        File.WriteAllText(Path.Combine(folder.Path, "own.jinja"), "O" + Parts);
        ModelTemplate.Read(info, Path.Combine(folder.Path, "own.jinja")).Prompt(Question).Should().StartWith("Ouser:");

        string Prompt() => ModelTemplate.Read(info).Prompt(Question);
        void Write(string name, object json) =>
            File.WriteAllText(Path.Combine(folder.Path, name), JsonSerializer.Serialize(json));
    }

    [Theory]
    [InlineData("{\"chat_template\": null}", "no key 'chat_template'")]
    [InlineData("{\"chat_template\": 3}", "no text")]
    [InlineData("{\"chat_template\"", "damaged")]
    [InlineData("[]", "JSON object")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "git-LFS")]
    public void A_damaged_chat_template_json_is_named(string json, string why)
    {
        using var folder = new TemporaryFolder();
        ModelInfo info = Model(folder.Path, Known.Llava);
        File.WriteAllText(Path.Combine(folder.Path, "chat_template.json"), json);
        FluentActions
            .Invoking(() => ModelTemplate.Read(info))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*chat_template.json*{why}*");
    }

    [Fact]
    public void InternVL_of_the_authors_takes_the_template_that_config_json_names()
    {
        using var folder = new TemporaryFolder();
        ModelInfo info = Model(folder.Path, Known.InternVl, "\"template\": \"Hermes-2\"");
        File.WriteAllText(Path.Combine(folder.Path, "chat_template.jinja"), Parts);
        ModelTemplate
            .Read(info)
            .Prompt("Q?")
            .Should()
            .EndWith("助手。<|im_end|><|im_start|>user\n<image>\nQ?<|im_end|><|im_start|>assistant\n");
        Model(folder.Path, Known.InternVl, "\"template\": \"internvl2_5\", \"system_message\": null");
        ModelTemplate.Read(info).Prompt("Q?").Should().Be(Known.Template(Known.InternVl).Prompt("Q?"));
        Model(folder.Path, Known.InternVl, "\"template\": \"phi3-chat\"");
        FluentActions
            .Invoking(() => ModelTemplate.Read(info))
            .Should()
            .Throw<InputException>()
            .WithMessage("*config.json*'template'*phi3-chat*");
    }

    [Theory]
    [InlineData("\"text_config\": {\"model_type\": \"mistral\"}", "[INST] <image>\nQ? [/INST]")]
    [InlineData(
        "\"text_config\": {\"model_type\": \"llama\", \"vocab_size\": 128320}",
        "<|start_header_id|>user<|end_header_id|>\n\n<image>\nQ?<|eot_id|>"
            + "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )]
    [InlineData(
        "\"text_config\": {\"model_type\": \"llama\", \"vocab_size\": 64064}",
        "<|im_start|>system\nAnswer the "
            + "questions.<|im_end|><|im_start|>user\n<image>\nQ?<|im_end|><|im_start|>assistant\n"
    )]
    [InlineData("\"text_config\": {\"vocab_size\": 32064}", "USER: <image>\nQ? ASSISTANT:")]
    public void LLaVA_NeXT_without_a_template_is_asked_as_published_on_its_decoder(string config, string prompt)
    {
        using var folder = new TemporaryFolder();
        ModelTemplate.Read(Model(folder.Path, Known.LlavaNext, config)).Prompt("Q?").Should().Be(prompt);
    }

    /// <summary>Of a vocabulary of no published size the tokens tell, which the prompts are made of.</summary>
    [Theory]
    [InlineData("<|eot_id|>", "llama3")]
    [InlineData("<|im_end|>", "yi")]
    [InlineData("<other>", "llava")]
    public void LLaVA_NeXT_of_another_size_without_a_template_is_asked_by_its_tokens(string token, string prompt)
    {
        using var folder = new TemporaryFolder();
        ModelInfo info = Model(folder.Path, Known.LlavaNext, "\"text_config\": {\"vocab_size\": 500}");
        File.WriteAllText(
            Path.Combine(folder.Path, "tokenizer.json"),
            JsonSerializer.Serialize(
                new
                {
                    added_tokens = (object[])
                        [
                            new
                            {
                                id = 1,
                                content = token,
                                special = false,
                            },
                        ],
                    model = new
                    {
                        type = "BPE",
                        vocab = new Dictionary<string, int> { ["a"] = 0 },
                        merges = (string[])[],
                    },
                }
            )
        );
        ModelTemplate.Read(info).Prompt("Q?").Should().Be(Known.Template(prompt, Known.LlavaNext).Prompt("Q?"));
    }

    [GoldenFact("../templates/INDEX.tsv")]
    public void Published_templates_render_the_built_in_prompts()
    {
        Same("llava-1.5-7b-hf", "llava", Known.Llava);
        Same("llava-v1.6-vicuna-13b-hf", "llava", Known.Llava);
        Same("llava-v1.6-mistral-7b-hf", "mistral", Known.Llava);
        Same("llama3-llava-next-8b-hf", "llama3", Known.Llava);
        Same("llava-onevision-qwen2-ov-hf", "chatml", Known.Llava);
        Same("Qwen2-VL-7B-Instruct", "qwen2-vl", Known.Qwen2Vl);
        Same("Qwen2.5-VL-3B-Instruct", "qwen2-vl", Known.Qwen25Vl);
        Same("Qwen2.5-VL-7B-Instruct", "qwen2-vl", Known.Qwen25Vl);
        Same("Qwen3-VL-4B-Instruct", "chatml", Known.Qwen3Vl);
        Same("Qwen3-VL-8B-Instruct", "chatml", Known.Qwen3Vl);
        Same("InternVL2_5.rebuilt", "internvl2_5", Known.InternVl);
        Same("InternVL3-2B", "internvl2_5", Known.InternVl);
        Same("InternVL3-hf", "chatml", Known.InternVlHf);
        Same("InternVL3_5-HF", "chatml", Known.InternVlHf);

        static void Same(string name, string builtIn, Family family)
        {
            var file = new TemplateText(
                Golden.Path("..", "templates", $"{name}.jinja"),
                File.ReadAllText(Golden.Path("..", "templates", $"{name}.jinja"))
            );
            ChatTemplate
                .Of(file, family.Mark, new Dictionary<string, string>())
                .Prompt(Question)
                .Should()
                .Be(Known.Template(builtIn, family).Prompt(Question), name);
        }
    }

    [Fact]
    public void A_bos_token_that_the_template_writes_is_not_put_in_front_again()
    {
        // The small tokenizer's one added token stands for the picture
        var image = new ImageMark("<x>", "<s>", "<s>", "<x>");
        HubTokenizer tokenizer = SmallTokenizers.Llama;
        tokenizer.EncodeWithOneBos("the cat").Should().Equal(tokenizer.Encode("the cat"));
        tokenizer.EncodeWithOneBos("<s>the cat").Should().Equal(tokenizer.Encode("the cat"));
        tokenizer.Encode("<s>the cat").Should().StartWith([1, 1]);
        image.Reserved.Should().Equal("<x>", "<s>");
    }

    private static ChatTemplate Of(string template) =>
        ChatTemplate.Of(
            new TemplateText("/folder/chat_template.jinja", template),
            Known.Llava.Mark,
            new Dictionary<string, string> { ["bos_token"] = "<s>" }
        );

    private static ModelInfo Model(string folder, Family family, string config = "\"x\": 0")
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), $"{{{config}}}");
        return new ModelInfo(folder, family, null!, TorchSharp.torch.ScalarType.Float32);
    }
}
