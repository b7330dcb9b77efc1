using System.Text.Json;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Vision;

/// <summary>
/// Which keys of an image processor's file a family obeys. Any other is known to change no pixel, or is refused by
/// name: a setting that is read and ignored would give other pictures than the hub's, and nobody would see it. null
/// means that the class's default holds.
/// </summary>
/// <param name="Family">The family, for messages.</param>
/// <param name="Classes">Names of the hub's classes that prepare pictures so, without the endings Fast and Pil.</param>
/// <param name="Obeyed">Keys beyond those that all families obey.</param>
/// <param name="Indifferent">Keys that change nothing in this family, with the reason.</param>
internal sealed record ImageProcessorKeys(
    string Family,
    string[] Classes,
    string[] Obeyed,
    IReadOnlyDictionary<string, string> Indifferent
)
{
    private const string PadsToSquare = "LlavaImageProcessor",
        Tiles = "a square tile of the crop's size is neither resized nor cropped";
    private const string AuthorsCode = "the authors' code prepares tiles by config.json and does not read it";

    /// <summary>Obeyed, or refused where they are switched off, by <see cref="PreprocessorConfig"/> itself.</summary>
    private static readonly string[] Common =
    [
        "size",
        "resample",
        "rescale_factor",
        "image_mean",
        "image_std",
        "do_resize",
        "do_rescale",
        "do_normalize",
        "image_processor_type",
        "feature_extractor_type",
    ];

    /// <summary>Keys that change nothing in any family.</summary>
    private static readonly Dictionary<string, string> Everywhere = new(StringComparer.Ordinal)
    {
        ["processor_class"] = "the family is read from config.json",
        ["do_convert_rgb"] = "pictures are decoded to RGB, always",
        ["data_format"] = "order of the axes in the hub's arrays",
        ["input_data_format"] = "order of the axes in the hub's arrays",
        ["return_tensors"] = "kind of the hub's arrays",
        ["device"] = "where the hub computes",
        ["disable_grouping"] = "how the hub batches",
        ["default_to_square"] = "says how a size that is one number is read; refused where there is one",
        ["_valid_processor_keys"] = "a list of names",
        ["image_token"] = "text of the prompt",
        ["video_token"] = "text of the prompt",
        ["vision_token_id"] = "a token of the prompt",
        ["image_token_id"] = "a token of the prompt",
        ["video_token_id"] = "a token of the prompt",
    };

    /// <summary>Switches that are off by default and, where a file says so, change nothing.</summary>
    private static readonly string[] OffByDefault =
    [
        "do_pad",
        "do_pan_and_scan",
        "do_image_splitting",
        "crop_to_patches",
        "do_flip_channel_order",
        "do_reduce_labels",
        "do_thumbnail",
        "do_align_axis",
    ];

    /// <summary>LLaVA-1.5.</summary>
    public static ImageProcessorKeys Clip { get; } =
        new(
            "LLaVA-1.5",
            ["CLIPImageProcessor", "CLIPFeatureExtractor", PadsToSquare],
            ["crop_size", "do_center_crop"],
            new Dictionary<string, string>()
        );

    /// <summary>LLaVA-NeXT.</summary>
    public static ImageProcessorKeys LlavaNext { get; } =
        new(
            "LLaVA-NeXT",
            ["LlavaNextImageProcessor"],
            ["crop_size", "image_grid_pinpoints"],
            new Dictionary<string, string>
            {
                ["do_center_crop"] = Tiles,
                ["do_pad"] = "pads the number of tiles in a batch; a picture alone has none to pad",
            }
        );

    /// <summary>InternVL2.5.</summary>
    public static ImageProcessorKeys InternVl { get; } =
        new(
            "InternVL2.5",
            ["CLIPImageProcessor", "CLIPFeatureExtractor"],
            [],
            new Dictionary<string, string> { ["crop_size"] = AuthorsCode, ["do_center_crop"] = AuthorsCode }
        );

    /// <summary>Qwen2-VL.</summary>
    public static ImageProcessorKeys Qwen2Vl { get; } =
        new(
            "Qwen2-VL",
            ["Qwen2VLImageProcessor"],
            ["min_pixels", "max_pixels", "patch_size", "temporal_patch_size", "merge_size"],
            new Dictionary<string, string>()
        );

    /// <summary>The settings of a hub folder, all of their keys understood.</summary>
    /// <exception cref="InputException">A file that is of no use, or a key that is neither obeyed nor known to change
    /// nothing.</exception>
    public PreprocessorConfig Read(string folder)
    {
        PreprocessorConfig config = PreprocessorConfig.Read(folder);
        Demand(config);
        return config;
    }

    /// <summary>Refuses what is neither obeyed nor known to change nothing.</summary>
    /// <exception cref="InputException">Names the key and its value.</exception>
    public void Demand(PreprocessorConfig config)
    {
        string? type = config.ImageProcessorType ?? config.FeatureExtractorType;
        if (type is not null && !Classes.Contains(Plain(type), StringComparer.Ordinal))
        {
            throw Refused(config, $"image_processor_type: {type}", $"{Family} has {string.Join(", ", Classes)}.");
        }

        foreach (var (key, value) in config.Given.Where(g => !Understands(g.Key)))
        {
            bool off = value.ValueKind == JsonValueKind.False && OffByDefault.Contains(key, StringComparer.Ordinal);
            bool pads =
                key == "do_pad" && config.PadsToSquare && Classes.Contains(PadsToSquare, StringComparer.Ordinal);
            bool tiles =
                key is "aspect_ratio_setting" or "image_aspect_ratio"
                && this == LlavaNext
                && value.ValueKind == JsonValueKind.String
                && value.ValueEquals("anyres");
            if (!off && !pads && !tiles)
            {
                throw Refused(
                    config,
                    $"{key}: {Short(value)}",
                    "Use the file of the published model, or remove the key if it changes no pixel."
                );
            }
        }

        if (this == InternVl && config.RescaleFactor is { } factor && Math.Abs((factor * 255) - 1) > 1e-6)
        {
            throw Refused(config, Invariant.Text($"rescale_factor: {factor}"), "The authors' code divides by 255.");
        }

        bool plainSize = config.Given.Any(g => g.Key == "size" && g.Value.ValueKind == JsonValueKind.Number);
        bool square = config.Given.Any(g => g.Key == "default_to_square" && g.Value.ValueKind == JsonValueKind.True);
        if (plainSize && square && this == Clip)
        {
            throw Refused(
                config,
                "default_to_square: true beside a size of one number",
                "Write size as {height, width} or {shortest_edge}."
            );
        }
    }

    /// <summary>Whether a processor of the hub pads pictures to a square with the mean colour.</summary>
    public static bool IsPadding(string? type) => type is not null && Plain(type) == PadsToSquare;

    private bool Understands(string key) =>
        Common.Contains(key, StringComparer.Ordinal)
        || Obeyed.Contains(key, StringComparer.Ordinal)
        || Everywhere.ContainsKey(key)
        || Indifferent.ContainsKey(key);

    private InputException Refused(PreprocessorConfig config, string what, string remedy) =>
        new(config.Source, $"has '{what}', which is not supported for {Family}.", remedy);

    /// <summary>The hub has each class in up to three writings that prepare the same picture.</summary>
    private static string Plain(string type)
    {
        string? ending = Array.Find(["Fast", "Pil"], e => type.EndsWith(e, StringComparison.Ordinal));
        return ending is null ? type : type[..^ending.Length];
    }

    private static string Short(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 60 ? text : text[..59] + "…";
    }
}
