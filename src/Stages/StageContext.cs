using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Models;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tensors;

namespace Pipelines.Stages;

/// <summary>What the stages of one experiment share: the experiment, its model before and after loading, its pictures.</summary>
internal sealed class StageContext
{
    private static readonly string[] TokenizerFiles =
        ["tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json", "generation_config.json"];

    private static readonly string[] ProcessorFiles = ["preprocessor_config.json", "processor_config.json"];
    private readonly Lazy<IReadOnlyList<KeyPart>> modelParts;
    private readonly Lazy<IReadOnlyList<DataItem>> items;
    private readonly Lazy<string> domain;

    /// <summary>The context of <paramref name="experiment"/>.</summary>
    public StageContext(Experiment experiment, Engine engine)
    {
        Experiment = experiment;
        Engine = engine;
        Info = ModelInfo.Read(experiment.Model.Path.Full);
        Arithmetic = Arithmetic.Resolve(experiment.Model.Device, Kebab(experiment.Model.Compute), Kebab(experiment.Engine.Linear), Info.Stored);
        Question = Prompts.Resolve(experiment.Prompt);
        modelParts = new(() => [.. ReadModelParts()]);
        items = new(ReadItems);
    }

    /// <summary>The experiment.</summary>
    public Experiment Experiment { get; }

    /// <summary>Models and caches of this process.</summary>
    public Engine Engine { get; }

    /// <summary>Shape of the model, read from config.json alone.</summary>
    public ModelInfo Info { get; }

    /// <summary>Device, type and linear layers, resolved.</summary>
    public Arithmetic Arithmetic { get; }

    /// <summary>The question's text.</summary>
    public string Question { get; }

    /// <summary>Number of heads, N = L * H.</summary>
    public int Heads => Info.Layers * Info.Heads;

    /// <summary>The loaded model.</summary>
    public VisionLanguageModel Model => Engine.Model(Experiment.Model.Path.Full, Arithmetic);

    /// <summary>Pictures that may be asked about, in seed order.</summary>
    public IReadOnlyList<DataItem> Items => items.Value;

    /// <summary>Key parts of everything computed with the model: weights, configuration, tokenizer, preprocessing, arithmetic.</summary>
    public IReadOnlyList<KeyPart> ModelParts => modelParts.Value;

    /// <summary>Digest of a picture file.</summary>
    public string PictureDigest(string file) => Engine.Digests.Of(file);

    /// <summary>A name as specs spell it.</summary>
    public static string Kebab(Enum value) => SpecNames.Of(value);
}
