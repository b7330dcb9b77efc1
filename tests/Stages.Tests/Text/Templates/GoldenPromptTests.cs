using FluentAssertions;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Stages.Tests.Models;

namespace Pipelines.Stages.Tests.Text.Templates;

/// <summary>
/// The prompts of the golden cases, from folder and question to ids: as published, and as other versions of
/// transformers save the same folder.
/// </summary>
public sealed class GoldenPromptTests
{
    private static readonly Dictionary<string, Family> Families = new(StringComparer.Ordinal)
    {
        ["llava"] = Known.Llava,
        ["llava_next"] = Known.LlavaNext,
        ["qwen2vl"] = Known.Qwen2Vl,
        ["qwen25vl"] = Known.Qwen2Vl,
        ["qwen3vl"] = Known.Qwen2Vl,
        ["internvl"] = Known.InternVl,
        ["internvl3"] = Known.InternVl,
        ["internvl35"] = Known.InternVl,
    };

    [GoldenFact]
    public void Every_folder_gives_its_cases_prompt_and_ids()
    {
        int prompts = 0;
        foreach (string folder in Cases())
        {
            GoldenCase golden = GoldenCase.Of(folder);
            if (
                !Families.TryGetValue(golden.Family, out Family? family)
                || golden.Name.EndsWith("-hf", StringComparison.Ordinal)
            )
            {
                continue;
            }

            Check(golden, family, golden.ModelFolder, golden.Name);
            foreach (var variant in golden.Items("variants"))
            {
                using var saved = new TemporaryFolder();
                string source = Path.Combine(folder, variant.GetProperty("folder").GetString()!);
                foreach (string file in Directory.EnumerateFiles(source))
                {
                    File.Copy(file, Path.Combine(saved.Path, Path.GetFileName(file)));
                }

                if (variant.TryGetProperty("files_of_model", out var shared))
                {
                    foreach (var file in shared.EnumerateArray())
                    {
                        File.Copy(
                            Path.Combine(golden.ModelFolder, file.GetString()!),
                            Path.Combine(saved.Path, file.GetString()!),
                            overwrite: true
                        );
                    }
                }

                Check(golden, family, saved.Path, $"{golden.Name} {variant.GetProperty("name").GetString()}");
            }

            prompts++;
        }

        prompts.Should().BePositive();
    }

    private static void Check(GoldenCase golden, Family family, string folder, string name)
    {
        var info = new ModelInfo(folder, family, null!, TorchSharp.torch.ScalarType.Float32);
        string prompt = golden.Text("prompt");
        ChatTemplate template = ModelTemplate.Read(
            info,
            prompt.StartsWith("A chat", StringComparison.Ordinal) ? "vicuna" : ModelTemplate.Auto
        );
        template.Prompt(golden.Text("question")).Should().Be(prompt, name);
        var tokenizer = new HubTokenizer(folder);
        EncodedPrompt encoded = template.Encode(tokenizer, golden.Text("question"), golden.Number("image_length"));
        encoded.Ids.Should().Equal(golden.Ints("input_ids"), "these are the ids of {0}", name);
        encoded.ImageStart.Should().Be(golden.Number("image_start"), name);
        foreach (var check in golden.Items("token_checks"))
        {
            string text = check.GetProperty("text").GetString()!;
            tokenizer
                .Encode(text)
                .Should()
                .Equal(
                    check.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32()),
                    "{0} has them for '{1}'",
                    name,
                    text
                );
        }
    }

    /// <summary>Case folders of the golden folder and of the one beside it that holds the newer families.</summary>
    private static IEnumerable<string> Cases()
    {
        string newer = Golden.Path("..", "golden-2");
        IEnumerable<string> more = Directory.Exists(newer)
            ? Directory
                .EnumerateDirectories(newer)
                .Where(d => File.Exists(Path.Combine(d, "case.json")))
                .Order(StringComparer.Ordinal)
            : [];
        return Golden.Cases().Concat(more).DistinctBy(Path.GetFullPath);
    }
}
