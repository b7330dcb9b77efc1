using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.InternVl;

/// <summary>
/// config.json of InternVL2.5, 3 and 3.5, with the defaults of the authors' classes, which are those of other models,
/// for what a file omits.
/// </summary>
internal static class InternVlConfig
{
    /// <summary>
    /// The top level. The prompt's text is not part of the pass (template, system_message); hidden_size is a copy of
    /// the decoder's for training; pad2square is training's, false there, too.
    /// </summary>
    private static readonly KnownKeys TopKeys = new(
        ["template", "system_message", "hidden_size"],
        [("pad2square", "false"), ("use_backbone_lora", "0"), ("use_llm_lora", "0")]
    );

    /// <summary>InternViT. It has no vocabulary to tie.</summary>
    private static readonly KnownKeys TowerKeys = new(["tie_word_embeddings"], []);

    /// <summary>Whether the decoder is InternLM2 (else Qwen2 or Qwen3).</summary>
    public static bool IsInternLm2(ModelConfig config) => Class(config) == TextClass.InternLm2;

    /// <summary>The decoder: Qwen2, Qwen3 or InternLM2.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("llm_config");
        if (IsInternLm2(config) && text.Flag("bias", true))
        {
            throw text.Error("bias", "is true (or omitted); the published models have no biases.");
        }

        return Class(config).Read(text, hasSections: false, TextClass.IsTied(config, text));
    }

    /// <summary>The InternViT tower.</summary>
    public static InternVisionShape Vision(ModelConfig config)
    {
        ModelConfig vision = config.Section("vision_config");
        vision.Expect("model_type", "intern_vit_6b", "intern_vit_6b"); // so called in every size
        vision.Expect("hidden_act", "gelu", "gelu");
        InternVisionShape.RequireLayerNorm(vision, "rms_norm");
        vision.ExpectCount("num_channels", 3);
        if (vision.Flag("qk_normalization", true) | !vision.Flag("qkv_bias", false))
        {
            throw vision.Error(
                "qk_normalization",
                "is true or 'qkv_bias' false; InternViT-300M has neither.",
                InternVisionShape.Supported
            );
        }

        var shape = new InternVisionShape(
            Layers: vision.Count("num_hidden_layers", 48),
            Hidden: vision.Count("hidden_size", 3200),
            Heads: vision.Count("num_attention_heads", 25),
            Intermediate: vision.Count("intermediate_size", 12800),
            ImageSize: vision.Count("image_size", 224),
            PatchSize: vision.Count("patch_size", 14),
            NormEpsilon: vision.Positive("layer_norm_eps", 1e-6)
        );
        if (!shape.Fit)
        {
            throw vision.Error("image_size", InternVisionShape.Misfit);
        }

        int size = config.Integer("force_image_size", shape.ImageSize);
        return size == shape.ImageSize
            ? shape
            : throw config.Error(
                "force_image_size",
                $"is {size}, but the vision tower's position embedding is for {shape.ImageSize}."
            );
    }

    /// <summary>The tower's costs.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="imageTokens">P.</param>
    public static VisionShape Tower(ModelConfig config, int imageTokens)
    {
        InternVisionShape vision = Vision(config);
        return vision.Costs(VisionBlocks(config, vision), imageTokens);
    }

    /// <summary>Demands that every key of the file is understood, and that it is one that is computed here.</summary>
    /// <exception cref="Pipelines.Domain.Errors.InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config)
    {
        CheckShuffle(config);
        Decoder(config);
        VisionBlocks(config, Vision(config));
        Tiles(config);
        config.Section("llm_config").RequireUnderstood(KnownKeys.Text);
        config.Section("vision_config").RequireUnderstood(TowerKeys);
        config.RequireUnderstood(TopKeys);
    }

    /// <summary>
    /// Tiles that a picture may become where nobody asks for another number, and whether the whole picture follows
    /// them.
    /// </summary>
    public static (int Least, int Most, bool Thumbnail) Tiles(ModelConfig config)
    {
        int most = config.Count("max_dynamic_patch", 6),
            least = config.Count("min_dynamic_patch", 1);
        return (least, config.Flag("dynamic_image_size", false) ? most : 1, config.Flag("use_thumbnail", false));
    }

    /// <summary>Blocks of the tower whose output is used: -1 (the published value) is all of them.</summary>
    public static int VisionBlocks(ModelConfig config, InternVisionShape vision)
    {
        int layer = config.Integer("select_layer", -1);
        int blocks = layer < 0 ? vision.Layers + 1 + layer : layer;
        return blocks >= 0 && blocks <= vision.Layers
            ? blocks
            : throw config.Error("select_layer", $"is {layer}, but the vision tower has {vision.Layers} layers.");
    }

    private static TextClass Class(ModelConfig config) =>
        TextClass.Of(config.Section("llm_config"), TextClass.Qwen2, TextClass.InternLm2, TextClass.Qwen3);

    /// <summary>Demands the pixel shuffle that the code computes.</summary>
    private static void CheckShuffle(ModelConfig config)
    {
        config.Expect("ps_version", "v2", "v1");
        if (config.Positive("downsample_ratio", 0.5) != 0.5)
        {
            throw config.Error("downsample_ratio", "is not 0.5.");
        }
    }
}
