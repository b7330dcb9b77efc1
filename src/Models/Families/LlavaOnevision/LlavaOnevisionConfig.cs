using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.LlavaOnevision;

/// <summary>
/// config.json of LLaVA-OneVision: a SigLIP tower, LLaVA's projector, Qwen2. What files omit has the default of its
/// class (LlavaOnevisionConfig, SiglipVisionConfig, Qwen2Config).
/// </summary>
internal static class LlavaOnevisionConfig
{
    private const string AspectRatio = "vision_aspect_ratio",
        AspectRatioPrefix = "anyres_max_",
        ClassAspectRatio = "anyres_max_9",
        Strategy = "vision_feature_select_strategy",
        ClassStrategy = "full";

    /// <summary>vision_feature_layer of the class: the last block's states, before the final norm.</summary>
    private const int ClassLayer = -1;

    /// <summary>vocab_size is an old copy of the decoder's.</summary>
    private static readonly KnownKeys TopKeys = new(["vocab_size"], []);

    private static readonly KnownKeys TowerKeys = SiglipClass.Keys();

    /// <summary>The decoder. Its tie stands at the top, in text_config, or differs between them.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("text_config");
        return TextClass.Of(text, TextClass.Qwen2).Read(text, hasSections: false, TextClass.IsTied(config, text));
    }

    /// <summary>The SigLIP tower.</summary>
    public static SiglipShape Vision(ModelConfig config) => SiglipClass.Siglip.Read(config.Section("vision_config"));

    /// <summary>
    /// What of the tower is run: by vision_feature_layer, and never the final norm (transformers 4.57.0 and 4.57.1 put
    /// it there by mistake).
    /// </summary>
    public static SiglipUse Use(ModelConfig config) =>
        new(LlavaConfig.VisionBlocks(config, Vision(config).Layers, ClassLayer), FinalNorm: false);

    /// <summary>Tiles whose patches are kept as they are: a grid of more is shrunk to about as many.</summary>
    /// <exception cref="InputException">Another way of laying out tiles.</exception>
    public static int MostTiles(ModelConfig config)
    {
        string ratio = config.Text(AspectRatio, ClassAspectRatio);
        return
            ratio.StartsWith(AspectRatioPrefix, StringComparison.Ordinal)
            && int.TryParse(
                ratio.AsSpan(AspectRatioPrefix.Length),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out int tiles
            )
            && tiles > 0
            ? tiles
            : throw config.Error(
                AspectRatio,
                $"is \"{ratio}\".",
                $"Supported is {AspectRatioPrefix}N with a number N, as in {ClassAspectRatio}."
            );
    }

    /// <summary>Demands that every key of the file is understood, and that it is one that is computed here.</summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config)
    {
        config.Expect("projector_hidden_act", "gelu", "gelu");
        config.Expect(Strategy, ClassStrategy, ClassStrategy); // SigLIP has no class token to drop
        LlavaConfig.ProjectorBias(config);
        config.Pairs("image_grid_pinpoints");
        Decoder(config);
        Use(config);
        MostTiles(config);
        RequireProcessorAgrees(config);
        if (!config.Flag("use_image_newline_parameter", true))
        {
            throw config.Error(
                "use_image_newline_parameter",
                "is false; every published LLaVA-OneVision has the newline token."
            );
        }

        config.Section("text_config").RequireUnderstood(KnownKeys.Text);
        config.Section("vision_config").RequireUnderstood(TowerKeys);
        config.RequireUnderstood(TopKeys);
    }

    /// <summary>The tower's costs: the whole picture as one tile, and about as many as its tokens fill.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="imageTokens">P.</param>
    public static VisionShape Tower(ModelConfig config, int imageTokens)
    {
        SiglipShape siglip = Vision(config);
        int ofTile = siglip.Patches + siglip.Grid, // a newline behind each row
            others = (imageTokens - siglip.Patches + ofTile - 1) / ofTile;
        return new VisionShape(
            Use(config).Blocks,
            siglip.Hidden,
            siglip.Intermediate,
            1 + Math.Max(1, others),
            siglip.Patches
        );
    }

    /// <summary>
    /// The hub's processor writes as many image tokens as its own copies of two keys say; files of up to 4.51 have none
    /// of the first.
    /// </summary>
    private static void RequireProcessorAgrees(ModelConfig config)
    {
        string folder = Path.GetDirectoryName(config.Path) ?? "";
        ModelConfig? processor = ModelConfig.ReadOptional(Path.Combine(folder, "processor_config.json"));
        foreach (
            (string key, string ofClass) in ((string, string)[])
                [(AspectRatio, ClassAspectRatio), (Strategy, ClassStrategy)]
        )
        {
            if (processor?.OptionalText(key) is { } theirs && theirs != config.Text(key, ofClass))
            {
                throw processor.Error(
                    key,
                    $"is \"{theirs}\", but config.json says \"{config.Text(key, ofClass)}\".",
                    "Both files must be of one model."
                );
            }
        }
    }
}
