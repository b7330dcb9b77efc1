using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// A class of SigLIP towers with its defaults: what a vision_config omits is what <c>save_pretrained</c> found equal to
/// these.
/// </summary>
/// <param name="ModelType">Its model_type.</param>
/// <param name="Hidden">hidden_size.</param>
/// <param name="Intermediate">intermediate_size.</param>
/// <param name="Layers">num_hidden_layers.</param>
/// <param name="Heads">num_attention_heads.</param>
/// <param name="ImageSize">image_size.</param>
/// <param name="PatchSize">patch_size.</param>
internal sealed record SiglipClass(
    string ModelType,
    int Hidden,
    int Intermediate,
    int Layers,
    int Heads,
    int ImageSize,
    int PatchSize
)
{
    private const double Epsilon = 1e-6;

    /// <summary>
    /// What changes nothing in a tower's section: the pooling head (vision_use_head) is never used, the projection is
    /// CLIP's, and a tower has no words to tie.
    /// </summary>
    private static readonly string[] WithoutEffect = ["projection_dim", "tie_word_embeddings", "vision_use_head"];

    /// <summary>SiglipVisionConfig: a base model at 224 pixels.</summary>
    public static SiglipClass Siglip { get; } = new("siglip_vision_model", 768, 3072, 12, 12, 224, 16);

    /// <summary>The tower's numbers.</summary>
    /// <param name="vision">vision_config.</param>
    /// <exception cref="InputException">A value that is not computed here, or numbers that do not fit
    /// together.</exception>
    public SiglipShape Read(ModelConfig vision)
    {
        vision.Expect("model_type", ModelType, ModelType);
        vision.Expect("hidden_act", "gelu_pytorch_tanh", "gelu_pytorch_tanh");
        vision.ExpectCount("num_channels", 3);
        var shape = new SiglipShape(
            Layers: vision.Count("num_hidden_layers", Layers),
            Hidden: vision.Count("hidden_size", Hidden),
            Heads: vision.Count("num_attention_heads", Heads),
            Intermediate: vision.Count("intermediate_size", Intermediate),
            ImageSize: vision.Count("image_size", ImageSize),
            PatchSize: vision.Count("patch_size", PatchSize),
            NormEpsilon: vision.Positive("layer_norm_eps", Epsilon)
        );
        return shape.Hidden % shape.Heads == 0 && shape.Grid is >= 1 and <= 1024 && shape.Layers <= 1024
            ? shape
            : throw new InputException(
                vision.Path,
                "vision_config does not fit together: hidden_size / num_attention_heads must be whole, image_size at "
                    + "least patch_size and at most 1024 times it, num_hidden_layers at most 1024."
            );
    }

    /// <summary>What is known of the keys of the tower's section that <see cref="Read"/> does not ask for.</summary>
    /// <param name="withoutEffect">Keys of the family's own tower class that change nothing.</param>
    public static KnownKeys Keys(params string[] withoutEffect) => new([.. WithoutEffect, .. withoutEffect], []);
}
