using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.SmolVlm;

/// <summary>
/// config.json of SmolVLM2 and Idefics3, with the defaults of SmolVLMConfig and Idefics3Config for what a file omits.
/// </summary>
internal static class SmolVlmConfig
{
    /// <summary>model_type of Idefics3.</summary>
    public const string Idefics3 = "idefics3";

    /// <summary>SmolVLMVisionConfig and Idefics3VisionConfig, which differ in model_type alone.</summary>
    private static readonly SiglipClass SmolTower = new("smolvlm_vision", 1152, 3072, 12, 16, 224, 32),
        IdeficsTower = SmolTower with { ModelType = "idefics3_vision" };

    /// <summary>
    /// The top level. vocab_size is a copy of the decoder's, perceiver_config is Idefics2's; both are read by no class.
    /// </summary>
    private static readonly KnownKeys TopKeys = new(
        ["_pad_token_id", "image_seq_len", "perceiver_config", "use_reentrant_checkpointing", "vocab_size"],
        []
    );

    /// <summary>
    /// The decoder. What the authors' own class VLlama3 had besides Llama's keys: noise of training, a copy of the
    /// scale, and switches of which only their being off is computed.
    /// </summary>
    private static readonly KnownKeys TextKeys = new(
        ["is_llama_config", "neftune_noise_alpha", "perceiver_config", "pixel_shuffle_factor"],
        [
            ("attention_bias", "false"),
            ("mlp_bias", "false"),
            ("partial_rotary_factor", "1"),
            ("qk_layer_norms", "false"),
            ("rope_interleaved", "false"),
            ("use_resampler", "false"),
        ]
    );

    /// <summary>The tower. Sizes of pictures stand in the image processor's file.</summary>
    private static readonly KnownKeys TowerKeys = SiglipClass.Keys("max_image_size", "size", "use_base_siglip");

    /// <summary>The decoder: Llama.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("text_config");
        return TextClass.Of(text, TextClass.Llama).Read(text, hasSections: false, TextClass.IsTied(config, text));
    }

    /// <summary>The vision tower.</summary>
    public static SiglipShape Vision(ModelConfig config)
    {
        SiglipClass tower = IsIdefics3(config) ? IdeficsTower : SmolTower;
        ModelConfig vision = config.Section("vision_config");
        // 4.46 and older saved Idefics3's tower under Idefics2's name
        if (tower == IdeficsTower && vision.OptionalText("model_type") is "idefics2" or Idefics3)
        {
            tower = tower with { ModelType = vision.Text("model_type") };
        }

        SiglipShape shape = tower.Read(vision);
        int scale = Scale(config);
        return shape.Grid % scale == 0
            ? shape
            : throw config.Error(
                "scale_factor",
                Invariant.Text($"is {scale}, which does not divide the {shape.Grid} patches along a tile's side.")
            );
    }

    /// <summary>Whether the file is Idefics3's.</summary>
    public static bool IsIdefics3(ModelConfig config) => config.Text("model_type") == Idefics3;

    /// <summary>Patches joined to one token, each way.</summary>
    public static int Scale(ModelConfig config) => config.Count("scale_factor", 2);

    /// <summary>Image tokens along a tile's side.</summary>
    public static int TokensAlong(ModelConfig config) => Vision(config).Grid / Scale(config);

    /// <summary>The tower's costs.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="imageTokens">P.</param>
    public static VisionShape Tower(ModelConfig config, int imageTokens)
    {
        SiglipShape shape = Vision(config);
        int tokens = TokensAlong(config) * TokensAlong(config);
        return new VisionShape(
            shape.Layers,
            shape.Hidden,
            shape.Intermediate,
            (imageTokens + tokens - 1) / tokens,
            shape.Patches
        );
    }

    /// <summary>Demands that every key of the file is understood, and that it is one that is computed here.</summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config)
    {
        Decoder(config);
        Vision(config);
        config.Section("text_config").RequireUnderstood(TextKeys);
        config.Section("vision_config").RequireUnderstood(TowerKeys);
        config.RequireUnderstood(TopKeys);
    }
}
