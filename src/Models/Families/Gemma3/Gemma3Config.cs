using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>
/// config.json of Gemma 3: a SigLIP tower and a decoder of its own class, with the defaults of Gemma3TextConfig for
/// what files omit (the published ones omit most).
/// </summary>
internal static class Gemma3Config
{
    private const string PublicPattern = "sliding_window_pattern",
        PrivatePattern = "_sliding_window_pattern",
        LayerTypes = "layer_types",
        Window = "sliding_window",
        Full = "full_attention",
        Sliding = "sliding_attention",
        RopeParameters = "rope_parameters",
        TokensPerImage = "mm_tokens_per_image",
        Tie = "tie_word_embeddings";

    /// <summary>Every sixth layer sees all, by the class.</summary>
    private const int ClassPattern = 6;

    /// <summary>Ids of the texts around the picture, which come from the tokenizer.</summary>
    private static readonly KnownKeys TopKeys = new(
        ["boi_token_id", "boi_token_index", "eoi_token_id", "eoi_token_index", "vocab_size"],
        []
    );

    /// <summary>cache_implementation is how generation keeps keys.</summary>
    private static readonly KnownKeys TextKeys = new(
        ["cache_implementation"],
        [("attention_bias", "false"), ("use_bidirectional_attention", "false")]
    );

    private static readonly KnownKeys LayerRopeKeys = new([], []);

    private static readonly KnownKeys TowerKeys = SiglipClass.Keys();

    /// <summary>The decoder.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("text_config");
        text.Expect("model_type", "gemma3_text", "gemma3_text");
        text.Expect("hidden_activation", "gelu_pytorch_tanh", "gelu_pytorch_tanh");
        int hidden = text.Count("hidden_size", 2304),
            layers = text.Count("num_hidden_layers", 26),
            positions = text.Count("max_position_embeddings", 131072);
        // Either form of a layer kind's rotary, or both where they agree
        ModelConfig? byKind = text.OptionalSection(RopeParameters);
        RotaryRule full = RotaryConfig.Read(
                text,
                [byKind?.OptionalSection(Full), text.OptionalSection("rope_scaling")],
                "rope_theta",
                1e6,
                positions
            ),
            sliding = RotaryConfig.Read(
                text,
                [byKind?.OptionalSection(Sliding)],
                "rope_local_base_freq",
                1e4,
                positions
            );
        byKind?.RequireUnderstood(LayerRopeKeys);
        if (sliding.Divisor != 1 || sliding.Limit is not null || sliding.Scaling is not null)
        {
            throw text.Error(
                $"{RopeParameters}.{Sliding}.rope_type",
                "scales the positions of sliding layers; only \"default\" is computed there."
            );
        }

        return new DecoderShape(
            Layers: layers,
            Heads: text.Count("num_attention_heads", 8),
            KvHeads: text.Count("num_key_value_heads", 4),
            HeadDim: text.Count("head_dim", 256),
            Hidden: hidden,
            Intermediate: text.Count("intermediate_size", 9216),
            VocabularyRows: text.Count("vocab_size", 262208),
            NormEpsilon: text.Positive("rms_norm_eps", 1e-6),
            RotaryTheta: full.Theta,
            RotarySections: null,
            QkvBias: false,
            TiedHead: IsTied(config, text)
        )
        {
            RotaryDivisor = full.Divisor,
            RotaryScaling = full.Scaling,
            QkNorm = true,
            NormOffset = true,
            PostNorms = true,
            Gate = GateActivation.GeluTanh,
            EmbeddingScale = RoundedToBFloat16(Math.Sqrt(hidden)),
            QueryPreAttentionScalar = text.Positive("query_pre_attn_scalar", 256),
            Sliding = new SlidingLayers(WindowOf(text), sliding.Theta, Slides(text, layers)),
            ImageSeesItself = true,
            Positions = positions,
            Limit = full.Limit,
        };
    }

    /// <summary>The SigLIP tower.</summary>
    public static SiglipShape Vision(ModelConfig config) => SiglipClass.Siglip.Read(config.Section("vision_config"));

    /// <summary>The whole tower with its final norm.</summary>
    public static SiglipUse Use(ModelConfig config) => new(Vision(config).Layers, FinalNorm: true);

    /// <summary>Image tokens along a side: mm_tokens_per_image is their square, and they share the patches
    /// evenly.</summary>
    /// <exception cref="InputException">They do not.</exception>
    public static int TokensOfSide(ModelConfig config)
    {
        int tokens = config.Count(TokensPerImage, 256),
            side = (int)Math.Sqrt(tokens),
            patches = Vision(config).Grid;
        return side * side == tokens && patches % side == 0
            ? side
            : throw config.Error(
                TokensPerImage,
                $"is {tokens}, but the tower has {patches} x {patches} patches: image tokens are a square of which "
                    + "each joins as many patches."
            );
    }

    /// <summary>Demands that every key of the file is understood, and that it is one that is computed here.</summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config)
    {
        Decoder(config);
        TokensOfSide(config);
        config.Section("text_config").RequireUnderstood(TextKeys);
        config.Section("vision_config").RequireUnderstood(TowerKeys);
        config.RequireUnderstood(TopKeys);
    }

    /// <summary>The tower's costs.</summary>
    public static VisionShape Tower(ModelConfig config)
    {
        SiglipShape siglip = Vision(config);
        return new VisionShape(siglip.Layers, siglip.Hidden, siglip.Intermediate, Tiles: 1, siglip.Patches);
    }

    /// <summary>The classes tie; a file unties where every flag that it has says so.</summary>
    private static bool IsTied(ModelConfig config, ModelConfig text)
    {
        // both are read, so that both are understood
        bool?[] flags = [config.OptionalFlag(Tie), text.OptionalFlag(Tie)];
        return Array.TrueForAll(flags, f => f is null) || flags.Contains(true);
    }

    private static int WindowOf(ModelConfig text) =>
        text.IsNull(Window)
            ? throw text.Error(Window, "is null; the sliding layers of Gemma 3 need a number of tokens.")
            : text.Count(Window, 4096);

    /// <summary>
    /// Which layers slide: by layer_types, which files have since 4.53, else all but every n-th. The key with the
    /// underscore only tells what the class was made with.
    /// </summary>
    private static bool[] Slides(ModelConfig text, int layers)
    {
        int? written = text.Has(PublicPattern) ? text.Count(PublicPattern) : null,
            told = text.Has(PrivatePattern) ? text.Count(PrivatePattern) : null;
        if (text.Texts(LayerTypes) is { } types)
        {
            bool[] slides =
            [
                .. types.Select(type =>
                    type switch
                    {
                        Sliding => true,
                        Full => false,
                        _ => throw text.Error(LayerTypes, $"names \"{type}\".", $"Supported are {Sliding} and {Full}."),
                    }
                ),
            ];
            return slides.Length != layers
                    ? throw text.Error(LayerTypes, $"names {slides.Length} layers, but the decoder has {layers}.")
                : written is { } pattern && !slides.SequenceEqual(ByPattern(pattern, layers))
                    ? throw text.Error(
                        PublicPattern,
                        $"is {pattern}, but '{text.NameOf(LayerTypes)}' says otherwise.",
                        "Versions of transformers differ in which one they follow; write one of them."
                    )
                : slides;
        }

        if ((written ?? ClassPattern) is var used && told is { } other && other != used)
        {
            throw text.Error(
                PrivatePattern,
                $"is {other}, but no version of transformers follows it, and {PublicPattern} is {used}.",
                $"Write {LayerTypes}."
            );
        }

        return ByPattern(used, layers);
    }

    private static bool[] ByPattern(int pattern, int layers) =>
        [.. Enumerable.Range(0, layers).Select(layer => (layer + 1) % pattern != 0)];

    /// <summary>
    /// The factor of the embedding is rounded as the model was trained: sqrt(2560) is 50.5, not 50.596.
    /// </summary>
    internal static double RoundedToBFloat16(double value)
    {
        uint bits = BitConverter.SingleToUInt32Bits((float)value);
        bits += 0x7FFF + ((bits >> 16) & 1); // half to even
        return BitConverter.UInt32BitsToSingle(bits & 0xFFFF_0000);
    }
}
