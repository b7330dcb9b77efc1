using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families;

/// <summary>
/// The numbers of a language decoder (RMSNorm, grouped-query attention with rotary positions, SwiGLU): all that its
/// forward pass depends on besides the weights.
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

        return Layers <= 1024
            ? this
            : throw new InputException(path, $"{Layers} layers are more than any supported model has (1024).");
    }
}
