using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using Pipelines.Models.Text;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families;

/// <summary>
/// A vision-language model of a hub folder: a picture becomes image tokens, a question becomes token ids around them,
/// and a <see cref="Families.Decoder"/> reads both. One class a family. Read-only after loading: worker threads may
/// share it.
/// </summary>
public abstract class VisionLanguageModel : IDisposable
{
    /// <summary>What ends an answer where no file says so: eos_token_id of Llama's and Mistral's classes.</summary>
    private const int ClassEnd = 2;

    private readonly Checkpoint checkpoint;
    private readonly Weights weights;

    /// <summary>Takes over checkpoint and weights.</summary>
    /// <param name="parts">What was read from the folder.</param>
    /// <param name="decoder">The decoder, claimed.</param>
    protected VisionLanguageModel(ModelParts parts, Decoder decoder)
    {
        Info = parts.Info;
        Tokenizer = parts.Tokenizer;
        Image = parts.Image;
        Template = parts.Template;
        checkpoint = parts.Checkpoint;
        weights = parts.Weights;
        Decoder = decoder;
        EndTokens = ReadEndTokens(parts);
    }

    /// <summary>What config.json says.</summary>
    public ModelInfo Info { get; }

    /// <summary>The folder's tokenizer.</summary>
    public HubTokenizer Tokenizer { get; }

    /// <summary>How pictures are fitted.</summary>
    public ImageChoice Image { get; }

    /// <summary>The language decoder.</summary>
    public Decoder Decoder { get; }

    /// <summary>Tokens that end an answer.</summary>
    public IReadOnlySet<int> EndTokens { get; }

    /// <summary>
    /// The token that ends a turn where one is written for the model: that of the family's template; where it has none,
    /// the first that ends an answer.
    /// </summary>
    public int EndOfTurn => EndsOfTurn(Info.Family, Tokenizer).FirstOrDefault(EndTokens.Min());

    /// <summary>Number of tensors of the checkpoint.</summary>
    public int TensorCount => checkpoint.Tensors.Count;

    /// <summary>Bytes of the weights that stay in memory.</summary>
    public long WeightBytes => weights.HeldBytes;

    /// <summary>The text around a question.</summary>
    public ChatTemplate Template { get; }

    /// <summary>Loads a model from its unmodified hub folder; every tensor of the checkpoint must be claimed.</summary>
    /// <param name="folder">Folder with config.json, safetensors and tokenizer files.</param>
    /// <param name="arithmetic">Device, compute type and kind of linear layers.</param>
    /// <param name="image">How pictures are fitted where the family leaves a choice; null = as published.</param>
    /// <param name="template">The text around a question; null = the folder's own or the family's.</param>
    /// <param name="tokenizer">The folder's tokenizer where it has been read; null reads it.</param>
    /// <exception cref="InputException">Anything missing, damaged or not supported; names file and remedy.</exception>
    public static VisionLanguageModel Load(
        string folder,
        Arithmetic arithmetic,
        ImageChoice? image = null,
        ChatTemplate? template = null,
        HubTokenizer? tokenizer = null
    )
    {
        TorchNative.Touch();
        ModelInfo info = ModelInfo.Read(folder);
        ModelConfig config = ModelInfo.ReadConfig(info.Folder);
        tokenizer ??= new HubTokenizer(info.Folder);
        info.Family.RequireImageToken(info, config, tokenizer);
        template ??= ModelTemplate.Read(info);
        Checkpoint checkpoint = ModelFolder.Open(info, config);
        Weights weights = Weights.Of(checkpoint, arithmetic);
        try
        {
            using var noGradient = TorchSharp.torch.no_grad();
            return info.Family.Load(
                new ModelParts(info, config, tokenizer, checkpoint, weights, image ?? new ImageChoice(), template)
            );
        }
        catch
        {
            weights.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The whole prompt of a question, before the image is expanded.</summary>
    public string PromptText(string question) => Template.Prompt(question);

    /// <summary>A question as token ids with the image expanded.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="image">Its image tokens.</param>
    public PromptTokens Prompt(string question, ImageTokens image) => Tokenize(PromptText(question), image);

    /// <summary>A whole prompt text as token ids with the image expanded.</summary>
    /// <param name="text">Holds the family's image mark once.</param>
    /// <param name="image">Its image tokens.</param>
    /// <exception cref="InputException">The mark stands there more than once (part of the question), nothing follows
    /// it, or the tokenizer is another model's.</exception>
    public PromptTokens Tokenize(string text, ImageTokens image)
    {
        ArgumentNullException.ThrowIfNull(image);
        EncodedPrompt encoded = Template.EncodePrompt(Tokenizer, text, image.Tokens, image.TileRows, image.TileColumns);
        Info.RequireRows(encoded.Ids);
        Info.Decoder.Limit?.Require(encoded.Ids.Count, "the prompt");
        if (encoded.SuffixLength == 0)
        {
            throw new InputException("prompt", "no text follows the image, so no token could read it.");
        }

        var prompt = new PromptTokens(text, encoded.Ids, encoded.ImageStart, encoded.ImageLength) { Image = image };
        return encoded.RunStarts.Count == 1
            ? prompt
            : prompt with
            {
                ImageRuns = [.. encoded.RunStarts.Select(start => new TokenRun(start, encoded.RunLength))],
            };
    }

    /// <summary>What measures f, from what leaves the final norm.</summary>
    /// <param name="what">What f is.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is not a row of the unembedding.</exception>
    public OutputMeasure Measure(Measured what) =>
        Decoder.Unembedding.Measure(
            what,
            what is Measured.Logit { Mean: LogitMean.Tokens }
                ? [.. Enumerable.Range(0, Info.VocabularyRows).Where(id => !Tokenizer.HasToken(id))]
                : []
        );

    /// <summary>The text of generated tokens, without special tokens and the blanks around it.</summary>
    public string Answer(IEnumerable<int> generated) => Tokenizer.Decode(generated).Trim();

    /// <summary>Which of generated tokens is measured.</summary>
    public AnswerTarget TargetOf(IReadOnlyList<int> generated) => AnswerTarget.Of(Tokenizer, generated, EndTokens);

    /// <summary>Tokens as text, one by one: special tokens by name, parts of characters as bytes.</summary>
    public string TextOf(IEnumerable<int> tokens) => string.Concat(tokens.Select(Tokenizer.TokenText));

    /// <summary>Pixels as the family's published preprocessing makes them.</summary>
    public abstract Pixels Preprocess(Picture picture);

    /// <summary>A picture's features as they enter the decoder.</summary>
    /// <returns>Owned by the caller.</returns>
    public abstract ImageFeatures Features(Picture picture);

    /// <summary>Number and grid of the image tokens of a picture of some size, without its pixels.</summary>
    public abstract ImageTokens TokensOf(int width, int height);

    /// <summary>How image tokens lie over a picture as a grid; null where the family's tokens keep none.</summary>
    public virtual TokenGrid? GridOf(Picture picture) => null;

    /// <summary>Rotary positions of a prompt; M-RoPE families place the image's tokens by its grid.</summary>
    public virtual TokenPositions Positions(PromptTokens prompt, ImageTokens image) =>
        TokenPositions.Sequential(prompt.Length);

    /// <inheritdoc/>
    public void Dispose()
    {
        weights.Dispose();
        checkpoint.Dispose();
        GC.SuppressFinalize(this);
    }

    private static HashSet<int> ReadEndTokens(ModelParts parts)
    {
        HashSet<int> ends =
        [
            .. ReadEndTokens(parts.Info.Folder, parts.Config),
            .. EndsOfTurn(parts.Info.Family, parts.Tokenizer),
        ];
        return ends.Count > 0 ? ends : [ClassEnd];
    }

    private static IEnumerable<int> EndsOfTurn(Family family, HubTokenizer tokenizer) =>
        family.OtherEndsOfTurn.Prepend(family.EndOfTurn).OfType<string>().Select(tokenizer.IdOf).OfType<int>();

    /// <summary>
    /// Tokens that end an answer by the folder's files: all that generation_config.json, config.json and its decoder
    /// name, since versions of transformers differ in which of them they follow. llm_config is not asked: InternVL's
    /// authors never read its eos_token_id, which in InternVL3 is the end of a text, not of a turn.
    /// </summary>
    /// <exception cref="InputException">What a file says is no id.</exception>
    public static IReadOnlyList<int> ReadEndTokens(string folder, ModelConfig config) =>
        [
            .. (
                (ModelConfig?[])
                    [
                        ModelConfig.ReadOptional(System.IO.Path.Combine(folder, "generation_config.json")),
                        config,
                        config.OptionalSection("text_config"),
                    ]
            )
                .SelectMany(file => file?.Integers("eos_token_id") ?? [])
                .Distinct(),
        ];
}

/// <summary>What a family's constructor is given.</summary>
/// <param name="Info">What config.json says.</param>
/// <param name="Config">config.json.</param>
/// <param name="Tokenizer">The folder's tokenizer.</param>
/// <param name="Checkpoint">The open checkpoint; becomes the model's.</param>
/// <param name="Weights">Root view of the checkpoint; becomes the model's.</param>
/// <param name="Image">How pictures are fitted.</param>
/// <param name="Template">The text around a question.</param>
public sealed record ModelParts(
    ModelInfo Info,
    ModelConfig Config,
    HubTokenizer Tokenizer,
    Checkpoint Checkpoint,
    Weights Weights,
    ImageChoice Image,
    ChatTemplate Template
)
{
    /// <summary>What image tokens follow from besides the picture.</summary>
    public PictureSettings Pictures => PictureSettings.Of(Info, Config, Image);
}
