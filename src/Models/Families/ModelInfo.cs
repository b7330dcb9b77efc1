using Pipelines.Domain.Errors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>What config.json says about a model, read without opening the weights.</summary>
/// <param name="Folder">The hub folder.</param>
/// <param name="Family">Family.</param>
/// <param name="Decoder">The language decoder's numbers.</param>
/// <param name="Stored">Type the weights are stored in, as config.json says (the safetensors header decides when
/// loading).</param>
public sealed record ModelInfo(string Folder, Family Family, DecoderShape Decoder, torch.ScalarType Stored)
{
    /// <summary>L.</summary>
    public int Layers => Decoder.Layers;

    /// <summary>H, query heads a layer.</summary>
    public int Heads => Decoder.Heads;

    /// <summary>H_kv.</summary>
    public int KvHeads => Decoder.KvHeads;

    /// <summary>d.</summary>
    public int HeadDim => Decoder.HeadDim;

    /// <summary>Features of the residual stream.</summary>
    public int Hidden => Decoder.Hidden;

    /// <summary>V, rows of the unembedding.</summary>
    public int VocabularyRows => Decoder.VocabularyRows;

    /// <summary>N = L*H.</summary>
    public int TotalHeads => Decoder.TotalHeads;

    /// <summary>
    /// The model's name on the hub, for reports: its repository in the hub's cache, else the last part of the folder's
    /// path.
    /// </summary>
    public string Name =>
        HubCache.RepositoryOf(Folder) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder)));

    /// <summary>Reads config.json of a hub folder, and demands that every key of it is understood.</summary>
    /// <param name="folder">The folder, or a repository's folder in the hub's cache, which stands for its
    /// snapshot.</param>
    /// <exception cref="InputException">
    /// No such folder or file, an unknown or text-only architecture, a quantised checkpoint, numbers that do not fit, a
    /// setting that is not computed here.
    /// </exception>
    public static ModelInfo Read(string folder)
    {
        folder = HubCache.Resolve(folder);
        ModelConfig config = ReadConfig(folder);
        Family family = FamilyOf(config);
        DecoderShape decoder = family.Decoder(config).Checked(config.Path);
        var info = new ModelInfo(folder, family, decoder, StoredType(config));
        family.RequireUnderstood(config);
        return info;
    }

    /// <summary>Demands that every token of a prompt has a row of the embedding.</summary>
    /// <exception cref="InputException">The tokenizer is another model's.</exception>
    public void RequireRows(IEnumerable<int> ids)
    {
        foreach (int id in ids.Where(id => id < 0 || id >= VocabularyRows))
        {
            throw new InputException(
                Folder,
                $"the tokenizer gives token {id}, but the embedding has {VocabularyRows} rows.",
                "Tokenizer and weights must be of one model."
            );
        }
    }

    /// <summary>config.json of a hub folder.</summary>
    public static ModelConfig ReadConfig(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException(
                folder,
                "there is no such model folder.",
                $"Download the model from the hub "
                    + $"({Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))}) into it."
            );
        }

        return ModelConfig.Read(Path.Combine(folder, "config.json"));
    }

    private static Family FamilyOf(ModelConfig config)
    {
        RefuseQuantised(config);
        string type = config.Text("model_type", "");
        string architecture = ArchitectureOf(config);
        if (type.Length == 0)
        {
            throw new InputException(
                config.Path,
                "the key 'model_type' is missing.",
                "Use the config.json that belongs to the checkpoint."
            );
        }

        string[] known = [.. KnownFamilies.All.SelectMany(f => f.ModelTypes)];
        string named = $"the architecture '{type}'{(architecture.Length > 0 ? $" ({architecture})" : "")}";
        return KnownFamilies.OfType(type)
            ?? throw new InputException(
                config.Path,
                RefusedArchitectures.ReasonOf(type) is { } reason ? $"{named} is not supported: {reason}."
                    : !config.Has("vision_config") && architecture.EndsWith("ForCausalLM", StringComparison.Ordinal)
                        ? $"'{type}' is a text-only model: it has no vision_config."
                    : $"{named} is not supported.",
                $"Supported are {string.Join(", ", known[..^1])} and {known[^1]}."
            );
    }

    private static string ArchitectureOf(ModelConfig config)
    {
        string[]? names = config.Texts("architectures");
        return names is { Length: > 0 } ? names[0] : "";
    }

    /// <summary>Quantised copies say so under one of these keys, at the top or in the part that is quantised.</summary>
    private static void RefuseQuantised(ModelConfig config)
    {
        string[] parts = ["text_config", "llm_config", "vision_config"];
        foreach (ModelConfig section in parts.Select(config.OptionalSection).OfType<ModelConfig>().Prepend(config))
        {
            foreach (string key in (string[])["quantization_config", "quantization", "compression_config"])
            {
                if (section.OptionalSection(key) is { } quantised)
                {
                    throw section.Error(
                        key,
                        $"says that the checkpoint is quantised ({quantised.Text("quant_method", "unknown method")}).",
                        "Use the unquantised checkpoint."
                    );
                }
            }
        }
    }

    /// <summary>torch_dtype, or dtype as newer files call it; where the top is silent, the decoder's.</summary>
    private static torch.ScalarType StoredType(ModelConfig config)
    {
        ModelConfig?[] parts = [config, config.OptionalSection("text_config"), config.OptionalSection("llm_config")];
        string[] keys = ["torch_dtype", "dtype"];
        string? named = parts
            .OfType<ModelConfig>()
            .SelectMany(_ => keys, (part, key) => part.OptionalText(key))
            .FirstOrDefault(t => t is not (null or "auto"));
        return (named?.StartsWith("torch.", StringComparison.Ordinal) == true ? named[6..] : named) switch
        {
            "float16" => torch.ScalarType.Float16,
            "bfloat16" => torch.ScalarType.BFloat16,
            "float32" or null => torch.ScalarType.Float32,
            string other => throw new InputException(
                config.Path,
                $"'torch_dtype' is \"{other}\".",
                "float16, bfloat16 and float32 are supported."
            ),
        };
    }
}
