using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>
/// What Gemma 3 obeys of its image processor's file, with Gemma3ImageProcessor's defaults for what it omits.
/// Pan-and-scan, which cuts a picture into several, is off in every published file and refused.
/// </summary>
internal static class Gemma3Settings
{
    /// <summary>The family's name.</summary>
    public const string Family = "Gemma 3";

    private const string PanAndScan = "of pan-and-scan, which is off";

    /// <summary>size of the class.</summary>
    private const int ClassSide = 224;

    /// <summary>Mean and standard deviation of the class ("ImageNet standard").</summary>
    private static readonly double[] Half = [0.5, 0.5, 0.5];

    /// <summary>The keys.</summary>
    public static ImageProcessorKeys Keys { get; } =
        new(
            Family,
            ["Gemma3ImageProcessor"],
            [],
            new Dictionary<string, string>
            {
                ["image_seq_length"] = "the number of image tokens follows from config.json",
                ["pan_and_scan_max_num_crops"] = PanAndScan,
                ["pan_and_scan_min_crop_size"] = PanAndScan,
                ["pan_and_scan_min_ratio_to_activate"] = PanAndScan,
            },
            config =>
                [
                    ("size", Invariant.Text($"{Side(config)} x {Side(config)}")),
                    .. ImageProcessorKeys.Scale(config, Half, Half),
                    ("rescale_factor", Invariant.Text($"{config.Rescale}")),
                    ("resample", Filter(config).ToString()),
                ]
        )
        {
            Objection = config =>
                config.Size.ValueKind == JsonValueKind.Object && !config.Squashes
                    ? (
                        $"size: {ProcessorFields.Shown(config.Size)}",
                        "Pictures are squashed to a square; write size as {height, width}."
                    )
                    : null,
        };

    /// <summary>Side of the square that every picture is squashed to.</summary>
    public static int Side(PreprocessorConfig config) => config.ShortSide(ClassSide);

    /// <summary>Filter of the resize.</summary>
    public static ResizeFilter Filter(PreprocessorConfig config) =>
        config.Resample is null ? ResizeFilter.Bilinear : config.Filter;

    /// <summary>From bytes to values.</summary>
    public static PixelScale Scale(PreprocessorConfig config) =>
        PixelScale.Transformers(config.Rescale, config.ImageMean ?? Half, config.ImageStd ?? Half);
}
