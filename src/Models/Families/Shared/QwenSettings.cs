using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// What the Qwen families obey of their image processor's file, with Qwen2VLImageProcessor's defaults for what the file
/// omits: Qwen3-VL has the class, and so its defaults, too, which fit Qwen2-VL's patches only.
/// </summary>
internal static class QwenSettings
{
    private const string Areas = "{shortest_edge, longest_edge} or {min_pixels, max_pixels}, areas in pixels";

    /// <summary>The keys.</summary>
    /// <param name="family">The family's name.</param>
    public static ImageProcessorKeys Keys(string family) =>
        new(
            family,
            ["Qwen2VLImageProcessor"],
            ["min_pixels", "max_pixels", "patch_size", "temporal_patch_size", "merge_size"],
            new Dictionary<string, string>(),
            config =>
                [
                    ("min_pixels", Invariant.Text($"{SmallestArea(config)}")),
                    ("max_pixels", Invariant.Text($"{LargestArea(config)}")),
                    ("patch_size", Invariant.Text($"{Patch(config).Side}")),
                    ("temporal_patch_size", Invariant.Text($"{Patch(config).Frames}")),
                    ("merge_size", Invariant.Text($"{Patch(config).Merge}")),
                    .. ImageProcessorKeys.Scale(config, PreprocessorConfig.ClipMean, PreprocessorConfig.ClipStd),
                    .. ImageProcessorKeys.Rescaled(config),
                ]
        );

    /// <summary>How a picture is cut.</summary>
    public static QwenPatch Patch(PreprocessorConfig config) =>
        new(config.PatchSize ?? 14, config.TemporalPatchSize ?? 2, config.MergeSize ?? 2);

    /// <summary>Smallest area in pixels; min_pixels goes before size.</summary>
    public static long SmallestArea(PreprocessorConfig config) =>
        config.MinPixels ?? Area(config, "shortest_edge", "min_pixels") ?? 56 * 56;

    /// <summary>Largest area in pixels.</summary>
    public static long LargestArea(PreprocessorConfig config) =>
        config.MaxPixels ?? Area(config, "longest_edge", "max_pixels") ?? 28 * 28 * 1280;

    /// <summary>
    /// A field of size as areas are given: {shortest_edge, longest_edge} or {min_pixels, max_pixels}.
    /// </summary>
    private static long? Area(PreprocessorConfig config, string edge, string pixels)
    {
        JsonElement size = config.Size;
        if (size.ValueKind == JsonValueKind.Undefined)
        {
            return null;
        }

        string[]? keys = PreprocessorConfig.KeysOf(size);
        string name =
            keys is null ? throw config.WrongSize("size", size, Areas)
            : Array.TrueForAll(keys, k => k is "shortest_edge" or "longest_edge") ? edge
            : Array.TrueForAll(keys, k => k is "min_pixels" or "max_pixels") ? pixels
            : throw config.WrongSize("size", size, Areas);
        return !size.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
            : ProcessorFields.WholeIn(value) is { } area and > 0 ? area
            : throw new InputException(
                config.Source,
                $"has size.{name} that is no positive number.",
                "Download it again."
            );
    }
}
