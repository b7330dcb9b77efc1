using System.IO.Compression;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;
using Pipelines.Stages.Tests.Models;
using Xunit;

namespace Pipelines.Stages.Tests.Text.Templates;

/// <summary>Prompts of the Qwen families with their published templates and vocabulary, to the id.</summary>
public sealed class QwenPromptTests
{
    private const string Question = "What is the main object in the image? Please answer with a single word.";

    private static readonly int[] WithSystemText =
    [
        151644,
        8948,
        198,
        2610,
        525,
        264,
        10950,
        17847,
        13,
        151645,
        198,
        151644,
        872,
        198,
        151652,
    ];

    private static readonly int[] WithoutSystemText = [151644, 872, 198, 151652];

    private static readonly int[] Suffix =
    [
        151653,
        3838,
        374,
        279,
        1887,
        1633,
        304,
        279,
        2168,
        30,
        5209,
        4226,
        448,
        264,
        3175,
        3409,
        13,
        151645,
        198,
        151644,
        77091,
        198,
    ];

    public static TheoryData<string> Names =>
        [
            "Qwen2-VL-7B-Instruct",
            "Qwen2.5-VL-3B-Instruct",
            "Qwen2.5-VL-7B-Instruct",
            "Qwen3-VL-4B-Instruct",
            "Qwen3-VL-8B-Instruct",
        ];

    [GoldenTheory("../templates/INDEX.tsv")]
    [MemberData(nameof(Names))]
    public void Published_template_and_vocabulary_give_the_published_ids(string name)
    {
        // models-2.md, sections 1 and 5
        int[] before = FamilyOf(name) == Known.Qwen3Vl ? WithoutSystemText : WithSystemText;
        EncodedPrompt prompt = Published(name).Encode(Tokenizer(), Question, 6);
        prompt.Ids.Should().Equal([.. before, .. Enumerable.Repeat(151655, 6), .. Suffix]);
        (prompt.ImageStart, prompt.SuffixLength).Should().Be((before.Length, 22));
    }

    [GoldenTheory("../templates/INDEX.tsv")]
    [MemberData(nameof(Names))]
    public void A_folder_without_a_template_is_asked_as_published(string name)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), "{}");
        Family family = FamilyOf(name);
        ModelTemplate
            .Read(new ModelInfo(folder.Path, family, null!, TorchSharp.torch.ScalarType.Float32))
            .Prompt(Question)
            .Should()
            .Be(Published(name).Prompt(Question));
        family.TokensBeforeImage.Should().BeCloseTo(name.StartsWith("Qwen3", StringComparison.Ordinal) ? 4 : 15, 1);
    }

    [GoldenFact("../templates/INDEX.tsv")]
    public void A_Thinking_checkpoint_of_Qwen3Vl_is_refused()
    {
        TemplateText instruct = Template("Qwen3-VL-4B-Instruct");
        const string answer = "<|im_start|>assistant\\n' }}\n{%- endif %}";
        string thinking = instruct.Text.TrimEnd();
        thinking.Should().EndWith(answer);
        thinking = thinking[..^answer.Length] + "<|im_start|>assistant\\n<think>\\n' }}\n{%- endif %}";
        FluentActions
            .Invoking(() =>
                ChatTemplate.Of(
                    new TemplateText("folder/chat_template.json", thinking),
                    Known.Qwen3Vl.Mark,
                    new Dictionary<string, string>()
                )
            )
            .Should()
            .Throw<InputException>()
            .WithMessage("folder/chat_template.json*<think>*first token*Instruct*");
    }

    [Theory]
    [InlineData("qwen2_5_vl")]
    [InlineData("qwen3_vl")]
    public void A_question_may_hold_no_picture_and_no_video(string type)
    {
        ChatTemplate template = Known.Template(KnownFamilies.OfType(type)!);
        foreach (string mark in (string[])["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"])
        {
            template
                .Invoking(t => t.Prompt($"What is {mark}?"))
                .Should()
                .Throw<InputException>()
                .WithMessage($"prompt*{mark}*");
        }
    }

    private static ChatTemplate Published(string name) =>
        ChatTemplate.Of(Template(name), FamilyOf(name).Mark, new Dictionary<string, string>());

    private static TemplateText Template(string name)
    {
        string file = Golden.Path("..", "templates", $"{name}.jinja");
        return new TemplateText(file, File.ReadAllText(file));
    }

    private static Family FamilyOf(string name) =>
        name.StartsWith("Qwen3", StringComparison.Ordinal) ? Known.Qwen3Vl
        : name.StartsWith("Qwen2.5", StringComparison.Ordinal) ? Known.Qwen25Vl
        : Known.Qwen2Vl;

    private static HubTokenizer Tokenizer()
    {
        using var folder = new TemporaryFolder();
        using (
            var packed = new GZipStream(
                File.OpenRead(Golden.Path("tokens", "qwen2_tokenizer.json.gz")),
                CompressionMode.Decompress
            )
        )
        using (var file = File.Create(Path.Combine(folder.Path, "tokenizer.json")))
        {
            packed.CopyTo(file);
        }

        return new HubTokenizer(folder.Path);
    }
}
