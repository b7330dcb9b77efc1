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
using Pipelines.Stages.Data.Questions;
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
    private readonly ConcurrentDictionary<(string Id, PictureLocation Picture), PictureSource> pictureSources;
    private readonly Lazy<PictureSet> pictures;
    private readonly Lazy<ILookup<bool, DataItem>> items; // by whether they have what the experiment wants
    private readonly Lazy<IReadOnlyList<DataItem>> askable;

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
            engine.Device ?? experiment.Model.Device,
            Spelling.Of(experiment.Model.Compute),
            Spelling.Of(experiment.Engine.Linear),
            Info.Stored
        );
        Question = QuestionOf(experiment);
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
        Source = new ModelSource(engine, Info, Arithmetic, Image, ImageTokens, new(() => [.. ReadModelParts()]), () =>
            Engine.Model(Folder, Arithmetic, Image, Template)
        );
        pictureSources = new();
        pictures = new(ReadNotedPictures);
        items = new(() => Pictures.InQuestionOrder(experiment.Seed).ToLookup(i => Lacks(i) is null));
        askable = new(() => [.. items.Value[true]]);
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
        Question = QuestionOf(Experiment);
        RequirePrompt();
        publishedFit = other.publishedFit;
        (modelFiles, pictureSources, pictures, items, askable) = (
            other.modelFiles,
            other.pictureSources,
            other.pictures,
            other.items,
            other.askable
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

    /// <summary>
    /// The question's text; where pictures have questions of their own, what is put around them.
    /// </summary>
    public string Question { get; }

    /// <summary>Pictures have questions of their own.</summary>
    public bool HasOwnQuestions => Pictures.HasQuestions;

    /// <summary>What is asked about a picture.</summary>
    public string QuestionOf(DataItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return item.Question is { } own
            ? Prompts.Around(Experiment.Prompt, own.Text + (Experiment.Data as QuestionsData)?.Suffix)
            : Question;
    }

    /// <summary>What f measures.</summary>
    public TargetSpec Target => Experiment.Target;

    /// <summary>f is the paper's: the logit of the model's own answer against the mean.</summary>
    internal bool MeasuresOwnLogit => Target is { Kind: TargetKind.Logit, Whose: TargetOf.ModelAnswer };

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

    /// <summary>Whether another experiment runs on the same loaded model.</summary>
    public bool HasModelOf(StageContext other) =>
        (Folder, Arithmetic, Image, Template.Digest)
        == (other.Folder, other.Arithmetic, other.Image, other.Template.Digest);

    /// <summary>The pictures of the experiment.</summary>
    public PictureSet Pictures => pictures.Value;

    /// <summary>
    /// Pictures that may be asked about, in seed order; of those with questions of their own, questions.
    /// </summary>
    public IReadOnlyList<DataItem> Items => askable.Value;

    /// <summary>
    /// Questions that are not asked, with the reason: what file or experiment wants, they do not have.
    /// </summary>
    public IEnumerable<DataItem> LeftOutQuestions =>
        Pictures.Questions is { } read
            ? [.. read.LeftOut, .. items.Value[false].Select(i => i with { LeftOut = Lacks(i) })]
            : [];

    /// <summary>
    /// This context with another question. The loaded model, the pictures and their digests are shared. So may a
    /// baseline be: the picture stands before the question and the text before it is the same for every question
    /// (<see cref="ChatTemplate.Prompt"/>), so keys and values of image tokens do not depend on it.
    /// </summary>
    /// <param name="prompt">A name or the question itself, as a spec's <c>prompt</c>.</param>
    public StageContext With(string prompt) => new(this, prompt);

    private string Folder => Info.Folder;

    private static string QuestionOf(Experiment experiment) =>
        Prompts.TakesQuestion(experiment.Prompt) && experiment.Data is QuestionsData
            ? Prompts.Around(experiment.Prompt, Prompts.Question)
            : Prompts.Resolve(experiment.Prompt);

    /// <summary>A sample as units depend on it.</summary>
    public SamplePrefix PrefixOf(Sample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        return new(
            sample.Id,
            Source,
            SourceOf(sample.Item),
            QuestionOf(sample.Item),
            sample.Given.Count == 0 ? null : sample.Given,
            sample.TargetToken,
            Experiment.LogitMean,
            Target.Kind == TargetKind.Logit ? null : Target.Kind,
            sample.Against,
            sample.Sequence.Count == 0 ? null : sample.Sequence
        );
    }

    /// <summary>A picture as units depend on it.</summary>
    /// <exception cref="InputException">The file is not what it was when the run first looked at it.</exception>
    public PictureSource SourceOf(DataItem item) =>
        pictureSources.GetOrAdd((item.SampleId, item.Location), _ =>
            PictureSource.Of(item, PictureDigest(item), LabelFiles)
        );

    /// <summary>
    /// What the experiment wants of a question and it does not have, as the reason; null where all is there.
    /// </summary>
    private string? Lacks(DataItem item)
    {
        CollectMeanKvSpec[] baselines = [.. Experiment.Stages.Select(s => s.Spec).OfType<CollectMeanKvSpec>()];
        return Target.Whose == TargetOf.Answer && item.Category is null
                ? "the data hold no answer, which target.of measures"
            : Target.IsDifference && item.Question?.CounterAnswer is null
                ? "the row has no counter-answer, which the target is measured against"
            : baselines.Any(b => b.Kind == BaselineKind.Counterfactual) && item.Question?.CounterPicture is null
                ? "the row has no counter-picture, which the baseline is made of"
            : baselines.Any(b => b.Over == BaselineOver.Group) && item.Question?.Groups is not { Count: > 0 }
                ? "the row is in no group, which the baseline's mean goes over"
            : null;
    }

    /// <summary>The pair's other picture of a sample that has one.</summary>
    internal PictureSource CounterOf(DataItem item)
    {
        PictureLocation other = item.Question!.CounterPicture!;
        return SourceOf(
            new DataItem($"{item.SampleId} (counter)", $"{item.File} (counter)", other.Container) { Location = other }
        );
    }

    /// <summary>The files that say what the pictures show.</summary>
    public IReadOnlyList<string> LabelFiles =>
        Experiment.Data switch
        {
            CocoData coco => [coco.Annotations.Full],
            FolderData { Labels: { } labels } => [labels.Full],
            QuestionsData => Pictures.Sources,
            _ => [],
        };

    /// <summary>
    /// Digest of a picture file, with all that decides how it is read. One that cannot be opened has the digest of that
    /// fact, so that it is seen again once it can.
    /// </summary>
    /// <exception cref="InputException">The file is not what it was when the run first looked at it.</exception>
    private string PictureDigest(DataItem item)
    {
        Engine.Digests.Note(item.Location.Container);
        if (item.Gone is not null)
        {
            return FileDigests.OfText(item.Gone);
        }

        const string unreadable = "the picture cannot be read";
        if (item.Location is not PictureFile)
        {
            try
            {
                return FileDigests.Combine([
                    (Invariant.Text($"decoder {PictureDecoder.Version}"), item.Location.Digest()),
                ]);
            }
            catch (InputException)
            {
                return FileDigests.OfText(unreadable);
            }
        }

        try
        {
            Engine.Digests.Of(item.FullPath);
        }
        catch (InputException)
        {
            return FileDigests.OfText(unreadable);
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
            string digest = item.Location is PictureFile ? Engine.Digests.Of(item.FullPath) : item.Location.Digest();
            return Engine.Verdicts.Of(digest, item.Location.Decode) is { } verdict
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

        Engine.Digests.Note(item.Location.Container);
        return Source.Unasked(item.Location);
    }

    /// <summary>Runs the model over a picture and the text before it.</summary>
    public PrefixCache BuildPrefix(DataItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return Source.Prefix(item.Location, QuestionOf(item), []);
    }

    /// <summary>What measures a sample's f.</summary>
    public OutputMeasure Measure(Sample sample) =>
        Model.Measure(new Measured.Logit(sample.TargetToken, Experiment.LogitMean));

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
        Engine.Stage(Folder);
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
        if (Experiment.Data is QuestionsData)
        {
            PictureSet questions = ReadPictures(); // which files a pattern stands for is known afterwards
            foreach (string file in questions.Sources)
            {
                Engine.Digests.Note(file);
            }

            return questions;
        }

        foreach (string file in LabelFiles)
        {
            Engine.Digests.Note(file);
        }

        PictureSet read = ReadPictures();
        return read.HasQuestions && !Prompts.TakesQuestion(Experiment.Prompt)
            ? throw new InputException(
                "prompt",
                $"the file of labels brings a question for every picture, and '{Experiment.Prompt}' has no place for "
                    + $"it.",
                $"Leave the prompt out, or write the text around {Prompts.Question}."
            )
            : read;
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
            QuestionsData questions => PictureSet.Of(
                QuestionReader.Read(SourceOf(questions)),
                questions.File[0].Full,
                questions.Missing
            ),
            FolderData folder => FolderReader.Read(folder.Images.Full, folder.Labels?.Full, folder.Missing, Nearest.To),
            _ => throw new InvalidOperationException($"No pictures are read from {Experiment.Data.GetType().Name}."),
        };

    private QuestionSource SourceOf(QuestionsData data) =>
        new()
        {
            Files = [.. data.File.Select(f => f.Full)],
            Images = data.Images?.Full,
            Format = data.Format,
            Columns = new QuestionColumns
            {
                Id = data.Columns.Id,
                Image = data.Columns.Image,
                Question = data.Columns.Question,
                Answer = data.Columns.Answer,
                Answers = data.Columns.Answers,
                CounterAnswer = data.Columns.CounterAnswer,
                CounterImage = data.Columns.CounterImage,
                Options = data.Columns.Options,
                Group = data.Columns.Group,
            },
            Annotations = data.Annotations?.Full,
            Pairs = data.Pairs?.Full,
            Letters = data.Letters,
            Seed = Experiment.Seed,
            Nearest = Nearest.To,
        };
}
