using System.Text.Json;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Vision;

/// <summary>preprocessor_config.json of a hub folder: the fields that change pixels. Omitted fields have the defaults of the family's class, which each processor fills in.</summary>
internal sealed record PreprocessorConfig
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

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

    /// <summary>A number, {shortest_edge}, {height, width}, or (newer Qwen2-VL) {shortest_edge, longest_edge} in pixels of area.</summary>
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

    /// <summary>LLaVA-NeXT: sizes (height, width) that a picture may be fitted into.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? ImageGridPinpoints { get; init; }

    /// <summary>Qwen2-VL: smallest area.</summary>
    public long? MinPixels { get; init; }

    /// <summary>Qwen2-VL: largest area.</summary>
    public long? MaxPixels { get; init; }

    /// <summary>Qwen2-VL: side of a patch.</summary>
    public int? PatchSize { get; init; }

    /// <summary>Qwen2-VL: frames of a patch.</summary>
    public int? TemporalPatchSize { get; init; }

    /// <summary>Qwen2-VL: patches joined to one token, each way.</summary>
    public int? MergeSize { get; init; }

    /// <summary>False would leave the size alone.</summary>
    public bool? DoResize { get; init; }

    /// <summary>False would leave the edges.</summary>
    public bool? DoCenterCrop { get; init; }

    /// <summary>False would leave bytes.</summary>
    public bool? DoRescale { get; init; }

    /// <summary>False would leave mean and deviation.</summary>
    public bool? DoNormalize { get; init; }

    /// <summary>Reads the file of a hub folder.</summary>
    /// <exception cref="InputException">Missing, damaged, or with a step switched off that is always done here.</exception>
    public static PreprocessorConfig Read(string folder)
    {
        string file = Path.Combine(folder, "preprocessor_config.json");
        if (!File.Exists(file))
        {
            throw new InputException(file, "is missing.", "Download it from the model's hub page.");
        }

        try
        {
            return Parse(File.ReadAllBytes(file), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(file, $"cannot be read ({e.Message})", null, e);
        }
    }

    /// <summary>Reads settings from JSON.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="InputException">As <see cref="Read"/>.</exception>
    public static PreprocessorConfig Parse(ReadOnlySpan<byte> json, string source)
    {
        if (json.StartsWith("version https://git-lfs"u8)) throw new InputException(source, "is a git-LFS pointer, not the file itself.", "Run 'git lfs pull' in the model folder.");
        try
        {
            JsonText.RequireWellFormed(json);
            var config = JsonSerializer.Deserialize<PreprocessorConfig>(json, Json) ?? throw new JsonException("only null");
            return (config with { Source = source }).Checked();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InputException(source, $"is damaged or has a field of the wrong type ({e.Message.TrimEnd('.')}).", "Download it again.", e);
        }
    }

    /// <summary>The filter, bicubic where the file names none.</summary>
    public ResizeFilter Filter => Resample switch
    {
        null or 3 => ResizeFilter.Bicubic,
        2 => ResizeFilter.Bilinear,
        1 => ResizeFilter.Lanczos,
        _ => throw new InputException(Source, $"has resample {Resample}.", "Supported are 1 (Lanczos), 2 (bilinear) and 3 (bicubic)."),
    };

    /// <summary>The side of the square that a picture is brought to: crop_size, which must be square, else size.</summary>
    /// <param name="missing">Where the file has neither.</param>
    public int Side(int missing) => SideOf(CropSize, "crop_size") ?? SideOf(Size, "size") ?? missing;

    /// <summary>Length of the short side after resizing.</summary>
    /// <param name="missing">Where the file has none.</param>
    public int ShortSide(int missing) => SideOf(Size, "size") ?? missing;

    /// <summary>Normalisation as transformers does it.</summary>
    public PixelScale Scale() => PixelScale.Transformers(RescaleFactor ?? (1 / 255.0), ImageMean ?? ClipMean, ImageStd ?? ClipStd);

    /// <summary>A field of <see cref="Size"/>, or null.</summary>
    internal long? SizeField(string name) =>
        Size.ValueKind == JsonValueKind.Object && Size.TryGetProperty(name, out var value)
            ? value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number > 0
                ? number
                : throw new InputException(Source, $"has size.{name} that is no positive number.", "Download it again.")
            : null;

    private int? SideOf(JsonElement value, string name)
    {
        int? side = value.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null => null,
            JsonValueKind.Number => Int(value),
            JsonValueKind.Object when value.TryGetProperty("shortest_edge", out var edge) => Int(edge),
            JsonValueKind.Object when value.TryGetProperty("height", out var h) && value.TryGetProperty("width", out var w) && Int(h) == Int(w) => Int(h),
            _ => 0,
        };
        return side is null or (> 0 and <= 16384) ? side : throw new InputException(Source, $"has a {name} that is no side of a square up to 16384.", "Download it again.");

        static int Int(JsonElement element) => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int number) ? number : 0;
    }

    private PreprocessorConfig Checked()
    {
        bool Three(IReadOnlyList<double>? values, bool divisor) => values is null || (values.Count == 3 && values.All(v => double.IsFinite(v) && (!divisor || v > 0)));
        string? problem =
            DoResize == false ? "do_resize: false" :
            DoCenterCrop == false ? "do_center_crop: false" :
            DoRescale == false ? "do_rescale: false" :
            DoNormalize == false ? "do_normalize: false" :
            !Three(ImageMean, false) ? "an image_mean that is not three numbers" :
            !Three(ImageStd, true) ? "an image_std that is not three positive numbers" :
            null;
        return problem is null ? this : throw new InputException(Source, $"has {problem}, which is not supported.", "Use the file of the published model.");
    }
}
