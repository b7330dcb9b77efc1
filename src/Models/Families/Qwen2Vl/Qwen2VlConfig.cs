using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>The numbers of Qwen2-VL's vision tower.</summary>
internal sealed record Qwen2VisionShape(
    int Depth,
    int EmbedDim,
    int Heads,
    int Intermediate,
    int PatchSize,
    int TemporalPatchSize,
    int MergeSize,
    double RotaryTheta
)
{
    /// <summary>Numbers of a patch: channels x time x rows x columns.</summary>
    public int PatchFeatures => 3 * TemporalPatchSize * PatchSize * PatchSize;

    /// <summary>Numbers of a merged token: neighbours x features.</summary>
    public int Merged => MergeSize * MergeSize * EmbedDim;
}

/// <summary>
/// config.json of Qwen2-VL, with the class defaults for what a file omits. The decoder's keys stand at the top (up to
/// 4.51), at the top and in text_config (4.52 to 4.57), or in text_config alone (5).
/// </summary>
internal static class Qwen2VlConfig
{
    /// <summary>Qwen2VLConfig and Qwen2VLTextConfig: the numbers of the 72B model.</summary>
    private static readonly TextClass Class = new(
        ["qwen2_vl_text", "qwen2_vl"],
        Hidden: 8192,
        Intermediate: 29568,
        Layers: 80,
        Heads: 64,
        KvHeads: 8,
        Vocabulary: 152064,
        Epsilon: 1e-5,
        Theta: 1e6,
        Positions: 32768,
        QkvBias: true,
        WindowUse.WhenSwitchedOn
    );

    /// <summary>
    /// The top level, which may be the decoder's, too. max_window_layers only says which layers a window would bind.
    /// </summary>
    private static readonly KnownKeys TopKeys = new(
        ["max_window_layers", "sliding_window"],
        [
            ("attention_bias", "false"),
            ("mlp_bias", "false"),
            ("partial_rotary_factor", "1"),
            ("use_sliding_window", "false"),
        ]
    );

    /// <summary>The tower. spatial_patch_size is read by no class; it has no vocabulary to tie.</summary>
    private static readonly KnownKeys TowerKeys = new(["spatial_patch_size", "tie_word_embeddings"], []);

    /// <summary>The decoder: q, k and v have biases, which no file says.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig? own = config.OptionalSection("text_config");
        if (own is not null)
        {
            TextClass.Of(own, Class);
        }

        // both are read, so that both are understood
        bool tied = config.Flag("tie_word_embeddings", false) | (own?.Flag("tie_word_embeddings", false) ?? false);
        return Class.Read(own?.Else(config) ?? config, hasSections: true, tied);
    }

    /// <summary>The vision tower.</summary>
    public static Qwen2VisionShape Vision(ModelConfig config)
    {
        ModelConfig vision = config.Section("vision_config");
        if (vision.OptionalText("model_type") is { } type and not ("qwen2_vl" or "qwen2_vl_vision"))
        {
            throw vision.Error("model_type", $"is \"{type}\".", "Supported are qwen2_vl and qwen2_vl_vision.");
        }

        vision.Expect("hidden_act", "quick_gelu", "quick_gelu");
        vision.ExpectCount("in_channels", 3);
        vision.ExpectCount("in_chans", 3);
        int embed = vision.Count("embed_dim", 1280);
        var shape = new Qwen2VisionShape(
            Depth: vision.Count("depth", 32),
            EmbedDim: embed,
            Heads: vision.Count("num_heads", 16),
            Intermediate: (int)Math.Min(1 << 24, embed * vision.Positive("mlp_ratio", 4)),
            PatchSize: vision.Count("patch_size", 14),
            TemporalPatchSize: vision.Count("temporal_patch_size", 2),
            MergeSize: vision.Count("spatial_merge_size", 2),
            RotaryTheta: Theta(vision)
        );
        if (shape.EmbedDim % shape.Heads != 0 || shape.EmbedDim / shape.Heads % 4 != 0)
        {
            throw vision.Error("num_heads", "does not fit: embed_dim / num_heads must be a multiple of 4.");
        }

        int hidden = Decoder(config).Hidden,
            output = vision.Count("hidden_size", 3584);
        return output == hidden
            ? shape
            : throw vision.Error("hidden_size", $"is {output}, but the decoder has {hidden}.");
    }

    /// <summary>The tower's costs: one piece, merge x merge rows a token.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="imageTokens">P.</param>
    public static VisionShape Tower(ModelConfig config, int imageTokens)
    {
        Qwen2VisionShape vision = Vision(config);
        return new VisionShape(
            vision.Depth,
            vision.EmbedDim,
            vision.Intermediate,
            1,
            imageTokens * vision.MergeSize * vision.MergeSize
        );
    }

    /// <summary>Demands that every key of the file is understood, and that it is one that is computed here.</summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config)
    {
        Decoder(config);
        Vision(config);
        config.OptionalSection("text_config")?.RequireUnderstood(KnownKeys.Text);
        config.Section("vision_config").RequireUnderstood(TowerKeys);
        config.RequireUnderstood(TopKeys);
    }

    /// <summary>The tower's own rotary base, which version 5 writes: never the decoder's.</summary>
    private static double Theta(ModelConfig vision)
    {
        const double published = 10000;
        if (vision.OptionalSection("rope_parameters") is not { } rotary)
        {
            return published;
        }

        string kind = rotary.Text("rope_type", "axial");
        if (kind is not ("axial" or "default"))
        {
            throw rotary.Error("rope_type", $"is \"{kind}\"; the tower's is \"axial\".");
        }

        double theta = rotary.Positive("rope_theta", published);
        rotary.RequireUnderstood(KnownKeys.Rotary);
        return theta;
    }
}
