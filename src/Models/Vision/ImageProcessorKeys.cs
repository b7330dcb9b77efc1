using System.Text.Json;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Vision;

/// <summary>
/// Which keys of an image processor's file a family obeys. Any other is known to change no pixel, or is refused by
/// name: a setting that is read and ignored would give other pictures than the hub's, and nobody would see it. null
/// means that the class's default holds.
/// </summary>
/// <param name="Family">The family, for messages.</param>
/// <param name="Classes">Names of the hub's classes that prepare pictures so, without the endings Fast and Pil.</param>
/// <param name="Obeyed">Keys beyond those that all families obey.</param>
/// <param name="Indifferent">Keys that change nothing in this family, with the reason.</param>
/// <param name="Settings">What is obeyed, with the class's default for what a file omits, by key: what two files of one
/// folder must agree about.</param>
public sealed record ImageProcessorKeys(
    string Family,
    string[] Classes,
    string[] Obeyed,
    IReadOnlyDictionary<string, string> Indifferent,
    Func<PreprocessorConfig, IEnumerable<(string Key, string Value)>> Settings
)
{
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

    /// <summary>
    /// Whether a key that is neither obeyed nor indifferent is allowed with the value that it has; null = none is.
    /// </summary>
    public Func<PreprocessorConfig, string, JsonElement, bool>? Allows { get; init; }

    /// <summary>What is refused though each key of it is obeyed, with the remedy; null = nothing.</summary>
    public Func<PreprocessorConfig, (string What, string Remedy)?>? Objection { get; init; }

    /// <summary>
    /// The settings of a hub folder, all of their keys understood. Where a folder has two files of them, they must say
    /// the same: versions of transformers differ in which one they follow.
    /// </summary>
    /// <exception cref="InputException">A file that is of no use, a key that is neither obeyed nor known to change
    /// nothing, or two files that differ.</exception>
    public PreprocessorConfig Read(string folder)
    {
        IReadOnlyList<PreprocessorConfig> all = PreprocessorConfig.AllOf(folder);
        foreach (PreprocessorConfig config in all)
        {
            Demand(config);
        }

        foreach (PreprocessorConfig other in all.Skip(1))
        {
            DemandSame(all[0], other);
        }

        return all[0];
    }

    private void DemandSame(PreprocessorConfig own, PreprocessorConfig other)
    {
        string[] differences =
        [
            .. Settings(own)
                .Zip(Settings(other))
                .Where(s => s.First.Value != s.Second.Value)
                .Select(s => $"{s.First.Key} is {s.First.Value} here and {s.Second.Value} there"),
        ];
        if (differences.Length > 0)
        {
            throw new InputException(
                own.Source,
                $"has other settings than the image_processor of {Path.GetFileName(other.Source)} (what a file omits "
                    + $"is the class's default): {string.Join("; ", differences)}.",
                "Versions of transformers differ in which one they follow; keep the right one."
            );
        }
    }

    /// <summary>Refuses what is neither obeyed nor known to change nothing.</summary>
    /// <exception cref="InputException">Names the key and its value.</exception>
    public void Demand(PreprocessorConfig config)
    {
        string? type = config.ImageProcessorType ?? config.FeatureExtractorType;
        if (type is not null && !Classes.Contains(PlainClass(type), StringComparer.Ordinal))
        {
            throw Refused(config, $"image_processor_type: {type}", $"{Family} has {string.Join(", ", Classes)}.");
        }

        foreach (var (key, value) in config.Given.Where(g => !Understands(g.Key)))
        {
            bool off = value.ValueKind == JsonValueKind.False && OffByDefault.Contains(key, StringComparer.Ordinal);
            if (!off && Allows?.Invoke(config, key, value) != true)
            {
                throw Refused(
                    config,
                    $"{key}: {ProcessorFields.Shown(value)}",
                    "Use the file of the published model, or remove the key if it changes no pixel."
                );
            }
        }

        if (Objection?.Invoke(config) is { } objection)
        {
            throw Refused(config, objection.What, objection.Remedy);
        }
    }

    private bool Understands(string key) =>
        Common.Contains(key, StringComparer.Ordinal)
        || Obeyed.Contains(key, StringComparer.Ordinal)
        || Everywhere.ContainsKey(key)
        || Indifferent.ContainsKey(key);

    private InputException Refused(PreprocessorConfig config, string what, string remedy) =>
        new(config.Source, $"has '{what}', which is not supported for {Family}.", remedy);

    /// <summary>The hub has each class in up to three writings that prepare the same picture.</summary>
    internal static string PlainClass(string type)
    {
        string? ending = Array.Find(["Fast", "Pil"], e => type.EndsWith(e, StringComparison.Ordinal));
        return ending is null ? type : type[..^ending.Length];
    }

    /// <summary>A switch among <see cref="Settings"/>.</summary>
    internal static string Truth(bool value) => value ? "true" : "false";

    /// <summary>Mean and deviation among <see cref="Settings"/>.</summary>
    internal static IEnumerable<(string Key, string Value)> Scale(
        PreprocessorConfig config,
        IReadOnlyList<double> mean,
        IReadOnlyList<double> std
    ) => [("image_mean", Listed(config.ImageMean ?? mean)), ("image_std", Listed(config.ImageStd ?? std))];

    /// <summary>Factor and filter among <see cref="Settings"/>.</summary>
    internal static IEnumerable<(string Key, string Value)> Rescaled(PreprocessorConfig config) =>
        [("rescale_factor", Invariant.Text($"{config.Rescale}")), ("resample", config.Filter.ToString())];

    private static string Listed(IReadOnlyList<double> values) =>
        $"[{string.Join(", ", values.Select(v => Invariant.Text($"{v}")))}]";
}
