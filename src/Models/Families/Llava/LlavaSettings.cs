using System.Text.Json;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Llava;

/// <summary>
/// What LLaVA-1.5 obeys of its image processor's file, with CLIPImageProcessor's defaults for what the file omits.
/// </summary>
internal static class LlavaSettings
{
    /// <summary>The family's name.</summary>
    public const string Family = "LLaVA-1.5";

    /// <summary>size and crop_size of the class.</summary>
    private const int ClassSide = 224;

    /// <summary>LLaVA's own class: with do_pad it pads to a square.</summary>
    private const string OwnClass = "LlavaImageProcessor";

    /// <summary>The keys.</summary>
    public static ImageProcessorKeys Keys { get; } =
        new(
            Family,
            ["CLIPImageProcessor", "CLIPFeatureExtractor", OwnClass],
            ["crop_size", "do_center_crop"],
            new Dictionary<string, string>(),
            config =>
                [
                    ("size", Sized(ShortSide(config), config.Squashes)),
                    ("crop_size", Invariant.Text($"{Side(config)}")),
                    ("do_center_crop", ImageProcessorKeys.Truth(EndsSquare(config))),
                    ("do_pad", ImageProcessorKeys.Truth(StartsPadded(config))),
                    .. ImageProcessorKeys.Scale(config, PreprocessorConfig.ClipMean, PreprocessorConfig.ClipStd),
                    .. ImageProcessorKeys.Rescaled(config),
                ]
        )
        {
            Allows = (config, key, _) => key == "do_pad" && StartsPadded(config),
            Objection = ObjectionTo,
        };

    /// <summary>Length of the short side after resizing, before the crop.</summary>
    public static int ShortSide(PreprocessorConfig config) => config.ShortSide(ClassSide);

    /// <summary>Side of the square that enters the vision tower.</summary>
    public static int Side(PreprocessorConfig config) => config.Side(ClassSide);

    /// <summary>A picture is padded to a square with the mean colour before it is resized.</summary>
    public static bool StartsPadded(PreprocessorConfig config) =>
        config.DoPad == true
        && (config.ImageProcessorType ?? config.FeatureExtractorType) is { } type
        && ImageProcessorKeys.PlainClass(type) == OwnClass;

    /// <summary>
    /// Every picture ends as a square of one size: its middle is cut out, or it was squashed to the crop's size and has
    /// nothing to lose.
    /// </summary>
    public static bool EndsSquare(PreprocessorConfig config) =>
        config.DoCenterCrop != false || (config.Squashes && ShortSide(config) == Side(config));

    /// <summary>What the folder's own processor does to a picture that is not square.</summary>
    /// <exception cref="InputException">A setting that is not supported.</exception>
    public static ImageFit PublishedFit(PreprocessorConfig config)
    {
        ImageFit fit = StartsPadded(config) ? ImageFit.Pad : ImageFit.Crop;
        _ = new ClipProcessor(config, fit); // refuses what is not supported
        return fit;
    }

    private static (string What, string Remedy)? ObjectionTo(PreprocessorConfig config)
    {
        bool plainSize = config.Given.Any(g => g.Key == "size" && g.Value.ValueKind == JsonValueKind.Number);
        bool square = config.Given.Any(g => g.Key == "default_to_square" && g.Value.ValueKind == JsonValueKind.True);
        return plainSize && square
            ? (
                "default_to_square: true beside a size of one number",
                "Write size as {height, width} or {shortest_edge}."
            )
            : null;
    }

    private static string Sized(int side, bool squashes) =>
        squashes ? Invariant.Text($"{side} x {side}") : Invariant.Text($"short side {side}");
}
