using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Models.Text;

namespace Pipelines.Models.Vision;

/// <summary>
/// preprocessor_config.json of a hub folder: the fields that change pixels. Omitted fields have the defaults of the
/// family's class, which each processor fills in.
/// </summary>
public sealed record PreprocessorConfig
{
    private const int LargestSide = 16384,
        Absent = -1;

    /// <summary>CLIP's mean.</summary>
    public static IReadOnlyList<double> ClipMean { get; } = [0.48145466, 0.4578275, 0.40821073];

    /// <summary>CLIP's standard deviation.</summary>
    public static IReadOnlyList<double> ClipStd { get; } = [0.26862954, 0.26130258, 0.27577711];

    /// <summary>ImageNet's mean.</summary>
    public static IReadOnlyList<double> ImageNetMean { get; } = [0.485, 0.456, 0.406];

    /// <summary>ImageNet's standard deviation.</summary>
    public static IReadOnlyList<double> ImageNetStd { get; } = [0.229, 0.224, 0.225];

    /// <summary>The file, for messages.</summary>
    public string Source { get; private init; } = "preprocessor_config.json";

    /// <summary>
    /// A number, {shortest_edge} or {height, width} for a side; {shortest_edge, longest_edge} or {min_pixels,
    /// max_pixels} for an area in pixels.
    /// </summary>
    public JsonElement Size { get; init; }

    /// <summary>A number or {height, width}.</summary>
    public JsonElement CropSize { get; init; }

    /// <summary>PIL's number of the filter: 2 bilinear, 3 bicubic, 1 Lanczos.</summary>
    public int? Resample { get; init; }

    /// <summary>What a byte is multiplied with.</summary>
    public double? RescaleFactor { get; init; }

    /// <summary>Mean of each channel.</summary>
    public IReadOnlyList<double>? ImageMean { get; init; }

    /// <summary>Standard deviation of each channel.</summary>
    public IReadOnlyList<double>? ImageStd { get; init; }

    /// <summary>Sizes (height, width) that a picture may be fitted into.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? ImageGridPinpoints { get; init; }

    /// <summary>Smallest area.</summary>
    public long? MinPixels { get; init; }

    /// <summary>Largest area.</summary>
    public long? MaxPixels { get; init; }

    /// <summary>Side of a patch.</summary>
    public int? PatchSize { get; init; }

    /// <summary>Frames of a patch.</summary>
    public int? TemporalPatchSize { get; init; }

    /// <summary>Patches joined to one token, each way.</summary>
    public int? MergeSize { get; init; }

    /// <summary>Name of the hub's class, or null.</summary>
    public string? ImageProcessorType { get; init; }

    /// <summary>Its name in old files, or null.</summary>
    public string? FeatureExtractorType { get; init; }

    /// <summary>Some classes pad to a square, some pad batches.</summary>
    public bool? DoPad { get; init; }

    /// <summary>All keys of the file that have a value, understood or not; null counts as absent.</summary>
    public IReadOnlyList<(string Key, JsonElement Value)> Given { get; private init; } = [];

    /// <summary>size is {height, width}: the proportions of a picture are not kept.</summary>
    public bool Squashes =>
        Size.ValueKind == JsonValueKind.Object
        && Size.TryGetProperty("height", out _)
        && !Size.TryGetProperty("shortest_edge", out _);

    /// <summary>False would leave the size alone.</summary>
    public bool? DoResize { get; init; }

    /// <summary>False would leave the edges.</summary>
    public bool? DoCenterCrop { get; init; }

    /// <summary>False would leave bytes.</summary>
    public bool? DoRescale { get; init; }

    /// <summary>False would leave mean and deviation.</summary>
    public bool? DoNormalize { get; init; }

    /// <summary>
    /// The image processors of a hub folder: preprocessor_config.json, and what transformers 5 writes as
    /// <c>image_processor</c> into processor_config.json instead. One at least.
    /// </summary>
    /// <exception cref="InputException">Neither is there; damaged, or with a step switched off that is always done
    /// here.</exception>
    public static IReadOnlyList<PreprocessorConfig> AllOf(string folder)
    {
        string file = Path.Combine(folder, "preprocessor_config.json"),
            nested = Path.Combine(folder, "processor_config.json");
        PreprocessorConfig? own = File.Exists(file) ? Parse(HubJson.Bytes(file), file) : null,
            newer = File.Exists(nested) ? ParseNested(HubJson.Object(nested), nested) : null;
        PreprocessorConfig[] all = [.. ((PreprocessorConfig?[])[own, newer]).OfType<PreprocessorConfig>()];
        return all.Length > 0
            ? all
            : throw new InputException(
                file,
                "is missing, and no processor_config.json holds an image_processor.",
                "Download it from the model's hub page."
            );
    }

    /// <summary>Reads settings from JSON.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="InputException">No JSON object, or a field that is of no use.</exception>
    public static PreprocessorConfig Parse(ReadOnlySpan<byte> json, string source)
    {
        try
        {
            JsonText.RequireWellFormed(json);
            var reader = new Utf8JsonReader(Utf8Text.WithoutMark(json));
            return Of(JsonElement.ParseValue(ref reader), source);
        }
        catch (JsonException e)
        {
            throw new InputException(source, $"is damaged ({JsonText.Reason(e)}).", "Download it again.", e);
        }
    }

    /// <summary>The fields below image_processor, or null where there are none.</summary>
    private static PreprocessorConfig? ParseNested(JsonElement processor, string file) =>
        processor.TryGetProperty("image_processor", out JsonElement fields) && fields.ValueKind != JsonValueKind.Null
            ? Of(fields, file)
            : null;

    private static PreprocessorConfig Of(JsonElement file, string source)
    {
        if (file.ValueKind != JsonValueKind.Object)
        {
            throw new InputException(
                source,
                "holds no object of an image processor's settings.",
                "Download it from the model's hub page."
            );
        }

        var fields = new ProcessorFields(file, source);
        return new PreprocessorConfig
        {
            Source = source,
            Given =
            [
                .. file.EnumerateObject()
                    .Where(p => p.Value.ValueKind != JsonValueKind.Null)
                    .Select(p => (p.Name, p.Value)),
            ],
            Size = fields.Raw("size"),
            CropSize = fields.Raw("crop_size"),
            Resample = fields.Count("resample"),
            RescaleFactor = fields.Number("rescale_factor"),
            ImageMean = fields.Numbers("image_mean"),
            ImageStd = fields.Numbers("image_std"),
            ImageGridPinpoints = fields.Pairs("image_grid_pinpoints"),
            MinPixels = fields.Whole("min_pixels"),
            MaxPixels = fields.Whole("max_pixels"),
            PatchSize = fields.Count("patch_size"),
            TemporalPatchSize = fields.Count("temporal_patch_size"),
            MergeSize = fields.Count("merge_size"),
            ImageProcessorType = fields.Text("image_processor_type"),
            FeatureExtractorType = fields.Text("feature_extractor_type"),
            DoPad = fields.Flag("do_pad"),
            DoResize = fields.Flag("do_resize"),
            DoCenterCrop = fields.Flag("do_center_crop"),
            DoRescale = fields.Flag("do_rescale"),
            DoNormalize = fields.Flag("do_normalize"),
        }.Checked();
    }

    /// <summary>The filter, bicubic where the file names none.</summary>
    public ResizeFilter Filter =>
        Resample switch
        {
            null or 3 => ResizeFilter.Bicubic,
            2 => ResizeFilter.Bilinear,
            1 => ResizeFilter.Lanczos,
            _ => throw new InputException(
                Source,
                $"has resample {Resample}.",
                "Supported are 1 (Lanczos), 2 (bilinear) and 3 (bicubic)."
            ),
        };

    /// <summary>
    /// The side of the square that a picture is brought to: crop_size, which must be square, else size.
    /// </summary>
    /// <param name="missing">Where the file has neither.</param>
    public int Side(int missing) => SideOf(CropSize, "crop_size") ?? SideOf(Size, "size") ?? missing;

    /// <summary>Length of the short side after resizing.</summary>
    /// <param name="missing">Where the file has none.</param>
    public int ShortSide(int missing) => SideOf(Size, "size") ?? missing;

    /// <summary>Normalisation as transformers does it.</summary>
    public PixelScale Scale() => PixelScale.Transformers(Rescale, ImageMean ?? ClipMean, ImageStd ?? ClipStd);

    /// <summary>What a byte is multiplied with, the class's 1/255 where the file has none.</summary>
    public double Rescale => RescaleFactor ?? (1 / 255.0);

    /// <summary>The keys that have a value, in ordinal order; null where it is no object.</summary>
    internal static string[]? KeysOf(JsonElement size) =>
        size.ValueKind == JsonValueKind.Object
            ?
            [
                .. size.EnumerateObject()
                    .Where(p => p.Value.ValueKind != JsonValueKind.Null)
                    .Select(p => p.Name)
                    .Order(StringComparer.Ordinal),
            ]
            : null;

    private int? SideOf(JsonElement value, string name)
    {
        int side = (value.ValueKind, KeysOf(value)) switch
        {
            (JsonValueKind.Undefined or JsonValueKind.Null, _) => Absent,
            (JsonValueKind.Number, _) => Int(value),
            (_, ["shortest_edge"]) => Int(value.GetProperty("shortest_edge")),
            (_, ["height", "width"]) when Int(value.GetProperty("height")) == Int(value.GetProperty("width")) => Int(
                value.GetProperty("height")
            ),
            _ => 0,
        };
        return side switch
        {
            Absent => null,
            > 0 and <= LargestSide => side,
            _ => throw WrongSize(
                name,
                value,
                Invariant.Text(
                    $"the side of a square up to {LargestSide}: a number, {{shortest_edge}}, or {{height, width}} that "
                        + $"are equal"
                )
            ),
        };

        static int Int(JsonElement element) =>
            ProcessorFields.WholeIn(element) is { } number and > 0 and <= LargestSide ? (int)number : 0;
    }

    /// <summary>A size in a form that the family does not read.</summary>
    internal InputException WrongSize(string name, JsonElement value, string wanted) =>
        new(Source, $"has '{name}: {ProcessorFields.Shown(value)}', which is not {wanted}.", "Download it again.");

    private PreprocessorConfig Checked()
    {
        bool Three(IReadOnlyList<double>? values, bool divisor) =>
            values is null || (values.Count == 3 && values.All(v => double.IsFinite(v) && (!divisor || v > 0)));
        string? problem =
            DoResize == false ? "do_resize: false"
            : DoRescale == false ? "do_rescale: false"
            : DoNormalize == false ? "do_normalize: false"
            : !Three(ImageMean, false) ? "an image_mean that is not three numbers"
            : !Three(ImageStd, true) ? "an image_std that is not three positive numbers"
            : null;
        return problem is null
            ? this
            : throw new InputException(
                Source,
                $"has {problem}, which is not supported.",
                "Use the file of the published model."
            );
    }
}
