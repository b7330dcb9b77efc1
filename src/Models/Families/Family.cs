using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Making;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families;

/// <summary>
/// A family of vision-language models: all that the rest of the program knows of it. One value a family, made in the
/// family's own folder and registered in <see cref="KnownFamilies"/>; nothing else names a family. Every part is
/// required, so that a new family cannot leave one to another family's answer.
/// </summary>
public sealed record Family
{
    /// <summary>The family as its authors write it, for people.</summary>
    public required string Name { get; init; }

    /// <summary><c>model_type</c> of its config.json; more than one where classes of several names are one
    /// model.</summary>
    public required IReadOnlyList<string> ModelTypes { get; init; }

    /// <summary>The language decoder's numbers by config.json, unchecked.</summary>
    public required Func<ModelConfig, DecoderShape> Decoder { get; init; }

    /// <summary>
    /// Whether a checkpoint that stores no unembedding is tied though its decoder's section does not say so: a class
    /// whose top-level flag is true of every model, and counts only where no head is stored.
    /// </summary>
    public Func<ModelConfig, bool>? TiesWithoutHead { get; init; }

    /// <summary>
    /// Demands that every key of config.json is understood, and that it is one that is computed here.
    /// </summary>
    public required Action<ModelConfig> RequireUnderstood { get; init; }

    /// <summary>The vision tower as costs see it, by config.json and P.</summary>
    public required Func<ModelConfig, int, VisionShape> Tower { get; init; }

    /// <summary>
    /// The hub's name of a stored tensor, whichever form the files have; names of no known form stay as they are.
    /// </summary>
    public required Func<string, string> HubName { get; init; }

    /// <summary>What a checkpoint must hold and may hold, by the decoder's numbers and config.json.</summary>
    public required Func<DecoderShape, ModelConfig, ExpectedTensors> Tensors { get; init; }

    /// <summary>Claims all tensors of an open checkpoint.</summary>
    public required Func<ModelParts, VisionLanguageModel> Load { get; init; }

    /// <summary>Fields of <c>model.image</c> that the family has.</summary>
    public required ImageFields Image { get; init; }

    /// <summary>Which keys of its image processor's file are obeyed.</summary>
    public required ImageProcessorKeys ImageProcessor { get; init; }

    /// <summary>Image tokens by a picture's size, from the folder's small files.</summary>
    public required Func<PictureSettings, ImageTokenCounter> Counter { get; init; }

    /// <summary>
    /// Which part of a picture each of its image tokens stands for, by the size of the picture as it enters the
    /// family's preprocessing; null where a token stands for no place.
    /// </summary>
    public required Func<PictureSettings, Func<int, int, IEnumerable<PictureRegion?>>> Regions { get; init; }

    /// <summary>
    /// Which image tokens lie as a grid over every picture, so that a map of them can be read: <c>image_tokens:
    /// auto</c> attributes them where some do.
    /// </summary>
    public required TokenGridKind TokenGrid { get; init; }

    /// <summary>How a picture is written in a prompt.</summary>
    public required ImageMark Mark { get; init; }

    /// <summary>Demands that config, processor and tokenizer mean one token by the image.</summary>
    /// <remarks>Throws <see cref="InputException"/> where they name two.</remarks>
    public required Action<ModelInfo, ModelConfig, HubTokenizer> RequireImageToken { get; init; }

    /// <summary>Prompts that <c>model.template</c> may name; any family may be asked with any of them.</summary>
    public required IReadOnlyList<BuiltInTemplate> Templates { get; init; }

    /// <summary>The template of a folder where the spec names none.</summary>
    public required Func<ModelInfo, ModelConfig, ChatTemplate> Template { get; init; }

    /// <summary>Tokens before the image in its longest published prompt, about, for estimates of time and
    /// memory.</summary>
    public required int TokensBeforeImage { get; init; }

    /// <summary>The token that ends an answer by the template, besides those that the folder's files name; null = none
    /// besides.</summary>
    public required string? EndOfTurn { get; init; }

    /// <summary>The tokens that end an answer where a family is published with templates of several kinds: those that
    /// the tokenizer has.</summary>
    public IReadOnlyList<string> OtherEndsOfTurn { get; init; } = [];

    /// <summary>Its published models, which <c>make-model</c> can make up.</summary>
    public required IReadOnlyList<PublishedModel> Published { get; init; }

    /// <summary>What a folder's own processor does to a picture that is not square; a crop where the family has no
    /// choice.</summary>
    /// <param name="folder">The hub folder.</param>
    /// <exception cref="InputException">The processor's file is of no use.</exception>
    public ImageFit PublishedFit(string folder) =>
        Image.PublishedFit?.Invoke(ImageProcessor.Read(folder)) ?? ImageFit.Crop;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
