using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Families;

/// <summary>
/// The numbers of a language decoder (RMSNorm, grouped-query attention with rotary positions, a gated MLP): all that
/// its forward pass depends on besides the weights.
/// </summary>
/// <param name="Layers">L.</param>
/// <param name="Heads">H, query heads a layer.</param>
/// <param name="KvHeads">H_kv, key/value heads a layer; query head h reads kv head h / (H / H_kv).</param>
/// <param name="HeadDim">d, features of a head.</param>
/// <param name="Hidden">Features of the residual stream.</param>
/// <param name="Intermediate">Features inside the MLP.</param>
/// <param name="VocabularyRows">V, rows of embedding and unembedding, padding rows included.</param>
/// <param name="NormEpsilon">Epsilon of the RMSNorms.</param>
/// <param name="RotaryTheta">Base of the rotary frequencies theta^(-2i/d).</param>
/// <param name="RotarySections">M-RoPE: how many of the d/2 frequencies take the time, row and column position, in this
/// order; null = one position stream.</param>
/// <param name="QkvBias">q_proj, k_proj and v_proj have a bias.</param>
/// <param name="TiedHead">A file says that the unembedding is the embedding matrix. A stored lm_head wins over
/// it.</param>
public sealed record DecoderShape(
    int Layers,
    int Heads,
    int KvHeads,
    int HeadDim,
    int Hidden,
    int Intermediate,
    int VocabularyRows,
    double NormEpsilon,
    double RotaryTheta,
    IReadOnlyList<int>? RotarySections,
    bool QkvBias,
    bool TiedHead
)
{
    /// <summary>What the rotary frequencies are divided by (linear scaling); 1 = nothing.</summary>
    public double RotaryDivisor { get; init; } = 1;

    /// <summary>Llama 3.1's scaling of slow frequencies; null = none.</summary>
    public Llama3Scaling? RotaryScaling { get; init; }

    /// <summary>
    /// Frequencies of row and column lie among those of time, one by one (Qwen3-VL), not in chunks: see <see
    /// cref="Tensors.Rotary.OfSections"/>.
    /// </summary>
    public bool InterleavedSections { get; init; }

    /// <summary>
    /// Queries and keys of each head pass an RMSNorm over their d features, between projection and rotary (QK-norm).
    /// </summary>
    public bool QkNorm { get; init; }

    /// <summary>RMSNorms multiply by 1 + weight (Gemma).</summary>
    public bool NormOffset { get; init; }

    /// <summary>What attention and MLP give passes a norm of its own before it is added (Gemma 3: four norms a
    /// layer).</summary>
    public bool PostNorms { get; init; }

    /// <summary>The MLP's nonlinearity.</summary>
    public GateActivation Gate { get; init; }

    /// <summary>What rows of the embedding are multiplied by as they enter the decoder; features of pictures are
    /// not.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Scores are q·k over the root of this (query_pre_attn_scalar); null = d.</summary>
    public double? QueryPreAttentionScalar { get; init; }

    /// <summary>Layers that see a window of the sequence only; null = none.</summary>
    public SlidingLayers? Sliding { get; init; }

    /// <summary>Image tokens of a run see each other both ways, not only those before them (Gemma 3).</summary>
    public bool ImageSeesItself { get; init; }

    /// <summary>First layers behind which further features are added to the image tokens (Qwen3-VL); 0 = none: see
    /// <see cref="ImageFeatures.DeepStack"/>.</summary>
    public int DeepStackLayers { get; init; }

    /// <summary><see cref="QueryPreAttentionScalar"/>, or d where it is null.</summary>
    public double ScoreScalar => QueryPreAttentionScalar ?? HeadDim;

    /// <summary>Tokens that a layer's queries see, themselves included; null = all before them.</summary>
    public int? WindowOf(int layer) => Sliding is { } sliding && sliding.Slides[layer] ? sliding.Window : null;

    /// <summary>
    /// Positions that the model was made for (max_position_embeddings): nothing bounds a sequence of more, but what
    /// comes of it means little.
    /// </summary>
    public int Positions { get; init; } = int.MaxValue;

    /// <summary>The longest sequence that the pass holds for; null = no limit.</summary>
    public SequenceLimit? Limit { get; init; }

    /// <summary>G, query heads that share a key/value head.</summary>
    public int Group => Heads / KvHeads;

    /// <summary>N = L*H; head n = l*H + h.</summary>
    public int TotalHeads => Layers * Heads;

    /// <summary>Checks what config.json cannot be trusted with.</summary>
    /// <exception cref="InputException">Heads that do not divide, an odd head size, sections that do not fill
    /// it.</exception>
    public DecoderShape Checked(string path)
    {
        if (Heads % KvHeads != 0)
        {
            throw new InputException(path, $"{Heads} attention heads are not a multiple of {KvHeads} key/value heads.");
        }

        if (HeadDim % 2 != 0)
        {
            throw new InputException(path, $"the head size {HeadDim} is odd; rotary positions need an even one.");
        }

        if (
            RotarySections is { } sections
            && (sections.Count != 3 || sections.Any(n => n < 0) || sections.Sum(n => (long)n) != HeadDim / 2)
        )
        {
            throw new InputException(
                path,
                $"mrope_section [{string.Join(", ", sections)}] must be three counts that sum to half the head size, "
                    + $"{HeadDim / 2}."
            );
        }

        if (Layers > 1024)
        {
            throw new InputException(path, $"{Layers} layers are more than any supported model has (1024).");
        }

        return Sliding is null || Sliding.Slides.Count == Layers
            ? this
            : throw new InputException(
                path,
                $"layer_types names {Sliding.Slides.Count} layers, but the decoder has {Layers}."
            );
    }
}

/// <summary>Layers whose queries see the last tokens of the sequence only.</summary>
/// <param name="Window">Query i sees key j where i - j is below it.</param>
/// <param name="RotaryTheta">Base of their rotary frequencies, which nothing divides.</param>
/// <param name="Slides">Which layers, one entry a layer.</param>
public sealed record SlidingLayers(int Window, double RotaryTheta, IReadOnlyList<bool> Slides);
