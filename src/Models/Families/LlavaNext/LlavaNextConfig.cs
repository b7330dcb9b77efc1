using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.LlavaNext;

/// <summary>What config.json of LLaVA-NeXT says beyond LLaVA-1.5's.</summary>
internal static class LlavaNextConfig
{
    /// <summary>Demands that every key of the file is understood, and that it is one that is computed here.</summary>
    /// <exception cref="Pipelines.Domain.Errors.InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config)
    {
        LlavaConfig.ReadAll(config);
        config.Pairs("image_grid_pinpoints");
        if (!LlavaConfig.DropsClassToken(config))
        {
            throw config.Error(
                "vision_feature_select_strategy",
                "is \"full\", but LLaVA-NeXT joins its tiles without class tokens."
            );
        }

        if (!config.Flag("use_image_newline_parameter", true))
        {
            throw config.Error(
                "use_image_newline_parameter",
                "is false; every published LLaVA-NeXT has the newline token."
            );
        }

        LlavaConfig.RequireKeys(config);
    }

    /// <summary>
    /// The tower's costs: the whole picture as one tile, and its parts, whose tokens are those of the picture without
    /// the padding: at least half of a tile's.
    /// </summary>
    /// <param name="config">config.json.</param>
    /// <param name="imageTokens">P.</param>
    public static VisionShape Tower(ModelConfig config, int imageTokens)
    {
        int grid = LlavaConfig.Vision(config).Grid,
            patches = grid * grid;
        return LlavaConfig.Tower(config, tiles: 1 + Math.Max(2, (imageTokens - patches + patches - 1) / patches));
    }
}
