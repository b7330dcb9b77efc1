using System.Text;
using System.Text.Json;
using Pipelines.Files;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Text;

namespace Pipelines.Stages.Vision;

/// <summary>
/// preprocessor_config.json of a hub folder: the fields that change pixels. Omitted fields have the defaults of the
/// family's class, which each processor fills in.
/// </summary>
internal sealed record PreprocessorConfig
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new WholeNumber<int>(), new WholeNumber<long>() },
    };

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
    /// A number, {shortest_edge}, {height, width}, or (newer Qwen2-VL) {shortest_edge, longest_edge} in pixels of area.
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

    /// <summary>Name of the hub's class, or null.</summary>
    public string? ImageProcessorType { get; init; }

    /// <summary>Its name in old files, or null.</summary>
    public string? FeatureExtractorType { get; init; }

    /// <summary>True: LLaVA-1.5's own class pads to a square; LLaVA-NeXT's pads batches.</summary>
    public bool? DoPad { get; init; }

    /// <summary>All keys of the file that have a value, understood or not; null counts as absent.</summary>
    public IReadOnlyList<(string Key, JsonElement Value)> Given { get; private init; } = [];

    /// <summary>A picture is padded to a square with the mean colour before it is resized.</summary>
    public bool PadsToSquare =>
        DoPad == true && ImageProcessorKeys.IsPadding(ImageProcessorType ?? FeatureExtractorType);

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
    /// Reads the file of a hub folder; transformers 5 writes its fields as <c>image_processor</c> into
    /// processor_config.json instead.
    /// </summary>
    /// <exception cref="InputException">Missing, damaged, or with a step switched off that is always done
    /// here.</exception>
    public static PreprocessorConfig Read(string folder)
    {
        string file = Path.Combine(folder, "preprocessor_config.json"),
            nested = Path.Combine(folder, "processor_config.json");
        PreprocessorConfig? newer = File.Exists(nested) ? ParseNested(Bytes(nested), nested) : null;
        if (File.Exists(file))
        {
            PreprocessorConfig own = Parse(Bytes(file), file);
            return newer is null || own.SaysTheSame(newer)
                ? own
                : throw new InputException(
                    file,
                    $"has other settings than the image_processor of {Path.GetFileName(nested)}.",
                    "Versions of transformers differ in which one they follow; keep the right one."
                );
        }

        return newer
            ?? throw new InputException(
                file,
                "is missing, and no processor_config.json holds an image_processor.",
                "Download it from the model's hub page."
            );
    }

    private static byte[] Bytes(string file)
    {
        try
        {
            return RegularFile.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(file, $"cannot be read ({e.Message})", null, e);
        }
    }

    /// <summary>The fields below image_processor, or null where there are none.</summary>
    private static PreprocessorConfig? ParseNested(byte[] json, string file)
    {
        RefusePointer(json, file);
        try
        {
            using JsonDocument document = JsonDocument.Parse(Utf8Text.WithoutMark(json));
            return
                document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("image_processor", out JsonElement fields)
                && fields.ValueKind != JsonValueKind.Null
                ? Parse(Encoding.UTF8.GetBytes(fields.GetRawText()), file)
                : null;
        }
        catch (JsonException e)
        {
            throw new InputException(file, $"is damaged ({e.Message.TrimEnd('.')}).", "Download it again.", e);
        }
    }

    private static void RefusePointer(ReadOnlySpan<byte> json, string file)
    {
        if (json.StartsWith("version https://git-lfs"u8))
        {
            throw new InputException(
                file,
                "is a git-LFS pointer, not the file itself.",
                "Run 'git lfs pull' in the model folder."
            );
        }
    }

    /// <summary>Reads settings from JSON.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="InputException">As <see cref="Read"/>.</exception>
    public static PreprocessorConfig Parse(ReadOnlySpan<byte> json, string source)
    {
        RefusePointer(json, source);
        try
        {
            JsonText.RequireWellFormed(json);
            var config =
                JsonSerializer.Deserialize<PreprocessorConfig>(Utf8Text.WithoutMark(json), Json)
                ?? throw new JsonException("only null");
            return (config with { Source = source, Given = GivenIn(Utf8Text.WithoutMark(json)) }).Checked();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InputException(
                source,
                $"is damaged or has a field of the wrong type ({e.Message.TrimEnd('.')}).",
                "Download it again.",
                e
            );
        }
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
    public PixelScale Scale() =>
        PixelScale.Transformers(RescaleFactor ?? (1 / 255.0), ImageMean ?? ClipMean, ImageStd ?? ClipStd);

    /// <summary>A field of <see cref="Size"/>, or null.</summary>
    internal long? SizeField(string name) =>
        Size.ValueKind == JsonValueKind.Object
        && Size.TryGetProperty(name, out var value)
        && value.ValueKind != JsonValueKind.Null
            ? value.ValueKind == JsonValueKind.Number
            && value.TryGetDecimal(out decimal number)
            && decimal.IsInteger(number)
            && number is > 0 and <= long.MaxValue
                ? (long)number
                : throw new InputException(Source, $"has size.{name} that is no positive number.", "Download it again.")
            : null;

    private static IReadOnlyList<(string Key, JsonElement Value)> GivenIn(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json.StartsWith("\uFEFF"u8) ? json["\uFEFF"u8.Length..] : json);
        JsonElement file = JsonElement.ParseValue(ref reader);
        return
        [
            .. file.EnumerateObject()
                .Where(p => p.Value.ValueKind != JsonValueKind.Null)
                .Select(p => (p.Name, p.Value)),
        ];
    }

    private int? SideOf(JsonElement value, string name)
    {
        int? side = value.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null => null,
            JsonValueKind.Number => Int(value),
            JsonValueKind.Object when value.TryGetProperty("shortest_edge", out var edge) => Int(edge),
            JsonValueKind.Object
                when value.TryGetProperty("height", out var h)
                    && value.TryGetProperty("width", out var w)
                    && Int(h) == Int(w) => Int(h),
            _ => 0,
        };
        return side is null or (> 0 and <= 16384)
            ? side
            : throw new InputException(
                Source,
                $"has a {name} that is no side of a square up to 16384.",
                "Download it again."
            );

        static int Int(JsonElement element) =>
            element.ValueKind == JsonValueKind.Number
            && element.TryGetDecimal(out decimal number)
            && decimal.IsInteger(number)
            && number is > 0 and <= 16384
                ? (int)number
                : 0;
    }

    /// <summary>Whether every setting that both files name is the same.</summary>
    private bool SaysTheSame(PreprocessorConfig other)
    {
        bool Same<T>(T? mine, T? theirs)
            where T : struct => mine is null || theirs is null || mine.Value.Equals(theirs.Value);
        bool SameList(IReadOnlyList<double>? mine, IReadOnlyList<double>? theirs) =>
            mine is null || theirs is null || mine.SequenceEqual(theirs);
        bool SameSize(JsonElement mine, JsonElement theirs) =>
            mine.ValueKind != JsonValueKind.Object
            || theirs.ValueKind != JsonValueKind.Object
            || mine.EnumerateObject()
                .All(p =>
                    !theirs.TryGetProperty(p.Name, out JsonElement value) || JsonElement.DeepEquals(p.Value, value)
                );
        return SameSize(Size, other.Size)
            && SameSize(CropSize, other.CropSize)
            && Same(Resample, other.Resample)
            && Same(RescaleFactor, other.RescaleFactor)
            && SameList(ImageMean, other.ImageMean)
            && SameList(ImageStd, other.ImageStd)
            && Same(MinPixels, other.MinPixels)
            && Same(MaxPixels, other.MaxPixels)
            && Same(PatchSize, other.PatchSize)
            && Same(TemporalPatchSize, other.TemporalPatchSize)
            && Same(MergeSize, other.MergeSize);
    }

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
