using Pipelines.Models.Families;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Ablation;

/// <summary>
/// The sizes on which a pass's time and memory depend: known from configuration and question, before anything is
/// loaded.
/// </summary>
/// <param name="Decoder">The decoder.</param>
/// <param name="Vision">The vision tower.</param>
/// <param name="Arithmetic">Where and in which type.</param>
/// <param name="Prefix">Tokens before the image.</param>
/// <param name="Image">P, image tokens.</param>
/// <param name="Suffix">T, tokens after the image.</param>
/// <param name="Batch">Masks computed together; 0 = as <see cref="SuffixForward.BatchOf"/>.</param>
public sealed record PassShape(
    DecoderShape Decoder,
    VisionShape Vision,
    Arithmetic Arithmetic,
    int Prefix,
    int Image,
    int Suffix,
    int Batch = 0
)
{
    /// <summary>Masks computed together.</summary>
    public int Masks => Batch > 0 ? Batch : SuffixForward.BatchOf(Decoder, Suffix);

    /// <summary>Tokens before the suffix.</summary>
    public int Start => Prefix + Image;

    /// <summary>
    /// Parameters of the decoder's layers, which every token meets: without embedding and unembedding.
    /// </summary>
    public long LayerParameters =>
        Decoder.Layers
        * (
            ((long)Decoder.Hidden * Decoder.HeadDim * ((2L * Decoder.Heads) + (2L * Decoder.KvHeads)))
            + (3L * Decoder.Hidden * Decoder.Intermediate)
        );

    /// <summary>
    /// Multiplications and additions of a mask: the suffix through all layers, the last token alone through the last.
    /// </summary>
    public double MaskOperations
    {
        get
        {
            double layers = Decoder.Layers - 1 + (1.0 / Suffix);
            return (2.0 * LayerParameters * Suffix * layers / Decoder.Layers)
                + (Attention(Suffix, Start + Suffix) * layers / Decoder.Layers);
        }
    }

    /// <summary>Of a picture: the tower, and prefix and image tokens through the decoder.</summary>
    public double PictureOperations =>
        (2.0 * LayerParameters * Start)
        + (Attention(Start, Start) / 2) // causal
        + (2.0 * Vision.Parameters * Vision.Rows)
        + (4.0 * Vision.Blocks * Vision.Rows * Vision.RowsOfTile * Vision.Hidden);

    /// <summary>Of a gradient: a pass with both sets of image keys, and the way back through frozen weights.</summary>
    public double GradientOperations => (2.5 * MaskOperations) + Attention(Suffix, Start);

    /// <summary>Of the unembedding of one token.</summary>
    public double HeadOperations => 2.0 * Decoder.VocabularyRows * Decoder.Hidden;

    /// <summary>The prompt, its tokens unknown but counted.</summary>
    public PromptTokens Prompt => new("", [.. Enumerable.Repeat(0, Start + Suffix)], Prefix, Image);

    /// <summary>Scores and weighted sums of some queries over some keys, all layers and heads.</summary>
    private double Attention(double queries, double keys) =>
        4.0 * Decoder.Layers * Decoder.Heads * Decoder.HeadDim * queries * keys;
}
