using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.InternVlHf;

/// <summary>
/// What transformers' layout obeys of its image processor's file, with GotOcr2ImageProcessor's defaults, which are
/// another model's, for what the file omits.
/// </summary>
internal static class InternVlHfSettings
{
    /// <summary>
    /// The family's name, with the layout: the same weights have another prompt, and so other results, in the other
    /// one.
    /// </summary>
    public const string Family = "InternVL, hf layout";

    private const string Least = "min_patches",
        Most = "max_patches",
        NoCrop = "a tile has the size already";

    /// <summary>The keys.</summary>
    public static ImageProcessorKeys Keys { get; } =
        new(
            Family,
            ["GotOcr2ImageProcessor"],
            [Least, Most],
            new Dictionary<string, string>
            {
                ["crop_to_patches"] = "InternVLProcessor always asks for tiles, whatever the file says",
                ["crop_size"] = NoCrop,
                ["size_divisor"] = "of other classes",
            },
            config =>
                [
                    ("size", Invariant.Text($"{Side(config)}")),
                    (Least, Invariant.Text($"{LeastTiles(config)}")),
                    (Most, Invariant.Text($"{MostTiles(config)}")),
                    .. ImageProcessorKeys.Scale(config, PreprocessorConfig.ClipMean, PreprocessorConfig.ClipStd),
                    .. ImageProcessorKeys.Rescaled(config),
                ]
        )
        {
            Allows = (_, key, value) => key == "do_center_crop" && value.ValueKind == JsonValueKind.False,
            Objection = config =>
                LeastTiles(config) > MostTiles(config)
                    ? (
                        Invariant.Text($"{Least}: {LeastTiles(config)}, {Most}: {MostTiles(config)}"),
                        "The least number of tiles must not be above the most."
                    )
                    : null,
        };

    /// <summary>Side of a tile.</summary>
    public static int Side(PreprocessorConfig config) =>
        config.Size.ValueKind != JsonValueKind.Object || config.Squashes
            ? config.ShortSide(384)
            : throw config.WrongSize("size", config.Size, "{height, width} that are equal");

    /// <summary>Fewest tiles.</summary>
    public static int LeastTiles(PreprocessorConfig config) => Tiles(config, Least, 1);

    /// <summary>Most tiles, without the whole picture that follows where there is more than one.</summary>
    public static int MostTiles(PreprocessorConfig config) => Tiles(config, Most, 12);

    private static int Tiles(PreprocessorConfig config, string key, int otherwise)
    {
        JsonElement value = config.Given.FirstOrDefault(g => g.Key == key).Value;
        return value.ValueKind == JsonValueKind.Undefined ? otherwise
            : ProcessorFields.WholeIn(value) is { } tiles and >= 1 and <= InternVlProcessor.MostTiles ? (int)tiles
            : throw new InputException(
                config.Source,
                $"has '{key}: {ProcessorFields.Shown(value)}', which is no number of tiles from 1 to "
                    + Invariant.Text($"{InternVlProcessor.MostTiles}."),
                "The published models have 1 and 12."
            );
    }
}
