using System.Collections.Concurrent;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Text;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Spec.Reading;
using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// What the stages of one experiment share: the experiment, its model before and after loading, its pictures.
/// </summary>
public sealed class StageContext
{
    private readonly IReadOnlyList<string> modelFiles;
    private readonly ImageFit publishedFit;
    private readonly ConcurrentDictionary<(string Id, string Path), PictureSource> pictureSources;
    private readonly Lazy<PictureSet> pictures;
    private readonly Lazy<IReadOnlyList<DataItem>> items;

    /// <summary>
    /// The context of <paramref name="experiment"/>; <paramref name="command"/> is what runs it again.
    /// </summary>
    /// <exception cref="InputException">The model's folder or a setting is of no use.</exception>
    public StageContext(Experiment experiment, Engine engine, string command)
    {
        Experiment = experiment;
        Command = command;
        Engine = engine;
        modelFiles = ModelFiles.Candidates(HubCache.Resolve(experiment.Model.Path.Full));
        foreach (string file in modelFiles)
        {
            engine.Digests.Note(file); // before anything is read: what changes from here on is found
        }

        Info = ModelInfo.Read(experiment.Model.Path.Full);
        ModelFolder.RequireUsable(Info, ModelFiles.SmallNames);
        Arithmetic = Arithmetic.Resolve(
            experiment.Model.Device,
            Spelling.Of(experiment.Model.Compute),
            Spelling.Of(experiment.Engine.Linear),
            Info.Stored
        );
        Question = Prompts.Resolve(experiment.Prompt);
        publishedFit = Info.Family.PublishedFit(Folder);
        Image = ImageSettings.Resolve(experiment.Model.Image, Info.Family, publishedFit);
        ImageTokens = ImageTokenCounter.Read(Info, Image);
        foreach (string file in TemplateFile)
        {
            engine.Digests.Note(file);
        }

        RequireTokens();
        Template = ModelTemplate.Read(Info, experiment.Model.Template.Full);
        RequirePrompt();
        Source = new ModelSource(
            engine,
            Info,
            Arithmetic,
            Image,
            ImageTokens,
            new(() => [.. ReadModelParts()]),
            () => Engine.Model(Folder, Arithmetic, Image, Template)
        );
        pictureSources = new();
        pictures = new(ReadNotedPictures);
        items = new(() => Pictures.InQuestionOrder(experiment.Seed));
    }

    /// <summary>The same model and pictures, asked another question.</summary>
    private StageContext(StageContext other, string prompt)
    {
        Experiment = other.Experiment with { Prompt = prompt };
        (Command, Engine, Info, Arithmetic, Image, ImageTokens) = (
            other.Command,
            other.Engine,
            other.Info,
            other.Arithmetic,
            other.Image,
            other.ImageTokens
        );
        (Template, Source) = (other.Template, other.Source);
        Question = Prompts.Resolve(prompt);
        RequirePrompt();
        publishedFit = other.publishedFit;
        (modelFiles, pictureSources, pictures, items) = (
            other.modelFiles,
            other.pictureSources,
            other.pictures,
            other.items
        );
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

    /// <summary>The model as units depend on it.</summary>
    public ModelSource Source { get; }

    /// <summary>The loaded model.</summary>
    public VisionLanguageModel Model => Source.Load();

    /// <summary>
    /// The model with pictures as the hub's own processor takes them, whatever the spec's <c>model.image</c> says of
    /// sizes and padding.
    /// </summary>
    public VisionLanguageModel HubModel =>
        Engine.Model(Folder, Arithmetic, Image with { Fit = publishedFit, Square = null, KeepSizes = false }, Template);

    /// <summary>Arithmetic of gradients: libtorch's linear layers, because the packed kernel is forward only.</summary>
    public Arithmetic GradientArithmetic => Arithmetic with { Linear = LinearChoice.Torch };

    /// <summary>
    /// The model for gradients: <see cref="Source"/> where that computes by libtorch, else libtorch's layers over its
    /// packed weights. A second copy would not fit beside the first.
    /// </summary>
    public ModelSource GradientSource =>
        Arithmetic.Linear == LinearChoice.Packed
            ? Source.By(GradientArithmetic, () => Engine.Widened(Folder, Arithmetic, Image, Template))
            : Source;

    /// <summary>Whether another experiment runs on the same loaded model.</summary>
    public bool HasModelOf(StageContext other) =>
        (Folder, Arithmetic, Image, Template.Digest)
        == (other.Folder, other.Arithmetic, other.Image, other.Template.Digest);

    /// <summary>The pictures of the experiment.</summary>
    public PictureSet Pictures => pictures.Value;

    /// <summary>Pictures that may be asked about, in seed order.</summary>
    public IReadOnlyList<DataItem> Items => items.Value;

    /// <summary>
    /// This context with another question. The loaded model, the pictures and their digests are shared. So may a
    /// baseline be: the picture stands before the question and the text before it is the same for every question
    /// (<see cref="ChatTemplate.Prompt"/>), so keys and values of image tokens do not depend on it.
    /// </summary>
    /// <param name="prompt">A name or the question itself, as a spec's <c>prompt</c>.</param>
    public StageContext With(string prompt) => new(this, prompt);

    private string Folder => Info.Folder;

    /// <summary>A sample as units depend on it.</summary>
    public SamplePrefix PrefixOf(Sample sample) =>
        new(
            sample.Id,
            Source,
            SourceOf(sample.Item),
            Question,
            sample.Given.Count == 0 ? null : sample.Given,
            sample.TargetToken,
            Experiment.LogitMean
        );

    /// <summary>A picture as units depend on it.</summary>
    /// <exception cref="InputException">The file is not what it was when the run first looked at it.</exception>
    public PictureSource SourceOf(DataItem item) =>
        pictureSources.GetOrAdd(
            (item.SampleId, item.FullPath),
            _ => PictureSource.Of(item, PictureDigest(item), LabelFiles)
        );

    /// <summary>The files that say what the pictures show.</summary>
    public IReadOnlyList<string> LabelFiles =>
        Experiment.Data switch
        {
            CocoData coco => [coco.Annotations.Full],
            FolderData { Labels: { } labels } => [labels.Full],
            _ => [],
        };

    /// <summary>
    /// Digest of a picture file, with all that decides how it is read. One that cannot be opened has the digest of that
    /// fact, so that it is seen again once it can.
    /// </summary>
    /// <exception cref="InputException">The file is not what it was when the run first looked at it.</exception>
    private string PictureDigest(DataItem item)
    {
        Engine.Digests.Note(item.FullPath);
        if (item.Gone is not null)
        {
            return FileDigests.OfText(item.Gone);
        }

        try
        {
            Engine.Digests.Of(item.FullPath);
        }
        catch (InputException)
        {
            return FileDigests.OfText("the picture cannot be read");
        }

        string digest = Engine.Digests.OfSource(item.FullPath);
        string read = PictureDecoder.FormatOf(item.FullPath) is PictureFormat.Png or PictureFormat.Jpeg
            ? digest
            : FileDigests.Combine([($"decoder {PictureDecoder.Version}", digest)]);

        // Only EXIF's plain tag was followed once: what was stored of other turned pictures is of other pixels
        return PictureDecoder.TurnedByOtherMeans(item.FullPath) is { } orientation
            ? FileDigests.Combine([($"turned as {orientation}", read)])
            : read;
    }

    /// <summary>
    /// Why a picture is of no use to any stage: it is not there, does not decode, or has a size that the experiment
    /// does not take; null where it is.
    /// </summary>
    public string? Unusable(DataItem item)
    {
        if (Unasked(item) is { } reason)
        {
            return reason;
        }

        try
        {
            return Engine.Verdicts.Of(Engine.Digests.Of(item.FullPath), item.FullPath) is { } verdict
                ? ModelSource.SentenceOf(verdict)
                : null;
        }
        catch (InputException e)
        {
            return ModelSource.SentenceOf(e.What);
        }
    }

    private string? Unasked(DataItem item)
    {
        if (item.Gone is not null)
        {
            return item.Gone;
        }

        Engine.Digests.Note(item.FullPath);
        return Source.Unasked(item.FullPath);
    }

    /// <summary>Runs the model over a picture and the text before it.</summary>
    public PrefixCache BuildPrefix(DataItem item) => Source.Prefix(PictureDecoder.Decode(item.FullPath), Question, []);

    /// <summary>The direction of a sample's adjusted logit.</summary>
    public TargetDirection Direction(Sample sample) => Model.Target(sample.TargetToken, Experiment.LogitMean);

    /// <summary>The file that <c>model.template</c> names, or none.</summary>
    private IReadOnlyList<string> TemplateFile =>
        Path.IsPathRooted(Experiment.Model.Template.Full) ? [Experiment.Model.Template.Full] : [];

    /// <summary>
    /// Configuration, tokenizer and processor mean one token by the image, and name ids that end an answer: found
    /// before anything runs.
    /// </summary>
    private void RequireTokens()
    {
        ModelConfig config = ModelInfo.ReadConfig(Folder);
        Info.Family.RequireImageToken(Info, config, Engine.Tokenizer(Folder));
        VisionLanguageModel.ReadEndTokens(Folder, config);
    }

    /// <summary>The question becomes a prompt of this tokenizer: found before anything runs.</summary>
    private void RequirePrompt()
    {
        EncodedPrompt prompt = Template.Encode(Engine.Tokenizer(Folder), Question, ImageTokens.Common ?? 1);
        Info.RequireRows(prompt.Ids);
        Info.Decoder.Limit?.Require(prompt.Ids.Count, "the prompt with its picture");
    }

    private IEnumerable<KeyPart> ReadModelParts()
    {
        foreach ((string name, IReadOnlyList<string> files) in ModelFiles.Read(Folder))
        {
            yield return Part(name, files);
        }

        yield return new KeyPart.Digest("model.template", Template.Source, Template.Digest) { Files = TemplateFile };
        yield return new KeyPart.Settings("model.image", Image);
        yield return new KeyPart.Text(ModelSource.ArithmeticPart, Arithmetic.Key);
    }

    private KeyPart.Digest Part(string name, IReadOnlyList<string> files) =>
        new(
            name,
            files.Count == 1 ? Path.GetFileName(files[0]) : $"{files.Count} files",
            FileDigests.Combine(files.Select(f => (Path.GetFileName(f), Engine.Digests.OfSource(f))))
        )
        {
            // Once the whole list: a file that appears may decide, too
            Files = name == ModelFiles.Weights ? modelFiles : files,
        };

    private PictureSet ReadNotedPictures()
    {
        foreach (string file in LabelFiles)
        {
            Engine.Digests.Note(file);
        }

        return ReadPictures();
    }

    private PictureSet ReadPictures() =>
        Experiment.Data switch
        {
            CocoData coco => CocoReader.Read(
                coco.Images.Full,
                coco.Annotations.Full,
                new SingleObject(coco.SingleObject.MinArea, coco.SingleObject.OthersBelow),
                coco.Missing
            ),
            DomainNetData net => DomainNetReader.Read(net.Root.Full, net.Domains),
            FolderData folder => FolderReader.Read(folder.Images.Full, folder.Labels?.Full, folder.Missing, Nearest.To),
            _ => throw new InvalidOperationException($"No pictures are read from {Experiment.Data.GetType().Name}."),
        };
}
