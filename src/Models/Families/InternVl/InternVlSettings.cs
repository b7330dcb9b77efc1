using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.InternVl;

/// <summary>What the authors' layout obeys of its image processor's file: mean and deviation.</summary>
internal static class InternVlSettings
{
    /// <summary>
    /// The family's name, with the layout: the same weights have another prompt, and so other results, in the other
    /// one.
    /// </summary>
    public const string Family = "InternVL, authors' layout";

    private const string AuthorsCode = "the authors' code prepares tiles by config.json and does not read it";

    /// <summary>The keys.</summary>
    public static ImageProcessorKeys Keys { get; } =
        new(
            Family,
            ["CLIPImageProcessor", "CLIPFeatureExtractor"],
            [],
            new Dictionary<string, string> { ["crop_size"] = AuthorsCode, ["do_center_crop"] = AuthorsCode },
            config => ImageProcessorKeys.Scale(config, PreprocessorConfig.ImageNetMean, PreprocessorConfig.ImageNetStd)
        )
        {
            Objection = config =>
                config.RescaleFactor is { } factor && Math.Abs((factor * 255) - 1) > 1e-6
                    ? (Invariant.Text($"rescale_factor: {factor}"), "The authors' code divides by 255.")
                    : null,
        };
}
