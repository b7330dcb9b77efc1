using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using Pipelines.Models.Text;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Text;

/// <summary>Ids of golden/tokens and of the tokenizers of all golden cases.</summary>
public sealed class HubTokenizerGoldenTests(ITestOutputHelper output)
{
    [GoldenFact("tokens/llama_vocab.txt")]
    public void Llama_ids_equal_those_of_golden_tokens()
    {
        using var folder = new TemporaryFolder();
        LlamaFolder.Write(folder.Path);
        var tokenizer = new HubTokenizer(folder.Path);
        int rows = 0;
        foreach (var (text, ids) in Rows("llama"))
        {
            tokenizer.Encode(text).Should().Equal(ids, "these are the ids of '{0}'", text);
            tokenizer.Decode(ids).Should().Be(text);
            rows++;
        }

        output.WriteLine($"llama: {rows} texts");
        rows.Should().BePositive();
    }

    [GoldenFact("tokens/llama_vocab.txt")]
    public void Llava_ids_equal_those_of_golden_tokens()
    {
        using var folder = new TemporaryFolder();
        LlamaFolder.Write(folder.Path, (0, "<unk>"), (1, "<s>"), (2, "</s>"), (32000, "<image>"));
        var tokenizer = new HubTokenizer(folder.Path);
        int rows = 0;
        foreach (var (text, ids) in Rows("llava"))
        {
            tokenizer.Encode(text).Should().Equal(ids, "these are the ids of '{0}'", text);
            rows++;
        }

        output.WriteLine($"llava: {rows} texts");
        rows.Should().BePositive();
    }

    [GoldenFact("tokens/qwen2_tokenizer.json.gz")]
    public void Qwen_ids_equal_those_of_golden_tokens()
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

        var watch = Stopwatch.StartNew();
        var tokenizer = new HubTokenizer(folder.Path);
        output.WriteLine($"read in {watch.ElapsedMilliseconds} ms");
        int rows = 0;
        foreach (var (text, ids) in Rows("qwen"))
        {
            tokenizer.Encode(text).Should().Equal(ids, "these are the ids of '{0}'", text);
            tokenizer.Decode(ids, skipAdded: false).Should().Be(text.Normalize());
            rows++;
        }

        output.WriteLine($"qwen: {rows} texts");
        rows.Should().BePositive();
    }

    [GoldenFact]
    public void Case_prompts_and_token_checks_give_the_cases_ids()
    {
        int checks = 0;
        foreach (var golden in GoldenCase.All())
        {
            var tokenizer = new HubTokenizer(golden.ModelFolder);
            var template = golden.Template;
            var prompt = golden.Encode(template, tokenizer, golden.Text("prompt"));
            prompt.Ids.Should().Equal(golden.Ints("input_ids"), "this is the prompt of {0}", golden.Name);
            prompt.ImageStart.Should().Be(golden.Number("image_start"), golden.Name);
            foreach (var check in golden.Items("token_checks"))
            {
                string text = check.GetProperty("text").GetString()!;
                int[] ids = [.. check.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
                tokenizer.Encode(text).Should().Equal(ids, "{0} has them for '{1}'", golden.Name, text);
                if (check.TryGetProperty("decoded", out var decoded))
                {
                    tokenizer.Decode(ids).Should().Be(decoded.GetString(), "{0} has it for '{1}'", golden.Name, text);
                }

                checks++;
            }

            if (golden.Json.TryGetProperty("answer", out var answer))
            {
                tokenizer.Decode(golden.Ints("generated")).Should().Be(answer.GetString(), golden.Name);
            }

            if (golden.Json.TryGetProperty("tokenizer_size", out var size))
            {
                tokenizer.VocabularySize.Should().Be(size.GetInt32(), golden.Name);
            }

            output.WriteLine($"{golden.Name}: {prompt.Ids.Count} prompt ids, {checks} checks so far");
        }
    }

    [GoldenFact]
    public void Case_prompts_are_what_a_template_of_the_family_makes_of_the_question()
    {
        foreach (var golden in GoldenCase.All())
        {
            golden.Template.Prompt(golden.Text("question")).Should().Be(golden.Text("prompt"), golden.Name);
        }
    }

    private static IEnumerable<(string Text, int[] Ids)> Rows(string kind)
    {
        foreach (string file in Directory.EnumerateFiles(Golden.Path("tokens"), "*.json").Order(StringComparer.Ordinal))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var row in json.RootElement.EnumerateArray().Where(r => r.TryGetProperty(kind, out _)))
            {
                yield return (
                    row.GetProperty("text").GetString()!,
                    [.. row.GetProperty(kind).EnumerateArray().Select(i => i.GetInt32())]
                );
            }
        }
    }
}

/// <summary>A hub folder of LLaMA's tokenizer, made of golden/tokens.</summary>
internal static class LlamaFolder
{
    public static void Write(string folder, params (int Id, string Content)[] added)
    {
        string[] vocabulary = Lines("llama_vocab.txt");
        var json = new
        {
            added_tokens = added.Select(a => new
            {
                id = a.Id,
                content = a.Content,
                special = true,
            }),
            normalizer = new
            {
                type = "Sequence",
                normalizers = new object[]
                {
                    new { type = "Prepend", prepend = "\u2581" },
                    new
                    {
                        type = "Replace",
                        pattern = new Dictionary<string, string> { ["String"] = " " },
                        content = "\u2581",
                    },
                },
            },
            pre_tokenizer = (object?)null,
            post_processor = new
            {
                type = "TemplateProcessing",
                single = new object[]
                {
                    new Dictionary<string, object> { ["SpecialToken"] = new { id = "<s>", type_id = 0 } },
                    new Dictionary<string, object> { ["Sequence"] = new { id = "A", type_id = 0 } },
                },
            },
            model = new
            {
                type = "BPE",
                unk_token = "<unk>",
                byte_fallback = true,
                vocab = vocabulary.Select((token, id) => (token, id)).ToDictionary(p => p.token, p => p.id),
                merges = Lines("llama_merges.txt"),
            },
        };
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), JsonSerializer.SerializeToUtf8Bytes(json));
    }

    private static string[] Lines(string file) =>
        Encoding.UTF8.GetString(File.ReadAllBytes(Golden.Path("tokens", file))).TrimEnd('\n').Split('\n');
}
