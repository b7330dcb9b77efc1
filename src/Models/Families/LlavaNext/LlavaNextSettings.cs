using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.LlavaNext;

/// <summary>
/// What LLaVA-NeXT obeys of its image processor's file, with LlavaNextImageProcessor's defaults for what it omits.
/// </summary>
internal static class LlavaNextSettings
{
    /// <summary>The family's name.</summary>
    public const string Family = "LLaVA-NeXT";

    /// <summary>size and crop_size of the class.</summary>
    private const int ClassSide = 336;

    private const string Tiles = "a square tile of the crop's size is neither resized nor cropped";

    /// <summary>
    /// image_grid_pinpoints (height, width) of the classes, config.json's and the image processor's, which a file that
    /// omits them stands for.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<int>> PublishedPinpoints { get; } =
    [
        [336, 672],
        [672, 336],
        [672, 672],
        [1008, 336],
        [336, 1008],
    ];

    /// <summary>The keys.</summary>
    public static ImageProcessorKeys Keys { get; } =
        new(
            Family,
            ["LlavaNextImageProcessor"],
            ["crop_size", "image_grid_pinpoints"],
            new Dictionary<string, string>
            {
                ["do_center_crop"] = Tiles,
                ["do_pad"] = "pads the number of tiles in a batch; a picture alone has none to pad",
            },
            config =>
                [
                    ("size", Invariant.Text($"{config.ShortSide(Side(config))}")),
                    ("crop_size", Invariant.Text($"{Side(config)}")),
                    ("image_grid_pinpoints", AnyresPinpoints.Listed(Pinpoints(config))),
                    .. ImageProcessorKeys.Scale(config, PreprocessorConfig.ClipMean, PreprocessorConfig.ClipStd),
                    .. ImageProcessorKeys.Rescaled(config),
                ]
        )
        {
            Allows = (_, key, value) =>
                key is "aspect_ratio_setting" or "image_aspect_ratio"
                && value.ValueKind == JsonValueKind.String
                && value.ValueEquals("anyres"),
        };

    /// <summary>Side of a tile.</summary>
    public static int Side(PreprocessorConfig config) => config.Side(ClassSide);

    /// <summary>Sizes (height, width) that a picture may be fitted into.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> Pinpoints(PreprocessorConfig config) =>
        config.ImageGridPinpoints ?? PublishedPinpoints;

    /// <summary>The processor of a folder.</summary>
    /// <exception cref="InputException">A setting that is not supported, or pinpoints that are no multiples of the
    /// tile.</exception>
    public static AnyresProcessor Processor(PreprocessorConfig config)
    {
        Keys.Demand(config);
        int side = Side(config);
        return config.ShortSide(side) == side
            ? new AnyresProcessor(config, config.Scale(), side, Pinpoints(config))
            : throw new InputException(
                config.Source,
                $"has a size of {config.ShortSide(side)} and a crop_size of {side}; LLaVA-NeXT's tiles are of one "
                    + $"size.",
                "Use the file of the published model."
            );
    }
}
