using System.Text.Json;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// A golden checkpoint as a version of transformers saves it: the variant's files with the weights and the files that
/// it shares with the published form, linked into a folder of its own.
/// </summary>
internal sealed class SavedFolder : IDisposable
{
    private SavedFolder(string name) => (Name, Path) = (name, Directory.CreateTempSubdirectory("saved-").FullName);

    /// <summary>Case and variant.</summary>
    public string Name { get; }

    public string Path { get; }

    /// <summary>Names of the variants of a case, the published form ("model") first.</summary>
    public static IEnumerable<string> Variants(string caseFolder)
    {
        using var golden = new GoldenCase(caseFolder);
        return
        [
            "model",
            .. golden
                .Items("variants")
                .Where(v => v.TryGetProperty("files_of_model", out _))
                .Select(v => v.GetProperty("name").GetString()!),
        ];
    }

    public static SavedFolder Of(GoldenCase golden, string variant)
    {
        var saved = new SavedFolder($"{System.IO.Path.GetFileName(golden.Folder)} {variant}");
        IEnumerable<string> files = Directory.EnumerateFiles(golden.ModelFolder);
        if (variant != "model")
        {
            JsonElement form = golden.Items("variants").First(v => v.GetProperty("name").GetString() == variant);
            string[] shared = [.. form.GetProperty("files_of_model").EnumerateArray().Select(f => f.GetString()!)];
            files = files
                .Where(f =>
                    System.IO.Path.GetFileName(f) is var name
                    && (name.Contains(".safetensors", StringComparison.Ordinal) || shared.Contains(name))
                )
                .Concat(
                    Directory.EnumerateFiles(
                        System.IO.Path.Combine(golden.Folder, form.GetProperty("folder").GetString()!)
                    )
                );
        }

        foreach (string file in files)
        {
            System.IO.File.CreateSymbolicLink(saved.File(System.IO.Path.GetFileName(file)), file);
        }

        return saved;
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>
    /// Puts a tokenizer in place of the folder's that knows no more than the image's token: for tests of the model on
    /// the case's own ids.
    /// </summary>
    public void WithTokenizerOf(string imageMark, int imageToken)
    {
        foreach (
            string name in (string[])
                [
                    "tokenizer.json",
                    "tokenizer_config.json",
                    "added_tokens.json",
                    "vocab.json",
                    "merges.txt",
                    "tokenizer.model",
                ]
        )
        {
            System.IO.File.Delete(File(name));
        }

        System.IO.File.WriteAllText(
            File("tokenizer.json"),
            JsonSerializer.Serialize(
                new
                {
                    added_tokens = (object[])
                        [
                            new
                            {
                                id = imageToken,
                                content = imageMark,
                                special = true,
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
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
