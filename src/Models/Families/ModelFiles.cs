using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families;

/// <summary>
/// The files of a hub folder that results depend on. This is the only list of them: what is named here is looked at
/// before it is read, is part of every key of the model, and is looked at
/// again before a result is stored. A file that some code reads from the folder and that is not named here is a defect,
/// which tests find by watching what is opened.
/// </summary>
public static class ModelFiles
{
    /// <summary>Name of the key part that holds the digest of the weights.</summary>
    public const string Weights = "model.weights";

    /// <summary>Small files by the part of the key that holds their digest, in the order of the parts.</summary>
    private static readonly (string Part, IReadOnlyList<string> Names)[] Small =
    [
        ("model.config", ["config.json"]),
        (
            "model.tokenizer",
            [
                "tokenizer.json",
                "tokenizer.model",
                "vocab.json",
                "merges.txt",
                "added_tokens.json",
                "special_tokens_map.json",
                "tokenizer_config.json",
                "generation_config.json",
            ]
        ),
        ("model.preprocessor", ["preprocessor_config.json", "processor_config.json"]),
        ("model.chat_template", TemplateFiles.Own),
    ];

    /// <summary>Names of configuration, tokenizer and preprocessor files.</summary>
    public static IReadOnlyList<string> SmallNames { get; } = [.. Small.SelectMany(s => s.Names)];

    /// <summary>
    /// Every file whose bytes, presence or absence may decide what is read from the folder; some may be missing.
    /// </summary>
    public static IReadOnlyList<string> Candidates(string folder) =>
        [
            .. SmallNames.Concat(Checkpoint.RootFiles).Select(name => Path.Combine(folder, name)),
            .. Directory.Exists(folder)
                ? Directory.EnumerateFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)
                : Enumerable.Empty<string>(),
        ];

    /// <summary>
    /// The files that are read, by part of the key. A part none of whose files is there has none, but for the index of
    /// the shards, which then is no part.
    /// </summary>
    /// <exception cref="InputException">The index of the shards is damaged, or there are no weights.</exception>
    public static IReadOnlyList<(string Part, IReadOnlyList<string> Files)> Read(string folder)
    {
        (string? index, IReadOnlyList<string> weights) = Checkpoint.FilesOf(folder);
        return
        [
            (Weights, weights),
            .. index is null ? Array.Empty<(string, IReadOnlyList<string>)>() : [("model.index", [index])],
            .. Small.Select(s =>
                (
                    s.Part,
                    (IReadOnlyList<string>)[.. s.Names.Select(name => Path.Combine(folder, name)).Where(File.Exists)]
                )
            ),
        ];
    }
}
