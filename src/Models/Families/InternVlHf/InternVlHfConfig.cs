using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.InternVlHf;

/// <summary>
/// config.json of InternVL in transformers' layout, with the defaults of InternVLConfig and InternVLVisionConfig for
/// what a file omits.
/// </summary>
internal static class InternVlHfConfig
{
    private const string TieKey = "tie_word_embeddings";

    /// <summary>
    /// The top level. image_seq_length is a class default that says nothing: a tile's tokens follow from the tower.
    /// </summary>
    private static readonly KnownKeys TopKeys = new(["image_seq_length"], []);

    /// <summary>InternViT: dropouts and initial values of training. It has no vocabulary to tie.</summary>
    private static readonly KnownKeys TowerKeys = new(
        ["hidden_dropout_prob", "layer_scale_init_value", "projection_dropout", TieKey],
        []
    );

    /// <summary>
    /// The decoder: Qwen2, Qwen3, or Llama for what was InternLM2. The tie is the decoder's own flag: the top's is a
    /// class default (<see cref="TiesWithoutHead"/>).
    /// </summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("text_config");
        return TextClass
            .Of(text, TextClass.Qwen2, TextClass.Llama, TextClass.Qwen3)
            .Read(text, hasSections: false, text.Flag(TieKey, false));
    }

    /// <summary>
    /// InternVLConfig of transformers 5 says of every model that it is tied, and takes a stored head nevertheless: only
    /// where none is stored the flag counts.
    /// </summary>
    public static bool TiesWithoutHead(ModelConfig config) => config.Flag(TieKey, true);

    /// <summary>The InternViT tower.</summary>
    public static InternVisionShape Vision(ModelConfig config)
    {
        ModelConfig vision = config.Section("vision_config");
        vision.Expect("model_type", "internvl_vision", "internvl_vision");
        vision.Expect("hidden_act", "gelu", "gelu");
        vision.ExpectCount("num_channels", 3);
        InternVisionShape.RequireLayerNorm(vision, "layer_norm");
        foreach (
            (string key, bool computed, bool otherwise) in ((string, bool, bool)[])
                [
                    ("use_qk_norm", false, false),
                    ("attention_bias", true, false),
                    ("use_mask_token", false, false),
                    ("use_absolute_position_embeddings", true, true),
                    ("use_mean_pooling", true, true), // false would be one more norm behind the blocks
                ]
        )
        {
            if (vision.Flag(key, otherwise) != computed)
            {
                throw vision.Error(
                    key,
                    $"is {(computed ? "false" : "true")}{(vision.Has(key) ? "" : " by the class's default")}; "
                        + $"InternViT-300M has {(computed ? "true" : "false")}.",
                    InternVisionShape.Supported
                );
            }
        }

        var shape = new InternVisionShape(
            Layers: vision.Count("num_hidden_layers", 24),
            Hidden: vision.Count("hidden_size", 1024),
            Heads: vision.Count("num_attention_heads", 16),
            Intermediate: vision.Count("intermediate_size", 4096),
            ImageSize: Side(vision, "image_size", 448),
            PatchSize: Side(vision, "patch_size", 14),
            NormEpsilon: vision.Positive("layer_norm_eps", 1e-6)
        );
        return shape.Fit ? shape : throw vision.Error("image_size", InternVisionShape.Misfit);
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
        config.Expect("projector_hidden_act", "gelu", "gelu");
        if (config.Positive("downsample_ratio", 0.5) != 0.5)
        {
            throw config.Error("downsample_ratio", "is not 0.5.");
        }

        string strategy = config.Text("vision_feature_select_strategy", "default");
        if (strategy != "default")
        {
            throw config.Error(
                "vision_feature_select_strategy",
                $"is \"{strategy}\"; with the class token the patches are no square that could be joined 2 x 2."
            );
        }

        TiesWithoutHead(config);
        Decoder(config);
        VisionBlocks(config, Vision(config));
        config.Section("text_config").RequireUnderstood(KnownKeys.Text);
        config.Section("vision_config").RequireUnderstood(TowerKeys);
        config.RequireUnderstood(TopKeys);
    }

    /// <summary>Blocks of the tower whose output is used: -1 (the published value) is all of them.</summary>
    public static int VisionBlocks(ModelConfig config, InternVisionShape vision) =>
        LlavaConfig.VisionBlocks(config, vision.Layers, -1);

    /// <summary>A side that files give as [height, width].</summary>
    private static int Side(ModelConfig vision, string key, int otherwise)
    {
        int[] sides = vision.Integers(key) ?? [otherwise];
        return sides.Length is 1 or 2 && sides[0] is > 0 and <= 1 << 14 && sides[^1] == sides[0]
            ? sides[0]
            : throw vision.Error(
                key,
                $"is [{string.Join(", ", sides)}]; only squares are computed here: two numbers that are equal."
            );
    }
}
