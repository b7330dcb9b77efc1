using FluentAssertions;
using Pipelines.Models.Text;

namespace Pipelines.Stages.Tests.Text.Templates;

/// <summary>
/// The prompts of the golden cases, from folder and question to ids: as published, and as other versions of
/// transformers save the same folder.
/// </summary>
public sealed class GoldenPromptTests
{
    [GoldenFact]
    public void Every_folder_gives_its_cases_prompt_and_ids()
    {
        int prompts = 0;
        foreach (GoldenCase golden in GoldenCase.All())
        {
            Check(golden, golden.ModelFolder, golden.Name);
            // one without such files is no folder
            foreach (var variant in golden.Items("variants").Where(v => v.TryGetProperty("files_of_model", out _)))
            {
                using var saved = new TemporaryFolder();
                string source = Path.Combine(golden.Folder, variant.GetProperty("folder").GetString()!);
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

                Check(golden, saved.Path, $"{golden.Name} {variant.GetProperty("name").GetString()}");
            }

            prompts++;
        }

        prompts.Should().BePositive();
    }

    private static void Check(GoldenCase golden, string folder, string name)
    {
        ChatTemplate template = golden.TemplateOf(folder);
        template.Prompt(golden.Text("question")).Should().Be(golden.Text("prompt"), name);
        var tokenizer = new HubTokenizer(folder);
        EncodedPrompt encoded = golden.Encode(template, tokenizer, golden.Text("prompt"));
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
}
