using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.SmolVlm;

/// <summary>
/// What SmolVLM2 and Idefics3 obey of their image processor's file, with the defaults of SmolVLMImageProcessor and
/// Idefics3ImageProcessor, which are one, for what it omits.
/// </summary>
internal static class SmolVlmSettings
{
    private const string MostEdge = "max_image_size",
        Splitting = "do_image_splitting",
        Longest = "longest_edge";

    private const int ClassTile = 364;

    private static readonly double[] Half = [0.5, 0.5, 0.5];

    /// <summary>The keys.</summary>
    /// <param name="family">The family's name.</param>
    public static ImageProcessorKeys Keys(string family) =>
        new(
            family,
            ["SmolVLMImageProcessor", "Idefics3ImageProcessor"],
            [MostEdge, Splitting],
            new Dictionary<string, string>
            {
                ["do_pad"] = "pads the number of tiles in a batch; a picture alone has none to pad",
                ["video_sampling"] = "videos",
            },
            config =>
                [
                    ("size", Invariant.Text($"{LongestEdge(config)}")),
                    (MostEdge, Invariant.Text($"{Tile(config)}")),
                    (Splitting, ImageProcessorKeys.Truth(Splits(config))),
                    .. ImageProcessorKeys.Scale(config, Half, Half),
                    ("rescale_factor", Invariant.Text($"{config.Rescale}")),
                    ("resample", Filter(config).ToString()),
                ]
        );

    /// <summary>Side of a tile.</summary>
    public static int Tile(PreprocessorConfig config) =>
        EdgeOf(config, MostEdge, config.Given.FirstOrDefault(g => g.Key == MostEdge).Value) ?? ClassTile;

    /// <summary>The longest side that every picture is brought to.</summary>
    public static int LongestEdge(PreprocessorConfig config) => EdgeOf(config, "size", config.Size) ?? 4 * ClassTile;

    /// <summary>Whether pictures are cut into tiles.</summary>
    public static bool Splits(PreprocessorConfig config)
    {
        JsonElement value = config.Given.FirstOrDefault(g => g.Key == Splitting).Value;
        return value.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new InputException(
                config.Source,
                $"has '{Splitting}: {ProcessorFields.Shown(value)}', which is neither true nor false.",
                "Download it again."
            ),
        };
    }

    /// <summary>The filter, Lanczos where the file names none.</summary>
    public static ResizeFilter Filter(PreprocessorConfig config) =>
        config.Resample is null ? ResizeFilter.Lanczos : config.Filter;

    /// <summary>Normalisation.</summary>
    public static PixelScale Scale(PreprocessorConfig config) =>
        PixelScale.Transformers(config.Rescale, config.ImageMean ?? Half, config.ImageStd ?? Half);

    /// <summary>The number of {longest_edge}; null where there is none.</summary>
    private static int? EdgeOf(PreprocessorConfig config, string name, JsonElement size)
    {
        const int largest = 16384;
        if (size.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return null;
        }

        return
            PreprocessorConfig.KeysOf(size) is [Longest]
            && ProcessorFields.WholeIn(size.GetProperty(Longest)) is { } edge and > 0 and <= largest
            ? (int)edge
            : throw config.WrongSize(name, size, Invariant.Text($"{{{Longest}}} with a number up to {largest}"));
    }
}
