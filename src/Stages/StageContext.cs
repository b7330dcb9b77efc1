using Pipelines.Spec;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Data;
using Pipelines.Stages.Models;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tensors;
using Pipelines.Stages.Text;
using Pipelines.Stages.Text.Templates;
using Pipelines.Stages.Vision;

namespace Pipelines.Stages;

/// <summary>What the stages of one experiment share: the experiment, its model before and after loading, its pictures.</summary>
internal sealed class StageContext
{
    /// <summary>Name of the key part that holds the arithmetic.</summary>
    public const string ArithmeticPart = "arithmetic";

    private static readonly string[] TokenizerFiles =
        ["tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json", "generation_config.json"];

    private static readonly string[] ProcessorFiles = ["preprocessor_config.json", "processor_config.json"];
    private readonly Lazy<IReadOnlyList<KeyPart>> modelParts;
    private readonly Lazy<PictureSet> pictures;
    private readonly Lazy<IReadOnlyList<DataItem>> items;

    /// <summary>The context of <paramref name="experiment"/>; <paramref name="command"/> is what runs it again.</summary>
    /// <exception cref="Errors.InputException">The model's folder or a setting is of no use.</exception>
    public StageContext(Experiment experiment, Engine engine, string command)
    {
        Experiment = experiment;
        Command = command;
        Engine = engine;
        Info = ModelInfo.Read(Folder);
        ModelFolder.RequireUsable(Folder, [.. TokenizerFiles, .. ProcessorFiles, .. TemplateFiles.Own]);
        Arithmetic = Arithmetic.Resolve(experiment.Model.Device, Spelling.Of(experiment.Model.Compute), Spelling.Of(experiment.Engine.Linear), Info.Stored);
        Question = Prompts.Resolve(experiment.Prompt);
        Image = ImageSettings.Resolve(experiment.Model.Image, Info.Family);
        ImageTokens = ImageTokenCounter.Read(Info, Image);
        Template = ModelTemplate.Read(Info, experiment.Model.Template.Full);
        RequirePrompt();
        modelParts = new(() => [.. ReadModelParts()]);
        pictures = new(ReadPictures);
        items = new(() => Pictures.InQuestionOrder(experiment.Seed));
    }

    /// <summary>The same model and pictures, asked another question.</summary>
    private StageContext(StageContext other, string prompt)
    {
        Experiment = other.Experiment with { Prompt = prompt };
        (Command, Engine, Info, Arithmetic, Image, ImageTokens) = (other.Command, other.Engine, other.Info, other.Arithmetic, other.Image, other.ImageTokens);
        Template = other.Template;
        Question = Prompts.Resolve(prompt);
        RequirePrompt();
        (modelParts, pictures, items) = (other.modelParts, other.pictures, other.items);
    }

    /// <summary>The experiment.</summary>
    public Experiment Experiment { get; }

    /// <summary>The command that runs the experiment again.</summary>
    public string Command { get; }

    /// <summary>Models and caches of this process.</summary>
    public Engine Engine { get; }

    /// <summary>Shape of the model, read from config.json alone.</summary>
    public ModelInfo Info { get; }

    /// <summary>Device, type and linear layers, resolved.</summary>
    public Arithmetic Arithmetic { get; }

    /// <summary>The question's text.</summary>
    public string Question { get; }

    /// <summary>How pictures are fitted.</summary>
    public ImageChoice Image { get; }

    /// <summary>Image tokens by a picture's size.</summary>
    public ImageTokenCounter ImageTokens { get; }

    /// <summary>The text around the question.</summary>
    public ChatTemplate Template { get; }

    /// <summary>Number of heads, N = L * H.</summary>
    public int Heads => Info.TotalHeads;

    /// <summary>The loaded model.</summary>
    public VisionLanguageModel Model => Engine.Model(Folder, Arithmetic, Image, Template);

    /// <summary>Arithmetic of gradients: libtorch's linear layers, because the packed kernel is forward only.</summary>
    public Arithmetic GradientArithmetic => Arithmetic with { Linear = LinearChoice.Torch };

    /// <summary>The model loaded for gradients; the same as <see cref="Model"/> where that computes by libtorch, too.</summary>
    public VisionLanguageModel GradientModel => Engine.Model(Folder, GradientArithmetic, Image, Template);

    /// <summary>Whether another experiment runs on the same loaded model.</summary>
    public bool HasModelOf(StageContext other) => (Folder, Arithmetic, Image, Template.Digest) == (other.Folder, other.Arithmetic, other.Image, other.Template.Digest);

    /// <summary>The pictures of the experiment.</summary>
    public PictureSet Pictures => pictures.Value;

    /// <summary>Pictures that may be asked about, in seed order.</summary>
    public IReadOnlyList<DataItem> Items => items.Value;

    /// <summary>Key parts of everything computed with the model: weights, configuration, tokenizer, preprocessing, arithmetic.</summary>
    public IReadOnlyList<KeyPart> ModelParts => modelParts.Value;

    /// <summary>
    /// This context with another question. The loaded model, the pictures and their digests are shared. So may a baseline be: the picture stands before the question
    /// and the text before it is the same for every question (<see cref="ChatTemplate.Prompt"/>), so keys and values of image tokens do not depend on it.
    /// </summary>
    /// <param name="prompt">A name or the question itself, as a spec's <c>prompt</c>.</param>
    public StageContext With(string prompt) => new(this, prompt);

    private string Folder => Experiment.Model.Path.Full;

    /// <summary>Key parts of everything computed about a sample: the model, the picture, the question and the target.</summary>
    public IReadOnlyList<KeyPart> SampleParts(Sample sample) =>
    [
        .. ModelParts,
        new KeyPart.Digest("picture", sample.Item.File, PictureDigest(sample.Item.FullPath)),
        new KeyPart.Text("question", Question),
        new KeyPart.Integer("target_token", sample.TargetToken),
        new KeyPart.Text("logit_mean", Spelling.Of(Experiment.LogitMean)),
    ];

    /// <summary>Digest of a picture file.</summary>
    public string PictureDigest(string file) => Engine.Digests.Of(file);

    /// <summary>Why a picture is left out because of its size (<c>other_sizes: reject</c>); null where it fits. Reads no pixels.</summary>
    public string? Mismatch(DataItem item)
    {
        if (!Image.KeepSizes) return null;
        (int width, int height) = PictureDecoder.ReadSize(item.FullPath);
        return ImageTokens.Mismatch(width, height);
    }

    /// <summary>Runs the model over a picture and the text before it.</summary>
    public PrefixCache BuildPrefix(DataItem item) => BuildPrefix(item, Model);

    /// <summary>Runs a model of the experiment over a picture and the text before it.</summary>
    public PrefixCache BuildPrefix(DataItem item, VisionLanguageModel model) => BuildPrefix(PictureDecoder.Decode(item.FullPath), model);

    /// <summary>Runs a model of the experiment over a decoded picture and the text before it.</summary>
    public PrefixCache BuildPrefix(Picture picture, VisionLanguageModel model)
    {
        using ImageFeatures features = model.Features(picture);
        return PrefixCache.Compute(model, model.Prompt(Question, features.Tokens.Tokens), features);
    }

    /// <summary>The direction of a sample's adjusted logit.</summary>
    public TargetDirection Direction(Sample sample)
    {
        VisionLanguageModel model = Model;
        int[] without = Experiment.LogitMean == LogitMean.Tokens ? [.. Enumerable.Range(0, Info.VocabularyRows).Where(row => !model.Tokenizer.HasToken(row))] : [];
        return model.Decoder.Unembedding.Direction(sample.TargetToken, without);
    }

    /// <summary>The question becomes a prompt of this tokenizer: found before anything runs.</summary>
    private void RequirePrompt() => Template.Encode(Engine.Tokenizer(Folder), Question, 1);

    private IEnumerable<KeyPart> ReadModelParts()
    {
        yield return Part("model.weights", [.. Directory.EnumerateFiles(Folder, "*.safetensors").Order(StringComparer.Ordinal)]);
        yield return Part("model.config", [Path.Combine(Folder, "config.json")]);
        yield return Part("model.tokenizer", [.. TokenizerFiles.Select(f => Path.Combine(Folder, f)).Where(File.Exists)]);
        yield return Part("model.preprocessor", [.. ProcessorFiles.Select(f => Path.Combine(Folder, f)).Where(File.Exists)]);
        yield return new KeyPart.Digest("model.template", Template.Source, Template.Digest);
        yield return new KeyPart.Text("model.image", Image.ToString());
        yield return new KeyPart.Text(ArithmeticPart, Arithmetic.Key);
    }

    private KeyPart.Digest Part(string name, IReadOnlyList<string> files) =>
        new(name, files.Count == 1 ? Path.GetFileName(files[0]) : $"{files.Count} files", FileDigests.Combine(files.Select(f => (Path.GetFileName(f), Engine.Digests.Of(f)))));

    private PictureSet ReadPictures() => Experiment.Data switch
    {
        CocoData coco => CocoReader.Read(coco.Images.Full, coco.Annotations.Full, new SingleObject(coco.SingleObject.MinArea, coco.SingleObject.OthersBelow)),
        DomainNetData net => DomainNetReader.Read(net.Root.Full, net.Domains),
        FolderData folder => FolderReader.Read(folder.Images.Full, folder.Labels?.Full),
        _ => throw new InvalidOperationException($"No pictures are read from {Experiment.Data.GetType().Name}."),
    };
}
