using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Stages.Data;

namespace Pipelines.Stages.Units;

/// <summary>
/// A model as a unit depends on it: weights, configuration, tokenizer, preprocessing and arithmetic by their content,
/// wherever the folder lies. It is loaded at the first use, once a process.
/// </summary>
public sealed class ModelSource : IKeyed
{
    /// <summary>Name of the key part that holds the arithmetic.</summary>
    public const string ArithmeticPart = "arithmetic";

    /// <summary>Any question: keys and values of image tokens do not depend on what comes after them.</summary>
    private const string AnyQuestion = "?";

    private readonly Engine engine;
    private readonly Lazy<IReadOnlyList<KeyPart>> parts;
    private readonly Func<VisionLanguageModel> load;
    private readonly Lazy<string> modelKey;

    internal ModelSource(
        Engine engine,
        ModelInfo info,
        Arithmetic arithmetic,
        ImageChoice image,
        ImageTokenCounter imageTokens,
        Lazy<IReadOnlyList<KeyPart>> parts,
        Func<VisionLanguageModel> load
    )
    {
        (this.engine, Info, Arithmetic, Image, ImageTokens) = (engine, info, arithmetic, image, imageTokens);
        (this.parts, this.load) = (parts, load);
        modelKey = new(() => Fingerprint.Of(Parts));
    }

    /// <summary>Shape of the model, read from config.json alone.</summary>
    public ModelInfo Info { get; }

    /// <summary>Device, type and linear layers, resolved.</summary>
    public Arithmetic Arithmetic { get; }

    /// <summary>How pictures are fitted.</summary>
    public ImageChoice Image { get; }

    /// <summary>Image tokens by a picture's size.</summary>
    public ImageTokenCounter ImageTokens { get; }

    /// <summary>The parts of every key of what is computed with the model.</summary>
    public IReadOnlyList<KeyPart> Parts => parts.Value;

    /// <summary>The loaded model.</summary>
    public VisionLanguageModel Load() => load();

    /// <summary>
    /// What is prepared for several units of a sample, kept while its picture is at work.
    /// </summary>
    /// <param name="name">Tells what it is made from and for.</param>
    /// <param name="prepare">Prepares it, at the first call.</param>
    internal Lease<TRun> Share<TRun>(string name, Func<TRun> prepare)
        where TRun : class, IOverPictures => engine.Sample(name, prepare);

    /// <summary>
    /// Why a picture cannot be asked about, as far as that is known without its pixels: it is not there, or has a size
    /// that the model or <c>other_sizes: reject</c> does not take; null where it can.
    /// </summary>
    public string? Unasked(PictureSource picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        return picture.Gone ?? Unasked(picture.Location);
    }

    /// <inheritdoc cref="Unasked(PictureSource)"/>
    /// <param name="picture">Where it lies.</param>
    internal string? Unasked(PictureLocation picture)
    {
        if (Image.Square is not null && !Image.KeepSizes)
        {
            return null;
        }

        try
        {
            (int width, int height) = picture.ReadSize();
            ImageTokens.TokensOf(width, height);
            return ImageTokens.Mismatch(width, height);
        }
        catch (InputException e)
        {
            return SentenceOf(e.What);
        }
    }

    /// <summary>The sentence that an error says of a picture.</summary>
    public static string SentenceOf(string what) => $"the picture {what.TrimEnd('.')}";

    /// <summary>Runs the model over a picture and the text before it.</summary>
    /// <param name="picture">Where it lies.</param>
    public PrefixCache Prefix(PictureLocation picture) => Prefix(picture, AnyQuestion, []);

    /// <summary>
    /// The model run over a picture and the text before it; the question and the tokens that are given before the
    /// target are the suffix. What does not depend on the question is computed once for all questions about the
    /// picture, as long as it is kept.
    /// </summary>
    /// <param name="picture">Where it lies. Pictures of the same pixels are one, whatever they are called.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="given">Tokens of the answer before the target.</param>
    public PrefixCache Prefix(PictureLocation picture, string question, IReadOnlyList<int> given)
    {
        ArgumentNullException.ThrowIfNull(picture);
        return Prefix(picture.Decode(), question, given);
    }

    private PrefixCache Prefix(Picture pixels, string question, IReadOnlyList<int> given)
    {
        VisionLanguageModel model = Load();
        Lease<PrefixCache> lease = engine.Picture($"{modelKey.Value} {pixels.Digest()}", () =>
        {
            using ImageFeatures features = model.Features(pixels);
            return PrefixCache.Compute(model, model.Prompt(AnyQuestion, features.Tokens), features);
        });
        try
        {
            PrefixCache asked = lease.Value;
            ImageTokens tokens = model.TokensOf(pixels.Width, pixels.Height);
            PromptTokens prompt = model.Prompt(question, tokens).FollowedBy(given);
            return asked.AskedAlso(prompt, model.Positions(prompt, tokens), lease);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>The same of a picture that may be missing, damaged or of a size that is not taken.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="reason">Why the model cannot be run over it, or null.</param>
    /// <returns>null where it cannot.</returns>
    internal PrefixCache? PrefixIfSound(PictureSource picture, string question, out string? reason)
    {
        Picture pixels;
        try
        {
            reason = Unasked(picture);
            if (reason is not null)
            {
                return null;
            }

            pixels = picture.Location.Decode();
        }
        catch (InputException e)
        {
            reason = SentenceOf(e.What);
            return null;
        }

        return Prefix(pixels, question, []);
    }

    IEnumerable<KeyPart> IKeyed.KeyParts(string name) => Parts;
}
