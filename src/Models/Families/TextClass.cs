using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families;

/// <summary>How a decoder class uses <c>sliding_window</c>.</summary>
internal enum WindowUse
{
    /// <summary>The class knows no window.</summary>
    Never,

    /// <summary>Wherever it is not null (Mistral).</summary>
    Always,

    /// <summary>Where <c>use_sliding_window</c> is true (Qwen2).</summary>
    WhenSwitchedOn,
}

/// <summary>
/// A decoder class of transformers with its defaults: what a file omits is what <c>save_pretrained</c> found equal to
/// these (read in versions 4.45 to 5.2, which agree).
/// </summary>
/// <param name="ModelTypes">Its model_type.</param>
/// <param name="Hidden">hidden_size.</param>
/// <param name="Intermediate">intermediate_size.</param>
/// <param name="Layers">num_hidden_layers.</param>
/// <param name="Heads">num_attention_heads.</param>
/// <param name="KvHeads">num_key_value_heads; null = as many as heads.</param>
/// <param name="Vocabulary">vocab_size.</param>
/// <param name="Epsilon">rms_norm_eps.</param>
/// <param name="Theta">rope_theta.</param>
/// <param name="Positions">max_position_embeddings.</param>
/// <param name="QkvBias">Whether q, k and v have biases, which no key says.</param>
/// <param name="Window">How sliding_window is used.</param>
internal sealed record TextClass(
    IReadOnlyList<string> ModelTypes,
    int Hidden,
    int Intermediate,
    int Layers,
    int Heads,
    int? KvHeads,
    int Vocabulary,
    double Epsilon,
    double Theta,
    int Positions,
    bool QkvBias,
    WindowUse Window
)
{
    private const int DefaultWindow = 4096;

    /// <summary>head_dim where a file omits it; null = hidden_size / num_attention_heads.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Queries and keys are normed head by head, which no key says.</summary>
    public bool QkNorm { get; init; }

    /// <summary>Of M-RoPE's three sections: interleaved, not in chunks.</summary>
    public bool InterleavedSections { get; init; }

    /// <summary>LlamaConfig (Llama 2 and 3, Vicuna, Yi).</summary>
    public static TextClass Llama { get; } =
        new(["llama"], 4096, 11008, 32, 32, null, 32000, 1e-6, 1e4, 2048, QkvBias: false, WindowUse.Never);

    /// <summary>MistralConfig. Its default window is 4096; null is none.</summary>
    public static TextClass Mistral { get; } =
        new(["mistral"], 4096, 14336, 32, 32, 8, 32000, 1e-6, 1e4, 131072, QkvBias: false, WindowUse.Always);

    /// <summary>Qwen2Config.</summary>
    public static TextClass Qwen2 { get; } =
        new(["qwen2"], 4096, 22016, 32, 32, 32, 151936, 1e-6, 1e4, 32768, QkvBias: true, WindowUse.WhenSwitchedOn);

    /// <summary>Qwen3Config. A file may say attention_bias; false alone is computed (<see
    /// cref="KnownKeys.Text"/>).</summary>
    public static TextClass Qwen3 { get; } =
        new(["qwen3"], 4096, 22016, 32, 32, 32, 151936, 1e-6, 1e4, 32768, QkvBias: false, WindowUse.WhenSwitchedOn)
        {
            HeadDim = 128,
            QkNorm = true,
        };

    /// <summary>InternLM2Config of InternVL's repositories.</summary>
    public static TextClass InternLm2 { get; } =
        new(["internlm2"], 4096, 11008, 32, 32, null, 103168, 1e-6, 1e4, 2048, QkvBias: false, WindowUse.Never);

    /// <summary>The class of a section's model_type.</summary>
    /// <param name="text">The decoder's section.</param>
    /// <param name="known">Classes that the family is computed with; the first where the file omits model_type.</param>
    /// <exception cref="InputException">Another class.</exception>
    public static TextClass Of(ModelConfig text, params TextClass[] known)
    {
        string type = text.Text("model_type", known[0].ModelTypes[0]);
        string[] names = [.. known.Select(k => k.ModelTypes[0])];
        return known.FirstOrDefault(k => k.ModelTypes.Contains(type))
            ?? throw text.Error(
                "model_type",
                type.EndsWith("_moe", StringComparison.Ordinal)
                    ? $"is \"{type}\", a mixture of experts, which is not computed here."
                    : $"is \"{type}\".",
                names is [var one]
                    ? $"Supported is {one}."
                    : $"Supported are {string.Join(", ", names[..^1])} and {names[^1]}."
            );
    }

    /// <summary>Whether a flag of any level ties the head to the embedding.</summary>
    public static bool IsTied(ModelConfig config, ModelConfig? text) =>
        // both are read, so that both are understood
        config.Flag("tie_word_embeddings", false) | (text?.Flag("tie_word_embeddings", false) ?? false);

    /// <summary>The decoder's numbers.</summary>
    /// <param name="text">The decoder's section.</param>
    /// <param name="hasSections">Whether positions have three axes (M-RoPE).</param>
    /// <param name="tied">Whether a flag of any level ties the head to the embedding.</param>
    /// <exception cref="InputException">A value that is not computed here.</exception>
    public DecoderShape Read(ModelConfig text, bool hasSections, bool tied)
    {
        string act = text.Text("hidden_act", "silu");
        if (act is not ("silu" or "swish"))
        {
            throw text.Error("hidden_act", $"is \"{act}\"; only \"silu\" is supported here.");
        }

        int hidden = text.Count("hidden_size", Hidden),
            heads = text.Count("num_attention_heads", Heads);
        int kvHeads = text.Count("num_key_value_heads", text.IsNull("num_key_value_heads") ? heads : KvHeads ?? heads);
        int positions = text.Count("max_position_embeddings", Positions);
        RotaryRule rotary = RotaryConfig.Read(text, Theta, positions, hasSections, InterleavedSections);
        return new DecoderShape(
            Layers: text.Count("num_hidden_layers", Layers),
            Heads: heads,
            KvHeads: kvHeads,
            HeadDim: text.Count("head_dim", HeadDim ?? Math.Max(1, hidden / heads)),
            Hidden: hidden,
            Intermediate: text.Count("intermediate_size", Intermediate),
            VocabularyRows: text.Count("vocab_size", Vocabulary),
            NormEpsilon: text.Positive("rms_norm_eps", Epsilon),
            RotaryTheta: rotary.Theta,
            RotarySections: rotary.Sections,
            QkvBias: QkvBias,
            TiedHead: tied
        )
        {
            RotaryDivisor = rotary.Divisor,
            RotaryScaling = rotary.Scaling,
            InterleavedSections = InterleavedSections && rotary.Sections is not null,
            QkNorm = QkNorm,
            Positions = positions > 0 ? positions : int.MaxValue,
            Limit = SequenceLimit.Stricter(rotary.Limit, LimitOf(text)),
        };
    }

    /// <summary>The window as a limit: it binds no sequence that fits into it.</summary>
    private SequenceLimit? LimitOf(ModelConfig text)
    {
        bool none = text.IsNull("sliding_window");
        if (Window == WindowUse.Never && text.Has("sliding_window"))
        {
            throw text.Error(
                "sliding_window",
                $"is {text.Count("sliding_window")}; a {ModelTypes[0]} decoder has no window."
            );
        }

        bool used =
            !none
            && (
                Window == WindowUse.Always
                || (Window == WindowUse.WhenSwitchedOn && text.Flag("use_sliding_window", false))
            );
        bool slides = text.Texts("layer_types")?.Any(t => t != "full_attention") == true;
        if (slides && !used)
        {
            throw text.Error(
                "layer_types",
                "names layers without full attention, but no sliding window is switched on."
            );
        }

        return used
            ? new SequenceLimit(text.Count("sliding_window", DefaultWindow), text.Path, text.NameOf("sliding_window"))
            : null;
    }
}
