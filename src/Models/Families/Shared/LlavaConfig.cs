using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// config.json of LLaVA-1.5 and LLaVA-NeXT, with the class defaults of transformers for what the hub's files omit (the
/// 7B files omit nearly everything).
/// </summary>
internal static class LlavaConfig
{
    /// <summary>
    /// The top level. vocab_size is an old copy of the decoder's; image_seq_length is a class default that says
    /// nothing, the tokens follow from the picture.
    /// </summary>
    private static readonly KnownKeys TopKeys = new(["vocab_size", "image_seq_length"], []);

    /// <summary>
    /// CLIP's tower. The projection is not part of the tower, vocab_size and the tie are those of CLIP's text half.
    /// </summary>
    private static readonly KnownKeys TowerKeys = new(["projection_dim", "vocab_size", "tie_word_embeddings"], []);

    /// <summary>The decoder: Llama (Vicuna, Llama 3, Yi) or Mistral.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("text_config");
        bool tied = TextClass.IsTied(config, text);
        return TextClass.Of(text, TextClass.Llama, TextClass.Mistral).Read(text, hasSections: false, tied);
    }

    /// <summary>
    /// The CLIP tower. What a section omits has CLIPVisionConfig's default, which is a small tower; LLaVA's own tower,
    /// CLIP ViT-L/14-336, stands for a section that is missing altogether.
    /// </summary>
    public static ClipShape Vision(ModelConfig config)
    {
        ClipShape shape = config.OptionalSection("vision_config") is { } vision
            ? Shape(vision)
            : new ClipShape(
                Layers: 24,
                Hidden: 1024,
                Heads: 16,
                Intermediate: 4096,
                ImageSize: 336,
                PatchSize: 14,
                Channels: 3,
                NormEpsilon: 1e-5
            );
        return shape.Hidden % shape.Heads == 0 && shape.ImageSize % shape.PatchSize == 0 && shape.Channels == 3
            ? shape
            : throw new InputException(
                config.Path,
                "vision_config does not fit together: hidden_size / num_attention_heads and image_size / patch_size "
                    + "must be whole, num_channels 3."
            );
    }

    /// <summary>
    /// Reads all that both families ask for, so that <see cref="RequireKeys"/> finds it understood and a value that is
    /// not computed here is an error.
    /// </summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void ReadAll(ModelConfig config)
    {
        config.Expect("projector_hidden_act", "gelu", "gelu");
        ProjectorBias(config);
        Decoder(config);
        VisionBlocks(config, Vision(config));
        DropsClassToken(config);
    }

    /// <summary>Demands that every key of the file has been read, or is known not to matter.</summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void RequireKeys(ModelConfig config)
    {
        config.Section("text_config").RequireUnderstood(KnownKeys.Text);
        config.OptionalSection("vision_config")?.RequireUnderstood(TowerKeys);
        config.RequireUnderstood(TopKeys);
    }

    /// <summary>The tower's costs.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="tiles">Pieces of a picture.</param>
    public static VisionShape Tower(ModelConfig config, int tiles)
    {
        ClipShape clip = Vision(config);
        return new VisionShape(
            VisionBlocks(config, clip),
            clip.Hidden,
            clip.Intermediate,
            tiles,
            1 + (clip.Grid * clip.Grid)
        );
    }

    /// <summary>Whether the projector's layers have biases.</summary>
    public static bool ProjectorBias(ModelConfig config) => config.Flag("multimodal_projector_bias", true);

    /// <summary>Blocks of the tower whose output is used: -2 (the published value) leaves out the last.</summary>
    public static int VisionBlocks(ModelConfig config, ClipShape vision) => VisionBlocks(config, vision.Layers, -2);

    /// <summary>Blocks of a tower whose output is used, by vision_feature_layer.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="layers">Blocks of the tower.</param>
    /// <param name="classLayer">The class default.</param>
    public static int VisionBlocks(ModelConfig config, int layers, int classLayer)
    {
        int[] wanted = config.Integers("vision_feature_layer") ?? [classLayer];
        if (wanted.Length != 1)
        {
            throw config.Error(
                "vision_feature_layer",
                $"is [{string.Join(", ", wanted)}]; features of several layers joined are not computed here."
            );
        }

        int layer = wanted[0];
        int blocks = layer < 0 ? layers + 1 + layer : layer; // hidden_states[0] is the embedding
        return blocks >= 0 && blocks <= layers
            ? blocks
            : throw config.Error("vision_feature_layer", $"is {layer}, but the vision tower has {layers} layers.");
    }

    /// <summary>Whether the class token is dropped ("default", as in every published model) or kept ("full").</summary>
    public static bool DropsClassToken(ModelConfig config) =>
        config.Text("vision_feature_select_strategy", "default") switch
        {
            "default" => true,
            "full" => false,
            string other => throw config.Error(
                "vision_feature_select_strategy",
                $"is \"{other}\".",
                "Allowed: default, full."
            ),
        };

    private static ClipShape Shape(ModelConfig vision)
    {
        vision.Expect("model_type", "clip_vision_model", "clip_vision_model");
        vision.Expect("hidden_act", "quick_gelu", "quick_gelu");
        return new ClipShape(
            Layers: vision.Count("num_hidden_layers", 12),
            Hidden: vision.Count("hidden_size", 768),
            Heads: vision.Count("num_attention_heads", 12),
            Intermediate: vision.Count("intermediate_size", 3072),
            ImageSize: vision.Count("image_size", 224),
            PatchSize: vision.Count("patch_size", 32),
            Channels: vision.Count("num_channels", 3),
            NormEpsilon: vision.Positive("layer_norm_eps", 1e-5)
        );
    }
}
